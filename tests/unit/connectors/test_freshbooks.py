import base64
import hashlib
import hmac
import json
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

import pytest

from afterbill.connectors import freshbooks, registry
from afterbill.intake.connector import Login
from afterbill.model.billing import BillingEvent, CustomerRef, Money, ObjectReference, OperatorTask, Touchpoint
from afterbill.model.errors import PayloadError
from afterbill.model.webhooks import Refusal, Source, Webhook
from afterbill_cli.memory.keys import MemoryApis

ROOT = Path(__file__).resolve().parents[3]
BOOKS = Source("books", "freshbooks")
VERIFIER = "scSampleVerifierOf32Characters00"
BASE = "/accounting/account/aZ9xQ"
APIS = json.loads((ROOT / "events" / "apis" / "freshbooks.json").read_bytes())
FORM = {"name": "payment.create", "object_id": "61001", "account_id": "aZ9xQ", "user_id": "1"}
HANDSHAKE = {"name": "callback.verify", "object_id": "2047", "verifier": VERIFIER, "account_id": "aZ9xQ"}
HEADER = "x-freshbooks-hmac-sha256"


@pytest.fixture
def sent(now) -> Callable[..., Webhook]:
    """A form as it arrives."""

    def form(fields: dict[str, str], signature: str = "") -> Webhook:
        return Webhook("books", {HEADER: signature} if signature else {}, urlencode(fields).encode(), now)

    return form


@pytest.fixture
def apis() -> MemoryApis:
    return MemoryApis(json.loads(json.dumps(APIS)))


@pytest.fixture
def read(sent, apis: MemoryApis) -> Callable[..., tuple[BillingEvent, ...]]:
    """Read an event and resolve it with the answers of the API."""

    def understand(name: str, object_id: str, source: Source = BOOKS) -> tuple[BillingEvent, ...]:
        found = freshbooks.normalise(sent(FORM | {"name": name, "object_id": object_id}), source)
        references = [one for one in found if isinstance(one, ObjectReference)]
        return tuple(event for one in references for event in freshbooks.resolve(one, source, apis.call))

    return understand


def known(apis: MemoryApis, path: str) -> dict[str, Any]:
    """The object the API knows under this path, to be changed."""
    answer: Any = apis.answers[f"{BASE}/{path}"]
    (found,) = answer["response"]["result"].values()
    return found


# Signatures


def test_the_signature_is_over_the_form_as_python_writes_json(sent, now) -> None:
    text = '{"name": "invoice.update", "note": "caf\\u00e9 \\"a&b\\"", "object_id": "1"}'
    mac = base64.b64encode(hmac.new(VERIFIER.encode(), text.encode(), hashlib.sha256).digest()).decode()
    hook = sent({"name": "invoice.update", "note": 'café "a&b"', "object_id": "1"}, mac)
    assert freshbooks.verify(hook, ["another", VERIFIER], now) is None


def test_the_order_of_the_fields_is_signed_too(sent, now) -> None:
    signed = freshbooks.sign(sent(FORM), VERIFIER)
    assert freshbooks.verify(signed, [VERIFIER], now) is None
    turned = urlencode(dict(reversed(FORM.items()))).encode()
    assert freshbooks.verify(replace(signed, body=turned), [VERIFIER], now) is Refusal.MISMATCH


def test_each_callback_has_its_own_verifier_and_all_are_tried(sent, now) -> None:
    assert freshbooks.verify(freshbooks.sign(sent(FORM), "second"), ["first", "second"], now) is None


def test_an_unsigned_event_is_refused(sent, now) -> None:
    assert freshbooks.verify(sent(FORM), [VERIFIER], now) is Refusal.MISSING


@pytest.mark.parametrize("header", ["é", "\ud800", "=", " "])
def test_an_odd_signature_is_a_mismatch_and_no_crash(header: str, sent, now) -> None:
    assert freshbooks.verify(sent(FORM, header), [VERIFIER, "", "\ud800"], now) is Refusal.MISMATCH


