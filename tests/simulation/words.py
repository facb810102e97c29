"""What the town tells the product, and what the mail system tells it, in the words that each takes."""

from datetime import datetime, timedelta
from typing import Any

from afterbill.model.billing import BillingEvent, CustomerRef, Money, SubscriptionState, Touchpoint
from afterbill.model.customer import Customer
from afterbill.model.invitation import Invitation
from afterbill.model.messages import INVITATION_TAG, Mail

from .events import Event
from .rules import EPOCH, seconds


def billing_event(event: Event) -> BillingEvent:
    profile = event.profile
    attributes = {name[11:]: value for name, value in profile.items() if name.startswith("attributes.")}
    ref = CustomerRef(
        None if event.nameless or event.own_id or event.guest else event.account,
        own_id=event.own_id or None,
        email=profile.get("address"),
        name=profile.get("name"),
        country=profile.get("country"),
        time_zone=profile.get("time_zone"),
        attributes=attributes,
        deleted=event.deleted,
    )
    return BillingEvent(
        event.source,
        event.event_id,
        EPOCH + timedelta(seconds=event.at),
        ref,
        Touchpoint(event.kind) if event.kind else None,
        event.fact,
        {**event.objects, **({"subscription": event.subscription} if event.subscription else {})},
        None if event.amount is None else Money(event.amount, "EUR"),
        test=event.test,
        takes_back=event.takes_back,
        subscription_state=SubscriptionState(event.state) if event.state else None,
    )


def compose(one: Invitation, customer: Customer) -> Mail:
    """The mail with all that can be wrong in it: whom it calls by name, and the plan it asks about."""
    name, plan, number = customer.name or "", customer.attributes.get("plan", ""), str(one.delivery_number)
    return Mail(customer.address or "", "", None, number, name, plan, {}, {INVITATION_TAG: one.id})


def record(id_: str, kind: str, to: str, now: datetime) -> dict[str, Any]:
    """What SES reports."""
    mail = {"tags": {INVITATION_TAG: [id_]}, "messageId": f"m-{id_}", "timestamp": now.isoformat(), "destination": [to]}
    if kind in {"Permanent", "Transient"}:
        return {
            "eventType": "Bounce",
            "mail": mail,
            "bounce": {"bounceType": kind, "bouncedRecipients": [{"emailAddress": to}]},
        }
    return {"eventType": kind, "mail": mail, "complaint": {"complainedRecipients": [{"emailAddress": to}]}}


def up(moment: datetime) -> int:
    whole = seconds(moment)
    return whole + 1 if moment.microsecond else whole
