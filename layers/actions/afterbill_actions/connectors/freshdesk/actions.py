"""The connector of Freshdesk: its settings, its secret, its actions."""

from collections.abc import Mapping
from typing import Annotated, Any, Literal

from pydantic import Field, StringConstraints

from afterbill.model.errors import ConfigurationError
from afterbill.settings.surveys.values import Table
from afterbill_actions.connector import Action, Connector, Open
from afterbill_actions.connectors.freshdesk import api, priority, ticket
from afterbill_actions.outcome import Done, Outcome

_Domain = Annotated[str, StringConstraints(pattern=r"^[a-z0-9-]{1,63}$")]
_Tag = Annotated[str, StringConstraints(min_length=1, max_length=32, pattern=r"^[^,|]+$")]
_FieldName = Annotated[str, StringConstraints(pattern=r"^[a-z0-9_]{1,100}$")]


class Settings(Table):
    """[connections.NAME] of Freshdesk."""

    domain: _Domain | None = None
    """acme, of https://acme.freshdesk.com."""
    test_email: str = ""
    """An address of the operator's own: requester of the ticket that `afterbill connect` makes."""


class TicketSettings(Table):
    """[[workflows.NAME.do]] with action ticket."""

    priority: Literal["by_score", "low", "medium", "high", "urgent"] = "by_score"
    subject: Annotated[str, StringConstraints(max_length=200)] = ""
    tags: Annotated[tuple[_Tag, ...], Field(strict=False, max_length=10)] = ()
    group_id: Annotated[int, Field(gt=0)] | None = None
    type: Annotated[str, StringConstraints(min_length=1, max_length=100)] | None = None
    custom_fields: dict[_FieldName, str | int | bool] = Field(default={})


class PrioritySettings(Table):
    """[[workflows.NAME.do]] with action priority."""

    priority: Literal["medium", "high", "urgent"] = "urgent"


def _url(settings: Mapping[str, Any], secret: Mapping[str, str]) -> str:  # noqa: ARG001  # the address is no secret
    if not settings.get("domain"):
        raise ConfigurationError("actions.toml: a connection of Freshdesk needs `domain` or `url`")
    return f"https://{settings['domain']}.freshdesk.com"


def _probe(open_: Open) -> Outcome:
    return api.probe(open_) or Done()


CONNECTOR = Connector(
    name="freshdesk",
    title="Freshdesk",
    settings=Settings,
    secrets=(frozenset({"key"}),),
    actions={
        "ticket": Action(TicketSettings, ticket.write, ticket.undo, ticket.erase),
        "priority": Action(PrioritySettings, priority.write, priority.undo, priority.erase),
    },
    probe=_probe,
    per_minute=60,
    guide=(
        "Freshdesk, Profile settings, shows the API key of an agent. Take an agent of its own for afterbill,",
        "whose role may view, create and edit tickets and add notes; tickets bear that agent's name.",
        "No field has to be created. Fields that your helpdesk demands go into `custom_fields`, `type` or `group_id`.",
        "Admin, Automations: let no notification go to the requester of a ticket with the tag `afterbill`.",
    ),
    url=_url,
    verified=(
        "requests and replies: other people's code and profiles; the vendor publishes no specification",
        "400 for an address that Freshdesk does not know: recorded by several users",
        "not verified: that tags of a PUT replace those that stand; that the list shows a new ticket at once",
    ),
)
