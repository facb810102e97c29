"""A table in memory with a clock, as the tests of counting need it; and the same scores counted the plain way."""

from collections import Counter
from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

from afterbill.adapters.memory.scores import MemoryScores
from afterbill.domain.invitation import Answer, Delivery, Invitation
from afterbill.domain.nps import Tally
from afterbill.domain.segments import DIMENSIONS
from afterbill.domain.tally import Snapshot, days_touched
from afterbill.domain.windows import month_of, rolling
from afterbill.services.compute_nps import Computed, compute_nps

ZONE = ZoneInfo("Europe/Berlin")
NOON = datetime(2026, 11, 22, 12, tzinfo=UTC)
YEARS = timedelta(days=3000)


@dataclass
class World:
    """Invitations, their scores, and a clock."""

    now: datetime = NOON
    invitations: dict[str, Invitation] = field(default_factory=dict)
    recountable: timedelta = YEARS

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

    def answer(self, id_: str, rating: int, day: date | None = None) -> frozenset[date]:
        known = self.invitations[id_]
        answered_day = known.answered_day or (day or self.today).isoformat()
        return self.store(id_, replace(known, answer=Answer(rating), answered_at=self.now, answered_day=answered_day))

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

    def run(self, table: object = None) -> Computed:
        self.runs += 1
        return compute_nps(table or self.table, self.now, f"run {self.runs}", ZONE, self.recountable)

    def settled_run(self) -> Computed:
        self.wait(seconds=20)
        return self.run()

    def tallies(self, dimension: str, window: str) -> dict[str, Tally]:
        """What the stored scores say."""
        return {row.value: row.tally for row in self.table.scores(dimension, window)}

    def recount(self) -> dict[tuple[str, str], dict[str, Tally]]:
        """What every window must say, counted from the invitations with nothing but loops."""
        expected: dict[tuple[str, str], dict[str, Tally]] = {}
        days = {day for each in self.invitations.values() for day in (each.sent_day, each.answered_day) if day}
        months = {month_of(date.fromisoformat(day)) for day in days} | {month_of(self.today)}
        for window in [rolling(length, self.today) for length in (7, 30, 90, 365)] + sorted(months, key=str):
            for dimension in DIMENSIONS:
                rows = {"all": Tally()} if dimension == "all" else {}
                for one in self.invitations.values():
                    value = "all" if dimension == "all" else one.segments.get(dimension, "unknown")
                    for tally in counted(one, lambda day, window=window: date.fromisoformat(day) in window):
                        rows[value] = rows.get(value, Tally()) + tally
                expected[dimension, window.name] = rows
        return expected

    def stored(self) -> dict[tuple[str, str], dict[str, Tally]]:
        """Every stored window; those that hold nothing say so by the line of everything."""
        return {(dimension, window): self.tallies(dimension, window) for dimension, window in self.table.scored}


def counted(one: Invitation, inside):
    if one.answer and inside(one.answered_day):
        given = Counter([one.answer.rating])
        yield Tally(tuple(given[rating] for rating in range(11)))
    if one.sent_day and inside(one.sent_day):
        delivered = one.delivery in {Delivery.DELIVERED, Delivery.COMPLAINED}
        yield Tally(
            sent=1,
            delivered=int(delivered),
            answered=int(one.answer is not None),
            bounced=int(one.delivery is Delivery.BOUNCED),
            complained=int(one.delivery is Delivery.COMPLAINED),
        )


def snapshot_of(one: Invitation | None) -> Snapshot | None:
    if one is None:
        return None
    rating = one.answer.rating if one.answer else None
    return Snapshot(one.sent_day, one.answered_day, rating, one.delivery, one.segments)


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