def test_what_is_no_form_is_refused(now) -> None:
    hook = Webhook("books", {HEADER: "x"}, b"\xff&" + b"a=1&" * 60, now)
    assert freshbooks.verify(hook, [VERIFIER], now) is Refusal.MALFORMED
    assert freshbooks.sign(hook, VERIFIER) is hook


def test_freshbooks_is_answered_with_200() -> None:
    assert registry.load("freshbooks").ACCEPTED.status == 200


# The handshake


@pytest.mark.parametrize("changed", [{}, {"name": "invoice.verify"}, {"name": "verify me"}, {"name": ""}])
def test_a_handshake_needs_no_signature_and_becomes_a_task_for_one_day(changed, sent, now) -> None:
    hook = sent(HANDSHAKE | changed)
    assert freshbooks.verify(hook, [], now) is None
    assert freshbooks.sign(hook, VERIFIER) is hook
    details = {"callback": "2047", "verifier": VERIFIER, "account": "aZ9xQ"}
    (task,) = freshbooks.normalise(hook, BOOKS)
    assert isinstance(task, OperatorTask)
    assert (task.source, task.kind, task.occurred_at, task.details) == ("books", "verifier", now, details)
    assert task.lives == timedelta(days=1)


def test_a_verifier_rings_no_alarm_for_whoever_registered_the_callback_waits_for_it(sent) -> None:
    (task,) = freshbooks.normalise(sent(HANDSHAKE), BOOKS)
    assert isinstance(task, OperatorTask)
    assert not task.urgent


def test_a_made_up_verifier_does_not_replace_the_genuine_one(sent) -> None:
    tasks = [freshbooks.normalise(sent(HANDSHAKE | {"verifier": one}), BOOKS)[0] for one in (VERIFIER, "forged")]
    assert [one.id for one in tasks if isinstance(one, OperatorTask)] == ["2047-739d1ac4", "2047-ccdd3516"]


@pytest.mark.parametrize(("source", "account"), [(BOOKS, None), (replace(BOOKS, account="pinned"), "pinned")])
def test_a_handshake_that_names_no_account_is_of_the_pinned_one(source: Source, account: str | None, sent) -> None:
    (task,) = freshbooks.normalise(sent({**HANDSHAKE, "account_id": ""}), source)
    assert isinstance(task, OperatorTask)
    assert task.details.get("account") == account


def test_a_handshake_is_unsigned_and_an_event_is_not(sent, now) -> None:
    assert freshbooks.is_unsigned(sent(HANDSHAKE, "whatever"))
    assert not freshbooks.is_unsigned(freshbooks.sign(sent(FORM), VERIFIER))
    assert freshbooks.is_unsigned(Webhook("books", {}, b"\xff", now))


def test_a_handshake_may_carry_a_signature_nobody_can_check_yet(sent, now) -> None:
    assert freshbooks.verify(sent(HANDSHAKE, "whatever"), [], now) is None


@pytest.mark.parametrize(
    "changed",
    [
        {"object_id": ""},
        {"object_id": "20x47"},
        {"object_id": "²"},
        {"object_id": "1" * 21},
        {"verifier": ""},
        {"verifier": "v" * 129},
        {"verifier": "vé"},
        {"verifier": "a b"},
    ],
)
def test_what_only_resembles_a_handshake_leaves_nothing_behind(changed: dict[str, str], sent, now) -> None:
    hook = sent(HANDSHAKE | changed)
    assert freshbooks.verify(hook, [VERIFIER], now) is Refusal.MALFORMED
    with pytest.raises(PayloadError, match=r"^The body .+\.$"):
        freshbooks.normalise(hook, BOOKS)


def test_an_event_cannot_be_smuggled_in_as_a_handshake(sent, now) -> None:
    hook = sent(FORM | {"verifier": VERIFIER})
    assert freshbooks.verify(hook, [], now) is None
    (task,) = freshbooks.normalise(hook, BOOKS)
    assert isinstance(task, OperatorTask)
    assert freshbooks.verify(replace(hook, headers={HEADER: "forged"}), [VERIFIER], now) is Refusal.MISMATCH


