"""The fields of each billing system that say why a customer may be asked, and which values are accepted."""

import base64
import json
from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, cast
from urllib.parse import urlencode

import pytest

from afterbill.connectors import registry
from afterbill.connectors._kit.consent import basis_attributes, with_basis
from afterbill.connectors._kit.json import parse
from afterbill.model.billing import BillingEvent, CustomerRef, ObjectReference
from afterbill.model.webhooks import Source, Webhook
from afterbill_cli import samples
from afterbill_cli.memory.keys import MemoryApis

EVENTS = Path(__file__).resolve().parents[3] / "events"
NOW = datetime(2025, 11, 3, 12, 0, 30, tzinfo=UTC)
AT, WORDS = (
    "2025-11-03T11:55:58Z",
    "Yes, ask me by e-mail how satisfied I am with my purchase. I can say no at any time.",
)
METADATA = {"survey_consent_at": AT, "survey_consent_text": WORDS}
PAIRS = [{"name": name, "value": value} for name, value in METADATA.items()]
AGREED = {"consent_at": AT, "consent_text": WORDS}
NOTICED = {"notice_at": "2025-11-01"}


class TestMetadata:
    def test_an_object_tells_all_four(self) -> None:
        metadata = METADATA | {"survey_consent_withdrawn_at": "2025-11-04", "survey_notice_at": "2025-11-01", "x": "y"}
        assert basis_attributes(metadata, {}) == AGREED | NOTICED | {"consent_withdrawn_at": "2025-11-04"}

    @pytest.mark.parametrize("naming", ["name", "key"])
    def test_so_does_a_list_of_pairs(self, naming: str) -> None:
        listed: list[object] = [{naming: name, "value": value} for name, value in METADATA.items()]
        assert basis_attributes([*listed, {"value": "nameless"}, "neither"], {}) == AGREED

    def test_a_field_map_names_other_keys(self) -> None:
        names = {"consent_at": "gdpr_consent_date", "consent_text": "gdpr_text"}
        assert basis_attributes({"gdpr_consent_date": AT, "gdpr_text": WORDS}, names) == AGREED
        assert basis_attributes(METADATA, names) == {}

    @pytest.mark.parametrize("metadata", [None, "text", 7, {}, [], {"survey_consent_at": None}])
    def test_anything_else_tells_nothing(self, metadata: object) -> None:
        assert basis_attributes(metadata, {}) == {}

    @pytest.mark.parametrize("at", ["soon", "", True, {"date": AT}, "2025-11-03T11:55:58"])
    def test_a_time_that_cannot_be_read_is_left_out_and_its_wording_with_it(self, at: object) -> None:
        assert basis_attributes(METADATA | {"survey_consent_at": at, "survey_notice_at": at}, {}) == {}

    def test_a_time_without_a_wording_is_left_out(self) -> None:
        assert basis_attributes({"survey_consent_at": AT}, {}) == {}
        assert basis_attributes(METADATA | {"survey_consent_text": [WORDS]}, {}) == {}

    def test_a_time_may_be_a_number_of_seconds(self) -> None:
        assert basis_attributes({"survey_notice_at": 1_762_170_958}, {}) == {"notice_at": "1762170958"}

    @pytest.mark.parametrize(("value", "kept"), [("yes", "yes"), (True, "true"), ("2025-11-04 ", "2025-11-04")])
    def test_a_withdrawal_stays_one_whatever_it_says(self, value: object, kept: str) -> None:
        assert basis_attributes({"survey_consent_withdrawn_at": value}, {}) == {"consent_withdrawn_at": kept}

    def test_an_endless_withdrawal_is_cut_and_not_forgotten(self) -> None:
        assert basis_attributes({"survey_consent_withdrawn_at": "x" * 5000}, {}) == {"consent_withdrawn_at": "x" * 64}

    def test_a_wording_is_one_line_of_500_characters_at_most(self) -> None:
        attributes = basis_attributes(METADATA | {"survey_consent_text": " Yes,\r\n\x00ask \u202e me.\ud800 "}, {})
        assert attributes["consent_text"] == "Yes, ask me."
        attributes = basis_attributes(METADATA | {"survey_consent_text": "a" * 501}, {})
        assert attributes["consent_text"] == "a" * 499 + "…"
        assert basis_attributes(METADATA | {"survey_consent_text": "a" * 500}, {})["consent_text"] == "a" * 500


