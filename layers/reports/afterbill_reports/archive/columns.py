"""The columns of the archive, and the places of its files. No column names a person, and none holds their words."""

from collections.abc import Mapping
from datetime import date

FACTS: Mapping[str, str] = {
    "id": "VARCHAR",
    "fact_day": "DATE",
    "occurred_at": "TIMESTAMP",
    "customer_id": "VARCHAR",
    "account": "VARCHAR",
    "brand": "VARCHAR",
    "source": "VARCHAR",
    "touchpoint": "VARCHAR",
    "stage": "VARCHAR",
    "plan": "VARCHAR",
    "country": "VARCHAR",
    "locale": "VARCHAR",
    "channel": "VARCHAR",
    "payment_method": "VARCHAR",
    "products": "VARCHAR[]",
    "segments": "MAP(VARCHAR, VARCHAR)",
    "amount_minor": "BIGINT",
    "currency": "VARCHAR",
    "recurring_minor": "BIGINT",
    "recurring_currency": "VARCHAR",
    "question": "VARCHAR",
    "rating": "INTEGER",
    "category": "VARCHAR",
    "reason": "VARCHAR",
    "reported_reason": "VARCHAR",
    "confirmed": "BOOLEAN",
    "anonymous": "BOOLEAN",
    "removed": "BOOLEAN",
    "imported": "BOOLEAN",
    "state": "VARCHAR",
    "skip_reason": "VARCHAR",
    "delivery": "VARCHAR",
    "variant": "VARCHAR",
    "due_at": "TIMESTAMP",
    "sent_at": "TIMESTAMP",
    "delivered_at": "TIMESTAMP",
    "opened_at": "TIMESTAMP",
    "answered_at": "TIMESTAMP",
    "sent_day": "DATE",
    "answered_day": "DATE",
}
"""The facts, in DuckDB's types; None where nothing is known.

Moments are UTC without a zone, days are the operator's. `fact_day` repeats the day of the folder. Amounts are in the
smallest unit of their currency, `recurring_minor` for a month. `category` is a group of `measures`. `removed`: of a
person who was removed, of whom nothing else is known. `reported_reason` is what the billing system says of the end of a
subscription.
"""

COMMENTS: Mapping[str, str] = {
    "id": "VARCHAR",
    "answered_day": "DATE",
    "touchpoint": "VARCHAR",
    "question": "VARCHAR",
    "rating": "INTEGER",
    "comment": "VARCHAR",
    "reported_comment": "VARCHAR",
}
"""The words, in files of their own that live shorter; `id` is that of the fact."""


def place(dataset: str, day: date) -> str:
    """Return the name of the one file of a day; `dataset` is "facts" or "comments"."""
    return f"{dataset}/day={day.isoformat()}/part-0.parquet"


def day_of(place: str) -> date:
    """Inverse of `place`."""
    return date.fromisoformat(place.split("/")[1].removeprefix("day="))