def test_a_signed_event_with_a_verifier_in_it_is_an_event(sent, now) -> None:
    mac = base64.b64encode(
        hmac.new(VERIFIER.encode(), json.dumps(FORM | {"verifier": "true"}).encode(), hashlib.sha256).digest()
    ).decode()
    hook = sent(FORM | {"verifier": "true"}, mac)
    assert freshbooks.verify(hook, [VERIFIER], now) is None
    (reference,) = freshbooks.normalise(hook, BOOKS)
    assert isinstance(reference, ObjectReference)
    assert HEADER in freshbooks.HEADERS


def test_a_handshake_for_another_account_is_ignored(sent) -> None:
    assert freshbooks.normalise(sent(HANDSHAKE), Source("books", "freshbooks", account="other")) == ()


# Events


def test_a_form_points_at_its_object(sent, now) -> None:
    (reference,) = freshbooks.normalise(sent(FORM), BOOKS)
    assert reference == ObjectReference("books", "payment.create:61001", now, "payment", "61001", "aZ9xQ")


def test_another_account_is_ignored_where_one_is_pinned(sent) -> None:
    assert freshbooks.normalise(sent(FORM), Source("books", "freshbooks", account="other")) == ()


def test_a_form_without_an_account_is_of_the_pinned_one(sent) -> None:
    form = {"name": "payment.create", "object_id": "1"}
    (reference,) = freshbooks.normalise(sent(form), Source("books", "freshbooks", account="aZ9xQ"))
    assert isinstance(reference, ObjectReference)
    assert reference.account == "aZ9xQ"
    with pytest.raises(PayloadError, match="names no account_id"):
        freshbooks.normalise(sent(form), BOOKS)


@pytest.mark.parametrize("fields", [{}, {"name": "payment.create"}, {"object_id": "1"}, {"x": "y"}])
def test_a_form_without_name_or_object_is_an_error(fields: dict[str, str], sent) -> None:
    with pytest.raises(PayloadError, match="The body is no FreshBooks form"):
        freshbooks.normalise(sent(fields), BOOKS)


@pytest.mark.parametrize("name", ["recurring.create", "recurring.delete", "invoice.sendByEmail", "expense.create"])
def test_other_events_are_ignored(name: str, sent) -> None:
    assert freshbooks.normalise(sent(FORM | {"name": name}), BOOKS) == ()


def test_a_payment_and_its_invoice_are_one_fact(read) -> None:
    (by_payment,) = read("payment.create", "61001")
    (by_invoice,) = read("invoice.update", "41001")
    assert by_payment.fact == by_invoice.fact == "freshbooks|aZ9xQ|41001|payment|"
    assert by_payment.touchpoint is by_invoice.touchpoint is Touchpoint.PAYMENT_SUCCEEDED
    assert by_payment.money == by_invoice.money == Money(23000, "CAD")
    assert by_payment.products == by_invoice.products == ("Design",)
    assert by_payment.objects == {"payment": "61001", "invoice": "41001", "customer": "30211"}
    assert by_payment.customer.attributes == {"payment_method": "Bank Transfer"}


@pytest.mark.parametrize(
    ("states", "paid"),
    [
        ({"v3_status": "paid"}, True),
        ({"v3_status": "autopaid"}, True),
        ({"payment_status": "paid"}, True),
        ({"status": 4}, True),
        ({"status": 5}, True),
        ({"status": 8, "v3_status": "partial", "payment_status": "partial"}, False),
        ({"status": True, "v3_status": ["paid"]}, False),
        ({"status": 4, "amount": {"amount": "0.00", "code": "CAD"}}, False),
        ({"status": 4, "amount": {}}, True),
    ],
)
def test_an_invoice_counts_once_it_is_paid(states: dict[str, Any], read, apis: MemoryApis, *, paid: bool) -> None:
    invoice = known(apis, "invoices/invoices/41002")
    for name in ("v3_status", "payment_status", "status"):
        del invoice[name]
    invoice.update(states, date_paid="2025-10-07")
    assert bool(read("invoice.update", "41002")) is paid