class TestEvents:
    def lesson(self, **customer: Any) -> BillingEvent:
        return BillingEvent("shop", "evt_1", NOW, CustomerRef(**customer))

    def test_what_is_told_stands_beside_the_other_attributes(self) -> None:
        event = with_basis(self.lesson(attributes={"payment_method": "card"}), {}, METADATA)
        assert event.customer.attributes == {"payment_method": "card"} | AGREED

    def test_the_newest_of_several_tellings_counts(self) -> None:
        older = {"survey_consent_at": "2024-01-01", "survey_consent_text": "Long ago."}
        assert with_basis(self.lesson(), {}, older, METADATA).customer.attributes == AGREED
        assert with_basis(self.lesson(attributes=AGREED), {}, older).customer.attributes == AGREED

    def test_nothing_is_learned_of_the_deleted(self) -> None:
        event = self.lesson(id="c-1", deleted=True)
        assert with_basis(event, {}, METADATA) is event

    def test_an_objection_said_in_another_form_is_a_withdrawal(self) -> None:
        event = with_basis(self.lesson(), {}, METADATA, objected_at="2025-11-05T10:00:00Z")
        assert event.customer.attributes == AGREED | {"consent_withdrawn_at": "2025-11-05T10:00:00Z"}


def recorded(provider: str) -> dict[str, Any]:
    return dict(parse((EVENTS / "apis" / f"{provider}.json").read_bytes()))


def put(found: Any, path: str, value: object) -> Any:
    """Return the content with this value at the path; a number steps into a list, an id is replaced by an object."""
    step, _, rest = path.partition(".")
    if isinstance(found, list):
        at = int(step)
        return [*found[:at], put(found[at], rest, value), *found[at + 1 :]]
    inside = found if isinstance(found, dict) else {}
    return {**inside, step: put(inside.get(step), rest, value) if rest else value}


def basis_of(
    provider: str,
    name: str,
    changes: Mapping[str, object],
    answers: dict[str, Any] | None = None,
    fields: dict[str, str] | None = None,
) -> Mapping[str, str]:
    """The attributes of a basis that a changed sample tells, its API asked where there are answers."""
    offered = registry.load(provider)
    webhook = samples.read(EVENTS / "webhooks" / provider / f"{name}.json", offered.ABOUT, provider, NOW)
    body = json.loads(webhook.body) if changes else None
    for path, value in changes.items():
        body = put(body, path, value)
    changed = Webhook(provider, webhook.headers, json.dumps(body).encode(), NOW) if changes else webhook
    source = Source(provider, provider, fields=fields or {})
    event = offered.normalise(changed, source)[0]
    call = MemoryApis(answers or {}).call
    if isinstance(event, ObjectReference):
        assert offered.resolve
        (event,) = offered.resolve(event, source, call)
    assert isinstance(event, BillingEvent)
    if answers and offered.find_customer:
        event = offered.find_customer(event, source, call)
    return {key: value for key, value in event.customer.attributes.items() if key.startswith(("consent_", "notice_"))}


SAMPLES = [
    ("stripe", "checkout.session.completed", AGREED),
    ("shopify", "orders.paid.full", AGREED | {"consent_at": "2025-11-03T12:56:40+01:00"}),
    ("woocommerce", "order.created", {"notice_at": "2025-11-03T11:40:10Z"}),
    ("lemonsqueezy", "order_created.once", AGREED | {"consent_at": "1762170300"}),
    ("paddle", "customer.created", {"notice_at": "2025-11-03T11:56:48Z"}),
    ("mollie", "event.payment.paid", {"notice_at": "2025-10-01"}),
    (
        "standard_webhooks",
        "order_paid",
        AGREED | {"consent_at": "2025-11-03T20:58:00+09:00", "notice_at": "2025-11-03"},
    ),
]


