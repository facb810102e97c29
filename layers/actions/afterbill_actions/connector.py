"""The contract of connectors: a module `afterbill_actions.connectors.<name>.actions` has one CONNECTOR."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import TYPE_CHECKING, Any

from afterbill_actions.connection import Connection
from afterbill_actions.effects import Written
from afterbill_actions.exchange import Exchange
from afterbill_actions.outcome import Outcome

if TYPE_CHECKING:
    from pydantic import BaseModel

    from afterbill.model.customer import Customer
    from afterbill.model.invitation import Invitation


@dataclass(frozen=True, slots=True)
class Open:
    """A connection that is open for one action: `send` sends requests and counts them.

    `secret` holds the fields that `Connector.secrets` names. `kept` lives as long as the process: for tokens that are
    bought.
    """

    connection: Connection
    secret: Mapping[str, str] = field(repr=False)
    send: Exchange
    now: datetime
    kept: dict[str, Any] = field(default_factory=dict, repr=False)


@dataclass(frozen=True, slots=True)
class Job:
    """One action on one response, as it stands now.

    `written` is what this effect wrote before, None where it wrote nothing that is known. `maybe` says that an earlier
    attempt may have written without our knowing: look before writing. `lost` says that one was cut off which nobody can
    look up, and that no person decided to repeat it: one that the system refused is not lost. `mail_address` is the
    customer's address, only where the answer came through a mail to that address; `customer_ids` are the source's own
    ids of the customer.
    `mark` is what makes our writing recognisable there (`afterbill-<response id>`), `link` leads to the response in the
    console. `version` is that of the answer. `text` is the content of a TELL, `reason` why an UNDO takes back
    ("changed", "machine", "erased").
    """

    settings: Mapping[str, Any]
    mark: str
    link: str = ""
    invitation: "Invitation | None" = None
    customer: "Customer | None" = None
    mail_address: str = ""
    customer_ids: Sequence[str] = ()
    written: Written | None = None
    version: str = ""
    maybe: bool = False
    lost: bool = False
    reason: str = ""
    text: Mapping[str, Any] = field(default_factory=dict)


Step = Callable[[Job, Open], Outcome]
"""One action: at most three requests. It looks before it repeats what the system would do twice."""


@dataclass(frozen=True, slots=True)
class Action:
    """One thing a connector can do; `settings` checks what a workflow says of it.

    `write` writes or updates, `undo` takes back or corrects, `erase` removes or answers with a NeedsPerson that lists
    what remains. `tell` sends a text about no response; None where the system has no place for one. Not `repeatable`
    is what nobody can look up: after an attempt that may have been made it is never tried again by itself.
    """

    settings: "type[BaseModel]"
    write: Step
    undo: Step
    erase: Step
    tell: Step | None = None
    repeatable: bool = True


@dataclass(frozen=True, slots=True)
class Connector:
    """One system.

    `settings` checks a connection's table (url aside); `url` makes its address from the checked settings, or is empty
    where the operator writes the address. `secrets` are the sets of fields of which one has to be stored. `probe`
    proves with harmless reads that the credentials and scopes suffice. `guide` are the lines `afterbill connect` shows:
    scopes, fields to create. `test_record` says which settings name the record that `workflow test` writes to.
    """

    name: str
    title: str
    settings: "type[BaseModel]"
    secrets: Sequence[frozenset[str]]
    actions: Mapping[str, Action]
    probe: Callable[[Open], Outcome]
    per_minute: int
    guide: Sequence[str]
    url: Callable[[Mapping[str, Any], Mapping[str, str]], str] | None = None
    exclusive: bool = False
    """True for a system that knows the orders and customers of one source: answers of others do not concern it."""
    verified: Sequence[str] = ()
    """The verified parts of this contract, each with how; the connector's page in docs says the same."""
