"""GoCardless: signed batches of events that name objects only; who and how much is in the API.

docs/providers/gocardless.md tables every kind; the tests read that table.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from urllib.parse import quote

from afterbill.connectors._kit.consent import with_basis
from afterbill.connectors._kit.envelope import PAYMENT, Envelope
from afterbill.connectors._kit.json import (
    MOST_REASON,
    Json,
    address,
    country,
    full_name,
    identifier,
    identifiers,
    iso_moment,
    locale,
    parse,
    records,
    section,
    text,
)
from afterbill.connectors._kit.methods import method_of
from afterbill.connectors._kit.money import from_minor
from afterbill.connectors._kit.recurring import recurring_of
from afterbill.connectors._kit.signatures import BodySignature, hexadecimal
from afterbill.intake.connector import About, Address, Api, Call, Login, SecretShape
from afterbill.model.billing import (
    BillingEvent,
    CustomerRef,
    ObjectReference,
    OperatorTask,
    ParsedElement,
    SubscriptionState,
    Touchpoint,
)
from afterbill.model.errors import PayloadError
from afterbill.model.recurring import Recurring
from afterbill.model.webhooks import Reply, Source, Webhook

_PROVIDER = "gocardless"
_ORIGIN = "origin"
_SANDBOX = "api-sandbox.gocardless.com"

HEADERS: frozenset[str] = frozenset({_ORIGIN})
"""Tells the sandbox from the live environment."""

REFUSED = Reply(498)
"""The status that GoCardless calls an invalid token, and shows as such in its dashboard."""

API = Api(
    url="https://api.gocardless.com",
    login=Login.KEY,
    sandbox_url="https://api-sandbox.gocardless.com",
    headers={"GoCardless-Version": "2015-07-06"},
)


@dataclass(frozen=True, slots=True)
class _Meaning:
    """`repeats`: the same object can have this happen again, so each event is a fact of its own."""

    touchpoint: Touchpoint
    kind: str
    name: str
    repeats: bool = False


_FAILED = _Meaning(Touchpoint.PAYMENT_FAILED, "payment", "payment_failed", repeats=True)
_CHARGED_BACK = _Meaning(Touchpoint.DISPUTED, "payment", "disputed")
_STARTED = _Meaning(Touchpoint.SUBSCRIPTION_STARTED, "subscription", "started")
_REFUNDED = _Meaning(Touchpoint.REFUNDED, "refund", "refunded")
_MEANINGS: Mapping[str, _Meaning] = {
    "payments.confirmed": _Meaning(Touchpoint.PAYMENT_SUCCEEDED, "payment", PAYMENT),
    "payments.failed": _FAILED,
    "payments.late_failure_settled": _Meaning(Touchpoint.PAYMENT_REVERSED, "payment", "payment_reversed"),
    "payments.customer_approval_denied": _FAILED,
    "payments.charged_back": _CHARGED_BACK,
    "payments.chargeback_settled": _CHARGED_BACK,
    "refunds.created": _REFUNDED,
    "refunds.paid": _REFUNDED,
    "refunds.refund_settled": _REFUNDED,
    "subscriptions.created": _STARTED,
    "subscriptions.cancelled": _Meaning(Touchpoint.CANCELLED, "subscription", "cancelled"),
}
_STATES: Mapping[str, SubscriptionState] = {
    "subscriptions.finished": SubscriptionState.EXPIRED,
    "subscriptions.resumed": SubscriptionState.RUNNING,
    "mandates.reinstated": SubscriptionState.RUNNING,
}
"""Events that prove the state of a subscription, or of those of a mandate; only the API names their customer."""

_SAYS_NO_MORE = "subscription_cancelled"
"""The cause of a cancellation at the merchant's request, which is the event once more and no reason."""

_MOST_SUBSCRIPTIONS = 50

ABOUT = About(
    title="GoCardless",
    proof="HMAC-SHA256 of the body",
    address=Address.API,
    secret="the webhook endpoint's secret",
    shape=SecretShape(
        "20 characters or more, no blanks",
        must=r"[!-~]+",
        usual=r"[!-~]{20,}",
        mistaken={"live_": "an access token of the API", "sandbox_": "an access token of the API"},
    ),
    register="Dashboard, Developers, Create, Webhook endpoint",
    events=(*_MEANINGS, *_STATES),
    unverified=(
        "the API version 2015-07-06 as the current one",
        "whether any payment event names its subscription",
        "whether refund events of some kind name their payment",
    ),
)