@pytest.mark.parametrize(("provider", "name", "expected"), SAMPLES)
def test_samples_tell_why_their_customer_may_be_asked(provider: str, name: str, expected: dict[str, str]) -> None:
    assert basis_of(provider, name, {}) == expected


PLACES = [
    ("stripe", "customer.updated", "data.object.metadata"),
    ("stripe", "invoice.paid", "data.object.metadata"),
    ("stripe", "invoice.paid", "data.object.subscription_details.metadata"),
    ("stripe", "basil.invoice.paid", "data.object.parent.subscription_details.metadata"),
    ("stripe", "invoice.paid", "data.object.customer.metadata"),
    ("stripe", "customer.subscription.updated.upgraded", "data.object.metadata"),
    ("stripe", "charge.refunded", "data.object.metadata"),
    ("chargebee", "customer_changed", "content.customer.meta_data"),
    ("chargebee", "payment_succeeded", "content.subscription.meta_data"),
    ("paddle", "transaction.completed", "data.custom_data"),
    ("paddle", "transaction.completed", "data.customer.custom_data"),
    ("paddle", "subscription.updated", "data.custom_data"),
    ("gocardless", "payments.confirmed", "events.0.metadata"),
    ("gocardless", "payments.confirmed", "events.0.resource_metadata"),
    ("lemonsqueezy", "subscription_created", "meta.custom_data"),
    ("mollie", "event.sales-invoice.paid", "_embedded.entity.metadata"),
]
LISTS = [
    ("shopify", "orders.updated", "note_attributes"),
    ("woocommerce", "customer.updated", "meta_data"),
    ("woocommerce", "subscription.updated", "meta_data"),
]


@pytest.mark.parametrize(("provider", "name", "path"), PLACES)
def test_a_webhook_tells_it_in_its_metadata(provider: str, name: str, path: str) -> None:
    assert basis_of(provider, name, {path: METADATA}) == AGREED


@pytest.mark.parametrize(("provider", "name", "path"), LISTS)
def test_a_webhook_tells_it_in_a_list_of_pairs(provider: str, name: str, path: str) -> None:
    assert basis_of(provider, name, {path: PAIRS}) == AGREED


ANSWERS = [
    ("chargebee", "order_delivered", "/api/v2/customers/AzyBTUr7nora", "customer.meta_data"),
    (
        "paddle",
        "transaction.completed",
        "/customers/ctm_01k9r4qkde5j8pfh3z7v0w2smb",
        "data.custom_data",
    ),
    ("gocardless", "payments.confirmed", "/customers/CU0A7K01", "customers.metadata"),
    ("gocardless", "payments.confirmed", "/payments/PM0A7K01", "payments.metadata"),
    ("gocardless", "subscriptions.created", "/subscriptions/SB0A7K01", "subscriptions.metadata"),
    ("mollie", "tr.paid", "/v2/payments/tr_1aPaid", "metadata"),
    ("square", "order.fulfillment.updated", "/v2/orders/pX3mQ9vT2kLs7RbW4nYc8JdFhEMZY", "order.metadata"),
]


@pytest.mark.parametrize(("provider", "name", "answer", "path"), ANSWERS)
def test_an_api_tells_it_where_it_is_asked(provider: str, name: str, answer: str, path: str) -> None:
    answers = recorded(provider)
    answers[answer] = put(answers[answer], path, METADATA)
    assert basis_of(provider, name, {}, answers) == AGREED


