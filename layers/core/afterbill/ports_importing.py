"""What an import of answers from elsewhere needs from the world."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

from afterbill.domain.customer import Customer
from afterbill.domain.invitation import Invitation


@dataclass(frozen=True, slots=True)
class Rewrite:
    """One response as it is to be stored, and as it was read before; None: it was not there."""

    after: Invitation
    before: Invitation | None = None


class ImportedResponses(Protocol):
    """The table as import_responses sees it; reading asks as many keys per call as a call takes."""

    def owners(self, aliases: Sequence[str]) -> Mapping[str, str]:
        """Ids of customers by those of these aliases that are known, read consistently."""

    def customers(self, ids: Sequence[str]) -> Mapping[str, Customer]:
        """The customers that exist among `ids`."""

    def responses(self, ids: Sequence[str]) -> Mapping[str, Invitation]:
        """The responses that exist among `ids`, read consistently."""

    def store(self, rewrites: Sequence[Rewrite]) -> bool:
        """All of them, MOST_WRITES at most; False, and nothing done, where one is no longer what it was before."""
