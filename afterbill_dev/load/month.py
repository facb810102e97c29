"""A month of operation with four outages: what was lost, doubled or left over, and which alarms rang when."""

import json
import random
from collections import Counter
from collections.abc import Collection, Iterator
from dataclasses import asdict, dataclass, field
from math import inf
from pathlib import Path
from typing import Any

from afterbill.model.invitation import State
from afterbill_dev.load import limits
from afterbill_dev.load.alarms import alarms_of
from afterbill_dev.load.shop import Shop
from afterbill_dev.load.stack import UNTOLD, Stack

MINUTE, HOUR, DAY = 60, 3600, 86_400
PAYMENTS, LASTS = 21 * DAY, 36 * DAY
"""Payments come for three weeks, so that the last reminder leaves within the month."""
_IN_THE_FIRST_HOUR, _IN_THE_OUTAGE = 0.2, 0.05
"""Shares of the payments that two billing runs tell of: on the first, and while Secrets Manager hangs."""
_QUOTA = 0.12
"""The day quota of SES, as a share of all surveys: more than any day needs but the one after the first billing run."""
_ANSWER = 0.3


@dataclass(frozen=True, slots=True)
class Outage:
    """One outage: its name, and when it begins and ends, in seconds of the month."""

    name: str
    begin: float
    end: float


QUOTA = Outage("SES day quota used up", 3 * DAY, 7 * DAY)
PAUSE = Outage("SES account paused for 6 hours", 11 * DAY + 8 * HOUR, 11 * DAY + 14 * HOUR)
FULL = Outage("Scheduler full for 8 hours, then throttled for one", 14 * DAY + 6 * HOUR, 14 * DAY + 15 * HOUR)
"""Shorter than the ten hours for which the inbox waits before it gives an event to the dead letters."""
SECRETS = Outage("Secrets Manager hangs for an hour", 18 * DAY + 9 * HOUR, 18 * DAY + 10 * HOUR)
OUTAGES = (QUOTA, PAUSE, FULL, SECRETS)


@dataclass(frozen=True, slots=True)
class Ring:
    """An alarm: its name, and the seconds of the month at which it began and ended."""

    alarm: str
    since: float
    until: float


