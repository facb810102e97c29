"""Customers, subscriptions and invoices at localstripe; refunds and disputes, which it cannot tell, signed by us."""

import hashlib
import hmac
import json
import time
from dataclasses import dataclass
from http import HTTPStatus
from pathlib import Path
from typing import Any

import urllib3

from afterbill.connectors.stripe import ABOUT
from afterbill.model.billing import fact_key
from afterbill_dev.demo.people import BillingCase, Person
from afterbill_dev.demo.progress import DemoError
from afterbill_dev.local import processes
from afterbill_dev.local.processes import StackError
from afterbill_dev.paths import HOST, PROGRAMS, ROOT

SERVER = "localstripe"
PREFERRED_PORT = 8420
EVENTS = ROOT / "events" / "webhooks" / "stripe"
PLANS = {"free": 0, "starter": 900, "pro": 2900, "team": 9900}
"""Prices in cents a month."""
GOOD_CARD, CARD_TO_CONFIRM = "4242424242424242", "4000002500003155"


@dataclass(frozen=True)
class Purchase:
    """The ids of one person's purchase, for later events."""

    person: Person
    customer: str
    subscription: str
    invoice: str
    charge: str
    payment_intent: str
    amount: int

    @property
    def payment_survey(self) -> str:
        """The id of the invitation that asks about this payment."""
        fact = fact_key("stripe", "", self.invoice, "payment")
        return hashlib.sha256(fact.encode()).hexdigest()[:32]


