"""Recurly's XML notifications: the root names the kind, account, transaction, invoice and subscription stand in it."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime

from afterbill.connectors._kit.consent import with_basis
from afterbill.connectors._kit.envelope import Envelope
from afterbill.connectors._kit.json import Json, address, country, identifier, identifiers, iso_moment, section, text
from afterbill.connectors._kit.money import from_minor
from afterbill.connectors._kit.xml import parse_xml
from afterbill.connectors.recurly.states import ended_as_planned, is_converted, on_trial, state_of
from afterbill.connectors.recurly.words import (
    NO_PAYMENT,
    NOT_RETURNED,
    REFUND_IN_XML,
    day,
    digest_of,
    envelope_of,
    is_late,
    name_of,
    payment_of,
    touchpoint_of,
)
from afterbill.model.billing import (
    BillingEvent,
    CustomerRef,
    Money,
    ObjectReference,
    SubscriptionState,
    Touchpoint,
)
from afterbill.model.errors import PayloadError
from afterbill.model.webhooks import Source, Webhook

_ENDING = "_notification"
_FAILED = f"failed_payment{_ENDING}"


@dataclass(frozen=True, slots=True)
class RecurlyEvent:
    """A notification, opened; `occurred_at` of its envelope is when it came, until a reader knows better."""

    kind: str
    envelope: Envelope
    transaction: Json
    invoice: Json
    subscription: Json
    account: Json
    currency: str

    def at(self, *times: object) -> "RecurlyEvent":
        """Return the notification dated at the first of these times that can be read."""
        occurred_at = next((at for at in map(iso_moment, times) if at), self.envelope.occurred_at)
        return replace(self, envelope=replace(self.envelope, occurred_at=occurred_at))

    @property
    def occurred_at(self) -> datetime:
        """When it happened."""
        return self.envelope.occurred_at

    def require(self, kind: str) -> str:
        """The id of this kind; a notification without it cannot be told from others."""
        id_ = self.objects().get(kind)
        if not id_:
            raise PayloadError(f"The Recurly notification {self.kind} names no {kind}.")
        return id_

    def money(self, cents: object) -> Money | None:
        """An amount; only invoices name their currency."""
        return from_minor(cents, text(self.invoice.get("currency")) or self.currency)

    def objects(self) -> dict[str, str]:
        """Ids by kind; an invoice is known by its number, with the prefix some countries have."""
        several = self.invoice.get("subscription_ids")
        numbered = self.invoice if identifier(self.invoice.get("invoice_number")) else self.transaction
        number, prefix = identifier(numbered.get("invoice_number")), text(numbered.get("invoice_number_prefix"))
        return identifiers(
            invoice=f"{prefix or ''}{number}" if number else None,
            payment=self.transaction.get("id"),
            subscription=self.subscription.get("uuid")
            or self.transaction.get("subscription_id")
            or self.invoice.get("subscription_id")
            or (several[0] if isinstance(several, list) and several else None),
            customer=self.account.get("account_code"),
        )

    def customer(self) -> CustomerRef:
        """The account; addresses for parcels are not read."""
        amount = self.money(self.subscription.get("total_amount_in_cents"))
        attributes = {
            "payment_method": text(self.transaction.get("payment_method")),
            "recurring_amount": str(amount.amount) if amount else None,
            "currency": amount.currency if amount else None,
        }
        return CustomerRef(
            id=identifier(self.account.get("account_code")),
            email=address(self.account.get("email")),
            name=name_of(self.account),
            country=country(section(self.invoice, "address").get("country"), self.transaction.get("billing_country")),
            attributes={key: value for key, value in attributes.items() if value},
        )

    def profile(self) -> BillingEvent:
        """Make a profile update with account, plan and the state of the subscription, if there is one."""
        state = state_of(self.subscription)
        return self.envelope.profile(self.customer(), self.objects(), self.plan(), subscription_state=state)

    def plan(self) -> str | None:
        """The plan by its name."""
        plan = section(self.subscription, "plan")
        return text(plan.get("name")) or text(plan.get("plan_code"))

    def fact(
        self,
        touchpoint: Touchpoint,
        about: tuple[str, str, str],
        money: Money | None = None,
        *,
        takes_back: tuple[str, str, str] | None = None,
        **more: str,
    ) -> BillingEvent:
        """Make a fact about the account; `more` adds ids of objects by kind."""
        return self.envelope.fact(
            touchpoint,
            about,
            self.customer(),
            {**self.objects(), **more},
            money=money,
            plan=self.plan(),
            takes_back=takes_back,
            subscription_state=state_of(self.subscription),
        )


def normalise(webhook: Webhook, source: Source) -> tuple[BillingEvent | ObjectReference, ...]:
    """The billing event in a notification, none for a kind that is not ours, and for a refund the question of what."""
    root, content = parse_xml(webhook.body)
    if not root.endswith(_ENDING):
        raise PayloadError(f"The body is not a Recurly notification: its root does not end in {_ENDING}.")
    transaction = section(content, "transaction")
    envelope = envelope_of(
        source, "", digest_of(webhook.body), webhook.received_at, test=transaction.get("test") == "true"
    )
    received = RecurlyEvent(
        kind=root,
        envelope=envelope,
        transaction=transaction,
        invoice=section(content, "invoice"),
        subscription=section(content, "subscription"),
        account=section(content, "account"),
        currency=source.currency,
    )
    read = _READERS.get(root)
    event = read(_reminder(received, content) if root == _REMINDER else received) if read else None
    places = (part.get("custom_fields") for part in (received.account, received.subscription))
    if event is None:
        return ()
    fact = with_basis(event, source.fields, *places)
    takes_back = root == REFUND_IN_XML and (source.test_mode or not event.test)
    return (fact, _question_about(event)) if takes_back else (fact,)


def _question_about(refund: BillingEvent) -> ObjectReference:
    """Return the question which payment it is: a refund of most sites names the number of a credit note only.

    A test stops nothing, so nothing is asked about it.
    """
    return ObjectReference(refund.source, refund.event_id, refund.occurred_at, REFUND_IN_XML, refund.objects["refund"])


def _reminder(received: RecurlyEvent, content: Json) -> RecurlyEvent:
    """One root serves all reminders; which one it is stands inside."""
    return replace(received, kind=text(content.get("notification_type")) or "")


def payment(received: RecurlyEvent) -> BillingEvent:
    """A payment; the check of a card that costs nothing is none."""
    transaction = received.transaction
    if transaction.get("action") == "verify":
        return received.profile()
    received = received.at(transaction.get("date"))
    objects = received.objects()
    otherwise = objects.get("invoice") or received.require("payment")
    about = payment_of(objects.get("subscription"), received.occurred_at, otherwise)
    return received.fact(Touchpoint.PAYMENT_SUCCEEDED, about, received.money(transaction.get("amount_in_cents")))


def invoice_paid(received: RecurlyEvent) -> BillingEvent:
    """An invoice and the payment that paid it are one fact: they share the subscription's day, or the number.

    The begin of a subscription that costs nothing is a trial or a present, and no start.
    """
    invoice = received.invoice
    subscription = received.objects().get("subscription")
    made = received.at(invoice.get("created_at"), invoice.get("date")).occurred_at
    about = payment_of(subscription, made, received.require("invoice"))
    touchpoint, money = (
        touchpoint_of(invoice.get("origin"), subscription),
        received.money(invoice.get("total_in_cents")),
    )
    if touchpoint is Touchpoint.SUBSCRIPTION_STARTED and money and money.amount == 0:
        return received.profile()
    return received.at(invoice.get("closed_at")).fact(touchpoint, about, money)


def invoice_closed(received: RecurlyEvent) -> BillingEvent:
    """The older name of a paid invoice, or of one given up: its state tells."""
    return invoice_paid(received) if received.invoice.get("state") == "collected" else received.profile()


def payment_failed(received: RecurlyEvent) -> BillingEvent:
    """Every attempt is a transaction; one by bank may be told as a success first, and as a failure days later."""
    about = (received.require("payment"), "payment_failed", "")
    money = received.money(received.transaction.get("amount_in_cents"))
    tried, subscription = received.at(received.transaction.get("date")), received.objects().get("subscription")
    late = received.kind == _FAILED and is_late(received.occurred_at, tried.occurred_at)
    paid = payment_of(subscription, tried.occurred_at, received.objects().get("invoice") or about[0])
    takes_back = paid if late or not subscription else None
    return (received if late else tried).fact(Touchpoint.PAYMENT_FAILED, about, money, takes_back=takes_back)


def dunning(received: RecurlyEvent) -> BillingEvent:
    """The twin of the failed attempt it repeats; one for an unpaid paper invoice has none."""
    return payment_failed(received) if identifier(received.transaction.get("id")) else received.profile()


def _invoice_failed(occurrence: str) -> Callable[[RecurlyEvent], BillingEvent]:
    def read(received: RecurlyEvent) -> BillingEvent:
        about = (received.require("invoice"), "payment_failed", occurrence)
        return received.fact(Touchpoint.PAYMENT_FAILED, about, received.money(received.invoice.get("total_in_cents")))

    return read


def refunded(received: RecurlyEvent) -> BillingEvent | None:
    """A refund is a transaction of its own, a void is the payment's own; what moved no money gives none back."""
    refund = received.require("payment")
    cents = text(received.transaction.get("amount_in_cents")) or ""
    failed = received.kind == REFUND_IN_XML and received.transaction.get("status") in NOT_RETURNED
    if failed or received.transaction.get("action") in NO_PAYMENT or cents.strip("0") == "" != cents:
        return None
    money = received.money(cents)
    received = received.at(received.transaction.get("date"))
    return received.fact(Touchpoint.REFUNDED, (refund, "refunded", ""), money, refund=refund)


