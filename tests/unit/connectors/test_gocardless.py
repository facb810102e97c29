import hashlib
import hmac
import json
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from gocardless_pro import webhooks as official
from gocardless_pro.errors import InvalidSignatureError

from afterbill.connectors import gocardless, registry
from afterbill.intake.connector import Login
from afterbill.model.billing import (
    UNMATCHED,
    BillingEvent,
    Money,
    ObjectReference,
    OperatorTask,
    SubscriptionState,
    Touchpoint,
)
from afterbill.model.errors import PayloadError
from afterbill.model.webhooks import Refusal, Source, Webhook
from afterbill_cli.memory.keys import MemoryApis
from tests.world import World

ROOT = Path(__file__).resolve().parents[3]
SHOP = Source("shop", "gocardless")
SECRET = "an endpoint's secret"
APIS = json.loads((ROOT / "events" / "apis" / "gocardless.json").read_bytes())


@pytest.fixture
def apis() -> MemoryApis:
    return MemoryApis(dict(APIS))


def event(resource: str = "payments", action: str = "confirmed", **changes: Any) -> dict[str, Any]:
    links = {"payments": {"payment": "PM0A7K01"}, "refunds": {"refund": "RF0A7K01"}}.get(resource, {})
    content = {"id": "EV1", "created_at": "2025-10-01T08:15:00.204Z", "resource_type": resource, "action": action}
    return content | {"links": links, "details": {}, "metadata": {}} | changes


@pytest.fixture
def read(now) -> Callable[..., tuple[Any, ...]]:
    """Read a batch of these events."""

    def normalise(*events: object, source: Source = SHOP, headers: dict[str, str] | None = None) -> tuple[Any, ...]:
        body = json.dumps({"events": list(events)}).encode()
        return gocardless.normalise(Webhook("shop", headers or {}, body, now), source)

    return normalise


@pytest.fixture
def read_event(read) -> Callable[..., BillingEvent]:
    """The fact that one event is."""
    return lambda **changes: read(event(**changes))[0]


# Signatures


def test_the_signature_is_the_hex_hmac_of_the_raw_body(now) -> None:
    mac = hmac.new(SECRET.encode(), b"{}\n", hashlib.sha256).hexdigest()
    webhook = Webhook("shop", {"webhook-signature": mac}, b"{}\n", now)
    assert gocardless.verify(webhook, ["another", SECRET], now) is None
    assert gocardless.verify(replace(webhook, body=b"{}"), [SECRET], now) is Refusal.MISMATCH


def test_what_we_sign_the_official_library_accepts(now) -> None:
    body = json.dumps({"events": [event()]}).encode()
    signed = gocardless.sign(Webhook("shop", {}, body, now), SECRET)
    mac = signed.headers["webhook-signature"]
    assert [one.id for one in official.parse(body, SECRET, mac)] == ["EV1"]
    with pytest.raises(InvalidSignatureError):
        official.parse(body + b" ", SECRET, mac)


@pytest.mark.parametrize("header", ["é", "\ud800", "0" * 64, " "])
def test_an_odd_signature_is_a_mismatch_and_no_crash(header: str, now) -> None:
    webhook = Webhook("shop", {"webhook-signature": header}, b"{}", now)
    assert gocardless.verify(webhook, [SECRET, "", "\ud800"], now) is Refusal.MISMATCH


def test_the_published_vector_verifies(payloads: Path, now) -> None:
    vectors = json.loads((payloads / "_signature_vectors" / "vectors.json").read_text())["vectors"]
    (vector,) = [one for one in vectors if one["provider"] == "gocardless"]
    headers = {name.lower(): value for name, value in vector["headers"].items()}
    webhook = Webhook("shop", headers, vector["body"].encode(), now)
    assert gocardless.verify(webhook, [vector["secret"]], now) is None
    (started,) = gocardless.normalise(webhook, SHOP)
    assert isinstance(started, BillingEvent)
    assert started.touchpoint is Touchpoint.SUBSCRIPTION_STARTED


def test_a_refused_webhook_is_answered_as_gocardless_demands() -> None:
    assert registry.load("gocardless").REFUSED.status == 498


# Batches


