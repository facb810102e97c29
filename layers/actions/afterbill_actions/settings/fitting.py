"""Checks across the tables of actions.toml, and of what its connectors want to know."""

from collections.abc import Callable, Collection, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from pydantic import BaseModel, ValidationError
from pydantic_core import ErrorDetails

from afterbill.model.check_messages import shown
from afterbill.model.questions import SCALES, Category, Question
from afterbill.model.suggestions import did_you_mean
from afterbill_actions.connector import Action, Connector
from afterbill_actions.events import ABOUT_NO_RESPONSE
from afterbill_actions.settings.mistakes import Place, misfit, unknown_keys
from afterbill_actions.settings.tables import KEYS, ActionsFile, ConnectionTable, DoTable, WhenTable, WorkflowTable

_WITHOUT_ANSWER = frozenset({"events", "touchpoints", "sources", "plans"})
"""Conditions that an event about no response can meet."""
_PATTERN = "string_pattern_mismatch"
"""The type of a mistake whose message would be a regular expression."""


@dataclass(frozen=True, slots=True)
class Fitting:
    """The file with what it is checked against: the sources of surveys.toml, and the connectors there are."""

    file: ActionsFile
    sources: Collection[str]
    load: Callable[[str], Connector]

    def misfits(self) -> Iterator[ErrorDetails]:
        """Yield each mistake with its place."""
        for name, connection in self.file.connections.items():
            yield from self._connection(("connections", name), connection)
        for name, workflow in self.file.workflows.items():
            yield from self._workflow(("workflows", name), workflow)
        for number, name in enumerate(self.file.notices.to):
            yield from self._notice(("notices", "to", number), name)

    def _connection(self, place: Place, table: ConnectionTable) -> Iterator[ErrorDetails]:
        connector = self.load(table.connector)
        found = list(_settings_mistakes(connector.settings, table.further, place, KEYS["connections"]))
        yield from found
        if not (table.url or found or _has_address(connector, table)):
            yield misfit((*place, "url"), f"is missing: enter the https:// address of {connector.title}")
        if connector.exclusive and not table.source:
            yield misfit((*place, "source"), f"is missing: name the [sources] entry whose orders {connector.title} has")
        if table.source and table.source not in self.sources:
            yield misfit((*place, "source"), _no_source(table.source, self.sources))

    def _workflow(self, place: Place, table: WorkflowTable) -> Iterator[ErrorDetails]:
        yield from self._conditions((*place, "when"), table.when)
        seen = set[tuple[str, str]]()
        for number, do in enumerate(table.do):
            if (do.connection, do.action) in seen:
                yield misfit((*place, "do", number), f"{shown(do.action)} stands twice for {shown(do.connection)}")
            seen.add((do.connection, do.action))
            yield from self._action((*place, "do", number), do, table.when)

    def _action(self, place: Place, do: DoTable, when: WhenTable) -> Iterator[ErrorDetails]:
        if do.connection not in self.file.connections:
            yield misfit((*place, "connection"), _no_connection(do.connection, self.file.connections))
            return
        connector = self.load(self.file.connections[do.connection].connector)
        if do.action not in connector.actions:
            there = f"; {connector.title} has: {', '.join(sorted(connector.actions))}"
            yield misfit((*place, "action"), did_you_mean(do.action, connector.actions, there))
            return
        action = connector.actions[do.action]
        yield from _settings_mistakes(action.settings, do.further, place, KEYS["workflows.do"])
        yield from _untold((*place, "action"), action, do.action, when)

    def _conditions(self, place: Place, when: WhenTable) -> Iterator[ErrorDetails]:
        for source in sorted(when.sources - set(self.sources)):
            yield misfit((*place, "sources"), _no_source(source, self.sources))
        if about_none := [event for event in when.events if event in ABOUT_NO_RESPONSE]:
            for key in sorted(when.model_fields_set - _WITHOUT_ANSWER):
                yield misfit((*place, key), f"is never met by {shown(about_none[0])}, which is about no answer")
        yield from _ratings_off_the_scale(place, when)

    def _notice(self, place: Place, name: str) -> Iterator[ErrorDetails]:
        if name not in self.file.connections:
            yield misfit(place, _no_connection(name, self.file.connections))
            return
        connector = self.load(self.file.connections[name].connector)
        if not any(action.tell for action in connector.actions.values()):
            yield misfit(place, f"{connector.title} has no place for digests and alerts")


def _has_address(connector: Connector, table: ConnectionTable) -> bool:
    """Return True where the connector makes the address of its system: from the settings, or from the secret."""
    settings = connector.settings.model_validate(table.further).model_dump()
    stored = {field: field for fields in connector.secrets for field in fields}
    return connector.url is not None and bool(connector.url(settings, stored))


def _settings_mistakes(
    model: type[BaseModel], further: Mapping[str, Any], place: Place, general: Collection[str]
) -> Iterator[ErrorDetails]:
    """Yield what a connector does not like in the keys that are its own; it never gets to see unknown ones."""
    known = {field.alias or name for name, field in model.model_fields.items()}
    strangers = further.keys() - known
    yield from unknown_keys(sorted(strangers), {*known, *general}, place)
    try:
        model.model_validate({key: value for key, value in further.items() if key in known})
    except ValidationError as error:
        found = error.errors(include_url=False)
    else:
        return
    for each in found:
        at = (*place, *each["loc"])
        if each["type"] == _PATTERN:
            yield misfit(at, f"is not written as it should be: {shown(each['input'])}")
        elif each["type"] != "missing" or not strangers:  # a misspelt key is one mistake, not two
            yield ErrorDetails(**{**each, "loc": at})


def _untold(place: Place, action: Action, name: str, when: WhenTable) -> Iterator[ErrorDetails]:
    about_none = [event for event in when.events if event in ABOUT_NO_RESPONSE]
    if about_none and action.tell is None:
        yield misfit(place, f"{shown(name)} cannot tell of {shown(about_none[0])}, which is about no answer")


def _ratings_off_the_scale(place: Place, when: WhenTable) -> Iterator[ErrorDetails]:
    """Yield ratings that no wanted question has, and conditions that exclude each other."""
    questions = when.questions or frozenset(Question)
    on_scale = {rating for question in questions for rating in SCALES[question].ratings}
    if off := sorted(when.ratings - on_scale):
        scales = ", ".join(f"{one} {SCALES[one].lowest} to {SCALES[one].highest}" for one in sorted(questions))
        yield misfit((*place, "ratings"), f"{off[0]} is not on the scale of the question: {scales}")
    elif not any(_is_wanted(question, rating, when) for question in questions for rating in SCALES[question].ratings):
        keys = " and ".join(sorted(when.model_fields_set & {"ratings", "categories", "low_score"}))
        yield misfit(place, f"would never fire: no answer meets {keys} at once")


def _is_wanted(question: Question, rating: int, when: WhenTable) -> bool:
    category = SCALES[question].category(rating)
    return (
        (not when.ratings or rating in when.ratings)
        and (not when.categories or category in when.categories)
        and (when.low_score is None or category is Category.DETRACTOR)
    )


def _no_connection(name: str, connections: Collection[str]) -> str:
    return f"there is no such table under [connections]: {did_you_mean(name, connections)}"


def _no_source(name: str, sources: Collection[str]) -> str:
    return f"surveys.toml has no such table under [sources]: {did_you_mean(name, sources)}"