def _period(touchpoint: Touchpoint) -> Callable[[RecurlyEvent], BillingEvent]:
    def read(received: RecurlyEvent) -> BillingEvent:
        subscription = received.subscription
        received = received.at(subscription.get("current_period_started_at"), subscription.get("activated_at"))
        uuid = received.require("subscription")
        if subscription.get("state") == "future" or on_trial(subscription, received.occurred_at):
            return received.profile()
        if touchpoint is Touchpoint.RENEWED and is_converted(subscription):
            return received.fact(Touchpoint.TRIAL_CONVERTED, (uuid, "trial_converted", ""))
        money = received.money(subscription.get("total_amount_in_cents"))
        return received.fact(touchpoint, payment_of(uuid, received.occurred_at, uuid), money)

    return read


def expired(received: RecurlyEvent) -> BillingEvent:
    """An end that has come: of a cancellation, or as it was planned from the beginning."""
    if not ended_as_planned(received.subscription):
        return cancelled(received)
    over = received.at(received.subscription.get("expires_at"))
    over.require("subscription")
    return replace(over.profile(), subscription_state=SubscriptionState.EXPIRED)


def updated(received: RecurlyEvent) -> BillingEvent:
    """A change of a subscription: it tells no time of its own and may come late, so it takes no end back."""
    return replace(received.profile(), subscription_state=None)