def test_mollie_keeps_it_with_a_stored_customer() -> None:
    answers = recorded("mollie")
    (path,) = (path for path in answers if path.startswith("/v2/customers/"))
    answers[path] = put(answers[path], "metadata", METADATA)
    assert basis_of("mollie", "tr.paid.customer", {}, answers) == AGREED


@pytest.mark.parametrize("place", ["/accounts/code-anwar-22", "/invoices/number-10412"])
def test_recurly_keeps_it_in_custom_fields_of_an_account_or_an_invoice(place: str) -> None:
    answers = recorded("recurly")
    answers[place] = put(answers[place], "custom_fields", PAIRS)
    assert basis_of("recurly", "charge_invoice.paid", {}, answers) == AGREED


@pytest.mark.parametrize("parent", ["account", "subscription"])
def test_recurlys_xml_may_carry_the_custom_fields(parent: str) -> None:
    body = (EVENTS / "webhooks" / "recurly" / "new_subscription_notification.xml").read_text()
    fields = "".join(
        f"<custom_field><name>{one['name']}</name><value>{one['value']}</value></custom_field>" for one in PAIRS
    )
    changed = body.replace(f"</{parent}>", f'<custom_fields type="array">{fields}</custom_fields></{parent}>')
    (event,) = registry.load("recurly").normalise(
        Webhook("recurly", {}, changed.encode(), NOW), Source("recurly", "recurly")
    )
    attributes = cast("BillingEvent", event).customer.attributes
    assert {name: attributes.get(name) for name in AGREED} == AGREED


@pytest.mark.parametrize("asked", ["older", "newer"])
def test_recurlys_account_and_notification_agree_on_the_newest(asked: str) -> None:
    words = {"older": "2020-01-01", "newer": "2026-01-01"}
    answers = recorded("recurly")
    place = "/accounts/code-anwar-22"
    pairs = [PAIRS[1], {"name": "survey_consent_at", "value": words[asked]}]
    answers[place] = put(answers[place], "custom_fields", pairs)
    event = BillingEvent("recurly", "e", NOW, CustomerRef(id="anwar-22", attributes=AGREED))
    found = registry.load("recurly").find_customer
    assert found
    reading = found(event, Source("recurly", "recurly"), MemoryApis(answers).call)
    assert reading.customer.attributes["consent_at"] == (AT if asked == "older" else words[asked])


@pytest.mark.parametrize(
    ("name", "old", "new"),
    [
        ("subscription_charged_successfully", "</customer>", "{fields}</customer>"),
        ("transaction_settled", "</transaction>", "{fields}</transaction>"),
        ("dispute_opened", "</transaction>", "{fields}</transaction>"),
    ],
)
def test_braintree_keeps_it_in_custom_fields_whose_names_have_dashes(name: str, old: str, new: str) -> None:
    form = json.loads((EVENTS / "webhooks" / "braintree" / f"{name}.json").read_bytes())
    fields = "".join(f"<{key.replace('_', '-')}>{value}</{key.replace('_', '-')}>" for key, value in METADATA.items())
    xml = base64.b64decode(form["bt_payload"]).decode()
    assert old in xml
    changed = xml.replace(old, new.format(fields=f"<custom-fields>{fields}</custom-fields>"), 1)
    body = urlencode({"bt_payload": base64.b64encode(changed.encode()).decode()}).encode()
    (event,) = registry.load("braintree").normalise(
        Webhook("braintree", {}, body, NOW), Source("braintree", "braintree")
    )
    attributes = cast("BillingEvent", event).customer.attributes
    assert {name: attributes.get(name) for name in AGREED} == AGREED


def test_chargebees_custom_fields_stand_beside_all_others() -> None:
    changes = {f"content.customer.cf_{name}": value for name, value in METADATA.items()}
    assert basis_of("chargebee", "customer_changed", changes) == AGREED
    mapped = {"content.customer.cf_told_on": "2025-11-01"}
    assert basis_of("chargebee", "customer_changed", mapped, fields={"notice_at": "cf_told_on"}) == NOTICED