_SIGNATURE = BodySignature("webhook-signature", hexadecimal)
verify, sign = _SIGNATURE.verify, _SIGNATURE.sign


def normalise(webhook: Webhook, source: Source) -> tuple[ParsedElement, ...]:
    """Read every event of the batch; one that cannot be read is an error in its place."""
    events = parse(webhook.body).get("events")
    batch = [events] if isinstance(events, dict) else events  # the reference shows single ones without a list
    if not isinstance(batch, list):
        raise PayloadError("The body has no list of GoCardless events.")
    return tuple(element for event in batch for element in _whatever(event, webhook, source))


def _whatever(event: object, webhook: Webhook, source: Source) -> tuple[ParsedElement, ...]:
    try:
        return tuple(_read(event, webhook, source))
    except PayloadError as error:
        return (error,)


def _read(event: object, webhook: Webhook, source: Source) -> Iterator[ParsedElement]:
    content = section(event)
    resource, action = text(content.get("resource_type")), text(content.get("action"))
    if not (resource and action):
        raise PayloadError("An event of the GoCardless batch has no resource_type or no action.")
    links = section(content.get("links"))
    owner, kind = identifier(links.get("organisation")), f"{resource}.{action}"
    if source.account and owner and owner != source.account:
        return
    if kind in _STATES:
        yield _reference(kind, links.get(resource.removesuffix("s")), _envelope(content, webhook, source))
    if kind in _MEANINGS:
        yield from _facts(_MEANINGS[kind], content, _envelope(content, webhook, source), source)


def _reference(kind: str, id_: object, envelope: Envelope) -> ObjectReference:
    named = identifier(id_)
    if not named:
        raise PayloadError(f"The GoCardless event {envelope.event_id} names nothing that is {kind}.")
    return ObjectReference(envelope.source, envelope.event_id, envelope.occurred_at, kind, named)


def _facts(meaning: _Meaning, content: Json, envelope: Envelope, source: Source) -> Iterator[ParsedElement]:
    links = section(content.get("links"))
    objects = identifiers(**{kind: links.get(kind) for kind in ("payment", "refund", "subscription", "customer")})
    if meaning.kind not in objects:
        raise PayloadError(f"The GoCardless event {envelope.event_id} names no {meaning.kind}.")
    subject = objects[meaning.kind]
    about = (subject, meaning.name, envelope.event_id if meaning.repeats else "")
    fact = envelope.fact(
        _touchpoint(meaning, objects),
        about,
        _named_in(content, objects),
        objects,
        takes_back=(subject, PAYMENT, "") if meaning is _FAILED else None,
        subscription_state=SubscriptionState.RUNNING if meaning is _STARTED else None,
    )
    cause = section(content, "details").get("cause")
    if meaning.touchpoint is Touchpoint.CANCELLED and cause != _SAYS_NO_MORE:
        fact = replace(fact, reported_reason=text(cause, MOST_REASON) or "")
    yield with_basis(fact, source.fields, content.get("metadata"), content.get("resource_metadata"))
    if meaning.kind == "refund" and "payment" not in objects:
        yield _reference("refund", subject, envelope)


def _envelope(event: Json, webhook: Webhook, source: Source) -> Envelope:
    event_id = text(event.get("id"))
    if not event_id:
        raise PayloadError("An event of the GoCardless batch has no id.")
    return Envelope(
        provider=_PROVIDER,
        account="",
        source=source.name,
        event_id=event_id,
        occurred_at=iso_moment(event.get("created_at")) or webhook.received_at,
        test=_SANDBOX in webhook.headers.get(_ORIGIN, "").lower(),
    )


def _touchpoint(meaning: _Meaning, objects: Mapping[str, str]) -> Touchpoint:
    paid = meaning.touchpoint is Touchpoint.PAYMENT_SUCCEEDED
    return Touchpoint.RENEWED if paid and "subscription" in objects else meaning.touchpoint


def _named_in(event: Json, objects: Mapping[str, str]) -> CustomerRef:
    """Return the customer named by the event, with an address only where the merchant put one into the metadata."""
    metadata, resource = section(event, "metadata"), section(event, "resource_metadata")
    scheme = text(section(event, "details").get("scheme"))
    return CustomerRef(
        id=objects.get("customer"),
        email=address(metadata.get("email"), resource.get("email")),
        attributes={"payment_method": scheme} if scheme else {},
    )