def reactivated(received: RecurlyEvent) -> BillingEvent:
    """A cancellation that was taken back, or a pause that is over; an account alone proves nothing."""
    state = SubscriptionState.RUNNING if "subscription" in received.objects() else None
    return replace(received.profile(), subscription_state=state)


def cancelled(received: RecurlyEvent) -> BillingEvent:
    """An end announced, or come; the expiry repeats the moment of the announcement."""
    subscription = received.subscription
    received = received.at(subscription.get("canceled_at"), subscription.get("expires_at"))
    about = (received.require("subscription"), "cancelled", day(received.occurred_at))
    return received.fact(Touchpoint.CANCELLED, about)


def reminder(received: RecurlyEvent) -> BillingEvent | None:
    """Of all reminders the end of a trial alone is a moment to ask; how long before is the operator's choice."""
    if received.kind != "subscription_trial_expiring":
        return None
    subscription = received.subscription
    ends = iso_moment(subscription.get("trial_ends_at")) or iso_moment(subscription.get("current_period_ends_at"))
    about = (received.require("subscription"), "trial_ending", day(ends or received.occurred_at))
    return received.fact(Touchpoint.TRIAL_ENDING, about)


_REMINDER = f"prerenewal{_ENDING}"

_READERS: Mapping[str, Callable[[RecurlyEvent], BillingEvent | None]] = {
    f"{kind}{_ENDING}": read
    for kind, read in {
        "successful_payment": payment,
        "paid_charge_invoice": invoice_paid,
        "failed_payment": payment_failed,
        "new_dunning_event": dunning,
        "past_due_charge_invoice": _invoice_failed("past_due"),
        "past_due_invoice": _invoice_failed("past_due"),
        "failed_charge_invoice": _invoice_failed("failed"),
        "successful_refund": refunded,
        "void_payment": refunded,
        "new_subscription": _period(Touchpoint.SUBSCRIPTION_STARTED),
        "renewed_subscription": _period(Touchpoint.RENEWED),
        "updated_subscription": updated,
        "canceled_subscription": cancelled,
        "expired_subscription": expired,
        "prerenewal": reminder,
        "new_account": RecurlyEvent.profile,
        "updated_account": RecurlyEvent.profile,
        "canceled_account": RecurlyEvent.profile,
        "reactivated_account": reactivated,
        "subscription_resumed": reactivated,
        "billing_info_updated": RecurlyEvent.profile,
        "closed_invoice": invoice_closed,
    }.items()
}

KINDS = tuple(_READERS)
"""Roots of the notifications that mean something."""
