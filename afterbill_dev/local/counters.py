"""What two billing systems do beyond answering what is stored: they vouch for webhooks, and remember what was taken."""

import base64
import hashlib
import json
from collections.abc import Callable, Mapping
from typing import Any, Protocol
from urllib.parse import parse_qs

VERIFY = "/v1/notifications/verify-webhook-signature"
EVENT = b', "webhook_event": '
PAYMENT_LIST = "/invoices/payment_list"
SET_AS_PROCESSED = "/invoices/set_as_processed"


class Known(Protocol):
    """What a counter is told about the source."""

    secret: str
    webhook_id: str
    told: dict[str, Any]
    acknowledged: set[str]


def _paypal(known: Known, method: str, path: str, body: bytes) -> object | None:
    """PayPal vouches for what was signed with the source's secret, and for the configured webhook alone."""
    if (method, path) != ("POST", VERIFY) or path in known.told:
        return None
    question, _, event = body.partition(EVENT)
    asked = json.loads(question + b"}")
    genuine = base64.b64encode(hashlib.sha256(known.secret.encode() + event[:-1]).digest()).decode()
    sent = asked["transmission_sig"] == genuine and asked["webhook_id"] == known.webhook_id
    return {"verification_status": "SUCCESS" if sent else "FAILURE"}


def _runmyaccounts(known: Known, method: str, path: str, body: bytes) -> object | None:
    """Run my Accounts lists a payment until it is marked as processed; before any was told, there is none."""
    if method == "POST" and path.endswith(SET_AS_PROCESSED):
        known.acknowledged.update(parse_qs(body.decode()).get("id", ()))
        return {}
    if path.endswith(PAYMENT_LIST):
        return _without(known.acknowledged, known.told.get(path, []))
    return None


def _without(acknowledged: set[str], told: object) -> object:
    """The list without what was acknowledged, be it wrapped or not."""
    if isinstance(told, dict):
        return {key: _without(acknowledged, value) for key, value in told.items()}
    if not isinstance(told, list):
        return told
    return [one for one in told if not (isinstance(one, dict) and str(one.get("id")) in acknowledged)]


COUNTERS: Mapping[str, Callable[[Known, str, str, bytes], object | None]] = {
    "paypal": _paypal,
    "runmyaccounts": _runmyaccounts,
}
"""By provider; None leaves the answer to what is stored."""