def test_events_of_a_batch_stand_for_themselves(read) -> None:
    found = read(event(id="EV1"), event(action="submitted"), "no object", event(links={}), event(id="EV4"))
    kinds = [type(one) for one in found]
    assert kinds == [BillingEvent, PayloadError, PayloadError, BillingEvent]
    assert "EV1 names no payment" in str(found[2])


@pytest.mark.parametrize("missing", ["id", "resource_type", "action"])
def test_an_event_without_its_essentials_is_an_error_in_its_place(missing: str, read) -> None:
    (error,) = read(event() | {missing: None})
    assert isinstance(error, PayloadError)
    assert missing in str(error)


def test_a_single_event_outside_a_list_is_read_as_the_reference_shows_it(now) -> None:
    webhook = Webhook("shop", {}, json.dumps({"events": event()}).encode(), now)
    assert len(gocardless.normalise(webhook, SHOP)) == 1


@pytest.mark.parametrize("body", [b'{"events": 1}', b"{}"])
def test_a_body_without_events_is_an_error(body: bytes, now) -> None:
    with pytest.raises(PayloadError, match="The body has no list of GoCardless events"):
        gocardless.normalise(Webhook("shop", {}, body, now), SHOP)


def test_a_batch_of_250_is_read_to_its_end(read) -> None:
    assert len(read(*(event(id=f"EV{number}") for number in range(250)))) == 250


# Facts


def test_two_failures_of_one_payment_are_two_facts_and_a_repeated_webhook_is_one(read_event) -> None:
    first, again, second = (read_event(action="failed", id=id_) for id_ in ("EV1", "EV1", "EV2"))
    assert first.fact == again.fact != second.fact


def test_a_refund_is_one_fact_from_its_creation_to_its_arrival(read_event) -> None:
    created, *later = (
        read_event(resource="refunds", action=action) for action in ("created", "paid", "refund_settled")
    )
    assert {one.fact for one in later} == {created.fact}


def test_a_refund_that_names_its_payment_stops_it_without_asking(read) -> None:
    (paid,) = read(event())
    (refunded,) = read(event("refunds", "created", links={"refund": "RF0A7K01", "payment": "PM0A7K01"}))
    assert set(refunded.links) & set(paid.links)


def test_a_refund_that_names_no_payment_is_connected_by_the_api(read, apis: MemoryApis) -> None:
    (paid,) = read(event())
    refunded, reference = read(event("refunds", "created"))
    assert isinstance(reference, ObjectReference)
    (connects,) = gocardless.resolve(reference, SHOP, apis.call)
    assert (connects.touchpoint, connects.fact) == (None, paid.fact)
    assert set(connects.links) == {*refunded.links, *paid.links}


@pytest.mark.parametrize("answers", [{}, {"/refunds/RF0A7K01": {"refunds": {"links": {"mandate": "MD0A7K01"}}}}])
def test_a_refund_whose_payment_nobody_names_becomes_a_task(answers: dict[str, object], read) -> None:
    _, reference = read(event("refunds", "created"))
    (task,) = gocardless.resolve(reference, SHOP, MemoryApis(answers).call)
    assert isinstance(task, OperatorTask)
    assert (task.kind, task.id) == (UNMATCHED, "RF0A7K01")


def test_a_failure_names_the_payment_that_it_takes_back_if_that_was_confirmed(read_event) -> None:
    assert read_event(action="failed").takes_back == read_event().fact


def test_a_late_failure_that_was_settled_is_a_reversal_of_its_payment(read_event) -> None:
    reversed_ = read_event(action="late_failure_settled")
    assert (reversed_.touchpoint, reversed_.links) == (Touchpoint.PAYMENT_REVERSED, read_event().links)


def test_a_chargeback_and_its_settlement_are_one_fact(read_event) -> None:
    assert read_event(action="charged_back").fact == read_event(action="chargeback_settled").fact


# States of subscriptions


def test_a_subscription_that_starts_runs(read_event) -> None:
    started = read_event(resource="subscriptions", action="created", links={"subscription": "SB0A7K01"})
    assert started.subscription_state is SubscriptionState.RUNNING


