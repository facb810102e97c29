"""Small builders with sensible defaults: a test names only what it is about."""

import itertools
import json
from collections.abc import Callable, Mapping
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path
from typing import Any

from afterbill.intake.connector import About, Address, Connector
from afterbill.model import links
from afterbill.model.addresses import address_hash
from afterbill.model.billing import BillingEvent, CustomerRef, Money, Touchpoint, fact_key
from afterbill.model.channels import Channel
from afterbill.model.customer import Customer
from afterbill.model.invitation import Invitation
from afterbill.model.messages import INVITATION_TAG, Mail
from afterbill.model.webhooks import Source
from afterbill.outreach.policy import Policy, Rule, Stops
from afterbill.outreach.sending_window import Almanac, SendingWindow

EVENTS = Path(__file__).resolve().parents[1] / "events"
NOON = datetime(2026, 11, 22, 12, tzinfo=UTC)
SECOND, MINUTE, HOUR, DAY = timedelta(seconds=1), timedelta(minutes=1), timedelta(hours=1), timedelta(days=1)
KEYS: Mapping[int, bytes] = {0: b"a key for links, of 32 bytes....", 1: b"a newer one, just as long as the"}
ADA = "ada@example.com"

hash_address: Callable[[str], str] = partial(address_hash, key=b"identity")
hash_alias: Callable[[str], str] = partial(address_hash, key=b"alias")


def provider(**parts: Any) -> Connector:
    """A connector that trusts everybody and reads no facts."""
    about = About("Test", "nothing", Address.PAYLOAD, "none", "nowhere", ())
    defaults: dict[str, Any] = {
        "ABOUT": about,
        "HEADERS": frozenset(),
        "verify": lambda _webhook, _secrets, _now: None,
        "normalise": lambda _webhook, _source: (),
        "sign": lambda webhook, _secret: webhook,
    }
    return Connector(**defaults | parts)


def rule(**changes: Any) -> Rule:
    """Ask three days later, everybody, at most once in 90 days."""
    defaults: dict[str, Any] = {
        "ask": True,
        "stage": "purchase",
        "delay": 3 * DAY,
        "sampling": 1.0,
        "priority": 50,
        "channels": (Channel.MAIL,),
        "cooldown": 90 * DAY,
        "expiry": 30 * DAY,
        "patience": 30 * DAY,
        "paid_only": False,
        "stops": Stops.NOTHING,
    }
    return Rule(**defaults | changes)


OFFICE = SendingWindow("office", frozenset(range(5)), ((9 * 60, 17 * 60),), weekends=False, holidays=False)
"""Nine to five from Monday to Friday, but for public holidays."""

COUNTRIES = Almanac(
    zones={"CH": "Europe/Zurich", "JP": "Asia/Tokyo", "US": "America/New_York"}, weekends={}, holidays={}, until=2030
)
"""Three zones and no holidays, for windows that can be reckoned in the head."""


REVERSING: Mapping[Touchpoint, Rule] = {
    Touchpoint.REFUNDED: rule(ask=False, stops=Stops.PAYMENT),
    Touchpoint.DISPUTED: rule(ask=False, stops=Stops.PAYMENT),
    Touchpoint.CANCELLED: rule(priority=80, delay=DAY, stops=Stops.CUSTOMER),
}


_WHOLE = ("legal", "sending", "almanac", "campaigns", "test", "in_product")


def policy(rules: Mapping[Touchpoint, Rule] | None = None, **changes: Any) -> Policy:
    """Every touchpoint treated by `rule(**changes)`, but for reversals and those in `rules`.

    Changes of the policy itself (legal, sending, almanac, campaigns, test, in_product) are taken as such.
    """
    whole = {name: changes.pop(name) for name in _WHOLE if name in changes}
    standard = {touchpoint: rule(**changes) for touchpoint in Touchpoint}
    sources = {"shop": Source("shop", "test"), "sandbox": Source("sandbox", "test", test_mode=True)}
    return Policy("Europe/Berlin", standard | REVERSING | (rules or {}), sources, **whole)