class Billing:
    """The billing system: localstripe for what it can do, the same signed webhooks from here for the rest."""

    def __init__(self, webhook_url: str, secret: str) -> None:
        self.webhook_url = webhook_url
        self._secret = secret
        self._http = urllib3.PoolManager(timeout=urllib3.Timeout(60), retries=False)
        self.url = ""

    def start(self) -> None:
        """Start localstripe, have it send its webhooks to the stack, create the plans."""
        with processes.listen(PREFERRED_PORT) as listening:
            self.url = f"http://{HOST}:{listening.getsockname()[1]}"
            script = Path(__file__).with_name("stripe_server.py")
            command = [str(PROGRAMS / "python"), str(script), str(listening.fileno())]
            processes.start(SERVER, command, {"PATH": str(PROGRAMS), "LANG": "C.UTF-8"}, ROOT, [listening])
        try:
            processes.wait_until(self._answers, "localstripe to answer", seconds=30)
        except StackError as error:
            raise DemoError(f"{error} {processes.tail(SERVER)}") from error
        endpoint = {"url": self.webhook_url, "secret": self._secret, "events": sorted(ABOUT.events)}
        self._call("POST", "/_config/webhooks/afterbill", endpoint)
        for name, amount in PLANS.items():
            product = {"name": f"Plan {name}"}
            plan = {"id": name, "nickname": name, "product": product, "amount": amount}
            self._call("POST", "/v1/plans", {**plan, "currency": "eur", "interval": "month"})

    def stop(self) -> None:
        """End localstripe and forget all it held."""
        processes.stop(SERVER)

    def _answers(self) -> bool:
        try:
            return self._http.request("GET", f"{self.url}/js.stripe.com/v3/").status == HTTPStatus.OK
        except urllib3.exceptions.HTTPError:
            return False

    def subscribe(self, person: Person) -> Purchase:
        """Make a customer with a card and a subscription, whose invoice is paid or fails at once."""
        declined = person.case is BillingCase.DECLINED
        number = CARD_TO_CONFIRM if declined else GOOD_CARD
        profile = {
            "name": person.name,
            "email": person.email,
            "preferred_locales": [person.locale],
            "address": {"country": person.country},
            "source": {"object": "card", "number": number, "exp_month": 12, "exp_year": 2030, "cvc": "123"},
        }
        customer = self._call("POST", "/v1/customers", profile)["id"]
        order = {"customer": customer, "items": [{"plan": "free" if declined else person.plan}]}
        subscription = self._call("POST", "/v1/subscriptions", order)
        if declined:
            return self._fail_to_upgrade(person, subscription["id"], customer)
        return _purchase(person, self._call("GET", f"/v1/invoices/{subscription['latest_invoice']}"))

    def _fail_to_upgrade(self, person: Person, subscription: str, customer: str) -> Purchase:
        """Change from a free to a paid plan with a card whose confirmation fails.

        localstripe tells of a failed invoice in this case alone, not when a card is declined outright.
        """
        self._call("POST", f"/v1/subscriptions/{subscription}", {"items": [{"plan": person.plan}]})
        draft = self._call("POST", "/v1/invoices", {"customer": customer, "subscription": subscription})
        invoice = self._call("POST", f"/v1/invoices/{draft['id']}/pay")
        intent = self._call("GET", f"/v1/payment_intents/{invoice['payment_intent']}")
        refusal = {"client_secret": intent["client_secret"], "success": False}
        self._call("POST", f"/v1/payment_intents/{intent['id']}/_authenticate", refusal)
        return _purchase(person, invoice)

    def cancel(self, purchase: Purchase) -> None:
        """Cancel the subscription."""
        self._call("DELETE", f"/v1/subscriptions/{purchase.subscription}")

    def bill_again(self, purchase: Purchase) -> Purchase:
        """A second invoice of the same subscription, paid."""
        order = {"customer": purchase.customer, "subscription": purchase.subscription}
        draft = self._call("POST", "/v1/invoices", order)
        return _purchase(purchase.person, self._call("POST", f"/v1/invoices/{draft['id']}/pay"))

    def refund(self, purchase: Purchase) -> None:
        """Send the event of a whole refund."""
        event = _sample("charge.refunded")
        charge = event["data"]["object"]
        charge |= {"id": purchase.charge, "invoice": purchase.invoice, "customer": purchase.customer}
        charge |= {"payment_intent": purchase.payment_intent, "created": int(time.time())}
        charge |= dict.fromkeys(("amount", "amount_captured", "amount_refunded"), purchase.amount)
        charge["billing_details"] |= {"email": purchase.person.email, "name": purchase.person.name}
        charge["billing_details"]["address"] |= {"country": purchase.person.country}
        self.send(event)

    def dispute(self, purchase: Purchase) -> None:
        """Send the event of a dispute; it names the charge, and nobody."""
        event = _sample("charge.dispute.created")
        event["data"]["object"] |= {
            "id": purchase.charge.replace("ch_", "du_"),
            "charge": purchase.charge,
            "payment_intent": purchase.payment_intent,
            "amount": purchase.amount,
            "created": int(time.time()),
        }
        self.send(event)

    def send(self, event: dict[str, Any]) -> None:
        """Sign and send one event as Stripe does (https://docs.stripe.com/webhooks#verify-manually)."""
        body = json.dumps(event).encode()
        now = int(time.time())
        signature = hmac.new(self._secret.encode(), b"%d.%b" % (now, body), hashlib.sha256).hexdigest()
        headers = {"Content-Type": "application/json; charset=utf-8", "Stripe-Signature": f"t={now},v1={signature}"}
        answer = self._http.request("POST", self.webhook_url, body=body, headers=headers)
        if answer.status != HTTPStatus.ACCEPTED:
            raise DemoError(f"{self.webhook_url} answered {answer.status} to {event['type']}: {answer.data!r}")

    def _call(self, method: str, path: str, content: dict[str, Any] | None = None) -> Any:  # noqa: ANN401 (JSON)
        headers = {"Authorization": "Bearer sk_test_demo"}
        answer = self._http.request(method, self.url + path, json=content, headers=headers)
        if answer.status != HTTPStatus.OK:
            raise DemoError(f"localstripe answered {answer.status} to {method} {path}: {answer.data.decode()}")
        return answer.json() if answer.data else None


def _purchase(person: Person, invoice: dict[str, Any]) -> Purchase:
    return Purchase(
        person=person,
        customer=invoice["customer"],
        subscription=invoice["subscription"],
        invoice=invoice["id"],
        charge=invoice["charge"]["id"] if invoice["charge"] else "",
        payment_intent=invoice["payment_intent"],
        amount=invoice["total"],
    )


def _sample(kind: str) -> dict[str, Any]:
    """The sample event of `events/`, as if it happened now."""
    event: dict[str, Any] = json.loads((EVENTS / f"{kind}.json").read_text())
    now = time.time()
    return {**event, "id": f"evt_demo{int(now * 1_000_000)}", "created": int(now)}
