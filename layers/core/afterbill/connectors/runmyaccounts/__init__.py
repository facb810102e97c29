"""Run my Accounts: it sends no webhooks, so the payments not yet processed are fetched and marked one by one.

docs/providers/runmyaccounts.md tables what a payment becomes; the tests read that table.
"""

import json
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from datetime import datetime
from urllib.parse import quote, urlencode

from afterbill.connectors._kit.envelope import PAYMENT, Envelope
from afterbill.connectors._kit.json import (
    Json,
    address,
    alpha_code,
    country,
    day_moment,
    full_name,
    identifier,
    identifiers,
    locale,
    parse,
    records,
    section,
    text,
)
from afterbill.connectors._kit.money import from_decimal
from afterbill.connectors._kit.without_webhooks import HEADERS, sign, verify
from afterbill.intake.connector import About, Address, Api, Call, Login, Poller
from afterbill.model.billing import BillingEvent, CustomerRef, Money, Touchpoint
from afterbill.model.errors import ConfigurationError, PayloadError
from afterbill.model.webhooks import Source, Webhook

__all__ = ["ABOUT", "API", "HEADERS", "find_customer", "normalise", "poller", "sign", "verify"]

ABOUT = About(
    title="Run my Accounts",
    proof="none: nothing is received, the payments are fetched",
    address=Address.API,
    secret="none: there are no webhooks",
    register="nowhere: an API key of its own is enough",
    events=("payment",),
    signed=False,
    needs={"account": "the client's name at Run my Accounts"},
    unverified=(
        "the header X-RMA-KEY, which is seen in client code; documented is the query parameter api_key",
        "how the list of payments is wrapped, and which fields of a payment name the invoice, the amount and the day",
        "that a payment of less than zero takes back one of the same invoice",
    ),
)

API = Api(
    url="https://service.runmyaccounts.com",
    sandbox_url="https://service.int.runmyaccounts.com",
    login=Login.KEY_IN_HEADER,
    key_header="X-RMA-KEY",
)

_CURRENCY = "CHF"
"""Currency of an amount where neither the payment nor the source names one."""
_ZONE = "Europe/Zurich"
"""The zone of days where the source names none: the system is Swiss."""
_BEGINNING = "2000-01-01T00:00"
"""Payments never marked as processed since then; what is late is not asked about anyway."""
_MOST = 1000


class _Payments:
    """The payments of a client, as long as they are not marked as processed by the same API key."""

    def fetch(self, source: Source, call: Call) -> Iterable[tuple[str, bytes]]:
        """Id and JSON of every payment that names an id. Raises ConfigurationError without the client's name."""
        if not source.account:
            message = f"[sources.{source.name}] account is missing: it is the client's name at Run my Accounts"
            raise ConfigurationError(message)
        answer = call(f"{_client(source)}/invoices/payment_list", query={"processed": _BEGINNING})
        for payment in _payments_in(answer):
            id_ = identifier(payment.get("id"))
            if id_:
                yield id_, json.dumps(payment, default=str).encode()

    def acknowledge(self, ids: Sequence[str], source: Source, call: Call) -> None:
        """Mark these payments as processed."""
        if ids:
            form = urlencode([("id", id_) for id_ in ids]).encode()
            path = f"{_client(source)}/invoices/set_as_processed"
            call(path, method="POST", body=form, content_type="application/x-www-form-urlencoded")


poller: Poller = _Payments()


def _payments_in(answer: object) -> Iterator[Json]:
    """A list of payments, one alone, or either of them under some key."""
    if section(answer).get("id"):
        yield section(answer)
        return
    yield from records(answer, _MOST)
    for inside in section(answer).values():
        yield from [section(inside)] if section(inside).get("id") else records(inside, _MOST)


def normalise(webhook: Webhook, source: Source) -> tuple[BillingEvent, ...]:
    """The payment in a fetched body; one below zero takes back the payment of its invoice, one of zero is nothing.

    A payment that names no day may be years old: it only teaches.
    """
    payment = parse(webhook.body)
    payment_id = identifier(payment.get("id"))
    if not payment_id:
        raise PayloadError("The body is not a payment of Run my Accounts: it has no id.")
    money, at = _paid(payment, source), _day(payment, webhook.received_at, source)
    envelope = Envelope("runmyaccounts", source.tenant, source.name, payment_id, at or webhook.received_at)
    invoice, customer = _invoice_number(payment), _customer(payment)
    objects = identifiers(invoice=invoice, payment=payment_id, customer=customer.id)
    if money and not money.amount:
        return ()
    if money and money.amount < 0:
        taken_back, about = Touchpoint.PAYMENT_REVERSED, (payment_id, Touchpoint.PAYMENT_REVERSED.value, "")
        money = replace(money, amount=-money.amount)
        return (envelope.fact(taken_back, about, customer, objects, money=money),)
    if not at:
        return (envelope.profile(customer, objects),)
    about = (invoice or payment_id, PAYMENT, "")
    return (envelope.fact(Touchpoint.PAYMENT_SUCCEEDED, about, customer, objects, money=money),)


def _day(payment: Json, latest: datetime, source: Source) -> datetime | None:
    """The first of the days that the payment names, at noon; Run my Accounts writes it as midnight in its own zone."""
    days = (payment.get(key) for key in ("datepaid", "date", "transdate"))
    return next(filter(None, (day_moment(day, latest, source.time_zone or _ZONE) for day in days)), None)


def _paid(payment: Json, source: Source) -> Money | None:
    named = (payment.get("currency"), section(payment, "invoice").get("currency"), source.currency)
    code = next(filter(None, (alpha_code(value, 3) for value in named)), _CURRENCY)
    amounts = (from_decimal(payment.get(key), code) for key in ("amount_paid", "amount", "paid"))
    return next(filter(None, amounts), None)


def _invoice_number(payment: Json) -> str | None:
    named = [payment.get(key) for key in ("invnumber", "invoice_number", "invoicenumber")]
    inside = section(payment, "invoice").get("invnumber")
    return next(filter(None, map(identifier, (*named, inside))), None)


def find_customer(event: BillingEvent, source: Source, call: Call) -> BillingEvent:
    """The event with the customer of its invoice, and with the invoice's amount where the payment names none."""
    number = event.objects.get("invoice")
    answer = section(call(f"{_client(source)}/invoices/{quote(number, safe='')}")) if number else {}
    invoice = section(answer, "invoice") or answer
    customer = _customer(invoice)
    if customer.id and not customer.address:
        stored = section(call(f"{_client(source)}/customers/{quote(customer.id, safe='')}"))
        customer = _person(section(stored, "customer") or stored, customer.id)
    money = event.money or _paid(invoice, source)
    return replace(event, customer=customer, money=money) if invoice else event


def _customer(place: Json) -> CustomerRef:
    """Whoever is named inside of a payment or an invoice."""
    customer = section(place, "customer")
    number = identifier(customer.get("customernumber")) or identifier(place.get("customernumber"))
    return _person(customer, number)


def _person(customer: Json, number: str | None) -> CustomerRef:
    return CustomerRef(
        id=number,
        email=address(customer.get("email")),
        name=full_name(customer.get("firstname"), customer.get("lastname")) or text(customer.get("name")),
        locale=locale(customer.get("language_code")),
        country=country(customer.get("country")),
    )


def _client(source: Source) -> str:
    return f"/api/latest/clients/{quote(source.tenant, safe='')}"
