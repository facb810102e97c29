"""Every billing system tells of one payment and whoever paid gets one mail; every handshake as it is made out there."""

import hashlib
import hmac
import json
from datetime import UTC, datetime
from hashlib import sha256

import pytest
from urllib3 import BaseHTTPResponse

from afterbill.adapters.dynamodb import keys
from afterbill.adapters.dynamodb.items import decode
from afterbill.connectors import registry
from afterbill.model.webhooks import Webhook
from tests.e2e.billing_systems import Telling, outcomes, post, prepare, signed, tell
from tests.e2e.town import RUN, Town, at_once, eventually

FORM = {"content-type": "application/x-www-form-urlencoded"}
TELLINGS = [
    Telling("stripe", "basil.invoice.paid.json", "amara.diallo@example.com", 202),
    Telling("shopify", "orders.paid.json", "mira.koenig@example.com", 202),
    Telling("lemonsqueezy", "order_created.json", "tomas.vela@example.com", 200),
    Telling("woocommerce", "order.updated.processing.json", "nora.falk@example.com", 202),
    Telling("chargebee", "payment_succeeded.json", "nora.lindqvist@example.com", 202),
    Telling("paddle", "transaction.completed.one_off.json", "ines.moreau@example.com", 200),
    Telling("square", "payment.updated.json", "thandi.okafor@example.com", 202),
    Telling("braintree", "transaction_settled.json", "priya.nair@example.net", 202),
    Telling("recurly", "payment.succeeded.one_off.json", "samira.anwar@example.com", 202),
    Telling("gocardless", "payments.confirmed.json", "noor.haddad@example.com", 202),
    Telling("mollie", "tr.paid.json", "sanne.bakker@example.com", 200),
    Telling("freshbooks", "payment.create.json", "amelie.tremblay@example.com", 200),
    Telling("xero", "invoice.update.paid.json", "lena.petersen@example.org", 200),
    Telling("quickbooks", "payment.create.json", "rosa.lindqvist@example.com", 200),
    Telling("paypal", "payment.capture.completed.json", "amelie.novak@example.com", 202),
    Telling("zuora", "payment_succeeded.json", "ines.duarte@example.com", 202),
    Telling("standard_webhooks", "payment_succeeded.json", "mirjam.keller@example.com", 202),
    Telling("cloudevents", "order_paid.json", "tomasz.nowak@example.com", 202),
]
VOUCHED_FOR = [one for one in TELLINGS if one.provider != "mollie"]
"""Of Mollie's classic webhooks, which nobody signed, no copy is kept."""
POLLED = Telling("runmyaccounts", "payment.json", "nina.brunner@example.com", 0)
CONSENTED = ("xero", "quickbooks", "freshbooks")
NUMBER = str(int(RUN, 16))
"""This run's, where a handshake wants digits."""


def by_provider(telling: Telling) -> str:
    return telling.provider


def a_payment_everywhere(town: Town) -> None:
    statuses = at_once(4, lambda one: (one.provider, tell(town, one).status), TELLINGS)
    town.answers.update(statuses)
    prepare(town, POLLED)
    name = town.stack["outputs"]["PollBillingFunctionName"]
    assert "FunctionError" not in town.client("lambda").invoke(FunctionName=name, Payload=b"{}")


def test_no_provider_is_left_out(town: Town):
    assert {one.provider for one in (*TELLINGS, POLLED)} == set(registry.PROVIDERS) == set(town.stack["sources"])


@pytest.mark.after(scene=a_payment_everywhere)
@pytest.mark.parametrize("telling", TELLINGS, ids=by_provider)
def test_a_payment_is_answered_as_the_provider_demands(town: Town, telling: Telling):
    assert town.answers[telling.provider] == telling.status


@pytest.mark.after(scene=a_payment_everywhere)
@pytest.mark.parametrize("telling", [*TELLINGS, POLLED], ids=by_provider)
def test_a_payment_becomes_one_mail_to_whoever_paid(town: Town, telling: Telling):
    assert town.mail(telling.recipient)


@pytest.mark.after(scene=a_payment_everywhere)
@pytest.mark.parametrize("provider", CONSENTED)
def test_a_renewed_token_is_stored(town: Town, provider: str):
    def stored() -> dict[str, str]:
        arn = town.stack["outputs"]["TokensSecretArn"]
        secret = town.client("secretsmanager").get_secret_value(SecretId=arn)["SecretString"]
        return dict(json.loads(secret)[provider])

    token = eventually(stored, lambda one: one["access_token"], "a token that opens the API")

    assert datetime.fromisoformat(token["expires_at"]) > datetime.now(UTC)


