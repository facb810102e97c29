"""The files of events/, with what only the moment can say filled in: times, signatures, links, ids."""

import base64
import hashlib
import hmac
import json
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from afterbill.model.links import Purpose, derive_key, sign
from tests.integration.stack import IDENTITY

EVENTS = Path(__file__).resolve().parents[2] / "events"
STANDARD_SECRET = "whsec_" + base64.b64encode(b"a key of the generic source, 32b").decode()
STRIPE_SECRET = "whsec_of_the_stripe_source"
SOURCES = {"events": [STANDARD_SECRET], "stripe": [STRIPE_SECRET]}
KEYS = {0: derive_key(IDENTITY, "link")}


def sample(path: str, **filled: str) -> dict[str, Any]:
    """A sample file, each placeholder (`TOKEN`) replaced."""
    text = (EVENTS / f"{path}.json").read_text()
    for placeholder, value in filled.items():
        text = text.replace(placeholder, json.dumps(value)[1:-1])
    loaded: dict[str, Any] = json.loads(text)
    return loaded


def now() -> datetime:
    return datetime.now(UTC)


def signed(event: dict[str, Any], secret: str = STANDARD_SECRET, at: datetime | None = None) -> dict[str, Any]:
    """An API Gateway event for the generic source, signed over its body as it is now."""
    sent_at = str(int((at or now()).timestamp()))
    body = raw(event)
    key = base64.b64decode(secret.removeprefix("whsec_"))
    mac = hmac.digest(key, f"{event['headers']['webhook-id']}.{sent_at}.".encode() + body, hashlib.sha256)
    signature = "v1," + base64.b64encode(mac).decode()
    return with_headers(event, **{"webhook-timestamp": sent_at, "webhook-signature": signature})


def stripe_signed(event: dict[str, Any], secret: str = STRIPE_SECRET, at: datetime | None = None) -> dict[str, Any]:
    sent_at = str(int((at or now()).timestamp()))
    mac = hmac.new(secret.encode(), f"{sent_at}.".encode() + raw(event), hashlib.sha256).hexdigest()
    return with_headers(event, **{"stripe-signature": f"t={sent_at},v1={mac}"})


def raw(event: dict[str, Any]) -> bytes:
    body = event.get("body", "")
    return base64.b64decode(body) if event["isBase64Encoded"] else body.encode()


def with_headers(event: dict[str, Any], **headers: str) -> dict[str, Any]:
    return event | {"headers": event["headers"] | headers}


def with_body(event: dict[str, Any], body: bytes) -> dict[str, Any]:
    return event | {"body": base64.b64encode(body).decode(), "isBase64Encoded": True}


def to_source(event: dict[str, Any], source: str) -> dict[str, Any]:
    return event | {"rawPath": f"/webhooks/{source}", "pathParameters": {"source": source}}


def payment(
    order: str = "order-20417", at: datetime | None = None, kind: str = "payment_succeeded", **customer: Any
) -> bytes:
    """The neutral body of events/webhooks, of another order, moment or customer."""
    body = sample("webhooks/standard_webhooks/payment_succeeded")
    body["type"] = kind
    body["timestamp"] = (at or now()).isoformat()
    body["data"]["id"] = order
    body["data"]["related"] = []
    body["data"]["customer"] |= customer
    return json.dumps(body).encode()


def captured(*bodies: bytes) -> dict[str, Any]:
    """Messages of the inbox with these bodies."""
    template = sample("sqs/inbox")
    (record,) = template["Records"]
    records = [
        record | {"messageId": f"message-{number}", "body": body.decode()} for number, body in enumerate(bodies, 1)
    ]
    return {"Records": records}


def due(invitation_id: str) -> dict[str, Any]:
    return sample("sqs/send", INVITATION_ID=json.dumps(invitation_id)[1:-1])


def mail_event(kind: str, invitation_id: str, recipient: str, at: datetime | None = None) -> dict[str, Any]:
    """An event of SES, inside a message of SNS, inside an event of SQS."""
    message = sample(f"ses/{kind}", INVITATION_ID=invitation_id, RECIPIENT=recipient)
    message["mail"]["timestamp"] = (at or now()).isoformat().replace("+00:00", "Z")
    event = sample("sqs/mail_event")
    notification = json.loads(event["Records"][0]["body"])
    event["Records"][0]["body"] = json.dumps(notification | {"Message": json.dumps(message)})
    return event


def sms_event(kind: str, invitation_id: str = "", **changes: Any) -> dict[str, Any]:
    """An event of End User Messaging or a reply of a person, inside a message of SNS, inside an event of SQS."""
    message = sample(f"sms/{kind}", INVITATION_ID=invitation_id) | changes
    event = sample("sqs/sms_event")
    notification = json.loads(event["Records"][0]["body"])
    event["Records"][0]["body"] = json.dumps(notification | {"Message": json.dumps(message)})
    return event


def token(purpose: Purpose, invitation_id: str, valid: timedelta = timedelta(days=30)) -> str:
    return sign(purpose, invitation_id, now() + valid, KEYS)


def survey_token(invitation_id: str, valid: timedelta = timedelta(days=30)) -> str:
    return token(Purpose.SURVEY, invitation_id, valid)


def unsubscribe_token(invitation_id: str, valid: timedelta = timedelta(days=30)) -> str:
    return token(Purpose.UNSUBSCRIBE, invitation_id, valid)
