"""What the oracle writes down: of every person what could be known, of every fact what became of it."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time

from .events import Event
from .rules import seconds

REVERSALS = frozenset({"refunded", "disputed"})
FAREWELLS = REVERSALS | {"cancelled"}
NEVER = -1 << 40
MACHINES = frozenset({"info", "billing", "noreply", "postmaster"})
"""Names of functions that the script gives addresses to."""


def spelled(address: str) -> str:
    """One spelling for an address."""
    return address.strip().lower()


class Known:
    """What somebody who has read so many events knows of one person.

    Of the profile the latest word counts, whenever it arrives; consent, withdrawal and notice carry their own times.
    """

    __slots__ = (
        "adverse",
        "agreed",
        "bounced",
        "complained",
        "deleted_at",
        "noticed",
        "opted_out",
        "profile",
        "returned_at",
        "withdrawn",
    )

    def __init__(self) -> None:
        self.profile: dict[str, tuple[int, str]] = {}
        self.adverse = self.agreed = self.noticed = self.withdrawn = NEVER
        self.opted_out = False
        self.bounced: set[str] = set()
        self.complained: set[str] = set()
        self.deleted_at: int | None = None
        self.returned_at: int | None = None

    def learn(self, event: Event, stops: str, now: int) -> None:
        self._learn_basis(event.profile)
        for name, value in event.profile.items():
            if name not in self.profile or event.at >= self.profile[name][0]:
                self.profile[name] = event.at, value
        if event.deleted and (self.deleted_at is None or event.at >= self.deleted_at):
            self.deleted_at = event.at
        if event.kind and event.kind not in FAREWELLS and not event.nameless:
            self.returned_at = max(event.at, self.returned_at or event.at)
        if stops == "customer" and not event.nameless:
            self.adverse = max(self.adverse, min(event.at, now))

    def _learn_basis(self, profile: Mapping[str, str]) -> None:
        """A consent without its wording is none."""
        if "attributes.consent_text" in profile:
            self.agreed = max(self.agreed, _when(profile.get("attributes.consent_at")))
        self.withdrawn = max(self.withdrawn, _when(profile.get("attributes.consent_withdrawn_at")))
        self.noticed = max(self.noticed, _when(profile.get("attributes.notice_at")))

    def value(self, name: str) -> str | None:
        return self.profile[name][1] if name in self.profile else None

    @property
    def address(self) -> str:
        return spelled(self.value("address") or "")

    @property
    def deleted(self) -> bool:
        return self.deleted_at is not None and (self.returned_at is None or self.returned_at <= self.deleted_at)

    def may_be_asked(self, need: str, now: int) -> bool:
        """Whether the law allows it: a consent, or a notice to an existing customer, or nothing being needed.

        Who withdrew a consent needs a newer one, whatever the country asks for.
        """
        consent = NEVER < self.agreed <= now
        if self.withdrawn > NEVER:
            return consent and self.agreed > self.withdrawn
        if need == "nothing" or consent:
            return True
        return need == "customer" and NEVER < self.noticed <= now


def _when(text: str | None) -> int:
    """The moment a text tells; never, where it tells none."""
    try:
        if text is None or len(text) < len("2027-01-01"):
            return NEVER
        if len(text) == len("2027-01-01"):
            return seconds(datetime.combine(date.fromisoformat(text), time.min, UTC))
        return seconds(datetime.fromisoformat(text))
    except ValueError:
        return NEVER


@dataclass(slots=True)
class Fact:
    """One fact and its story; `due` and everything after it follows from when it was taken in."""

    event: Event
    since: int
    sure: bool = False
    created: int | None = None
    due: int = 0
    customer_id: str = ""
    open: bool = False
    closed: str = ""
    mails: list[int] = field(default_factory=list)
    reminders: list[int] = field(default_factory=list)
    answered: int | None = None
    bounced: int | None = None
    proved: bool = False
    rejected: bool = False
    unclear: bool = False


class Knowledge:
    """What is known of one person, account by account, until an address shows that they are one."""

    __slots__ = ("apart", "linked", "one")

    def __init__(self) -> None:
        self.one = Known()
        self.linked: set[str] = set()
        self.apart: dict[str, tuple[Known, list[tuple[Event, str, int]]]] = {}

    def learn(self, event: Event, stops: str, now: int) -> None:
        if "address" in event.profile and event.account not in self.linked:
            self._join(event.account)
        if event.nameless or event.account in self.linked:
            self.one.learn(event, stops, now)
            return
        known, heard = self.apart.setdefault(event.account, (Known(), []))
        known.learn(event, stops, now)
        heard.append((event, stops, now))

    def _join(self, account: str) -> None:
        """The account is theirs too. Of two that are joined, one that is not deleted brings the other back."""
        known, heard = self.apart.pop(account, (Known(), []))
        gone = self.one.deleted and known.deleted
        for earlier in heard:
            self.one.learn(*earlier)
        if heard and self.linked and not gone:
            self.one.deleted_at = None
        self.linked.add(account)

    def of(self, account: str) -> Known:
        """What whoever looks at this account knows."""
        return self.apart[account][0] if account in self.apart else self.one


class Person:
    """Somebody: what is known of them for sure, what may already be known, when they were asked, their facts."""

    __slots__ = ("asked", "crowded", "facts", "maybe", "perhaps_asked", "sure")

    def __init__(self) -> None:
        self.sure, self.maybe = Knowledge(), Knowledge()
        self.asked: list[int] = []
        self.perhaps_asked: list[int] = []
        self.facts: list[Fact] = []
        self.crowded = False

    def known(self, fact: Fact) -> tuple[Known, Known]:
        return self.sure.of(fact.event.account), self.maybe.of(fact.event.account)


class Payments:
    """Which objects (invoice, charge...) are of one payment, and which payments were taken back."""

    def __init__(self) -> None:
        self._above: dict[str, str] = {}
        self._reversed: set[str] = set()

    def join(self, objects: Mapping[str, str]) -> None:
        roots = {self._root(one) for one in objects.values()}
        first = min(roots)
        for other in roots - {first}:
            self._above[other] = first
        if roots & self._reversed:
            self._reversed.add(first)

    def reverse(self, objects: Mapping[str, str]) -> None:
        self._reversed |= {self._root(one) for one in objects.values()}

    def reversed(self, objects: Mapping[str, str]) -> bool:
        return any(self._root(one) in self._reversed for one in objects.values())

    def _root(self, one: str) -> str:
        while one in self._above:
            one = self._above[one]
        return one
