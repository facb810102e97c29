"""Reports as they are stored, one of each, with what is awkward in each."""

from datetime import UTC, datetime
from typing import Any

from afterbill.adapters.aws.report_files import S3Reports
from afterbill_cli.deployed import Deployed

_HEADER = {"report", "window", "first", "last", "question", "where", "computed_at"}
AT = datetime(2026, 11, 23, 0, 10, 2, tzinfo=UTC)
GOOD = {"n": 120, "score": 31.7, "low": 20.1, "high": 43.2, "few": False}
SMALL = {"n": 14, "score": -7.1, "low": -48.0, "high": 33.7, "few": True}
TOO_FEW = {
    "n": 7,
    "score": None,
    "low": None,
    "high": None,
    "few": True,
    "why": "few_answers",
    "because": "Fewer than 10 answers: one more would turn the score around.",
}
REAL, CHANCE = {"p": 0.001, "q": 0.004, "real": True}, {"p": 0.4, "q": 0.4, "real": False}
UNTOLD = {"p": None, "q": None, "real": False}


def document(name: str, **body: Any) -> dict[str, Any]:
    return {
        "report": name,
        "window": "30d",
        "first": "2026-10-24",
        "last": "2026-11-22",
        "question": "nps",
        "where": {},
        "computed_at": AT.isoformat(),
        **body,
    }