@dataclass
class Month:
    """The result of the month. All lists but `rings` must be empty."""

    surveys: int = 0
    mails: int = 0
    lost: list[str] = field(default_factory=list)
    doubled: list[str] = field(default_factory=list)
    schedules: list[str] = field(default_factory=list)
    dead_letters: list[str] = field(default_factory=list)
    rings: list[Ring] = field(default_factory=list)
    turned_away: int = 0
    schedules_set: int = 0
    refusals: int = 0
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
    stack = Stack({}, luck, folder, quota=surveys * _QUOTA, rate=limits.SES_RATE.value)
    shop = Shop(stack)
    for number in range(surveys):
        shop.pay(_moment(luck), f"customer-{number}", f"fact-{number}")

    def react(id_: str, number: int, _to: str) -> None:
        if number == 1 and luck.random() < _ANSWER:
            shop.answer(luck.uniform(MINUTE, 2 * DAY), id_, luck.randrange(11))

    stack.on_mail = react
    _break(stack, outages)
    leaks: set[str] = set()
    for day in range(LASTS // DAY):
        stack.clock.at(day * DAY, lambda: leaks.update(_twice_scheduled(stack)))
    stack.clock.run(LASTS)
    return _judged(stack, shop, leaks)


def _moment(luck: random.Random) -> float:
    chance = luck.random()
    if chance < _IN_THE_FIRST_HOUR:
        return 8 * HOUR + luck.uniform(0, HOUR)
    if chance < _IN_THE_FIRST_HOUR + _IN_THE_OUTAGE:
        return luck.uniform(SECRETS.begin, SECRETS.end)
    return luck.uniform(0, PAYMENTS)


def _twice_scheduled(stack: Stack) -> Iterator[str]:
    """Yield the invitations that have more than one schedule which has not fired."""
    waiting = [one for one in stack.scheduler.schedules.items() if one[0] not in stack.scheduler.fired]
    named = Counter(json.loads(text)["invitation_id"] for _, text in waiting)
    yield from (id_ for id_, number in named.items() if number > 1)


def _break(stack: Stack, outages: tuple[Outage, ...]) -> None:
    clock, scheduler = stack.clock, stack.scheduler
    if QUOTA not in outages:
        stack.ses.quota = inf

    clock.at(QUOTA.end, lambda: setattr(stack.ses, "quota", inf))

    def most(value: float, rate: float) -> None:
        scheduler.most = value
        scheduler.limit_rate(rate)

    if PAUSE in outages:
        clock.at(PAUSE.begin, lambda: setattr(stack.ses, "paused", True))
        clock.at(PAUSE.end, lambda: setattr(stack.ses, "paused", False))
    if FULL in outages:
        clock.at(FULL.begin, lambda: most(0, limits.SCHEDULER_CREATES.value))
        clock.at(FULL.end - HOUR, lambda: most(limits.SCHEDULER_SCHEDULES.value, 0.001))
        clock.at(FULL.end, lambda: most(limits.SCHEDULER_SCHEDULES.value, limits.SCHEDULER_CREATES.value))
    if SECRETS in outages:
        clock.at(SECRETS.begin, lambda: setattr(stack.secrets, "away", True))
        clock.at(SECRETS.begin, stack.world.start_cold)
        clock.at(SECRETS.end, lambda: setattr(stack.secrets, "away", False))


def _judged(stack: Stack, shop: Shop, leaks: Collection[str]) -> Month:
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
    month.schedules = sorted({*stack.scheduler.schedules, *leaks})
    month.schedules_set = stack.scheduler.calls["created"]
    month.refusals = stack.ses.calls.total() - stack.ses.calls["taken"]
    month.dead_letters = [f"{q.name}: {q.visible}" for q in stack.queues.values() if q.visible]
    month.rings = sorted(_rings(stack), key=lambda ring: (ring.since, ring.alarm))
    month.turned_away = shop.people.total() - shop.people[200]
    month.quota_began = stack.clock.firsts.get(limits.DAILY_QUOTA_TEXT, 0)
    month.late = dict(_late(stack))
    return month


def _rings(stack: Stack) -> Iterator[Ring]:
    modelled = stack.modelled
    for alarm in alarms_of(stack.template):
        if alarm.watches(modelled) and UNTOLD.isdisjoint(source.name.name for source in alarm.sources):
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


@dataclass(frozen=True, slots=True)
class Row:
    """The rings of one alarm about one outage: after how many minutes, how often, and until when."""

    outage: str
    when: str
    alarm: str
    after: int
    times: int
    until: str


def rows(month: Month) -> list[Row]:
    """Return a row for each outage and alarm, in the order in which they rang."""
    found: dict[tuple[str, str], list[Ring]] = {}
    for one in OUTAGES:
        for ring in month.during(one):
            found.setdefault((one.name, ring.alarm), []).append(ring)
    outages = {one.name: one for one in OUTAGES}
    return [_row(month, outages[name], alarm, rings) for (name, alarm), rings in found.items()]


def _row(month: Month, outage: Outage, alarm: str, rings: list[Ring]) -> Row:
    begin = month.quota_began if outage is QUOTA else outage.begin
    after = round((rings[0].since - begin) / MINUTE)
    return Row(outage.name, f"{_day(begin)} to {_day(outage.end)}", alarm, after, len(rings), _day(rings[-1].until))


def _day(at: float) -> str:
    return f"day {int(at // DAY) + 1}, {int(at % DAY // HOUR):02}:{int(at % HOUR // MINUTE):02}"


def table(month: Month) -> str:
    """Return the rows as a table of Markdown."""
    waits = ", ".join(f"{name}: {late / HOUR:.1f} h" for name, late in month.late.items())
    summary = (
        f"{month.surveys:,} surveys, {month.mails:,} mails; {len(month.lost)} lost, {len(month.doubled)} doubled, "
        f"{len(month.schedules)} schedules left over or twice, {len(month.dead_letters)} queues of dead letters used; "
        f"{month.schedules_set:,} schedules set, {month.refusals:,} mails refused. Longest delay of a survey: {waits}."
    )
    rung = (
        f"| {one.outage} | {one.when} | {one.alarm} | {one.after} min | {one.times} | {one.until} |"
        for one in rows(month)
    )
    head = ["| outage | from, to | alarm | rang after | times | until |", "|---|---|---|---|---|---|"]
    return "\n".join([*head, *rung, "", summary])


def plain(month: Month) -> dict[str, Any]:
    """Return it for JSON, with the rows of the table."""
    return {
        **{
            name: getattr(month, name)
            for name in ("surveys", "mails", "schedules_set", "refusals", "turned_away", "late", "lost", "doubled")
        },
        "schedules": month.schedules,
        "dead_letters": month.dead_letters,
        "rows": [asdict(row) for row in rows(month)],
        "table": table(month),
        "early": [ring.alarm for ring in month.rings if ring.since < QUOTA.begin],
    }
