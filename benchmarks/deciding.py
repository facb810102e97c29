"""One policy decision: from a fact and its customer to the moment of the mail, and the check when it is due.

Against a fixed piece of Python that does the same kind of thing: moments in a zone, a hash, a frozen object and some of
its texts. It knows nothing of ours and never changes, so that the ratio says what a decision takes on any machine.
"""

import hashlib
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, time, timedelta
from functools import partial
from zoneinfo import ZoneInfo

from afterbill.model.billing import BillingEvent, CustomerRef, Touchpoint
from afterbill.model.channels import Channel
from afterbill.model.customer import Customer
from afterbill.model.invitation import Invitation
from afterbill.model.webhooks import Source
from afterbill.outreach.eligibility import recheck
from afterbill.outreach.policy import Policy, Situation, decide
from afterbill.settings.surveys import load_policy
from benchmarks.layers import ROOT
from benchmarks.table import Row
from benchmarks.timing import pairs, ratio

_CALLS, _PAIRS = 500, 31
_MOST_DECIDING, _MOST_CHECKING = 5, 2.2
_NOW = datetime(2026, 11, 20, 15, tzinfo=UTC)
_PEOPLE = [
    Customer(f"customer-{number}", 1, address="a@example.com", time_zone=zone, country=country, attributes=attributes)
    for number in range(25)
    for zone, country, attributes in (
        ("Europe/Zurich", "CH", {"notice_at": "2026-01-01T00:00:00Z"}),
        ("Asia/Tokyo", "JP", {"consent_at": "2026-01-01T00:00:00Z", "consent_text": "Yes, ask me."}),
        (None, "US", {"notice_at": "2026-01-01T00:00:00Z"}),
        (None, None, {}),
    )
]


def rows() -> list[Row]:
    """Both decisions over a hundred customers of four kinds, with the shipped rules."""
    policy = load_policy(ROOT / "layers" / "config" / "surveys.toml")
    return [
        _row("decide about a fact, its invitation made", _capture(policy), _MOST_DECIDING),
        _row("check a survey that is due", _due(policy), _MOST_CHECKING),
    ]


def _row(what: str, work: Callable[[int], object], budget: float) -> Row:
    timed = pairs(partial(_often, work), partial(_often, reference), _PAIRS)
    spent = 1_000_000 * min(measured for measured, _ in timed) / _CALLS
    return Row(
        what, ratio(timed), "x", budget, f"to the reference; {spent:.0f} us, window, zone and legal basis included"
    )


def _often(work: Callable[[int], object]) -> None:
    for number in range(_CALLS):
        work(number)


@dataclass(frozen=True, slots=True)
class _Plan:
    """What the reference makes."""

    id: str
    day: date
    at: datetime
    words: tuple[str, ...] = ()


_ZONES = [ZoneInfo(name) for name in ("Europe/Zurich", "Asia/Tokyo", "America/New_York", "UTC")]


def reference(number: int) -> _Plan:
    """Put a moment into a zone, move it to nine in the morning of three days, and keep the latest of them."""
    zone = _ZONES[number % len(_ZONES)]
    local = (_NOW + timedelta(hours=number % 24)).astimezone(zone)
    days = [local.date() + timedelta(days=ahead) for ahead in range(3)]
    mornings = [datetime.combine(day, time(9), zone).astimezone(UTC) for day in days if day.isoweekday() < 6]  # noqa: PLR2004  # Saturday
    latest = max(mornings, default=local.astimezone(UTC))
    id_ = hashlib.sha256(f"{number}|{latest.isoformat()}".encode()).hexdigest()[:32]
    plan = _Plan(id_, latest.date(), latest)
    return replace(plan, words=tuple(f"{zone.key} {word}".strip().lower() for word in ("Gold", "Silver", "Bronze")))


def _capture(policy: Policy) -> Callable[[int], object]:
    source = Source("shop", "stripe")
    event = BillingEvent(
        "shop", "evt_1", _NOW, CustomerRef("cus_1"), Touchpoint.PAYMENT_SUCCEEDED, "stripe||in_1|payment|"
    )
    situations = [Situation(person) for person in _PEOPLE]
    return lambda number: decide(event, source, situations[number % len(situations)], policy, _NOW)


def _due(policy: Policy) -> Callable[[int], object]:
    waiting = Invitation(
        id="ab" * 16,
        fact="stripe||in_1|payment|",
        customer_id="customer-1",
        touchpoint=Touchpoint.PAYMENT_SUCCEEDED,
        stage="purchase",
        source="shop",
        channel=Channel.MAIL,
        locale="",
        created_at=_NOW,
        occurred_at=_NOW,
        due_at=_NOW,
        expiry=timedelta(days=30),
        patience=timedelta(days=14),
        cooldown=timedelta(days=90),
    )
    asked = [Situation(replace(person, last_asked_at=_NOW - timedelta(days=100))) for person in _PEOPLE]
    return lambda number: recheck(waiting, asked[number % len(asked)], policy, _NOW)
