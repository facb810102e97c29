"""What the oracle writes down: of every account what could be known, of every fact what became of it."""

from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time

from .events import Event
from .rules import seconds

REVERSALS = frozenset({"refunded", "disputed", "payment_reversed", "order_cancelled"})
FAREWELLS = REVERSALS | {"cancelled"}
ALIVE = frozenset(
    {"subscription_started", "payment_succeeded", "payment_recovered", "renewed", "upgraded", "downgraded"}
)
"""What happens only with a subscription that is there."""
NEVER = -1 << 40
VIEWS = ("sure", "maybe")
"""What was taken in is known for sure once the taking in has ended, and may be known once it has begun."""
MACHINES = frozenset({"info", "billing", "noreply", "postmaster"})
"""Names of functions that the script gives addresses to."""


def spelled(address: str) -> str:
    """One spelling for an address."""
    return address.strip().lower()


@dataclass(slots=True)
class Subscription:
    """The latest moments at which somebody said of it that it ends, that it runs on, that it is over as planned."""

    ends: int = NEVER
    runs: int = NEVER
    expired: int = NEVER

    @property
    def leaving(self) -> bool:
        """An end stands until somebody, later, says that it runs on."""
        return NEVER < self.ends >= self.runs

    @property
    def over(self) -> bool:
        return self.leaving or NEVER < self.expired >= self.runs


class Known:
    """What somebody who has read so many events knows of one account.

    Of the profile the latest word counts, whenever it arrives; consent, withdrawal and notice carry their own times.
    """

    __slots__ = (
        "adverse",
        "agreed",
        "deleted_at",
        "noticed",
        "objected",
        "profile",
        "returned_at",
        "subscriptions",
        "withdrawn",
    )

    def __init__(self) -> None:
        self.profile: dict[str, tuple[int, str]] = {}
        self.adverse = self.agreed = self.noticed = self.withdrawn = NEVER
        self.objected = False
        self.deleted_at: int | None = None
        self.returned_at: int | None = None
        self.subscriptions: dict[str, Subscription] = {}

    def learn(self, event: Event, stops: str, now: int) -> None:
        self._learn_basis(event.profile)
        for name, value in event.profile.items():
            if name not in self.profile or event.at >= self.profile[name][0]:
                self.profile[name] = event.at, value
        if event.deleted and (self.deleted_at is None or event.at >= self.deleted_at):
            self.deleted_at = event.at
        if event.kind and event.kind not in FAREWELLS:
            self.returned_at = max(event.at, self.returned_at or event.at)
        if event.subscription:
            self._hear(event)
        if stops == "customer" or (stops == "subscription" and not event.subscription):
            self.adverse = max(self.adverse, min(event.at, now))

    def _learn_basis(self, profile: Mapping[str, str]) -> None:
        """A consent without its wording is none."""
        if "attributes.consent_text" in profile:
            self.agreed = max(self.agreed, _when(profile.get("attributes.consent_at")))
        self.withdrawn = max(self.withdrawn, _when(profile.get("attributes.consent_withdrawn_at")))
        self.noticed = max(self.noticed, _when(profile.get("attributes.notice_at")))

    def _hear(self, event: Event) -> None:
        if not (event.farewell or event.state or event.kind in ALIVE):
            return
        one = self.subscriptions.setdefault(event.subscription, Subscription())
        if event.farewell:
            one.ends = max(one.ends, event.at)
        elif event.state == "running":
            one.runs = max(one.runs, event.at)
        elif event.state == "expired":
            one.expired = max(one.expired, event.at)

    def has_another(self, subscription: str) -> bool:
        """Whether a subscription other than this one is there and not over."""
        return any(name != subscription and not one.over for name, one in self.subscriptions.items())

    def ended(self, event: Event) -> bool:
        """Whether an end that stands, and is no earlier, stops what this event tells.

        It stops what is about that subscription; and what is about none, once no other one is left.
        """
        about = event.subscription
        return any(
            one.leaving and one.ends >= event.at and (name == about or not (about or self.has_another(name)))
            for name, one in self.subscriptions.items()
        )

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
    """One fact and its story; `due` and everything after it follows from when it was taken in.

    `ends` is the latest word about the end that it tells. `held`: an end holds it back for now; `wake_by`: until then
    it must be looked at, because that end was taken back. `reached` are the addresses that its mails went to.
    """

    event: Event
    since: int
    sure: bool = False
    created: int | None = None
    due: int = 0
    customer_id: str = ""
    open: bool = False
    closed: str = ""
    ends: int = NEVER
    held: bool = False
    was_held: bool = False
    demoted: bool = False
    wake_by: int | None = None
    reached: set[str] = field(default_factory=set)
    mails: list[int] = field(default_factory=list)
    reminders: list[int] = field(default_factory=list)
    answered: int | None = None
    bounced: int | None = None
    proved: bool = False
    rejected: bool = False
    unclear: bool = False


class Account:
    """What one source calls somebody: what is known for sure, what may already be known, when asked, the facts."""

    __slots__ = ("asked", "crowded", "facts", "maybe", "perhaps_asked", "sure")

    def __init__(self) -> None:
        self.sure, self.maybe = Known(), Known()
        self.asked: list[int] = []
        self.perhaps_asked: list[int] = []
        self.facts: list[Fact] = []
        self.crowded = False

    def known(self, how: str) -> Known:
        return self.sure if how == "sure" else self.maybe

    @property
    def addresses(self) -> set[str]:
        """The address it has, or the two it may have."""
        return {self.sure.address, self.maybe.address} - {""}


class Mailbox:
    """An address, whoever has it: when somebody was asked there, and what forbids to write to it."""

    __slots__ = ("asked", "perhaps_asked", "refused")

    def __init__(self) -> None:
        self.asked: list[int] = []
        self.perhaps_asked: list[int] = []
        self.refused: dict[str, set[str]] = {"sure": set(), "maybe": set()}


class Payments:
    """Which objects (invoice, charge...) are of one payment, and which payments were taken back, or failed when."""

    def __init__(self) -> None:
        self._above: dict[str, str] = {}
        self._reversed: set[str] = set()
        self._failed: defaultdict[str, int] = defaultdict(lambda: NEVER)

    def join(self, objects: Mapping[str, str]) -> None:
        roots = {self._root(one) for one in objects.values()}
        first = min(roots)
        for other in roots - {first}:
            self._above[other] = first
            self._failed[first] = max(self._failed[first], self._failed[other])
        if roots & self._reversed:
            self._reversed.add(first)

    def reverse(self, objects: Mapping[str, str]) -> None:
        self._reversed |= {self._root(one) for one in objects.values()}

    def fail(self, objects: Mapping[str, str], at: int) -> None:
        for root in {self._root(one) for one in objects.values()}:
            self._failed[root] = max(self._failed[root], at)

    def reversed(self, objects: Mapping[str, str]) -> bool:
        return any(self._root(one) in self._reversed for one in objects.values())

    def failed_since(self, objects: Mapping[str, str], at: int) -> bool:
        """Whether the payment failed then or later, although it succeeded before."""
        return any(self._failed.get(self._root(one), NEVER) >= at for one in objects.values())

    def _root(self, one: str) -> str:
        while one in self._above:
            one = self._above[one]
        return one
