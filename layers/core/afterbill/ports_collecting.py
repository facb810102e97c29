"""What answers from elsewhere need from the world."""

from collections.abc import Collection, Mapping, Sequence
from datetime import datetime
from typing import Protocol

from afterbill.domain.api_keys import ApiKey
from afterbill.domain.customer import Customer
from afterbill.domain.invitation import Invitation


class Collecting(Protocol):
    """The table as collect_response sees it."""

    def known(self, aliases: Sequence[str]) -> Mapping[str, str]:
        """Ids of customers by those of these aliases that are known, read consistently."""

    def customers(self, ids: Sequence[str]) -> Mapping[str, Customer]:
        """The customers that exist among `ids`."""

    def keep_answer(self, invitation: Invitation) -> Invitation | None:
        """Store it, unless one of its id is there: then that one is returned and nothing done. One call."""


class ApiKeys(Protocol):
    """The keys of the answer API as those see them who check one."""

    def api_key(self, id_: str) -> ApiKey | None:
        """The key as it stood at most a minute ago, None where there is none."""


class KeyRing(Protocol):
    """The same keys as operators see them."""

    def add(self, key: ApiKey) -> bool:
        """Store a new key; False, and nothing done, where its id is taken."""

    def issued(self) -> Collection[ApiKey]:
        """All there are, revoked ones too, the oldest first."""

    def revoke(self, id_: str, now: datetime) -> bool:
        """Make it void from `now` on; False where there is no such key, or it was revoked before."""
