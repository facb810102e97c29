"""The script of subscriptions: paid for, ended for good, ended and taken back, switched, or over as was planned."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

from .events import DAY, END, HOUR, MINUTE

if TYPE_CHECKING:
    from .lives import Life

STORIES = {"_goes_on": 46, "_quits": 14, "_hesitates": 16, "_switches": 12, "_has_two": 6, "_is_over": 6}
"""What becomes of a subscription, by weight."""


@dataclass(slots=True)
class Plan:
    """One subscription of one person, billed in the first second of some months."""

    life: "Life"
    name: str
    tier: str
    moments: list[int]

    def start(self, at: int, *, running: bool = False) -> None:
        profile = {"attributes.plan": self.tier}
        state = "running" if running else ""
        self._tell(at, "subscription_started", self.name, profile=profile, state=state)

    def pay(self, since: int = 0, until: int = END) -> None:
        """Its bills of that time are paid, or not."""
        for number, at in enumerate(self.moments):
            if since <= at < until:
                self.life.pay(at, "renewed", f"{self.name}-{number}", self.name)

    def end(self, at: int, *, named: bool = True) -> None:
        """Somebody says that it ends, in the same words each time; some sources do not say what ends."""
        self._tell(at, "cancelled", self.name, subscription=self.name if named else "")

    def runs_on(self, at: int) -> None:
        self._tell(at, state="running")

    def expire(self, at: int) -> None:
        self._tell(at, state="expired")

    def _tell(self, at: int, kind: str = "", obj: str = "", **more: object) -> None:
        self.life.tell(min(at, END), "billing", kind, obj, **{"subscription": self.name, **more})


def subscribe(life: "Life", moments: list[int], start: int | None) -> None:
    """A subscription that began at `start`, or before the year, and what becomes of it."""
    plan = Plan(life, f"sub-{life.number}", life.luck.choice(["basic", "pro"]), moments)
    if start is not None:
        plan.start(start, running=life.often(0.5))
        life.pay(start, "payment_succeeded", "start", plan.name)
    story = life.luck.choices(list(STORIES), list(STORIES.values()))[0]
    globals()[story](life, plan, _moment(life, plan, start or 0))


def _moment(life: "Life", plan: Plan, start: int) -> int:
    """When somebody makes up their mind: often soon after a bill, so that a survey about it still waits."""
    paid = [at for at in (start, *plan.moments) if at >= start]
    if paid and life.often(0.7):
        about_now = life.luck.randrange(2 * DAY, 3 * DAY) if life.often(0.5) else life.luck.randrange(MINUTE, 5 * DAY)
        return life.luck.choice(paid) + about_now
    return start + life.luck.randrange(max(1, END - start))


def _goes_on(life: "Life", plan: Plan, at: int) -> None:
    plan.pay()
    if life.often(0.08):
        kind = life.luck.choice(["upgraded", "upgraded", "downgraded"])
        life.tell(min(at, END), "billing", kind, f"{plan.name}-{kind}", amount=9900, subscription=plan.name)


def _quits(life: "Life", plan: Plan, at: int) -> None:
    """At once, or announced: then the last day says it again."""
    plan.pay(until=at)
    named = life.often(0.8)
    plan.end(at, named=named)
    if named and life.often(0.6):
        plan.end(at + life.luck.randrange(HOUR, 40 * DAY))


def _hesitates(life: "Life", plan: Plan, at: int) -> None:
    """Announces the end and takes it back, soon or late, perhaps twice, and perhaps goes in the end."""
    if life.often(0.5):
        # One that is billed by another contract: all that is heard of it is that it is there.
        Plan(life, f"{plan.name}-d", plan.tier, []).runs_on(max(0, at - _while(life, 5 * DAY, 90 * DAY)))
    plan.end(at)
    plan.pay(until=at)
    for _ in range(1 + life.often(0.2)):
        back = at + _while(life, MINUTE, 20 * HOUR) if life.often(0.5) else at + _while(life, DAY, 20 * DAY)
        plan.runs_on(back)
        again = back + _while(life, HOUR, 30 * DAY)
        plan.pay(since=at, until=again)
        at = again
        if life.often(0.6):
            plan.pay(since=again)
            return
        plan.end(at)


def _switches(life: "Life", plan: Plan, at: int) -> None:
    """The new plan is a subscription of its own. The old one ends just before, just after, or was to end long ago."""
    old_ends: Callable[[], int] = life.luck.choice(
        [
            lambda: at - life.luck.randrange(HOUR),
            lambda: at + life.luck.randrange(HOUR),
            lambda: at + life.luck.randrange(20 * HOUR),
            lambda: at - life.luck.randrange(40 * DAY),
        ]
    )
    plan.pay(until=at)
    other = Plan(life, f"{plan.name}-b", "agency", [one for one in plan.moments if one > at])
    other.start(at, running=life.often(0.3))
    life.pay(min(at, END), "payment_succeeded", "switch", other.name)
    plan.end(max(0, old_ends()))
    other.pay()
    if life.often(0.15):
        other.end(at + _while(life, DAY, 60 * DAY))


def _has_two(life: "Life", plan: Plan, at: int) -> None:
    """Two run side by side: one ends, and perhaps the other one too."""
    other = Plan(life, f"{plan.name}-c", plan.tier, [one + HOUR for one in plan.moments])
    other.pay(until=END if life.often(0.5) else at + 9 * DAY)
    plan.pay(until=at)
    plan.end(at)
    if life.often(0.3):
        other.end(at + life.luck.choice([MINUTE, 12 * HOUR, 9 * DAY]))


def _is_over(life: "Life", plan: Plan, at: int) -> None:
    """The last instalment, and soon the word that this was it."""
    plan.pay(until=at)
    last = max((one for one in plan.moments if one < at), default=min(at, END))
    plan.expire(last + _while(life, MINUTE, 3 * DAY))


def _while(life: "Life", least: int, most: int) -> int:
    return life.luck.randrange(least, most)
