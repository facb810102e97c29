"""Zuora: callouts whose body the operator writes, so that it is the neutral one, behind a password.

docs/providers/zuora.md shows the callout templates.
"""

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime

from afterbill.connectors._kit.json import address, day_moment, parse, text
from afterbill.connectors._kit.neutral import Body, read
from afterbill.connectors._kit.signatures import any_match, basic, check_basic, keys_of
from afterbill.intake.connector import About, Address, SecretShape
from afterbill.model.billing import BillingEvent
from afterbill.model.webhooks import Refusal, Reply, Source, Webhook

_DAY = len("2000-12-31")
_NOWHERE = ""
"""A path that no body has."""
_KEY = "x-afterbill-key"
_MESSAGE = "zuora-notification-id"

ABOUT = About(
    title="Zuora",
    proof="HTTP Basic, or a secret in a header",
    address=Address.PAYLOAD,
    secret=f"user:password as entered for the callout, or the value of its header {_KEY}",
    shape=SecretShape("user:password, or a key without a colon; best 16 characters or more"),
    register="Extension Studio, Events & Notifications: a callout template (preemptive login), then its notification",
    events=(),
    unverified=(
        "the names of merge fields in each data source",
        "how often and when Zuora repeats a callout",
    ),
)

HEADERS: frozenset[str] = frozenset({_MESSAGE})
"""The message's id, the same over all tries."""

REFUSED = Reply(401, headers={"WWW-Authenticate": 'Basic realm="afterbill"'})
"""Without preemptive authentication Zuora sends its password only when asked; a gateway may rename this header."""


def verify(webhook: Webhook, secrets: Sequence[str], now: datetime) -> Refusal | None:  # noqa: ARG001  # nothing is dated
    """Check HTTP Basic, or the header a callout template may carry, against the secrets."""
    presented = webhook.headers.get(_KEY, "").strip()
    keys = (key.decode(errors="replace") for key in keys_of(secrets))
    if any_match(keys, [presented] if presented else []):
        return None
    refusal = check_basic(webhook, secrets)
    return Refusal.MISMATCH if refusal is Refusal.MISSING and presented else refusal


def sign(webhook: Webhook, secret: str) -> Webhook:
    """The webhook with the password Zuora would send."""
    return replace(webhook, headers={**webhook.headers, "authorization": basic(secret)})


def normalise(webhook: Webhook, source: Source) -> tuple[BillingEvent, ...]:
    """The billing event in a neutral body, or in one that the source's field map makes neutral.

    Zuora dates payments with a day alone: such a timestamp is the noon of that day in UTC, or the arrival if that is
    earlier. Of several addresses of a customer the first that is one counts: contacts may be empty.
    """
    payload = parse(webhook.body)
    body = Body(payload, source.fields)
    sent_at, stated = webhook.received_at, body.at("timestamp")
    day = day_moment(stated, sent_at) if len(text(stated) or "") == _DAY else None
    source = replace(source, fields={**source.fields, "timestamp": _NOWHERE}) if day else source
    events = read(payload, source, webhook.headers.get(_MESSAGE, ""), day or sent_at)
    addresses = body.at("data.customer.email")
    return tuple(_addressed(event, addresses) if isinstance(addresses, list) else event for event in events)


def _addressed(event: BillingEvent, addresses: list[object]) -> BillingEvent:
    return replace(event, customer=replace(event.customer, email=address(*addresses)))
