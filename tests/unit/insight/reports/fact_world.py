"""A few facts as the archive holds them, and an engine over them."""

import json
import random
from collections.abc import Sequence
from datetime import UTC, date, datetime, timedelta
from typing import Any

import duckdb

from afterbill.insight.periods import Window
from afterbill.insight.reports.asked import Asked, ReportRules
from afterbill.model.questions import SCALES, Question
from afterbill_reports.archive.columns import FACTS
from afterbill_reports.reports.statement import positional

TODAY = date(2026, 11, 22)
NOVEMBER = Window("30d", date(2026, 10, 24), TODAY)
STAGES = {
    "awareness": (),
    "consideration": ("signed_up",),
    "purchase": ("payment_succeeded", "order_paid"),
    "support": ("refunded", "payment_failed"),
    "loyalty": ("renewed",),
}
RULES = ReportRules(stages=STAGES)

Row = dict[str, Any]


def fact(day: date = TODAY, **columns: Any) -> Row:
    """A payment that was asked about by mail and not answered, unless `columns` say otherwise."""
    noon = datetime.combine(day, datetime.min.time(), UTC).replace(hour=12, tzinfo=None)
    plain = {
        "fact_day": day,
        "occurred_at": noon,
        "due_at": noon,
        "customer_id": "someone",
        "source": "shop",
        "touchpoint": "payment_succeeded",
        "stage": "purchase",
        "channel": "mail",
        "locale": "en",
        "question": "nps",
        "products": [],
        "segments": {},
        "confirmed": True,
        "anonymous": False,
        "removed": False,
        "imported": False,
        "state": "sent",
        "sent_at": noon,
        "sent_day": day,
    }
    return plain | columns


def skipped(reason: str, day: date = TODAY, **columns: Any) -> Row:
    return fact(day, state="closed", skip_reason=reason, sent_at=None, sent_day=None, **columns)


def answer(rating: int, day: date = TODAY, **columns: Any) -> Row:
    noon = datetime.combine(day, datetime.min.time(), UTC).replace(hour=13, tzinfo=None)
    return fact(day, rating=rating, answered_at=noon, answered_day=day, **columns)


def answers(ratings: str, **columns: Any) -> list[Row]:
    """One answer for each word: "9 9 3", or "9*30 3*10"."""
    listed = [[*word.split("*"), "1"][:2] for word in ratings.split()]
    return [answer(int(rating), **columns) for rating, times in listed for _ in range(int(times))]


class Archive:
    """The table `facts` of these rows in DuckDB; it counts what it was asked."""

    def __init__(self, rows: Sequence[Row]) -> None:
        self._connection = duckdb.connect(":memory:", config={"threads": 1, "memory_limit": "256MB"})
        columns = {**FACTS, "day": "DATE"}
        listed = ", ".join(f"{name} {kind}" for name, kind in columns.items())
        self._connection.execute(f"CREATE TABLE facts ({listed})")
        values = json.dumps([_values(row, number) for number, row in enumerate(rows)], default=str)
        self._connection.execute(
            "INSERT INTO facts SELECT unnest(from_json(?, ?), recursive := true)", [values, json.dumps([columns])]
        )

    def rows(self, sql: str, parameters: dict) -> list[tuple]:
        return self._connection.execute(*positional(sql, parameters)).fetchall()


def _values(row: Row, number: int) -> Row:
    assert row.keys() <= FACTS.keys()
    return {**dict.fromkeys(FACTS), "id": f"fact-{number}", **row, "day": row["fact_day"]}


def asked(window: Window = NOVEMBER, question: Question = Question.NPS, **others: Any) -> Asked:
    return Asked(window, question, **others)


def some_facts(seed: int, n: int = 400, question: Question = Question.NPS) -> list[Row]:
    """Facts of all kinds over 80 days: skipped, waiting, sent, answered days later, imported, anonymous, removed."""
    chance = random.Random(seed)
    scale = SCALES[question]
    rows = []
    for _ in range(n):
        stage = chance.choice([stage for stage in STAGES if STAGES[stage]])
        day = TODAY - timedelta(days=chance.randrange(80))
        common = {
            "stage": stage,
            "touchpoint": chance.choice(STAGES[stage]),
            "plan": chance.choice(["basic", "pro", None]),
            "country": chance.choice(["CH", "DE", "AT"]),
            "channel": chance.choice(["mail", "mail", "sms", "link", "import"]),
            "segments": chance.choice([{}, {"size": "small"}, {"size": "large", "other": "x"}]),
            "question": chance.choice([question.value, question.value, "rebuy" if question != "rebuy" else "nps"]),
            "anonymous": chance.random() < 0.05,
            "removed": chance.random() < 0.05,
            "imported": chance.random() < 0.05,
        }
        kind = chance.random()
        if kind < 0.2:
            rows.append(skipped(chance.choice(["cooldown", "no_basis", "expired", "news"]), day, **common))
        elif kind < 0.3:
            rows.append(fact(day, **common, state="pending", sent_day=None, sent_at=None))
        elif kind < 0.4:
            rows.append(fact(day, **common, delivered_at=fact()["sent_at"]))
        else:
            later = min(TODAY, day + timedelta(days=chance.randrange(20)))
            rating = chance.choice(scale.ratings)
            reason = chance.choice([None, "price", "service"])
            confirmed = chance.random() < 0.8
            rows.append(answer(rating, day, **common, reason=reason, confirmed=confirmed) | {"answered_day": later})
    return rows