@pytest.mark.parametrize(
    ("states", "accepted"),
    [
        ({"accepted": True}, True),
        ({"accepted": False, "ui_status": "accepted"}, True),
        ({"accepted": "yes", "ui_status": "sent"}, False),
        ({"accepted": True, "vis_state": 1}, False),
    ],
)
def test_an_estimate_counts_once_it_is_accepted(states, read, apis: MemoryApis, *, accepted: bool) -> None:
    known(apis, "estimates/estimates/51002").update(states)
    assert bool(read("estimate.update", "51002")) is accepted


@pytest.mark.parametrize(
    ("name", "path", "key"),
    [("payment.create", "payments/payments/61001", "date"), ("invoice.update", "invoices/invoices/41001", "date_paid")],
)
def test_the_time_is_the_day_of_the_payment_for_an_old_bill_may_be_edited_today(
    name: str, path: str, key: str, read, apis: MemoryApis
) -> None:
    known(apis, path)[key] = "2024-01-05"
    (paid,) = read(name, path.rpartition("/")[2])
    assert paid.touchpoint is Touchpoint.PAYMENT_SUCCEEDED
    assert paid.occurred_at == datetime(2024, 1, 5, 12, tzinfo=UTC)


@pytest.mark.parametrize("day", [None, "", "soon", 7])
def test_what_was_paid_on_no_day_only_teaches(day: object, read, apis: MemoryApis) -> None:
    known(apis, "payments/payments/61001").update(date=day)
    known(apis, "invoices/invoices/41001").update(date_paid=day)
    for (event,) in (read("payment.create", "61001"), read("invoice.update", "41001")):
        assert (event.touchpoint, event.fact, event.customer.id) == (None, "", "30211")


def test_an_acceptance_has_no_day_so_its_time_is_the_arrival(read, now) -> None:
    (accepted,) = read("estimate.accept", "51001")
    assert accepted.occurred_at == now


def test_two_names_of_an_acceptance_are_one_fact(read) -> None:
    (accepted,), (updated,) = read("estimate.accept", "51001"), read("estimate.update", "51001")
    assert accepted.fact == updated.fact


@pytest.mark.parametrize("name", ["payment.create", "invoice.update", "estimate.update", "client.update"])
def test_what_the_api_does_not_know_any_more_is_nothing(name: str, read) -> None:
    assert read(name, "99") == ()


@pytest.mark.parametrize("name", ["payment.create", "payment.update", "payment.delete"])
def test_a_payment_that_was_deleted_takes_back_itself(name: str, read, apis: MemoryApis) -> None:
    (by_payment,), (by_invoice,) = read("payment.create", "61001"), read("invoice.update", "41001")
    known(apis, "payments/payments/61001").update(vis_state=1)
    known(apis, "invoices/invoices/41001").update(status=2, v3_status="sent", payment_status="unpaid")
    (back,) = read(name, "61001")
    assert (back.touchpoint, back.money) == (Touchpoint.PAYMENT_REVERSED, Money(23000, "CAD"))
    assert back.links == ("freshbooks|aZ9xQ|61001",)
    assert set(back.links) < set(by_payment.links) & set(by_invoice.links)


def test_a_payment_entered_twice_may_lose_one(read, apis: MemoryApis) -> None:
    known(apis, "payments/payments/61001").update(vis_state=1)
    assert read("payment.delete", "61001") == ()


def test_a_payment_of_a_deleted_invoice_is_deleted_with_it(read, apis: MemoryApis) -> None:
    known(apis, "invoices/invoices/41001").update(vis_state=1)
    (back,) = read("payment.delete", "61001")
    assert back.touchpoint is Touchpoint.PAYMENT_REVERSED