@pytest.mark.after(scene=a_payment_everywhere)
@pytest.mark.parametrize("telling", [*VOUCHED_FOR, POLLED], ids=by_provider)
def test_every_webhook_somebody_vouches_for_leaves_a_copy(town: Town, telling: Telling):
    bucket = town.stack["outputs"]["EvidenceBucketName"]

    def copies() -> list[str]:
        found = town.client("s3").list_objects_v2(Bucket=bucket, Prefix=f"{telling.provider}/").get("Contents", ())
        return [str(one["Key"]) for one in found]

    key = eventually(copies, bool, "a copy")[0]
    copy = json.loads(town.client("s3").get_object(Bucket=bucket, Key=key)["Body"].read())

    assert copy["source"] == telling.provider
    assert copy["body"]


def test_xeros_intent_to_receive_is_met_with_and_without_the_right_signature(town: Town):
    body = b'{"events":[],"firstEventSequence":0,"lastEventSequence":0,"entropy":"S0m3Rand0m"}'
    right = signed(town, sent_to("xero", body))

    answers = [post(town, right), post(town, right, **{"x-xero-signature": "bm90IHRoaXMgb25l"})]

    assert [(answer.status, answer.data) for answer in answers] == [(200, b""), (401, b"")]


def test_braintrees_challenge_is_answered_with_the_keys_of_the_gateway(town: Town):
    challenge = "20f9f8ed05f77439fe955c977e4c8a53"
    public, _, private = town.stack["sources"]["braintree"]["secret"].partition(":")
    key = hashlib.sha1(private.encode(), usedforsecurity=False).digest()

    answer = handshake(town, "GET", f"braintree?bt_challenge={challenge}")

    expected = hmac.digest(key, challenge.encode(), "sha1").hex()
    assert (answer.status, answer.data.decode()) == (200, f"{public}|{expected}")


def test_woocommerce_may_ping_before_it_has_a_secret(town: Town):
    answer = post(town, sent_to("woocommerce", f"webhook_id={NUMBER}".encode()), **FORM)

    assert answer.status == 200


def test_cloudevents_asks_whether_it_may_send(town: Town):
    answer = handshake(town, "OPTIONS", "cloudevents", **{"WebHook-Request-Origin": "events.example.com"})

    assert answer.status == 200
    assert answer.headers["WebHook-Allowed-Origin"] == "events.example.com"


@pytest.mark.parametrize("provider", ["zuora", "chargebee", "recurly"])
def test_a_password_is_asked_for_where_one_is_known(town: Town, provider: str):
    answer = post(town, sent_to(provider, b"{}"))

    assert answer.status == 401
    assert answer.headers["WWW-Authenticate"].startswith("Basic ")


def test_gocardless_is_told_of_a_wrong_signature_in_its_own_number(town: Town):
    answer = post(town, sent_to("gocardless", b'{"events":[]}'), **{"webhook-signature": "00" * 32})

    assert answer.status == 498


def unknown_payment_at_mollie(town: Town) -> None:
    assert post(town, sent_to("mollie", f"id=tr_nobody{RUN}".encode())).status == 200


@pytest.mark.after(scene=unknown_payment_at_mollie)
def test_an_id_that_mollie_does_not_know_comes_to_nothing(town: Town):
    seen = eventually(lambda: outcomes(town, "mollie"), lambda seen: "ignored" in seen, "what it came to")

    assert "unreadable" not in seen


def forgery_of_a_paypal_webhook(town: Town) -> None:
    webhook = sent_to("paypal", b'{"id": "WH-1", "event_type": "PAYMENT.SALE.COMPLETED", "resource": {"id": "1"}}')
    assert post(town, registry.load("paypal").sign(webhook, "guessed")).status == 202


@pytest.mark.after(scene=forgery_of_a_paypal_webhook)
def test_what_paypal_does_not_vouch_for_comes_to_nothing(town: Town):
    seen = eventually(lambda: outcomes(town, "paypal"), lambda seen: "refused" in seen, "what it came to")

    assert "unreadable" not in seen


def a_verifier_of_freshbooks(town: Town) -> None:
    body = f"name=callback.verify&object_id={NUMBER}&account_id=aZ9xQ&verifier=abc{RUN}".encode()
    assert post(town, sent_to("freshbooks", body)).status == 200


@pytest.mark.after(scene=a_verifier_of_freshbooks)
def test_a_verifier_of_freshbooks_waits_for_a_person(town: Town):
    def task() -> dict[str, object]:
        place = keys.task("freshbooks", "verifier", f"{NUMBER}-{sha256(f'abc{RUN}'.encode()).hexdigest()[:8]}")
        return decode(town.dynamodb.get_item(TableName=town.stack["table"], Key=place).get("Item", {}))

    waiting = eventually(task, bool, "a task")

    assert waiting["details"] == {"callback": NUMBER, "verifier": f"abc{RUN}", "account": "aZ9xQ"}


def sent_to(source: str, body: bytes) -> Webhook:
    return Webhook(source, {}, body, datetime.now(UTC))


def handshake(town: Town, method: str, target: str, **headers: str) -> BaseHTTPResponse:
    return town.http.request(method, f"{town.stack['api_url']}/webhooks/{target}", headers=headers)
