"""`afterbill doctor`: webhooks that are refused, and sources that have fallen silent."""

from datetime import timedelta

import pytest

from afterbill_cli.doctor.findings import Verdict
from tests.unit.cli.stacks_under_test import (
    NOW,
    RECENT,
    accepted,
    captured,
    findings,
    logged,
    stack_under_test,
    turned_away,
)

HOUR = timedelta(hours=1)


def told(config, *lines, instead_of=()):
    kept = [line for line in RECENT if line[2]["source"] not in instead_of]
    return findings(stack_under_test(config, {"FilterLogEvents": logged(*kept, *lines)}), "webhooks")


def test_sources_that_were_heard_lately_are_in_order(config):
    (finding,) = told(config, accepted("stripe", NOW - HOUR))

    assert (finding.verdict, finding.text) == (
        Verdict.OK,
        "6 source(s) accepted webhooks, the newest 1 hour ago: stripe",
    )


def test_a_wrong_signature_after_the_last_accepted_webhook_fails(config):
    wrong, _ = told(config, turned_away("stripe", NOW - HOUR))

    text = "the newest webhook was refused 1 hour ago (signature_mismatch), the last accepted one came 3 hours ago"
    assert (wrong.verdict, wrong.text) == (Verdict.FAIL, f"stripe: {text}")
    assert wrong.remedy == "copy its signing secret from the billing system: `afterbill source add stripe`"


def test_a_wrong_signature_where_nothing_was_ever_accepted_fails(config):
    wrong, _ = told(config, turned_away("books", NOW - HOUR), instead_of=["books"])

    assert wrong.text == "books: the newest webhook was refused 1 hour ago (signature_mismatch), none was accepted"
    assert "`afterbill source add freshbooks --name books`" in wrong.remedy


def test_an_accepted_webhook_after_a_refused_one_settles_it(config):
    (finding,) = told(config, turned_away("stripe", NOW - 4 * HOUR))

    assert finding.verdict is Verdict.OK


@pytest.mark.parametrize(
    ("line", "reason", "silent"),
    [
        (turned_away("stripe", NOW - HOUR, "signature_missing"), "signature_missing", ["stripe"]),
        (turned_away("stripe", NOW - HOUR, "timestamp_stale"), "timestamp_stale", []),
        (captured("paypal", NOW - HOUR, "refused"), "refused", []),
    ],
)
def test_what_a_secret_is_not_to_blame_for_is_a_warning(config, line, reason, silent):
    warned, _ = told(config, line, instead_of=silent)

    assert (warned.verdict, f"({reason})" in warned.text) == (Verdict.WARN, True)
    assert f"docs/providers/{line[2]['source']}.md" in warned.remedy


@pytest.mark.parametrize(("days", "silent"), [(6, False), (8, True)])
def test_a_week_without_a_webhook_is_silence(config, days, silent):
    *warned, heard = told(config, accepted("paddle", NOW - timedelta(days=days)), instead_of=["paddle"])

    assert [one.text for one in warned] == ["paddle is silent: its last webhook was accepted 8 days ago"] * silent
    assert heard.verdict is Verdict.OK


def test_sources_that_were_never_heard_are_told_together(config):
    warned, _ = told(config, instead_of=["books", "ledger"])

    assert (warned.verdict, warned.text) == (Verdict.WARN, "no webhook came in 30 days: books, ledger")


def test_a_stack_that_was_never_heard_has_nothing_in_order(config):
    assert [one.verdict for one in told(config, instead_of=[line[2]["source"] for line in RECENT])] == [Verdict.WARN]


def test_a_log_that_is_too_long_leaves_it_open(config):
    tokens = iter(map(str, range(10_000)))
    endless = {"FilterLogEvents": lambda _: {"events": [], "nextToken": next(tokens)}}
    (finding,) = findings(stack_under_test(config, endless), "webhooks")

    assert finding.verdict is Verdict.UNKNOWN
    assert "the log is too long" in finding.text


def test_where_nothing_sends_webhooks_nothing_can_be_refused(config):
    surveys = config / "surveys.toml"
    before, _, _ = surveys.read_text().partition("[sources.")
    surveys.write_text(before + '[sources.fetched]\nprovider = "runmyaccounts"\naccount = "acme"\n')

    assert [one.text for one in told(config)] == ["no source sends webhooks"]
