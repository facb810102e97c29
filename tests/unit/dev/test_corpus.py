"""`make corpus`, and what every webhook we have means: the tables in tests/corpus were checked against the files."""

import json
from pathlib import Path

import pytest

from afterbill.connectors import registry
from afterbill_cli import samples
from afterbill_dev.generate import corpus

ROOT = Path(__file__).resolve().parents[3]
EVENTS = ROOT / "events/webhooks"
TABLES = ROOT / "tests/corpus"


def expected(table: str) -> list[str]:
    """To see what changed: `.venv/bin/python -m afterbill_dev.generate.corpus FOLDER --tsv`."""
    return (TABLES / table).read_text(encoding="utf-8").splitlines()


def test_recorded_webhooks_of_real_systems_mean_this(payloads: Path) -> None:
    assert list(corpus.as_tsv(corpus.read_folder(payloads))) == expected("expected.tsv")


def test_our_own_samples_mean_this() -> None:
    assert list(corpus.as_tsv(corpus.read_folder(EVENTS))) == expected("own.tsv")


def folder(tmp_path: Path, **files: object) -> Path:
    for name, content in files.items():
        provider, _, stem = name.partition("__")
        place = tmp_path / provider
        place.mkdir(exist_ok=True)
        (place / f"{stem}.json").write_text(content if isinstance(content, str) else json.dumps(content))
    return tmp_path


PAID = {
    "type": "order_paid",
    "timestamp": "2026-11-22T12:00:00Z",
    "data": {
        "id": "1",
        "customer": {"id": "c", "email": "ada@example.com"},
        "amount": {"value": "4.90", "currency": "EUR"},
    },
}


def rows_of(capsys: pytest.CaptureFixture[str], place: Path) -> list[dict[str, object]]:
    assert corpus.main([str(place), "--json"]) == 0
    return [json.loads(line) for line in capsys.readouterr().out.splitlines()]


def test_json_is_one_object_a_line_with_the_events_and_their_money(tmp_path, capsys):
    assert rows_of(capsys, folder(tmp_path, standardwebhooks__paid=PAID)) == [
        {
            "file": "standardwebhooks/paid.json",
            "outcome": "event",
            "events": [
                {"touchpoint": "order_paid", "email": "ada@example.com", "amount_minor": 490, "currency": "EUR"}
            ],
            "email": "ada@example.com",
            "test": False,
            "recurring": [],
            "method": [],
            "reason": [],
        }
    ]


def test_a_subscription_shows_its_price_per_interval_how_it_is_paid_and_why_it_ended(tmp_path, capsys):
    ended = json.loads((EVENTS / "paypal/v1.billing.subscription.cancelled.json").read_bytes())
    ended["resource"]["plan"]["payment_definitions"][0]["frequency_interval"] = "3"
    ended["resource"]["status_change_note"] = "Too dear"
    (line,) = rows_of(capsys, folder(tmp_path, paypal__cancelled=ended))
    assert (line["recurring"], line["method"], line["reason"]) == (["1200USD/3months"], ["paypal"], ["Too dear"])


def test_a_profile_has_an_address_and_no_events(tmp_path, capsys):
    updated = {**PAID, "type": "customer_updated"}
    (line,) = rows_of(capsys, folder(tmp_path, standard_webhooks__updated=updated))
    assert (line["outcome"], line["events"], line["email"]) == ("profile", [], "ada@example.com")


def test_an_unwanted_kind_is_ignored(tmp_path, capsys):
    (line,) = rows_of(capsys, folder(tmp_path, standard_webhooks__ping={"type": "ping"}))
    assert (line["outcome"], line["email"]) == ("ignored", None)


def test_a_test_says_so(tmp_path, capsys):
    test = {**PAID, "data": {**PAID["data"], "test": True}}
    (line,) = rows_of(capsys, folder(tmp_path, standard_webhooks__paid=test))
    assert line["test"] is True


def test_what_cannot_be_read_is_an_error_and_says_why(tmp_path, capsys):
    (line,) = rows_of(capsys, folder(tmp_path, stripe__broken="{"))
    assert (line["outcome"], line["error"]) == ("error", "The body is not JSON in UTF-8.")


