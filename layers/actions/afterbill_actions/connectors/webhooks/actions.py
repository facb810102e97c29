"""Signed webhooks out (Standard Webhooks 1.0.0): ids and figures of an answer to a system of the operator's own.

A receiver knows a repeat by its webhook-id, so everything may be repeated. Each endpoint is a connection: one that is
slow delays no other. During a rotation two secrets are stored, and both sign.
"""

import base64
import binascii
import hmac
import json
from collections.abc import Mapping
from hashlib import sha256
from typing import Any

from pydantic import BaseModel, ConfigDict

from afterbill_actions.connector import Action, Connector, Job, Open
from afterbill_actions.connectors._kit.replies import failure
from afterbill_actions.exchange import Request
from afterbill_actions.outcome import Denied, Done, Outcome, Refused

_GONE, _NOT_FOUND = 410, 404
_PREFIX = "whsec_"


class WebhookSettings(BaseModel):
    """A connection has its address (`url`) alone."""

    model_config = ConfigDict(extra="forbid")


class PostSettings(BaseModel):
    """The settings of a workflow: `comment` puts the customer's words into the body."""

    model_config = ConfigDict(extra="forbid")

    comment: bool = False


def body_of(job: Job, kind: str) -> dict[str, Any]:
    """Return the body's `type` and `data`: our own ids, the source's own ids, and figures; never an address."""
    invitation = job.invitation
    data: dict[str, Any] = {"id": job.mark.removeprefix("afterbill-"), "link": job.link}
    if invitation and kind != "response.removed":
        answer = invitation.answer
        data |= {
            "touchpoint": invitation.touchpoint,
            "source": invitation.source,
            "question": str(invitation.question),
            "customer": list(job.customer_ids),
            "objects": dict(invitation.objects),
            "segments": {name: value for name, value in invitation.segments.items() if value},
        }
        if answer:
            data |= {
                "rating": answer.rating,
                "category": str(invitation.scale.category(answer.rating)),
                "reason": answer.reason,
                "confirmed": answer.confirmed,
                "may_contact": answer.contact_ok,
                "commented": bool(answer.comment),
            }
            data |= {"comment": answer.comment} if job.settings.get("comment") else {}
    at = invitation.answered_at if invitation else None
    return {"type": kind, **({"timestamp": at.isoformat()} if at else {}), "data": data}


def _write(job: Job, endpoint: Open) -> Outcome:
    return _post(job, endpoint, "response.changed" if job.written else "response.recorded")


def _undo(job: Job, endpoint: Open) -> Outcome:
    return _post(job, endpoint, "response.withdrawn")


def _erase(job: Job, endpoint: Open) -> Outcome:
    """Tell the receiver to forget what it was told of this answer."""
    return _post(job, endpoint, "response.removed")


def _tell(job: Job, endpoint: Open) -> Outcome:
    return _send(endpoint, str(job.text.get("id", job.mark)), {"type": job.text.get("type"), "data": dict(job.text)})


def _post(job: Job, endpoint: Open, kind: str) -> Outcome:
    # The same attempt after attempt; another version of the answer is another message.
    return _send(endpoint, f"{job.mark}.{kind}.{job.version}", body_of(job, kind))


def _send(endpoint: Open, id_: str, body: Mapping[str, Any]) -> Outcome:
    keys = _keys(endpoint.secret)
    if not keys:
        return Denied("the secret is no `whsec_` with base64")
    message_id = "msg_" + sha256(id_.encode()).hexdigest()[:32]
    stamp = int(endpoint.now.timestamp())
    text = json.dumps(body, ensure_ascii=False).encode()
    headers = {
        "content-type": "application/json",
        "user-agent": "afterbill",
        "webhook-id": message_id,
        "webhook-timestamp": str(stamp),
        "webhook-signature": " ".join(_signature(key, message_id, stamp, text) for key in keys),
    }
    reply = endpoint.send(Request("POST", endpoint.connection.url, headers, text))
    if reply.status == _GONE:
        return Denied("the endpoint says that it is gone (410)")
    if reply.status == _NOT_FOUND:
        return Refused("status 404")
    return failure(reply) or Done({"webhook_id": message_id})


def _keys(secret: Mapping[str, str]) -> list[bytes]:
    given = [secret[name] for name in ("secret", "previous") if secret.get(name)]
    try:
        return [base64.b64decode(one.removeprefix(_PREFIX), validate=True) for one in given]
    except binascii.Error:
        return []


def _signature(key: bytes, message_id: str, stamp: int, body: bytes) -> str:
    mac = hmac.digest(key, f"{message_id}.{stamp}.".encode() + body, "sha256")
    return f"v1,{base64.b64encode(mac).decode()}"


def _probe(endpoint: Open) -> Outcome:
    return Done() if _keys(endpoint.secret) else Denied("the secret is no `whsec_` with base64")


CONNECTOR = Connector(
    name="webhooks",
    title="Signed webhooks",
    settings=WebhookSettings,
    secrets=(frozenset({"secret"}),),
    actions={"post": Action(PostSettings, write=_write, undo=_undo, erase=_erase, tell=_tell)},
    probe=_probe,
    per_minute=300,
    guide=(
        "Store a secret: `whsec_` and 24 to 64 random bytes in base64. The receiver verifies signatures with it",
        "(https://www.standardwebhooks.com has libraries), and takes each webhook-id once.",
        "To rotate, store the new secret as `secret` and the old one as `previous`: both sign until you remove it.",
    ),
    verified=("signatures are verified by the libraries standardwebhooks and svix",),
)
