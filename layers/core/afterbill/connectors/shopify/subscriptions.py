"""Shopify's subscription contracts and the attempts to bill them; none of them carries an e-mail address."""

from dataclasses import replace

from afterbill.connectors._kit.envelope import PAYMENT
from afterbill.connectors._kit.json import identifiers, text
from afterbill.connectors.shopify.envelope import ShopifyEvent, ref
from afterbill.model.billing import BillingEvent, CustomerRef, SubscriptionState, Touchpoint

_STARTED = "started"
_STATES = {"active": SubscriptionState.RUNNING, "expired": SubscriptionState.EXPIRED}
"""What a status says of the end: `expired` is a contract whose cycles are all done, as was agreed."""

_BY_TOPIC = {"subscription_contracts/activate": "active", "subscription_contracts/expire": "expired"}


def created(event: ShopifyEvent) -> tuple[BillingEvent, ...]:
    """`subscription_contracts/create`: a twin of the payment of the order it came from."""
    if _status(event) not in ("active", ""):
        return _profile(event)
    order = ref(event.content, "origin_order")
    about = (order, PAYMENT, "") if order else (_contract(event), _STARTED, "")
    started = _fact(event, Touchpoint.SUBSCRIPTION_STARTED, about, _objects(event))
    return (replace(started, subscription_state=SubscriptionState.RUNNING),)


def updated(event: ShopifyEvent) -> tuple[BillingEvent, ...]:
    """`subscription_contracts/update`, `/activate`, `/pause` and `/expire`: its end, if this is how we hear of it."""
    return ended(event) if _status(event) == "cancelled" else _profile(event)


def ended(event: ShopifyEvent) -> tuple[BillingEvent, ...]:
    """`subscription_contracts/cancel`: somebody ended it before its time."""
    about = (_contract(event), Touchpoint.CANCELLED.value, "")
    return (_fact(event, Touchpoint.CANCELLED, about, _objects(event)),)


def billed(event: ShopifyEvent) -> tuple[BillingEvent, ...]:
    """`subscription_billing_attempts/success`: its order tells, where there is one."""
    return () if ref(event.content, "order") else (_attempt(event, Touchpoint.RENEWED, PAYMENT),)


def not_billed(event: ShopifyEvent) -> tuple[BillingEvent, ...]:
    """`subscription_billing_attempts/failure`, and `/challenged`, where the customer would have had to act."""
    return (_attempt(event, Touchpoint.PAYMENT_FAILED, Touchpoint.PAYMENT_FAILED.value),)


def _attempt(event: ShopifyEvent, touchpoint: Touchpoint, meaning: str) -> BillingEvent:
    attempt = event.require(ref(event.content) or text(event.content.get("idempotency_key")), "billing attempt")
    objects = {
        "attempt": attempt,
        "order": ref(event.content, "order"),
        "subscription": ref(event.content, "subscription_contract"),
    }
    return _fact(event, touchpoint, (attempt, meaning, ""), objects)


def _profile(event: ShopifyEvent) -> tuple[BillingEvent, ...]:
    objects, state = identifiers(**_objects(event)), _STATES.get(_status(event))
    return (event.envelope.profile(_customer(event), objects, subscription_state=state),)


def _fact(
    event: ShopifyEvent, touchpoint: Touchpoint, about: tuple[str, str, str], objects: dict[str, str | None]
) -> BillingEvent:
    return event.envelope.fact(touchpoint, about, _customer(event), identifiers(**objects))


def _customer(event: ShopifyEvent) -> CustomerRef:
    return CustomerRef(id=ref(event.content, "customer"))


def _objects(event: ShopifyEvent) -> dict[str, str | None]:
    return {
        "order": ref(event.content, "origin_order"),
        "subscription": ref(event.content),
        "customer": ref(event.content, "customer"),
    }


def _contract(event: ShopifyEvent) -> str:
    return event.require(ref(event.content), "contract")


def _status(event: ShopifyEvent) -> str:
    """The REST form writes it in lower case, GraphQL in capitals; without one the topic says it."""
    return (text(event.content.get("status")) or _BY_TOPIC.get(event.topic, "")).lower()
