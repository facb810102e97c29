"""When a source last sent a webhook that was accepted, and one that was refused, as the logs tell."""

from datetime import datetime, timedelta

import pytest

from afterbill_console.adapters.health.last_webhooks import PAGES, last_webhooks
from afterbill_console.health.webhooks import LastWebhooks, ago
from tests.unit.cli.stacks_under_test import NOW, accepted, captured, logged, stack_under_test, turned_away

MONTH = NOW - timedelta(days=30)


def hours(count: float) -> datetime:
    return NOW - timedelta(hours=count)


def last(config, *lines, answers=None):
    examined = stack_under_test(config, answers or {"FilterLogEvents": logged(*lines)})
    return last_webhooks(examined.deployed, examined.policy.sources.values(), NOW)


def test_the_newest_of_each_kind_counts(config):
    found = last(
        config,
        accepted("stripe", hours(30)),
        accepted("stripe", hours(3)),
        accepted("stripe", hours(2)),
        turned_away("stripe", hours(90), "timestamp_stale"),
        turned_away("stripe", hours(60)),
        accepted("paddle", hours(200)),
    )

    assert found["stripe"] == LastWebhooks(MONTH, hours(2), hours(60), "signature_mismatch")
    assert found["paddle"] == LastWebhooks(MONTH, hours(200))
    assert found["events"] == LastWebhooks(MONTH)


@pytest.mark.parametrize(
    ("lines", "expected"),
    [
        ([], False),
        ([accepted("stripe", hours(1))], False),
        ([turned_away("stripe", hours(1))], True),
        ([accepted("stripe", hours(2)), turned_away("stripe", hours(1))], True),
        ([accepted("stripe", hours(1.1)), turned_away("stripe", hours(1))], False),
        ([turned_away("stripe", hours(2)), accepted("stripe", hours(1))], False),
    ],
)
def test_a_refused_webhook_matters_unless_one_is_accepted_at_that_time_or_later(config, lines, expected):
    assert last(config, *lines)["stripe"].newest_refused is expected


def test_tests_of_the_operators_own_prove_nothing(config):
    found = last(config, accepted("stripe", hours(1), test="yes"), turned_away("stripe", hours(1), test="yes"))

    assert found["stripe"] == LastWebhooks(MONTH)


@pytest.mark.parametrize("reason", ["method_not_allowed", "unknown_source"])
def test_a_visit_and_what_came_before_the_deployment_are_no_webhooks(config, reason):
    assert last(config, turned_away("stripe", hours(1), reason))["stripe"].refused_at is None


def test_what_is_not_signed_hides_no_wrong_signature(config):
    found = last(config, turned_away("stripe", hours(9)), turned_away("stripe", hours(1), "signature_missing"))

    assert (found["stripe"].refused_at, found["stripe"].refusal) == (hours(9), "signature_mismatch")


def test_what_is_not_signed_matters_where_nothing_else_came(config):
    unsigned = [turned_away(name, hours(1), "signature_missing") for name in ("stripe", "paddle")]

    found = last(config, *unsigned, accepted("paddle", hours(9)))

    assert (found["stripe"].refusal, found["paddle"].refusal) == ("signature_missing", "")


def test_what_the_billing_system_disowns_is_no_accepted_webhook(config):
    found = last(
        config,
        accepted("paypal", hours(1)),
        captured("paypal", hours(2), "refused"),
        captured("paypal", hours(3), "skipped"),
    )

    one = found["paypal"]
    assert (one.accepted_at, one.refused_at, one.refusal) == (hours(3), hours(2), "refused")


def test_a_source_that_is_polled_sends_nothing(config):
    assert "fetched" not in last(config)


def test_lines_of_other_sources_and_kinds_are_passed_over(config):
    strange = (hours(1), "receive_webhook", {"message": "webhook not taken", "source": "stripe", "error": "no answer"})

    assert last(config, strange, accepted("elsewhere", hours(1)))["stripe"] == LastWebhooks(MONTH)


def test_a_busy_source_is_found_without_reading_the_whole_log(config):
    asked = []
    reply = logged(*(accepted(name, hours(0.5)) for name in ("stripe", "events", "paddle", "books", "ledger")))

    def remember(question):
        asked.append(question)
        return reply(question)

    last(config, answers={"FilterLogEvents": remember})

    steps = [one for one in asked if 'outcome = "accepted"' in one["filterPattern"] and "nextToken" not in one]
    assert [NOW.timestamp() - one["startTime"] / 1000 for one in steps] == [3600]


def test_only_sources_that_are_missing_are_looked_for_further_back(config):
    patterns = []
    reply = logged(accepted("stripe", hours(0.5)))

    def remember(question):
        patterns.append(question["filterPattern"])
        return reply(question)

    last(config, answers={"FilterLogEvents": remember})

    assert patterns[0] == (
        '{ $.outcome = "accepted" && ($.source = "books" || $.source = "events" || $.source = "ledger" '
        '|| $.source = "paddle" || $.source = "stripe") }'
    )
    assert "stripe" not in patterns[1]


def test_a_pattern_that_is_too_long_leaves_the_sources_out(config):
    surveys = config / "surveys.toml"
    with surveys.open("a", encoding="utf-8") as file:
        file.writelines(f'[sources.{"x" * 35}{number}]\nprovider = "lemonsqueezy"\n' for number in range(30))
    patterns = []

    last(
        config,
        answers={"FilterLogEvents": lambda question: patterns.append(question["filterPattern"]) or {"events": []}},
    )

    assert patterns[0] == '{ $.outcome = "accepted" }'


def test_a_log_without_end_is_not_read_to_its_end(config):
    reads = []

    def endless(question):
        reads.append(question)
        return {"events": [], "nextToken": str(len(reads))}

    found = last(config, answers={"FilterLogEvents": endless})

    assert found["stripe"] == LastWebhooks(NOW)
    assert len(reads) <= 5 * (PAGES + 1)


@pytest.mark.parametrize(
    ("period", "expected"),
    [
        (timedelta(seconds=59), "just now"),
        (timedelta(minutes=1), "1 minute ago"),
        (timedelta(minutes=119), "1 hour ago"),
        (timedelta(hours=47), "1 day ago"),
        (timedelta(days=9), "9 days ago"),
    ],
)
def test_a_period_is_told_in_its_largest_unit(period, expected):
    assert ago(period) == expected