def test_quickbooks_custom_fields_are_long_enough_for_a_notice() -> None:
    answers = recorded("quickbooks")
    path = "/v3/company/4620816365002917440/invoice/2201"
    entries = [{"Name": "survey_notice_at", "StringValue": "2025-11-01"}, {"StringValue": "nameless"}]
    answers[path] = put(answers[path], "Invoice.CustomField", entries)
    assert basis_of("quickbooks", "invoice.update.paid", {}, answers) == NOTICED


UNSUBSCRIBED = {"state": "unsubscribed", "consent_updated_at": "2025-11-02T10:00:00+01:00"}


@pytest.mark.parametrize(
    ("name", "path"),
    [
        ("customers_email_marketing_consent.update", "email_marketing_consent"),
        ("customers.update", "email_marketing_consent"),
        ("orders.paid", "customer.email_marketing_consent"),
    ],
)
def test_who_unsubscribed_from_a_shopify_shop_has_objected(name: str, path: str) -> None:
    assert basis_of("shopify", name, {path: UNSUBSCRIBED}) == {"consent_withdrawn_at": "2025-11-02T10:00:00+01:00"}
    assert basis_of("shopify", name, {path: {"state": "unsubscribed"}}) == {"consent_withdrawn_at": "true"}


def test_shopifys_api_tells_an_objection_too() -> None:
    answers = recorded("shopify")
    account = "/admin/api/2024-10/customers/8204417736905.json"
    answers[account] = put(answers[account], "customer.email_marketing_consent", UNSUBSCRIBED)
    found = basis_of(
        "shopify", "subscription_contracts.cancel", {"customer_id": 8204417736905}, {account: answers[account]}
    )
    assert found == {"consent_withdrawn_at": "2025-11-02T10:00:00+01:00"}


def test_consent_to_marketing_is_no_basis() -> None:
    subscribed = {"state": "subscribed", "opt_in_level": "confirmed_opt_in", "consent_updated_at": AT}
    assert basis_of("shopify", "customers.update", {"email_marketing_consent": subscribed}) == {}


def test_who_unsubscribed_at_square_had_objected_when_the_customer_was_last_changed() -> None:
    path = "data.object.customer"
    changes: dict[str, object] = {f"{path}.preferences.email_unsubscribed": True, f"{path}.updated_at": AT}
    assert basis_of("square", "customer.created", changes) == {"consent_withdrawn_at": AT}
    assert basis_of("square", "customer.created", changes | {f"{path}.updated_at": None}) == {
        "consent_withdrawn_at": "true"
    }
    answers = recorded("square")
    customer = "/v2/customers/7Q4N1ZK8M3XW6T0VB2RDHY5CJE"
    for key, value in {"preferences": {"email_unsubscribed": True}, "updated_at": AT}.items():
        answers[customer] = put(answers[customer], f"customer.{key}", value)
    assert basis_of("square", "payment.updated", {}, answers) == {"consent_withdrawn_at": AT}


def test_a_generic_source_may_keep_it_where_it_likes() -> None:
    fields = {"data.customer.consent.at": "gdpr.date", "data.customer.consent.text": "gdpr.words"}
    body = {"gdpr": {"date": AT, "words": WORDS}, "data.customer.consent": {}}
    found = basis_of("standard_webhooks", "order_paid", body, fields=fields)
    assert found == AGREED | {"notice_at": "2025-11-03"}
    withdrawn = basis_of("standard_webhooks", "order_paid", {"data.customer.consent": {"withdrawn_at": AT}})
    assert withdrawn == {"consent_withdrawn_at": AT, "notice_at": "2025-11-03"}


def test_attributes_of_a_generic_source_do_not_crowd_out_the_basis() -> None:
    many = {f"colour_{number}": "green" for number in range(30)}
    found = basis_of("standard_webhooks", "order_paid", {"data.attributes": many, "data.customer.notice": {"at": AT}})
    assert found["notice_at"] == AT