TREND = document(
    "trend",
    by="week",
    rows=[
        {"value": "2026-10-24", "days": 2, **TOO_FEW, "sent": 31, "response_rate": 0.2258, "change": None, **UNTOLD},
        {"value": "2026-10-26", "days": 7, **GOOD, "sent": 400, "response_rate": 0.3, "change": None, **UNTOLD},
        {"value": "2026-11-02", "days": 7, **GOOD, "sent": 410, "response_rate": 0.29, "change": 1.2, **CHANCE},
        {"value": "2026-11-09", "days": 7, **SMALL, "sent": 50, "response_rate": None, "change": -38.8, **REAL},
        {"value": "2026-11-16", "days": 7, **SMALL, "sent": 50, "response_rate": 0.28, "change": 3.0, **UNTOLD},
    ],
    total={**GOOD, "imported": 3, "change": 12.0, **REAL},
    comparisons=3,
    left_out=["2026-11-03", "2026-11-04", "2026-11-05", "2026-11-06"],
)
SEGMENTS = document(
    "segments",
    where={"country": "DE"},
    rows=[
        {"dimension": "plan", "value": '=HYPERLINK("http://evil.example")', **GOOD, "difference": 9.5, **REAL},
        {"dimension": "plan", "value": "Solo\x1b[31m", **GOOD, "difference": -2.0, **CHANCE},
        {"dimension": "source", "value": "+stripe", **TOO_FEW, "difference": None, **UNTOLD},
    ],
    total=GOOD,
    comparisons=2,
)
JOURNEY = document(
    "journey",
    rows=[
        {"stage": "purchase", "touchpoint": "", "share": 0.8, **GOOD, "cost": 54.2, "change": None, **UNTOLD},
        {"stage": "purchase", "touchpoint": "renewed", "share": 0.8, **GOOD, "cost": 54.2, "change": None, **UNTOLD},
    ],
    total={**GOOD, "change": None, **UNTOLD},
    comparisons=0,
    pains=[
        {
            "stage": "purchase",
            "touchpoint": "renewed",
            "reason": "price",
            "emotion": "overcharged",
            "n": 31,
            "cost": 40.1,
        }
    ],
    emotions=[
        {
            "stage": "purchase",
            "reason": "price",
            "category": "detractor",
            "emotion": "overcharged",
            "n": 31,
            "share": 0.26,
        }
    ],
    steps=[
        {
            "step": "Paying",
            "touchpoints": ["renewed"],
            "owner": "Billing",
            "share": 0.8,
            **GOOD,
            "change": 2.0,
            **CHANCE,
            "notes": [{"text": "Two mails", "source": "interviews", "on": "2026-11-02"}],
            "measures": [{"text": "One mail", "owner": "Anna", "due": "2027-02-28"}],
        }
    ],
    versions=[],
)
DRIVERS = document(
    "drivers",
    rows=[{"reason": "price", "share": 0.5, **GOOD, "contribution": 15.9, "pull": 1.2}],
    total=GOOD,
    reported=[{"reason": "too_expensive", "n": 4, "share": 1.0}],
    attributes={
        "rows": [{"dimension": "plan", "share": 0.12, "by_chance": 0.02}],
        "n": 120,
        "note": "The score goes with these. That does not say that they are the cause.",
    },
)
BILLING = document(
    "billing",
    rows=[
        {
            "step": "payment_failed",
            "dimension": "all",
            "value": "all",
            **GOOD,
            "reasons": [{"reason": "payment_method", "n": 9}, {"reason": "service", "n": 2}],
            "until_paid": {"failed": 40, "paid": 31, "open": 9, "median_days": 4},
        },
        {"step": "refunded", "dimension": "source", "value": "stripe", **SMALL, "reasons": []},
    ],
)
PRODUCTS = document(
    "products", rows=[{"value": "Seat", **GOOD, "difference": None, **UNTOLD}], total=GOOD, comparisons=0
)
REVENUE = document(
    "revenue",
    currency="EUR",
    weighted={
        "n": 80,
        "score": 12.0,
        "low": -9.5,
        "high": 33.5,
        "n_eff": 21.4,
        "largest_share": 0.412,
        "few": True,
        "because": "One account has 41 % of all revenue.",
    },
    rows=[
        {
            "category": "promoter",
            "customers": 50,
            "share": 0.6,
            "recurring_minor": 1234567,
            "average_minor": 24691,
            "paid_minor": None,
            "currency": "EUR",
        }
    ],
    at_risk={"customers": 9, "recurring_minor": 210000, "currency": "EUR", "lost_customers": 1, "lost_minor": 900},
    over_time=[
        {"month": "2026-11", "category": "promoter", "customers": 50, "average_minor": 24691, "currency": "EUR"}
    ],
    without_rate=[{"currency": "JPY", "customers": 2, "minor": 90000, "why": "no_rate", "because": "No rate."}],
    unknown=3,
)
OUTCOMES = document(
    "outcomes",
    outcome="retention",
    rows=[],
    outcomes={
        "retention": {
            "rows": [
                {"category": "promoter", "day": 0, "at_risk": 60, "survival": 1.0, "low": None, "high": None},
                {"category": "promoter", "day": 14, "at_risk": 59, "survival": 0.99, "low": 0.9, "high": 1.0},
                {"category": "promoter", "day": 30, "at_risk": 55, "survival": 0.95, "low": 0.85, "high": 0.985},
                {"category": "promoter", "day": 41, "at_risk": 3, "survival": 0.91, "low": 0.8, "high": 0.97},
            ],
            "logrank": {"chi2": 9.21, "df": 2, "p": 0.01, "real": True},
        },
        "upgrade": {
            "rows": [{"category": "passive", "day": 0, "at_risk": 9, "survival": 1.0, "low": None, "high": None}],
            "logrank": {"chi2": None, "p": None, "because": "Nothing happened in these days."},
        },
        "refund": {
            "rows": [{"category": "passive", "day": 0, "at_risk": 9, "survival": 1.0}],
            "logrank": {"chi2": 1.0, "p": 0.5, "real": False, "few": True},
        },
    },
    comparisons=1,
)
COVERAGE = document(
    "coverage",
    rows=[{"step": "facts", "count": 900, "share": 1.0}, {"step": "answered", "count": 120, "share": 0.1333}],
    skips=[{"reason": "cooldown", "count": 41}],
    waiting=7,
    answered_by=[
        {"dimension": "plan", "value": "Team", "invited": 300, "answered": 90, "rate": 0.3, "difference": 0.11, **REAL},
        {"dimension": "plan", "value": "Solo", "invited": 20, "answered": 2, "rate": 0.1, "difference": None, **UNTOLD},
    ],
    comparisons=1,
    plain=GOOD,
    weighted={"score": 29.9, "low": 17.0, "high": 42.8, "n_eff": 101.2, "by": "cells"},
)
CHANGES = document(
    "changes",
    before={"first": "2026-09-24", "last": "2026-10-23"},
    rows=[{"from": "promoter", "to": "detractor", "n": 2, "recurring_minor": 4900, "currency": "EUR"}],
    within=[],
    candidates={"referral": {"n": 2, "customers": ["customer-1", "customer-2"]}, "upsell": {"n": 0}},
)
OVERVIEW = document(
    "overview",
    by="week",
    rows=[{"value": "2026-11-09", "days": 7, **SMALL, "change": -38.8, "real": True}],
    total={**GOOD, "imported": 3, "change": 12.0, **REAL, "sent": 400, "response_rate": 0.3},
    before={"first": "2026-09-24", "last": "2026-10-23"},
    ratings=[4, 0, 1, 2, 0, 6, 9, 14, 22, 30, 32],
    changes={"rows": [{"value": "2026-11-09", "days": 7, **SMALL, "change": -38.8}], "more": 0, "comparisons": 3},
    differences={
        "rows": [{"dimension": "plan", "value": "=1+1", **GOOD, "difference": 9.5}],
        "more": 2,
        "comparisons": 9,
    },
    funnel={"rows": [{"step": "facts", "count": 900, "share": 1.0}], "skips": [], "waiting": 7},
    revenue={
        "currency": "EUR",
        "rows": [],
        "at_risk": {"customers": 3, "recurring_minor": 14700, "currency": "EUR", "without_amount": 2},
    },
    newest=["8d3f0b6c1a4e4f57a9c2d1e0b7f65432"],
    parts={"trend": "2026-11-23T00:10:02+00:00", "revenue": "2026-11-22T00:10:02+00:00"},
)
EMPTY = document(
    "products",
    rows=[],
    why="not_archived",
    because="The archive begins on 2026-11-20, after these days.",
    archived_from="2026-11-20",
)
ALL = (TREND, SEGMENTS, JOURNEY, DRIVERS, BILLING, PRODUCTS, REVENUE, OUTCOMES, COVERAGE, CHANGES, OVERVIEW)


def keep(stack: Deployed, document: dict[str, Any], *, scope: str = "", place: str = "") -> None:
    """Store a report as compute_reports does."""
    body = {name: value for name, value in document.items() if name not in _HEADER}
    stored = {name: document[name] for name in ("computed_at", "question")}
    stored["window"] = {"name": document["window"], "first": document["first"], "last": document["last"]}
    stored |= {"name": document["report"], "fingerprint": "f", "scopes": {scope: body}}
    S3Reports(stack.client("s3"), "archive").store(place or f"reports/{document['report']}/nps/30d.json", stored)
