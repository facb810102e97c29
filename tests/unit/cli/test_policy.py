"""`afterbill policy`: what an operator reads before deploying."""

import json
from functools import cache
from pathlib import Path

import pytest

from afterbill.model.invitation import SkipReason
from afterbill_cli import cli, policy
from afterbill_cli.skip_reasons import why

ROOT = Path(__file__).resolve().parents[3]
EVENTS = ROOT / "events/webhooks"
CONFIG = ["--config", str(ROOT / "layers/config")]


def test_the_shipped_configuration_is_in_order(capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.main(["policy", "check", *CONFIG]) == 0
    assert "in order" in capsys.readouterr().out


def test_mistakes_of_every_file_are_told_at_once(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "locales").mkdir()
    for path in (ROOT / "layers/config").rglob("*.toml"):
        text = path.read_text(encoding="utf-8").replace('delay = "3d"', 'delay = "soon"')
        text = text.replace('default_locale = "en"', 'default_locale = "xx"')
        (tmp_path / path.relative_to(ROOT / "layers/config")).write_text(text, encoding="utf-8")
    assert cli.main(["policy", "check", "--config", str(tmp_path)]) == 1
    output = capsys.readouterr().err
    assert "surveys.toml: defaults.delay" in output
    assert "default_locale" in output


def test_an_event_that_would_be_asked_about_is_explained(capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.main(["policy", "explain", str(EVENTS / "stripe/invoice.paid.renewed.json"), *CONFIG]) == 0
    output = capsys.readouterr().out
    assert "renewed, stage loyalty" in output
    assert "ask at" in output
    assert "3d after the fact" in output


def test_one_that_waits_for_better_hours_says_until_when_and_by_which_rule(capsys: pytest.CaptureFixture[str]) -> None:
    """Due on a Saturday at 14:00 in Berlin: its mail leaves on Monday morning."""
    output = dict(line.split(maxsplit=1) for line in explained("stripe", "invoice.paid.renewed.json", capsys))
    due, waits = output["decision"].split("; wait until ")
    assert due == "ask at 2025-12-06 13:00:00 UTC, 3d after the fact"
    until, why_it_waits = waits.split(" UTC, ", 1)
    assert "2025-12-08 08:00:00" <= until < "2025-12-08 16:00:00"
    assert why_it_waits == why(SkipReason.WINDOW, "renewed")
    assert output["rule"] == (
        "[touchpoints.renewed] delay 3d, window office, cooldown 90d, patience 14d, priority 50, "
        "channels mail, fallback 3d, sampling 1.0, quota none, reminder 7d, expiry 30d, stops nothing"
    )


def test_where_mail_may_leave_at_any_time_nothing_waits(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    text = (ROOT / "layers/config/surveys.toml").read_text(encoding="utf-8")
    text = text.replace('window = "office"', 'window = ""').replace('reminder = "7d"', 'reminder = "0d"')
    (tmp_path / "surveys.toml").write_text(text, encoding="utf-8")
    renewed = str(EVENTS / "stripe/invoice.paid.renewed.json")
    assert cli.main(["policy", "explain", renewed, "--config", str(tmp_path)]) == 0
    output = capsys.readouterr().out
    assert "wait until" not in output
    assert "window none, " in output
    assert "reminder 0s, " in output


def test_a_skip_names_the_setting_that_decided(capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.main(["policy", "explain", str(EVENTS / "stripe/charge.refunded.json"), *CONFIG]) == 0
    assert "skip, not_asked: ask = false under [touchpoints.refunded]" in capsys.readouterr().out


def test_every_sample_event_can_be_explained(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(policy, "load_policy", cache(policy.load_policy))  # it would take most of the time
    mapped = {"foreign.json", "flat.json"}  # their sources have a field map
    for file in (file for file in sorted(EVENTS.rglob("*.*")) if file.name not in mapped):
        assert cli.main(["policy", "explain", str(file), *CONFIG]) == 0, file
        assert "decision" in capsys.readouterr().out, file


def explained(provider: str, name: str, capsys: pytest.CaptureFixture[str]) -> list[str]:
    assert cli.main(["policy", "explain", str(EVENTS / provider / name), *CONFIG]) == 0
    return capsys.readouterr().out.splitlines()


def test_an_id_that_steers_a_terminal_is_made_harmless(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    event = json.loads((EVENTS / "stripe/invoice.paid.renewed.json").read_text(encoding="utf-8"))
    file = tmp_path / "event.json"
    file.write_text(json.dumps(event | {"id": "evt_1\x1b[31m\u202e"}), encoding="utf-8")

    assert cli.main(["policy", "explain", str(file), "--source", "stripe", *CONFIG]) == 0
    assert capsys.readouterr().out.startswith("event       evt_1\n")


def test_a_provider_without_a_source_is_explained_as_if_it_had_one(capsys: pytest.CaptureFixture[str]) -> None:
    output = explained("shopify", "orders.paid.json", capsys)
    assert output[0] == "source      shopify, as if surveys.toml had [sources.shopify]"
    assert "touchpoint  order_paid, stage purchase" in output


def test_every_event_of_a_webhook_is_explained(capsys: pytest.CaptureFixture[str]) -> None:
    output = explained("woocommerce", "order.updated.completed.json", capsys)
    assert [line.split()[1] for line in output if line.startswith("touchpoint")] == ["order_fulfilled,", "order_paid,"]


def test_what_only_the_api_knows_says_so(capsys: pytest.CaptureFixture[str]) -> None:
    assert "decision    ask the API: only it knows" in "\n".join(explained("xero", "invoice.update.paid.json", capsys))


def test_what_a_person_decides_says_so(capsys: pytest.CaptureFixture[str]) -> None:
    output = explained("shopify", "shop.redact.json", capsys)
    assert output[-1] == "decision    a person decides: `afterbill tasks` lists it"


def test_a_privacy_request_says_what_will_be_done(capsys: pytest.CaptureFixture[str]) -> None:
    output = explained("shopify", "customers.redact.json", capsys)
    assert output[-1] == "decision    remove the customer"


def test_one_bad_event_of_a_batch_is_told_beside_the_others(capsys: pytest.CaptureFixture[str]) -> None:
    output = explained("cloudevents", "batch.json", capsys)
    assert any(line.startswith("problem     Event 2 of the batch") for line in output)
    assert any(line.startswith("invitation") for line in output)


@pytest.mark.parametrize(
    ("arguments", "expected"),
    [
        (["no-such-file.json", "--source", "stripe"], "no-such-file.json"),
        ([str(ROOT / "LICENSE")], "Say --source with one of"),
        ([str(ROOT / "LICENSE"), "--source", "paddle"], "no [sources.paddle]"),
        ([str(ROOT / "LICENSE"), "--source", "stripe"], "JSON"),
    ],
)
def test_what_cannot_be_explained_says_what_to_do(
    arguments: list[str], expected: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert cli.main(["policy", "explain", *arguments, *CONFIG]) == 2
    assert expected in capsys.readouterr().err


def test_programs_read_mistakes_as_json(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.main(["policy", "check", "--json", "--config", str(tmp_path)]) == 1
    told = json.loads(capsys.readouterr().out)
    assert (told["folder"], any("surveys.toml" in one for one in told["mistakes"])) == (str(tmp_path), True)

    assert cli.main(["policy", "check", "--json", *CONFIG]) == 0
    assert json.loads(capsys.readouterr().out)["mistakes"] == []


def test_a_folder_that_is_not_there_could_not_be_looked_at(capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.main(["policy", "check", "--config", "none"]) == 2
    assert "there is no folder none" in capsys.readouterr().err


def test_programs_read_the_decision_as_json(capsys: pytest.CaptureFixture[str]) -> None:
    renewed = str(EVENTS / "stripe/invoice.paid.renewed.json")
    assert cli.main(["policy", "explain", renewed, "--output", "json", *CONFIG]) == 0
    [told] = json.loads(capsys.readouterr().out)
    assert told["touchpoint"].startswith("renewed")


def test_json_is_json_also_for_a_source_that_is_not_configured(capsys: pytest.CaptureFixture[str]) -> None:
    order = str(EVENTS / "mollie" / min(path.name for path in (EVENTS / "mollie").iterdir()))
    assert cli.main(["policy", "explain", order, "--output", "json", *CONFIG]) == 0
    assert json.loads(capsys.readouterr().out)


def test_what_the_legal_basis_will_make_of_it_stands_under_the_decision(capsys: pytest.CaptureFixture[str]) -> None:
    lines = explained("stripe", "invoice.paid.renewed.json", capsys)
    labels = [line.split(maxsplit=1)[0] for line in lines]
    assert labels.index("legal") == labels.index("decision") + 1
    assert (
        "strict asks for a consent or a notice, and this webhook brings none"
        in dict(line.split(maxsplit=1) for line in lines)["legal"]
    )


def test_what_is_skipped_anyway_needs_no_legal_basis(capsys: pytest.CaptureFixture[str]) -> None:
    assert "legal" not in [line.split()[0] for line in explained("stripe", "charge.refunded.json", capsys)]


def test_a_test_event_about_an_own_address_is_a_test_survey(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    test_event = EVENTS / "stripe/test_mode.invoice.paid.json"
    address = json.loads(test_event.read_text(encoding="utf-8"))["data"]["object"]["customer_email"]
    text = (ROOT / "layers/config/surveys.toml").read_text(encoding="utf-8")
    own = f'\n[test]\nrecipients = ["{address}"]\ndelay = "3m"\n'
    (tmp_path / "surveys.toml").write_text(text + own, encoding="utf-8")
    assert cli.main(["policy", "explain", str(test_event), "--config", str(tmp_path)]) == 0
    output = capsys.readouterr().out
    assert "3m after the event, by [test]: a test survey, which counts nowhere" in output
    assert "legal       a test needs no legal basis" in output


def test_one_about_anybody_else_is_skipped(capsys: pytest.CaptureFixture[str]) -> None:
    output = "\n".join(explained("stripe", "test_mode.invoice.paid.json", capsys))
    assert "skip, test_mode: an event of the provider's test mode about an address" in output


def test_the_periods_of_retention_are_told(capsys: pytest.CaptureFixture[str]) -> None:
    periods = "responses 730d, customers 730d, comments 365d, visits 90d, audit 1095d, archive 1095d"

    assert cli.main(["policy", "check", *CONFIG]) == 0
    assert capsys.readouterr().out.splitlines()[-2] == f"kept: {periods}"
    assert f"kept        {periods}" in explained("shopify", "orders.paid.json", capsys)
