"""The tables of actions.toml as they are checked; each attribute is a key that the file documents.

Tables of connections, and of what a workflow does, have further keys: those of their connector, which `fitting` checks.
"""

from collections.abc import Mapping
from typing import Annotated

from pydantic import AfterValidator, BeforeValidator, ConfigDict, Field

from afterbill.model.billing import Money, Touchpoint
from afterbill.model.questions import Category, Question
from afterbill.settings.surveys.values import Line, Name, Table, TouchpointName, choose, several_tables
from afterbill_actions.connectors.registry import NAMES
from afterbill_actions.events import EventType
from afterbill_actions.settings.values import amount, ratings, url
from afterbill_actions.workflow import Occurrence, Turn

_EventName = Annotated[EventType, BeforeValidator(lambda text: EventType(choose(text, EventType)))]
_CategoryName = Annotated[Category, BeforeValidator(lambda text: Category(choose(text, Category)))]
_QuestionName = Annotated[Question, BeforeValidator(lambda text: Question(choose(text, Question)))]

_Url = Annotated[str, BeforeValidator(url)]
_Ratings = Annotated[frozenset[int], BeforeValidator(ratings)]


class OpenTable(Table):
    """A table with further keys, those of a connector."""

    model_config = ConfigDict(extra="allow")

    @property
    def further(self) -> dict[str, object]:
        """The keys of the connector."""
        return dict(self.model_extra or {})


class ConnectionTable(OpenTable):
    """[connections.NAME]: a system that is written to."""

    connector: Annotated[str, BeforeValidator(lambda text: choose(text, NAMES))]
    source: str = ""
    url: _Url = ""
    per_minute: Annotated[int, Field(ge=1, le=6000)] | None = None


class WhenTable(Table):
    """The conditions of a workflow."""

    events: Annotated[tuple[_EventName, ...], Field(strict=False)] = ()
    ratings: _Ratings = frozenset()
    categories: Annotated[frozenset[_CategoryName], Field(strict=False)] = frozenset()
    questions: Annotated[frozenset[_QuestionName], Field(strict=False)] = frozenset()
    touchpoints: Annotated[frozenset[TouchpointName], Field(strict=False)] = frozenset[Touchpoint]()
    sources: Annotated[frozenset[str], Field(strict=False)] = frozenset()
    plans: Annotated[frozenset[Line], Field(strict=False)] = frozenset()
    recurring_at_least: Annotated[Money, BeforeValidator(amount)] | None = None
    comment: bool | None = None
    contact: bool | None = None
    confirmed: bool | None = None
    category_change: Annotated[Turn, BeforeValidator(lambda text: Turn(choose(text, Turn)))] | None = None
    low_score: Annotated[Occurrence, BeforeValidator(lambda text: Occurrence(choose(text, Occurrence)))] | None = None


class DoTable(OpenTable):
    """[[workflows.NAME.do]]: one action."""

    connection: str
    action: str


def _some(actions: tuple[DoTable, ...]) -> tuple[DoTable, ...]:
    if not actions:
        message = "must have one action at least: a workflow without any does nothing"
        raise ValueError(message)
    return actions


class WorkflowTable(Table):
    """[workflows.NAME]."""

    when: WhenTable = WhenTable()
    do: Annotated[tuple[DoTable, ...], BeforeValidator(several_tables), AfterValidator(_some), Field(strict=False)]


class NoticesTable(Table):
    """[notices]: the connections that digests and alerts go to."""

    to: Annotated[tuple[str, ...], Field(strict=False)] = ()


class EventsTable(Table):
    """[events]: the kinds that are put onto the bus."""

    publish: Annotated[frozenset[_EventName], Field(strict=False)] = frozenset(EventType)


class ActionsFile(Table):
    """The whole file."""

    connections: dict[Name, ConnectionTable] = Field(default={})
    workflows: dict[Name, WorkflowTable] = Field(default={})
    notices: NoticesTable = NoticesTable()
    events: EventsTable = EventsTable()


KEYS: Mapping[str, frozenset[str]] = {
    "": frozenset(ActionsFile.model_fields),
    "connections": frozenset(ConnectionTable.model_fields),
    "workflows": frozenset(WorkflowTable.model_fields),
    "workflows.when": frozenset(WhenTable.model_fields),
    "workflows.do": frozenset(DoTable.model_fields),
    "notices": frozenset(NoticesTable.model_fields),
    "events": frozenset(EventsTable.model_fields),
}
"""The keys of each table, and under "" those of the file; the names that an operator gives to tables are left out."""
