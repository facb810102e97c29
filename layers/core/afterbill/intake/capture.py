"""What capturing needs, and what it comes to."""

from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum

from afterbill.intake.connector import Call, Connector
from afterbill.intake.ports import BillingApis, DeadLetters, Evidence, Facts, Inbox
from afterbill.model.errors import ConfigurationError
from afterbill.model.invitation import Invitation
from afterbill.model.webhooks import Source
from afterbill.outreach.policy import Policy
from afterbill.outreach.ports import SendQueue, Timer


class Outcome(StrEnum):
    """What one event came to."""

    SCHEDULED = "scheduled"
    SKIPPED = "skipped"
    DUPLICATE = "duplicate"
    LEARNED = "learned"
    IGNORED = "ignored"
    RECORDED = "recorded"
    PARKED = "parked"
    REFUSED = "refused"
    SPLIT = "split"
    UNREADABLE = "unreadable"


@dataclass(frozen=True, slots=True)
class Captured:
    """The outcome, for a fact its invitation with the reason in it, and for what nobody can read the problem."""

    outcome: Outcome
    invitation: Invitation | None = None
    problem: str = ""


@dataclass(frozen=True, slots=True)
class CaptureDeps:
    """What capturing needs; `hash_address` is keyed, `new_id` gives a random customer id.

    `evidence` keeps a copy of every webhook somebody vouches for, where an operator wants that.
    """

    policy: Policy
    load: Callable[[str], Connector]
    facts: Facts
    timer: Timer
    queue: SendQueue
    apis: BillingApis
    inbox: Inbox
    dead_letters: DeadLetters
    hash_address: Callable[[str], str]
    new_id: Callable[[], str]
    evidence: Evidence | None = None


@dataclass(frozen=True, slots=True)
class Sender:
    """Who sent the webhook at hand; `call` reaches its API, if credentials for that are stored."""

    source: Source
    provider: Connector
    call: Call | None

    @property
    def api(self) -> Call:
        """Its API, for what cannot be understood without."""
        if self.call is None:
            raise without_credentials(self.source)
        return self.call


def without_credentials(source: Source) -> ConfigurationError:
    """What to do where no credentials for an API are stored."""
    return ConfigurationError(f"source {source.name} needs credentials for its API: `afterbill source add` stores them")
