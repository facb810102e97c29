"""A table in memory with a clock, as the tests of counting need it; and the same scores counted the plain way."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from afterbill.insight.compute_nps import Computed, Counting, compute_nps
from afterbill.insight.nps import Tally
from afterbill.insight.periods import Window, month_of, rolling
from afterbill.insight.tally import Snapshot, days_touched
from afterbill.model.invitation import Answer, Delivery, Invitation
from afterbill.model.questions import Question
from afterbill.model.segments import DIMENSIONS
from afterbill_cli.memory.scores import MemoryScores

ZONE = ZoneInfo("Europe/Berlin")
NOON = datetime(2026, 11, 22, 12, tzinfo=UTC)
YEARS = timedelta(days=3000)


@dataclass
class World:
    """Invitations, their scores, and a clock."""

    now: datetime = NOON
    invitations: dict[str, Invitation] = field(default_factory=dict)
    recountable: timedelta = YEARS
    count_unconfirmed: bool = True

    def __post_init__(self) -> None:
        self.table = MemoryScores(self.invitations)
        self.runs = 0

    @property
    def today(self) -> date:
        return self.now.astimezone(ZONE).date()

    def store(self, id_: str, invitation: Invitation | None) -> frozenset[date]:
        """Change the table; returns the days whose marks the stream will bring."""
        old = self.invitations.pop(id_, None)
        if invitation:
            self.invitations[id_] = invitation
        return days_touched(snapshot_of(old), snapshot_of(invitation))

    def send(self, id_: str, day: date | None = None, **segments: str) -> frozenset[date]:
        sent_day = (day or self.today).isoformat()
        return self.store(id_, replace(invitation(id_), sent_day=sent_day, segments=segments))

    def answer(self, id_: str, rating: int, day: date | None = None, **details: Any) -> frozenset[date]:
        known, answer = self.invitations[id_], Answer(rating, **details)
        answered_day = known.answered_day or (day or self.today).isoformat()
        return self.store(id_, replace(known, answer=answer, answered_at=self.now, answered_day=answered_day))

    def deliver(self, id_: str, delivery: Delivery) -> frozenset[date]:
        return self.store(id_, replace(self.invitations[id_], delivery=delivery))

    def mark(self, *days: date) -> None:
        for day in days:
            self.table.mark(day, self.now)

    def answered(self, id_: str, rating: int, day: date | None = None, **segments: str) -> None:
        """Sent and answered on one day, and marked."""
        self.mark(*self.send(id_, day, **segments) | self.answer(id_, rating, day))

    def wait(self, **duration: float) -> None:
        self.now += timedelta(**duration)

    def run(self, table: object = None, goes_on: Callable[[], bool] = lambda: True) -> Computed:
        self.runs += 1
        counting = Counting(ZONE, self.recountable, unconfirmed=self.count_unconfirmed)
        return compute_nps(table or self.table, self.now, f"run {self.runs}", counting, goes_on)

    def settled_run(self) -> Computed:
        self.wait(seconds=20)
        return self.run()

    def tallies(self, dimension: str, window: str) -> dict[str, Tally]:
        """What the stored scores say."""
        return {row.value: row.tally for row in self.table.scores(dimension, window)}

    def recount(self) -> dict[tuple[str, str], dict[str, Tally]]:
        """What every window must say, counted from the invitations with nothing but loops."""
        asked = {one.question for one in self.invitations.values() if one.sent_day or one.answer} | {Question.NPS}
        return {key: rows for question in asked for key, rows in self._recount(question).items()}

    def _recount(self, question: Question) -> dict[tuple[str, str], dict[str, Tally]]:
        expected: dict[tuple[str, str], dict[str, Tally]] = {}
        mine = [one for one in self.invitations.values() if one.question is question]
        days = {day for each in mine for day in (each.sent_day, each.answered_day) if day}
        months = {month_of(date.fromisoformat(day)) for day in days} | {month_of(self.today)}
        for window in [rolling(length, self.today) for length in (7, 30, 90, 365)] + sorted(months, key=str):
            for dimension in DIMENSIONS:
                rows = {"all": Tally()} if dimension == "all" else {}
                for one in mine:
                    for value, tally in self._counted(one, dimension, window):
                        rows[value] = rows.get(value, Tally()) + tally
                name = dimension if question is Question.NPS else f"{question}:{dimension}"
                expected[name, window.name] = rows
        return expected

    def _counted(self, one: Invitation, dimension: str, window: Window) -> Iterator[tuple[str, Tally]]:
        if ("anonymous" in one.segments) is not (dimension == "anonymous"):
            return
        value = "all" if dimension == "all" else one.segments.get(dimension, "unknown")
        if one.answer and date.fromisoformat(one.answered_day) in window:
            given = answered(one.answer, count_unconfirmed=self.count_unconfirmed)
            if given.n:
                yield (one.answer.reason or "none") if dimension == "reason" else value, given
        if one.sent_day and date.fromisoformat(one.sent_day) in window and dimension != "reason":
            yield value, mailed(one)

    def stored(self) -> dict[tuple[str, str], dict[str, Tally]]:
        """Every stored window; those that hold nothing say so by the line of everything."""
        return {(dimension, window): self.tallies(dimension, window) for dimension, window in self.table.scored}


def answered(answer: Answer, *, count_unconfirmed: bool) -> Tally:
    given = tuple(int(rating == answer.rating) for rating in range(11))
    if answer.confirmed:
        return Tally(given)
    return Tally(given, unconfirmed=given) if count_unconfirmed else Tally()


def mailed(one: Invitation) -> Tally:
    return Tally(
        sent=1,
        answered=int(one.answer is not None),
        bounced=int(one.delivery is Delivery.BOUNCED),
        complained=int(one.delivery is Delivery.COMPLAINED),
    )


def snapshot_of(one: Invitation | None) -> Snapshot | None:
    if one is None:
        return None
    known = (one.sent_day, one.answered_day)
    if one.answer is None:
        return Snapshot(*known, None, one.delivery, one.segments)
    answer = one.answer
    return Snapshot(*known, answer.rating, one.delivery, one.segments, answer.confirmed, answer.reason)


def invitation(id_: str) -> Invitation:
    return Invitation(
        id=id_,
        fact=f"stripe|acct|{id_}|payment_succeeded|",
        customer_id="c",
        touchpoint="payment_succeeded",
        stage="purchase",
        source="stripe",
        channel="mail",
        locale="en",
        created_at=NOON,
        occurred_at=NOON,
        due_at=NOON,
        expiry=timedelta(days=30),
    )
