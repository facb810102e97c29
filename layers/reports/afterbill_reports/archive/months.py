"""The rows of imported months: as many as answers were counted, which say nothing but what was counted."""

from collections.abc import Iterator
from dataclasses import asdict

from afterbill.insight.archive.rows import Row, category_of
from afterbill.insight.tally import LONGEST_VALUE
from afterbill.model.channels import Channel
from afterbill.model.history import MonthTally
from afterbill.model.invitation import State
from afterbill_reports.archive.columns import FACTS

_ORIGIN = "month"
"""The beginning of the ids of such rows, which no invitation has."""


def rows_of_month(tally: MonthTally, brand: str) -> Iterator[Row]:
    """Yield a row of columns.FACTS for each answer; all lie under the first day of the month."""
    origin = asdict(tally)
    common = dict.fromkeys(FACTS) | {name: origin[name] for name in ("source", "touchpoint", "stage")}
    common |= {
        "fact_day": tally.month,
        "answered_day": tally.month,
        "brand": brand[:LONGEST_VALUE] or None,
        "channel": Channel.IMPORT.value,
        "question": tally.question.value,
        "state": State.CLOSED.value,
        "products": [],
        "segments": {},
        "confirmed": True,
        "anonymous": False,
        "removed": False,
        "imported": True,
    }
    named = f"{_ORIGIN} {tally.question} {tally.source} {tally.touchpoint}"
    for rating, given in enumerate(tally.ratings):
        answer = {"rating": rating, "category": category_of(tally.question, rating)}
        yield from ({**common, **answer, "id": f"{named} {rating} {number}"} for number in range(given))


def is_of_month(row: Row) -> bool:
    """Return whether it is one of these rows."""
    return str(row["id"]).startswith(f"{_ORIGIN} ")