@pytest.mark.parametrize(
    ("name", "touchpoint", "meaning"),
    [
        ("payment.delete", Touchpoint.PAYMENT_REVERSED, "payment_reversed"),
        ("invoice.delete", Touchpoint.ORDER_CANCELLED, "order_cancelled"),
    ],
)
def test_what_was_deleted_takes_back_itself_though_the_api_has_it_no_more(
    name: str, touchpoint: Touchpoint, meaning: str, read
) -> None:
    (back,) = read(name, "99")
    assert (back.touchpoint, back.fact) == (touchpoint, f"freshbooks|aZ9xQ|99|{meaning}|")
    assert back.links == ("freshbooks|aZ9xQ|99",)


@pytest.mark.parametrize("name", ["invoice.delete", "invoice.update"])
def test_a_deleted_invoice_takes_back_its_own_payment(name: str, read, apis: MemoryApis) -> None:
    (paid,) = read("payment.create", "61001")
    known(apis, "invoices/invoices/41001").update(vis_state=1)
    (back,) = read(name, "41001")
    assert back.touchpoint is Touchpoint.ORDER_CANCELLED
    assert back.links == ("freshbooks|aZ9xQ|41001",)
    assert set(back.links) < set(paid.links)


@pytest.mark.parametrize("state", [{"v3_status": "draft"}, {"status": 1}])
def test_a_deleted_draft_is_nothing(state: dict[str, Any], read, apis: MemoryApis) -> None:
    known(apis, "invoices/invoices/41002").update(state, vis_state=1)
    assert read("invoice.delete", "41002") == ()


@pytest.mark.parametrize("day", ["2025-10-09", None])
def test_a_payment_of_less_than_zero_is_money_that_went_back(day: str | None, read, apis: MemoryApis, now) -> None:
    (paid,) = read("payment.create", "61001")
    known(apis, "payments/payments/61001").update(amount={"amount": "-50.00", "code": "CAD"}, date=day)
    (back,) = read("payment.create", "61001")
    assert (back.touchpoint, back.money) == (Touchpoint.REFUNDED, Money(5000, "CAD"))
    assert back.occurred_at == (datetime(2025, 10, 9, 12, tzinfo=UTC) if day else now)
    assert set(back.links) & set(paid.links)


def test_a_payment_of_zero_is_none(read) -> None:
    assert read("payment.create", "61005") == ()


def test_all_payments_of_an_invoice_are_tied_to_its_fact(read, apis: MemoryApis) -> None:
    payments = [{"id": 1}, {"id": 2, "vis_state": 1}, {"id": 3}, {"id": 1}, {}]
    apis.answers[f"{BASE}/payments/payments"] = {"response": {"result": {"payments": payments}}}
    (paid,) = read("invoice.update", "41001")
    assert paid.objects == {"invoice": "41001", "payment": "1", "payment_2": "3", "customer": "30211"}


def test_a_payment_whose_invoice_is_gone_is_still_its_fact(read, apis: MemoryApis) -> None:
    del apis.answers[f"{BASE}/invoices/invoices/41001"]
    known(apis, "payments/payments/61001").pop("type")
    (paid,) = read("payment.create", "61001")
    assert paid.fact == "freshbooks|aZ9xQ|41001|payment|"
    assert paid.customer == CustomerRef()


# Customers


def test_a_client_teaches_who_they_are(read) -> None:
    (learned,) = read("client.update", "30211")
    assert learned.touchpoint is None
    customer = learned.customer
    assert (customer.id, customer.email, customer.name) == ("30211", "amelie.tremblay@example.com", "Amélie Tremblay")
    assert (customer.locale, customer.country) == ("fr", None)
    assert customer.attributes == {"currency": "CAD"}


def test_a_country_is_kept_only_where_its_name_is_a_code(read, apis: MemoryApis) -> None:
    known(apis, "users/clients/30211").update(p_country="CA", fname="", lname="", currency_code=None)
    (learned,) = read("client.update", "30211")
    assert (learned.customer.country, learned.customer.name) == ("CA", "Atelier Example")
    assert learned.customer.attributes == {}


