"""A month of operation with four outages: what was lost, doubled or left over, and which alarms rang when."""

import random
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from afterbill.model.invitation import State
from afterbill_dev.load import limits
from afterbill_dev.load.alarms import alarms_of
from afterbill_dev.load.shop import Shop
from afterbill_dev.load.stack import Stack

MINUTE, HOUR, DAY = 60, 3600, 86_400
MONTH, DRAIN = 31 * DAY, 25 * DAY
"""The payments of a month, and the days until the last reminder has left."""
_IN_THE_FIRST_HOUR = 0.2
_ANSWER = 0.3


@dataclass(frozen=True, slots=True)
class Outage:
    """One outage: its name, and when it begins and ends, in seconds of the month."""

    name: str
    begin: float
    end: float


QUOTA = Outage("SES day quota used up", 3 * DAY, 9 * DAY)
PAUSE = Outage("SES account paused", 13 * DAY + 8 * HOUR, 13 * DAY + 14 * HOUR)
FULL = Outage("Scheduler full, then throttled", 18 * DAY + 6 * HOUR, 18 * DAY + 18 * HOUR)
SECRETS = Outage("Secrets Manager hangs", 25 * DAY + 9 * HOUR, 25 * DAY + 10 * HOUR)
OUTAGES = (QUOTA, PAUSE, FULL, SECRETS)


@dataclass(frozen=True, slots=True)
class Ring:
    """An alarm: its name, and the seconds of the month at which it began and ended."""

    alarm: str
    since: float
    until: float


@dataclass
class Month:
    """What came of it. All lists but `rings` must be empty."""

    surveys: int = 0
    mails: int = 0
    lost: list[str] = field(default_factory=list)
    doubled: list[str] = field(default_factory=list)
    schedules: list[str] = field(default_factory=list)
    dead_letters: list[str] = field(default_factory=list)
    rings: list[Ring] = field(default_factory=list)
    turned_away: int = 0
    late: dict[str, float] = field(default_factory=dict)
    quota_began: float = 0

    def during(self, outage: Outage) -> list[Ring]:
        """Return the alarms that began between this outage and the next one."""
        begins = [*sorted(one.begin for one in OUTAGES), float("inf")]
        after = begins[begins.index(outage.begin) + 1]
        return [ring for ring in self.rings if outage.begin <= ring.since < after]


