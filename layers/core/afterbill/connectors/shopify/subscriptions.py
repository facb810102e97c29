"""Shopify's subscription contracts and the attempts to bill them; none of them carries an e-mail address."""

from afterbill.connectors._kit.envelope import PAYMENT
from afterbill.connectors._kit.json import identifiers, text
from afterbill.connectors.shopify.envelope import Notice, ref
from afterbill.model.billing import BillingEvent, CustomerRef, Touchpoint

_STARTED = "started"
_OVER = ("cancelled", "expired")


def created(notice: Notice) -> tuple[BillingEvent, ...]:
    """`subscription_contracts/create`: a twin of the payment of the order it came from."""
    if _status(notice) not in ("active", ""):
        return _learned(notice)
    order = ref(notice.body, "origin_order")
    about = (order, PAYMENT, "") if order else (_contract(notice), _STARTED, "")
    return (_happened(notice, Touchpoint.SUBSCRIPTION_STARTED, about, _objects(notice)),)


def updated(notice: Notice) -> tuple[BillingEvent, ...]:
    """`subscription_contracts/update`: its end, if this is how we hear of it."""
    return ended(notice) if _status(notice) in _OVER else _learned(notice)


def ended(notice: Notice) -> tuple[BillingEvent, ...]:
    """`subscription_contracts/cancel` and `/expire`."""
    about = (_contract(notice), Touchpoint.CANCELLED.value, "")
    return (_happened(notice, Touchpoint.CANCELLED, about, _objects(notice)),)


def billed(notice: Notice) -> tuple[BillingEvent, ...]:
    """`subscription_billing_attempts/success`: its order tells, where there is one."""
    return () if ref(notice.body, "order") else (_attempt(notice, Touchpoint.RENEWED, PAYMENT),)


def not_billed(notice: Notice) -> tuple[BillingEvent, ...]:
    """`subscription_billing_attempts/failure`, and `/challenged`, where the customer would have had to act."""
    return (_attempt(notice, Touchpoint.PAYMENT_FAILED, Touchpoint.PAYMENT_FAILED.value),)


def _attempt(notice: Notice, touchpoint: Touchpoint, meaning: str) -> BillingEvent:
    attempt = notice.require(ref(notice.body) or text(notice.body.get("idempotency_key")), "billing attempt")
    found = {
        "attempt": attempt,
        "order": ref(notice.body, "order"),
        "subscription": ref(notice.body, "subscription_contract"),
    }
    return _happened(notice, touchpoint, (attempt, meaning, ""), found)


def _learned(notice: Notice) -> tuple[BillingEvent, ...]:
    return (notice.envelope.learned(_customer(notice), identifiers(**_objects(notice))),)


def _happened(
    notice: Notice, touchpoint: Touchpoint, about: tuple[str, str, str], found: dict[str, str | None]
) -> BillingEvent:
    return notice.envelope.happened(touchpoint, about, _customer(notice), identifiers(**found))


def _customer(notice: Notice) -> CustomerRef:
    return CustomerRef(id=ref(notice.body, "customer"))


def _objects(notice: Notice) -> dict[str, str | None]:
    return {
        "order": ref(notice.body, "origin_order"),
        "subscription": ref(notice.body),
        "customer": ref(notice.body, "customer"),
    }


def _contract(notice: Notice) -> str:
    return notice.require(ref(notice.body), "contract")


def _status(notice: Notice) -> str:
    """The REST form writes it in lower case, GraphQL in capitals."""
    return (text(notice.body.get("status")) or "").lower()
