"""`afterbill doctor`: webhooks that are refused, and sources that have fallen silent."""

from datetime import timedelta

import pytest

from afterbill_console.health.findings import Verdict
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
    """What is told besides that other sources were heard three hours ago."""
    kept = [line for line in RECENT if line[2]["source"] not in instead_of]
    reported = findings(stack_under_test(config, {"FilterLogEvents": logged(*kept, *lines)}), "webhooks")
    return [one for one in reported if not one.text.endswith("was accepted 3 hours ago")]


def test_every_source_that_was_heard_lately_is_in_order(config):
    reported = findings(stack_under_test(config), "webhooks")

    assert {one.verdict for one in reported} == {Verdict.OK}
    assert [one.text.partition(":")[0] for one in reported] == [
        "stripe",
        "events",
        "paddle",
        "books",
        "ledger",
        "paypal",
    ]
    assert reported[0].text == "stripe: the newest webhook was accepted 3 hours ago"


REPLACE = "Stripe signs with another secret: store that one with `afterbill source add stripe`; or it was a stranger's"


@pytest.mark.parametrize(("hours", "verdict"), [(3, Verdict.WARN), (24, Verdict.WARN), (25, Verdict.FAIL)])
def test_a_wrong_signature_fails_once_nothing_was_accepted_for_a_day(config, hours, verdict):
    lines = [accepted("stripe", NOW - hours * HOUR), turned_away("stripe", NOW - HOUR)]
    (wrong,) = told(config, *lines, instead_of=["stripe"])

    text = "the newest webhook was refused 1 hour ago (signature_mismatch), the last accepted one came"
    assert (wrong.verdict, wrong.remedy) == (verdict, REPLACE)
    assert wrong.text.startswith(f"stripe: {text}")


def test_a_wrong_signature_where_nothing_was_ever_accepted_fails(config):
    (wrong,) = told(config, turned_away("books", NOW - HOUR), instead_of=["books"])

    assert wrong.text == "books: the newest webhook was refused 1 hour ago (signature_mismatch), none was accepted"
    assert "`afterbill source add freshbooks --name books`" in wrong.remedy


def test_an_accepted_webhook_after_a_refused_one_settles_it(config):
    (finding,) = told(config, turned_away("stripe", NOW - 4 * HOUR))

    assert finding.verdict is Verdict.OK
    assert finding.text.endswith("was accepted 3 hours ago, one was refused 4 hours ago (signature_mismatch)")


@pytest.mark.parametrize(
    ("line", "reason", "remedy"),
    [
        (turned_away("stripe", NOW - HOUR, "signature_missing"), "signature_missing", "switch signing on in Stripe"),
        (turned_away("stripe", NOW - HOUR, "signature_malformed"), "signature_malformed", "changes the signature"),
        (turned_away("stripe", NOW - HOUR, "timestamp_stale"), "timestamp_stale", "signed more than 5 minutes"),
        (turned_away("stripe", NOW - HOUR, "timestamp_future"), "timestamp_future", "signed more than 5 minutes"),
        (turned_away("stripe", NOW - HOUR, "too_large"), "too_large", "larger than 1,000,000 bytes"),
        (captured("paypal", NOW - HOUR, "refused"), "refused", "PayPal says that it did not send it"),
    ],
)
def test_what_a_secret_is_not_to_blame_for_is_a_warning_with_its_own_remedy(config, line, reason, remedy):
    (warned,) = told(config, line, instead_of=[line[2]["source"]])

    assert (warned.verdict, f"({reason})" in warned.text) == (Verdict.WARN, True)
    assert remedy in warned.remedy
    assert "stranger" in warned.remedy
    assert "source add" not in warned.remedy


@pytest.mark.parametrize(("days", "verdict", "then"), [(6, Verdict.OK, ""), (8, Verdict.WARN, ": silent since")])
def test_a_week_without_a_webhook_is_silence(config, days, verdict, then):
    (finding,) = told(config, accepted("paddle", NOW - timedelta(days=days)), instead_of=["paddle"])

    assert finding.verdict is verdict
    assert finding.text == f"paddle: the newest webhook was accepted {days} days ago{then}"


def test_sources_that_were_never_heard_are_told_together(config):
    (warned,) = told(config, instead_of=["books", "ledger"])

    assert (warned.verdict, warned.text) == (Verdict.WARN, "no webhook came in 30 days: books, ledger")


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
