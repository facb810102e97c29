"""A recount in plain loops over rows, which shares no code with the reports."""

from collections import Counter
from collections.abc import Iterable
from datetime import date

Row = dict
DIMENSIONS = (
    *("touchpoint", "stage", "source", "plan", "country", "locale", "channel", "brand", "payment_method", "reason"),
    "size",
)
SKIPPED_AS_INELIGIBLE = {"no_basis"}
SKIPPED_AS_UNSCHEDULED = {"cooldown"}


def value(row: Row, dimension: str) -> str:
    if dimension == "size":
        return row["segments"].get("size", "unknown")
    return row.get(dimension) or ("none" if dimension == "reason" else "unknown")


def counted(rows: Iterable[Row], first: date, last: date, question: str, *, unconfirmed: bool = True) -> list[Row]:
    found = []
    for row in rows:
        if row.get("rating") is None or row["anonymous"] or row["question"] != question:
            continue
        if not row["confirmed"] and not unconfirmed:
            continue
        if first <= row["answered_day"] <= last:
            found.append(row)
    return found


def sent_in(rows: Iterable[Row], first: date, last: date, question: str) -> list[Row]:
    return [
        row
        for row in rows
        if row["sent_day"] and first <= row["sent_day"] <= last and row["question"] == question and not row["anonymous"]
    ]


def net_score(rows: list[Row]) -> float:
    good = sum(row["rating"] >= 9 for row in rows)
    bad = sum(row["rating"] <= 6 for row in rows)
    return round(100 * (good - bad) / len(rows), 6)


def by_value(rows: Iterable[Row], dimension: str) -> dict[str, list[Row]]:
    found: dict[str, list[Row]] = {}
    for row in rows:
        found.setdefault(value(row, dimension), []).append(row)
    return found


def funnel(rows: Iterable[Row], first: date, last: date, question: str) -> tuple[list[int], Counter]:
    cohort = [
        row
        for row in rows
        if first <= row["fact_day"] <= last
        and row["question"] == question
        and not row["anonymous"]
        and not row["imported"]
        and row["channel"] not in {"link", "api", "import"}
    ]
    skips = Counter(row["skip_reason"] for row in cohort if not row["sent_day"] and row.get("skip_reason"))
    sent = [row for row in cohort if row["sent_day"]]
    answered = [row for row in sent if row.get("rating") is not None]
    opened = [row for row in sent if row.get("opened_at") or row.get("rating") is not None]
    delivered = [row for row in sent if row.get("delivered_at") or row in opened]
    eligible = len(cohort) - sum(skips[reason] for reason in SKIPPED_AS_INELIGIBLE)
    scheduled = eligible - sum(skips[reason] for reason in SKIPPED_AS_UNSCHEDULED)
    return [len(cohort), eligible, scheduled, len(sent), len(delivered), len(opened), len(answered)], skips