def live(surveys: int, seed: int, folder: Path, outages: tuple[Outage, ...] = OUTAGES) -> Month:
    """Live through the month, and until everything has gone out."""
    random.seed(seed)
    luck = random.Random(seed)  # noqa: S311  # a simulation
    # Twice what a day without a rush sends, reminders included; the first of the month is more.
    stack = Stack({}, luck, folder, quota=max(20, surveys * 2.2 // 31), rate=limits.SES_RATE.value)
    shop = Shop(stack)
    for number in range(surveys):
        first = luck.random() < _IN_THE_FIRST_HOUR
        at = 8 * HOUR + luck.uniform(0, HOUR) if first else luck.uniform(0, MONTH)
        shop.pay(at, f"customer-{number}", f"fact-{number}")

    def react(id_: str, number: int, _to: str) -> None:
        if number == 1 and luck.random() < _ANSWER:
            shop.answer(luck.uniform(MINUTE, 2 * DAY), id_, luck.randrange(11))

    stack.on_mail = react
    _break(stack, outages)
    stack.clock.run(MONTH + DRAIN)
    return _judged(stack, shop)


def _break(stack: Stack, outages: tuple[Outage, ...]) -> None:
    clock, scheduler = stack.clock, stack.scheduler
    if QUOTA not in outages:
        stack.ses.quota = float("inf")

    def paused(value: bool) -> None:
        stack.ses.paused = value

    def most(value: float, rate: float) -> None:
        scheduler.most = value
        scheduler.limit_rate(rate)

    def away(value: bool) -> None:
        stack.secrets.away = value

    if PAUSE in outages:
        clock.at(PAUSE.begin, lambda: paused(True))
        clock.at(PAUSE.end, lambda: paused(False))
    if FULL in outages:
        clock.at(FULL.begin, lambda: most(0, limits.SCHEDULER_CREATES.value))
        clock.at(FULL.end - HOUR, lambda: most(limits.SCHEDULER_SCHEDULES.value, 0.001))
        clock.at(FULL.end, lambda: most(limits.SCHEDULER_SCHEDULES.value, limits.SCHEDULER_CREATES.value))
    if SECRETS in outages:
        clock.at(SECRETS.begin, lambda: away(True))
        clock.at(SECRETS.begin + 40 * MINUTE, stack.world.start_cold)
        clock.at(SECRETS.end, lambda: away(False))


def _judged(stack: Stack, shop: Shop) -> Month:
    invitations = stack.world.table.invitations
    sent = Counter((id_, number) for _, id_, number in stack.mails)
    month = Month(len(invitations), len(stack.mails))
    month.lost = [f"given up by the shop: {fact}" for fact in shop.lost]
    if len(invitations) != len(shop.taken):
        month.lost.append(f"{len(shop.taken)} facts taken, {len(invitations)} captured")
    for one in invitations.values():
        if one.state is not State.SENT or not sent[one.id, 1]:
            month.lost.append(f"{one.id}: {one.state} {one.reason}, {sent[one.id, 1]} mails")
        elif not one.answer and not sent[one.id, 2]:
            month.lost.append(f"{one.id}: no reminder")
    month.doubled = [f"{id_} delivery {number}: {times} mails" for (id_, number), times in sent.items() if times > 1]
    month.schedules = sorted(stack.scheduler.schedules)
    month.dead_letters = [f"{q.name}: {q.visible}" for q in stack.queues.values() if q.visible]
    month.rings = sorted(_rings(stack), key=lambda ring: (ring.since, ring.alarm))
    month.turned_away = shop.people.total() - shop.people[200]
    month.quota_began = stack.clock.firsts.get(limits.DAILY_QUOTA_TEXT, 0)
    month.late = dict(_late(stack))
    return month


def _rings(stack: Stack) -> Iterator[Ring]:
    modelled = stack.modelled
    for alarm in alarms_of(stack.template):
        if alarm.watches(modelled):
            for since, until in alarm.rings(stack.metrics, stack.clock.now):
                yield Ring(alarm.name, since, until)


def _late(stack: Stack) -> Iterator[tuple[str, float]]:
    """Yield for each outage by how many seconds the latest mail left after its survey was due."""
    due = {one.id: one for one in stack.world.table.invitations.values()}
    for outage in OUTAGES:
        waits = [
            at - (due[id_].due_at.timestamp() - stack.clock.start)
            for at, id_, number in stack.mails
            if number == 1 and outage.begin <= due[id_].due_at.timestamp() - stack.clock.start < outage.end
        ]
        yield outage.name, max(waits, default=0)


def rows(month: Month) -> list[tuple[str, str, str, str]]:
    """Return a line for each outage: name, when, and which alarms rang how long after its begin, until when."""
    return [
        (one.name, f"{_day(_begin(month, one))} to {_day(one.end)}", ring.alarm, _after(month, one, ring))
        for one in OUTAGES
        for ring in month.during(one)
    ]


def _begin(month: Month, outage: Outage) -> float:
    return month.quota_began if outage is QUOTA else outage.begin


def _day(at: float) -> str:
    return f"day {int(at // DAY) + 1}, {int(at % DAY // HOUR):02}:{int(at % HOUR // MINUTE):02}"


def _after(month: Month, outage: Outage, ring: Ring) -> str:
    minutes = (ring.since - _begin(month, outage)) / MINUTE
    return f"{minutes:.0f} min, for {(ring.until - ring.since) / HOUR:.1f} h"


def plain(month: Month) -> dict[str, Any]:
    """Return it for JSON, with the rows of the table."""
    return {
        **{name: getattr(month, name) for name in ("surveys", "mails", "turned_away", "late", "lost", "doubled")},
        "schedules": month.schedules,
        "dead_letters": month.dead_letters,
        "rows": rows(month),
        "early": [ring.alarm for ring in month.rings if ring.since < QUOTA.begin],
    }