@pytest.mark.parametrize(
    ("action", "state"), [("finished", SubscriptionState.EXPIRED), ("resumed", SubscriptionState.RUNNING)]
)
def test_the_api_tells_whose_subscription_finished_or_runs_again(
    action: str, state: SubscriptionState, read, apis: MemoryApis
) -> None:
    (reference,) = read(event("subscriptions", action, links={"subscription": "SB0A7K01"}))
    (learned,) = gocardless.resolve(reference, SHOP, apis.call)
    assert (learned.touchpoint, learned.subscription_state) == (None, state)
    assert learned.objects == {"subscription": "SB0A7K01", "customer": "CU0A7K01"}
    assert learned.occurred_at == reference.occurred_at


def test_the_subscriptions_under_a_reinstated_mandate_run(read, apis: MemoryApis) -> None:
    (reference,) = read(event("mandates", "reinstated", links={"mandate": "MD0A7K01"}))
    (learned,) = gocardless.resolve(reference, SHOP, apis.call)
    assert (learned.objects["subscription"], learned.subscription_state) == ("SB0A7K01", SubscriptionState.RUNNING)


def test_a_subscription_of_nobody_teaches_nothing(read) -> None:
    (reference,) = read(event("subscriptions", "finished", links={"subscription": "SB0A7K01"}))
    assert gocardless.resolve(reference, SHOP, MemoryApis().call) == ()


def test_a_state_of_nothing_is_an_error_in_its_place(read) -> None:
    (error,) = read(event("mandates", "reinstated", links={}))
    assert "EV1 names nothing that is mandates.reinstated" in str(error)


@pytest.fixture
def world(apis: MemoryApis) -> World:
    """A loop that captures events of GoCardless and can ask its API."""
    abilities = {name: getattr(gocardless, name) for name in ("API", "resolve", "find_customer")}
    return World(apis=apis, abilities=abilities, now=datetime(2025, 10, 1, 9, tzinfo=UTC))


@pytest.mark.parametrize(
    ("webhooks", "mails"),
    [("payment", 1), ("payment refund", 0), ("refund payment", 0)],
)
def test_no_survey_follows_a_payment_that_was_refunded(webhooks: str, mails: int, read, world: World) -> None:
    meanings = {"payment": read(event()), "refund": read(event("refunds", "created", id="EV2"))}
    for webhook in webhooks.split():
        world.understand(lambda _webhook, _source, found=meanings[webhook]: found)
    world.pass_time(timedelta(days=10))
    assert len(world.outbox) == mails


def test_a_chargeback_stops_the_survey_about_its_payment(read_event) -> None:
    assert read_event(action="charged_back").links == read_event().links


def test_a_payment_whose_event_names_a_subscription_is_a_renewal(read_event) -> None:
    links = {"payment": "PM0A7K02", "subscription": "SB0A7K01"}
    assert read_event(links=links).touchpoint is Touchpoint.RENEWED
    assert read_event(links=links, action="failed").touchpoint is Touchpoint.PAYMENT_FAILED


def test_the_time_is_the_events_own_and_else_that_of_its_arrival(read_event, now) -> None:
    assert read_event().occurred_at.isoformat() == "2025-10-01T08:15:00.204000+00:00"
    assert read_event(created_at="2014-04-08T17:01::06.000Z").occurred_at == now


@pytest.mark.parametrize(
    ("origin", "test"),
    [("https://api-sandbox.gocardless.com", True), ("https://api.gocardless.com", False), ("", False)],
)
def test_the_sandbox_says_so_in_its_origin(origin: str, read, *, test: bool) -> None:
    (paid,) = read(event(), headers={"origin": origin})
    assert paid.test is test
    assert "origin" in gocardless.HEADERS


def test_a_partner_pins_one_organisation(read) -> None:
    other = event(links={"payment": "PM1", "organisation": "OR2"})
    pinned = Source("shop", "gocardless", account="OR1")
    assert read(other, source=pinned) == ()
    assert len(read(event(), source=pinned)) == len(read(other)) == 1


# Customers


@pytest.mark.parametrize("place", ["metadata", "resource_metadata"])
def test_an_address_in_the_metadata_is_the_customers(place: str, read_event) -> None:
    assert read_event(**{place: {"email": "li.wei@example.org"}}).customer.email == "li.wei@example.org"


def test_the_api_tells_payer_and_amount(read_event, apis: MemoryApis) -> None:
    paid = gocardless.find_customer(read_event(), SHOP, apis.call)
    assert apis.asked == ["/payments/PM0A7K01", "/mandates/MD0A7K01", "/customers/CU0A7K01"]
    assert paid.money == Money(4900, "EUR")
    customer = paid.customer
    assert (customer.id, customer.email, customer.name) == ("CU0A7K01", "noor.haddad@example.com", "Noor Haddad")
    assert (customer.locale, customer.country) == ("de", "AT")
    assert customer.attributes == {"payment_method": "sepa_core"}