def resolve(reference: ObjectReference, source: Source, call: Call) -> tuple[BillingEvent | OperatorTask, ...]:
    """Tie a refund to the payment that its own event does not name, or read whose subscription changed."""
    envelope = Envelope(_PROVIDER, "", reference.source, reference.event_id, reference.occurred_at)
    state = _STATES.get(reference.kind)
    if state is None:
        return (_refund(reference.id, envelope, call),)
    changed = _running_under(reference.id, call) if reference.kind == "mandates.reinstated" else (reference.id,)
    profiles = (envelope.profile(CustomerRef(), {"subscription": id_}, subscription_state=state) for id_ in changed)
    found = (find_customer(profile, source, call) for profile in profiles)
    return tuple(one for one in found if one.customer.id)


def _refund(refund: str, envelope: Envelope, call: Call) -> BillingEvent | OperatorTask:
    """Tie a refund to its payment; one of a mandate has none, so a person has to look."""
    found = _ask(call, "refunds", refund)
    payment = _linked(found, "payment")
    if not payment:
        return envelope.unmatched(refund, **identifiers(mandate=_linked(found, "mandate")))
    return envelope.fact(None, (payment, PAYMENT, ""), CustomerRef(), {"payment": payment, "refund": refund})


def _running_under(mandate: str, call: Call) -> list[str]:
    """Return the ids of the subscriptions that run under a mandate."""
    answer = section(call("/subscriptions", query={"mandate": mandate, "status": "active"}))
    listed = map(identifier, records(answer.get("subscriptions"), _MOST_SUBSCRIPTIONS))
    return [id_ for id_ in listed if id_]


def find_customer(event: BillingEvent, source: Source, call: Call) -> BillingEvent:
    """The event with its customer and amount: from the payment or subscription over the mandate to the customer.

    The mandate stays out of the objects: it outlives a payment, and a refund of one must not stop another's survey.
    """
    objects = event.objects
    refund = _ask(call, "refunds", objects.get("refund"))
    payment = _ask(call, "payments", objects.get("payment") or _linked(refund, "payment"))
    subscription = {} if payment else _ask(call, "subscriptions", objects.get("subscription"))
    mandate = _ask(call, "mandates", _linked(payment or subscription or refund, "mandate"))
    person = _ask(call, "customers", event.customer.id or _linked(mandate, "customer"))
    bill = refund or payment
    linked = identifiers(payment=payment, subscription=_linked(payment, "subscription"), customer=person)
    completed = replace(
        event,
        customer=_customer(event.customer, person, bill),
        objects={**linked, **objects},
        money=event.money or from_minor(bill.get("amount"), bill.get("currency")),
        plan=event.plan or text(subscription.get("name")),
        recurring=_recurring(subscription),
        payment_method=method_of(bill.get("scheme") or mandate.get("scheme")) or event.payment_method,
    )
    places = (person, mandate, payment, subscription)
    return with_basis(completed, source.fields, *(one.get("metadata") for one in places))


def _recurring(subscription: Json) -> Recurring | None:
    """Return its amount; a payment of a subscription does not tell how often it comes."""
    money = from_minor(subscription.get("amount"), subscription.get("currency"))
    return recurring_of(money, subscription.get("interval"), subscription.get("interval_unit"))


def _ask(call: Call, kind: str, id_: str | None) -> Json:
    """The object under its wrapper, empty where there is none."""
    return section(call(f"/{kind}/{quote(id_, safe='')}"), kind) if id_ else {}


def _linked(found: Json, kind: str) -> str | None:
    return identifier(section(found, "links").get(kind))


def _customer(known: CustomerRef, person: Json, bill: Json) -> CustomerRef:
    scheme = text(bill.get("scheme"))
    return CustomerRef(
        id=identifier(person) or known.id,
        email=address(
            person.get("email"),
            known.email,
            section(person, "metadata").get("email"),
            section(bill, "metadata").get("email"),
        ),
        name=full_name(person.get("given_name"), person.get("family_name")) or text(person.get("company_name")),
        locale=locale(person.get("language")),
        country=country(person.get("country_code")),
        attributes={**known.attributes, **({"payment_method": scheme} if scheme else {})},
    )