def test_of_a_deleted_client_nothing_but_the_deletion_is_learned(read, sent) -> None:
    (gone,) = read("client.update", "30212")
    assert gone.customer == CustomerRef(id="30212", deleted=True)
    (event,) = freshbooks.normalise(sent(FORM | {"name": "client.delete", "object_id": "30212"}), BOOKS)
    assert isinstance(event, BillingEvent)
    assert event.customer == gone.customer


def test_the_payer_is_asked_for_in_the_account_of_the_fact(read, apis: MemoryApis) -> None:
    (paid,) = read("payment.create", "61001")
    found = freshbooks.find_customer(paid, BOOKS, apis.call)
    assert apis.asked[-1] == f"{BASE}/users/clients/30211"
    assert found.customer.email == "amelie.tremblay@example.com"
    assert found.customer.attributes == {"currency": "CAD", "payment_method": "Bank Transfer"}
    assert found.fact == paid.fact


def test_an_account_is_quoted_in_paths_and_read_back_from_the_fact(sent) -> None:
    (reference,) = freshbooks.normalise(sent(FORM | {"account_id": "a|b/c%7C"}), BOOKS)
    apis = MemoryApis(
        {"/accounting/account/a%7Cb%2Fc%257C/payments/payments/61001": APIS[f"{BASE}/payments/payments/61001"]}
    )
    assert isinstance(reference, ObjectReference)
    (paid,) = freshbooks.resolve(reference, BOOKS, apis.call)
    freshbooks.find_customer(replace(paid, customer=CustomerRef(id="7")), BOOKS, apis.call)
    assert apis.asked[-1] == "/accounting/account/a%7Cb%2Fc%257C/users/clients/7"


def test_without_a_client_the_event_stays_as_it_is(read, apis: MemoryApis) -> None:
    known(apis, "payments/payments/61002").pop("clientid")
    (paid,) = read("payment.create", "61002")
    nobody = MemoryApis()
    assert freshbooks.find_customer(paid, BOOKS, nobody.call) == paid
    assert nobody.asked == []
    (known_by_id,) = read("payment.create", "61001")
    assert freshbooks.find_customer(known_by_id, BOOKS, nobody.call) == known_by_id


def test_a_client_without_an_address_has_that_of_its_first_contact(read, apis: MemoryApis) -> None:
    (learned,) = read("client.update", "30213")
    assert (learned.customer.email, learned.customer.name) == ("luc.gagnon@example.com", "Verger Example")
    (paid,) = read("payment.create", "61002")
    assert freshbooks.find_customer(paid, BOOKS, apis.call).customer.email == "luc.gagnon@example.com"


def test_a_lesson_is_of_the_pinned_account_or_of_none(sent, apis: MemoryApis) -> None:
    (gone,) = freshbooks.normalise(sent(FORM | {"name": "client.delete", "object_id": "30211"}), BOOKS)
    assert isinstance(gone, BillingEvent)
    assert freshbooks.find_customer(gone, BOOKS, apis.call) == gone
    assert apis.asked == []
    found = freshbooks.find_customer(gone, Source("books", "freshbooks", account="aZ9xQ"), apis.call)
    assert found.customer.email == "amelie.tremblay@example.com"


def test_the_api_wants_consent() -> None:
    assert freshbooks.API.login is Login.CONSENT
    assert freshbooks.API.client_in_form
    assert freshbooks.API.token_url
    assert freshbooks.API.consent_url


def test_a_recorded_client_is_understood(payloads: Path, read, apis: MemoryApis) -> None:
    recorded = json.loads((payloads / "freshbooks" / "api.get_client_response.json").read_text())
    apis.answers[f"{BASE}/users/clients/12345"] = recorded
    (learned,) = read("client.update", "12345")
    assert learned.customer.address
    assert (learned.customer.locale, learned.customer.country) == ("en", None)
    assert learned.customer.attributes == {"currency": "CAD"}
