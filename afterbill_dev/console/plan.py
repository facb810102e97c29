"""A journey as an operator may describe it, with notes, measures and a version: for looking at, and for tests."""

from collections.abc import Mapping
from datetime import date, timedelta
from typing import Any


def plan(today: date) -> Mapping[str, Any]:
    """Return a [journey] of surveys.toml whose second version began a hundred days ago."""
    begun = today - timedelta(days=100)
    return {
        "steps": [
            {
                "name": "Ordering",
                "touchpoints": ["order_paid", "subscription_started"],
                "owner": "Shop team",
                "notes": [
                    {"text": "The price with tax shows at the last page.", "source": "12 interviews", "date": begun},
                    {"text": "People look for the invoice in the shop.", "source": "tickets"},
                ],
                "measures": [
                    {"text": "Price with tax on every page", "owner": "Anna", "due": today - timedelta(days=9)},
                    {"text": "Invoices in the account", "owner": "Ben", "due": today + timedelta(days=40)},
                ],
            },
            {
                "name": "Paying again",
                "touchpoints": ["renewed", "payment_recovered"],
                "owner": "Billing",
                "measures": [{"text": "One mail for invoice and receipt"}],
            },
            {"name": "Leaving", "stage": "loyalty"},
        ],
        "versions": [{"name": "New checkout", "since": begun}],
    }
