"""Everything that the pages about people take from outside."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from afterbill.model.consent import Legal, Need
from afterbill.model.retention import Retention

if TYPE_CHECKING:
    from afterbill.privacy.ports import PrivacyRequests
    from afterbill_console.people.ports import Answers, Handlings, Retained, Stories, Tasks


def _strict() -> Legal:
    return Legal(Need.CUSTOMER)


@dataclass(frozen=True, slots=True)
class PeopleDeps:
    """The stores of people, and the rules about them.

    `sources` are the configured ones; `hash_contact` gives the keyed hash of a whole address or number, `legal` what
    countries ask for.
    """

    answers: "Answers"
    handlings: "Handlings"
    stories: "Stories"
    tasks: "Tasks"
    requests: "PrivacyRequests"
    retained: "Retained"
    hash_contact: Callable[[str], str]
    sources: Sequence[str] = ()
    legal: Callable[[], Legal] = _strict
    retention: Retention = field(default_factory=Retention)