def event(payment: str = "1", customer: CustomerRef | None = None, **changes: Any) -> BillingEvent:
    """A payment of Ada's at noon; `payment` names its invoice, so another one is another fact."""
    touchpoint = changes.get("touchpoint", Touchpoint.PAYMENT_SUCCEEDED)
    defaults: dict[str, Any] = {
        "source": "shop",
        "event_id": f"evt_{touchpoint}_{payment}",
        "occurred_at": NOON,
        "touchpoint": touchpoint,
        "fact": fact_key("test", "acct", f"in_{payment}", touchpoint) if touchpoint else "",
        "objects": {"invoice": f"in_{payment}", "subscription": "sub_1"} if touchpoint else {},
        "money": Money(4900, "EUR") if touchpoint else None,
    }
    return BillingEvent(customer=ref() if customer is None else customer, **defaults | changes)


def ref(**changes: Any) -> CustomerRef:
    """Ada, as a payment names her."""
    return CustomerRef(**{"id": "cus_1", "email": ADA} | changes)


NOBODY = CustomerRef()


def news(customer: CustomerRef, at: datetime = NOON, **changes: Any) -> BillingEvent:
    """A customer event: it teaches, and asks nothing."""
    return event(customer=customer, touchpoint=None, occurred_at=at, **changes)


def refund(payment: str = "1", at: datetime = NOON + HOUR, **changes: Any) -> BillingEvent:
    """Payment `payment` was given back."""
    return event(payment, touchpoint=Touchpoint.REFUNDED, occurred_at=at, **changes)


def cancellation(at: datetime = NOON + HOUR, **changes: Any) -> BillingEvent:
    """The subscription ends."""
    return event("end", touchpoint=Touchpoint.CANCELLED, occurred_at=at, **changes)


def invitation(**changes: Any) -> Invitation:
    """A payment's, due in three days."""
    defaults: dict[str, Any] = {
        "id": "ab" * 16,
        "fact": "test|acct|in_1|payment_succeeded|",
        "customer_id": "ada",
        "address_hashes": (hash_address(ADA),),
        "touchpoint": Touchpoint.PAYMENT_SUCCEEDED,
        "stage": "purchase",
        "source": "shop",
        "channel": "mail",
        "locale": "",
        "created_at": NOON,
        "occurred_at": NOON,
        "due_at": NOON + 3 * DAY,
        "expiry": 30 * DAY,
        "patience": 30 * DAY,
        "cooldown": 90 * DAY,
        "segments": {"source": "shop"},
        "objects": {"invoice": "in_1"},
    }
    return Invitation(**defaults | changes)


def customer(**changes: Any) -> Customer:
    """Ada, stored once."""
    values: dict[str, Any] = {"id": "ada", "version": 1, "address": ADA} | changes
    hashed = hash_address(values["address"]) if values["address"] else ""
    return Customer(**{"address_hash": hashed} | values)


def compose(one: Invitation, person: Customer) -> Mail:
    """A mail with what matters to sending."""
    return Mail(
        to=person.address or "",
        sender="survey@example.com",
        reply_to=None,
        subject="How likely?",
        text="text",
        html="html",
        headers={},
        tags={INVITATION_TAG: one.id},
    )


def day_of(at: datetime) -> str:
    """The operator lives in Greenwich, where winter is UTC."""
    return at.date().isoformat()


def survey_token(one: Invitation, purpose: links.Purpose = links.Purpose.SURVEY, lives: timedelta = 400 * DAY) -> str:
    """A link that outlives the invitation by default."""
    return links.sign(purpose, one.id, NOON + lives, KEYS)


def ses_event(kind: str, invitation_id: str, to: str = ADA) -> dict[str, Any]:
    """A file of events/ses, about this invitation and address."""
    text = (EVENTS / "ses" / f"{kind}.json").read_text(encoding="utf-8")
    return json.loads(text.replace("INVITATION_ID", invitation_id).replace("RECIPIENT", to))


def ids(prefix: str = "id") -> Callable[[], str]:
    """Names in order, where the product takes random ones."""
    numbers = itertools.count(1)
    return lambda: f"{prefix}{next(numbers)}"