def test_no_mandate_is_among_the_objects_for_it_outlives_a_payment(read_event, apis: MemoryApis) -> None:
    paid = gocardless.find_customer(read_event(links={"payment": "PM0A7K02"}), SHOP, apis.call)
    assert paid.objects == {"payment": "PM0A7K02", "subscription": "SB0A7K01", "customer": "CU0A7K01"}


def test_a_refunds_amount_is_its_own(read, apis: MemoryApis) -> None:
    refunded, _ = read(event("refunds", "created"))
    found = gocardless.find_customer(refunded, SHOP, apis.call)
    assert (found.money, found.customer.email) == (Money(1500, "EUR"), "noor.haddad@example.com")
    assert found.objects["payment"] == "PM0A7K01"


def test_a_subscription_leads_to_its_customer_and_names_the_plan(read_event, apis: MemoryApis) -> None:
    started = read_event(resource="subscriptions", action="created", links={"subscription": "SB0A7K01"})
    found = gocardless.find_customer(started, SHOP, apis.call)
    assert (found.plan, found.customer.email, found.money) == ("Monthly box", "noor.haddad@example.com", None)


def test_a_company_goes_by_its_name(read_event, apis: MemoryApis) -> None:
    apis.answers["/customers/CU0A7K01"] = {"customers": {"id": "CU0A7K01", "company_name": "Example Ltd."}}
    assert gocardless.find_customer(read_event(), SHOP, apis.call).customer.name == "Example Ltd."


@pytest.mark.parametrize("gone", ["/payments/PM0A7K01", "/mandates/MD0A7K01", "/customers/CU0A7K01"])
def test_what_the_api_does_not_know_leaves_the_fact_as_it_is(gone: str, read_event, apis: MemoryApis) -> None:
    del apis.answers[gone]
    paid = read_event(details={"scheme": "bacs"})
    found = gocardless.find_customer(paid, SHOP, apis.call)
    assert (found.fact, found.customer.email) == (paid.fact, None)
    assert found.customer.attributes["payment_method"] in ("bacs", "sepa_core")


def test_ids_are_quoted_in_paths(read_event) -> None:
    apis = MemoryApis()
    gocardless.find_customer(read_event(links={"payment": "PM1/../x?y"}), SHOP, apis.call)
    assert apis.asked == ["/payments/PM1%2F..%2Fx%3Fy"]


def test_the_api_is_asked_with_a_bearer_token_and_a_version() -> None:
    assert gocardless.API.login is Login.KEY
    assert gocardless.API.sandbox_url == "https://api-sandbox.gocardless.com"
    assert gocardless.API.headers == {"GoCardless-Version": "2015-07-06"}


def test_a_known_late_failure_takes_its_payment_back(payloads: Path, now) -> None:
    folder = payloads.parent / "faults" / "gocardless"
    if not folder.exists():
        pytest.skip("the folder of known faults is not here")
    confirmed, failed = (
        gocardless.normalise(Webhook("shop", {}, (folder / f"{name}.json").read_bytes(), now), SHOP)[0]
        for name in ("1a.confirmed", "1b.failed-two-days-later")
    )
    assert isinstance(confirmed, BillingEvent)
    assert isinstance(failed, BillingEvent)
    assert failed.takes_back == confirmed.fact
    assert failed.occurred_at > confirmed.occurred_at


def test_recorded_answers_of_the_api_are_understood(payloads: Path, read_event) -> None:
    def get(kind: str) -> object:
        return json.loads((payloads / "gocardless" / f"api.{kind}.json").read_text())["get"]["body"]

    answers = {
        "/payments/PM0A7K01": get("payments"),
        "/mandates/MD123": {"mandates": {"id": "MD123", "links": {"customer": "CU123"}}},
        "/customers/CU123": get("customers"),
    }
    found = gocardless.find_customer(read_event(), SHOP, MemoryApis(answers).call)
    assert (found.money, found.customer.country) == (Money(1000, "EUR"), "GB")
    assert found.customer.address
    assert found.objects["subscription"] == "SU123"