def test_what_only_an_api_can_tell_is_an_event_without_a_touchpoint(tmp_path, capsys):
    (line,) = rows_of(capsys, folder(tmp_path, mollie__classic={"id": "tr_1"}))
    assert line["outcome"] == "event"
    assert line["events"] == [{"touchpoint": None, "email": None, "amount_minor": None, "currency": None}]


def test_numbers_in_a_form_are_written_as_numbers_too(tmp_path, capsys):
    form = {"name": "payment.create", "object_id": 1234567, "account_id": "6BApk", "user_id": 1}
    (line,) = rows_of(capsys, folder(tmp_path, freshbooks__payment=form))
    assert line["outcome"] == "event"


def test_a_verifier_is_nobodys_profile(tmp_path, capsys):
    handshake = {"name": "callback.verify", "object_id": "7", "verifier": "abc", "account_id": "A"}
    (line,) = rows_of(capsys, folder(tmp_path, freshbooks__handshake=handshake))
    assert line["outcome"] == "ignored"


def test_a_mistake_in_a_module_does_not_hide_the_others(tmp_path, capsys, monkeypatch):
    monkeypatch.setattr(corpus.samples, "read", lambda *_: 1 / 0)
    (line,) = rows_of(capsys, folder(tmp_path, stripe__any={}))
    assert line["error"] == "a mistake of ours: ZeroDivisionError: division by zero"


def test_a_captured_webhook_brings_its_headers(tmp_path, capsys):
    captured = {"headers": {"Webhook-Id": "msg_1"}, "body": {**PAID, "data": {"customer": {"id": "c"}}}}
    (line,) = rows_of(capsys, folder(tmp_path, standard_webhooks__captured=captured))
    assert line["outcome"] == "event"


def test_what_is_no_webhook_is_left_out_with_a_note(tmp_path, capsys):
    place = folder(tmp_path, stripe__broken="{", elsewhere__any={})
    (place / "stripe" / "SOURCES.md").write_text("where from")
    (place / "stripe" / "surveys.toml").write_text("[sources.stripe]")
    (place / "stripe" / "10.api.json").write_text("{}")
    assert corpus.main([str(place), "--json"]) == 0
    captured = capsys.readouterr()
    assert len(captured.out.splitlines()) == 1
    assert captured.err.splitlines() == [
        "left out: elsewhere, which is no folder of a provider",
        "left out: stripe/10.api.json, which is no webhook",
        "left out: stripe/SOURCES.md, which is no webhook",
        "left out: stripe/surveys.toml, which is no webhook",
    ]


def test_the_folder_of_one_provider_is_enough(tmp_path, capsys):
    (line,) = rows_of(capsys, folder(tmp_path, stripe__broken="{") / "stripe")
    assert line["file"] == "stripe/broken.json"


def test_the_table_counts_the_outcomes(tmp_path, capsys):
    assert corpus.main([str(folder(tmp_path, standard_webhooks__paid=PAID, stripe__broken="{"))]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert lines[0].split() == [*corpus.HEADINGS]
    assert lines[1].split() == [
        "standard_webhooks/paid.json",
        "event",
        "order_paid",
        "ada@example.com",
        "490",
        "EUR",
        *"----",
    ]
    assert lines[-1] == "2 webhooks: 1 event, 0 profile, 0 ignored, 1 error"


def test_a_folder_that_is_none_is_told(tmp_path, capsys):
    assert corpus.main([str(tmp_path / "none")]) == 1
    assert "is no folder" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("name", "topic"),
    [
        ("2024-10.orders.paid", "orders/paid"),
        ("orders_paid", "orders/paid"),
        ("OrdersPaid.2", "orders/paid"),
        ("orders-partially-fulfilled.sample", "orders/partially_fulfilled"),
        ("draft_orders.create", "draft_orders/create"),
        ("draft_orders_create", "draft_orders_create"),
    ],
)
def test_a_file_is_named_after_its_topic_in_whatever_spelling(name, topic):
    assert samples.topic_in(name, registry.load("shopify").ABOUT.events) == topic
