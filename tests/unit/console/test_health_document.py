"""The document of a look: what is known is kept, what fails costs itself."""

from datetime import UTC, datetime, timedelta

import pytest

from afterbill.model.errors import TransientError
from afterbill_console.health import document
from afterbill_console.health.document import (
    LONGEST,
    Look,
    counts,
    cut,
    known,
    not_looked,
    source_row,
    steps_since,
    told,
)
from afterbill_console.health.findings import ok, warn
from afterbill_console.health.webhooks import LastWebhooks

NOW = datetime(2026, 11, 30, 9, 30, tzinfo=UTC)
HOUR = timedelta(hours=1)


def look(*, time: bool = True) -> Look:
    return Look(lambda: None, lambda: time)


def broken(error: Exception):
    def part():
        raise error

    return part


def test_a_part_that_fails_is_named_with_the_reason_and_the_others_stand():
    one = look()

    assert one.at("mail", broken(TransientError("SES: timeout"))) is None
    assert one.at("steps", broken(KeyError("anna@example.com"))) is None
    assert one.at("queues", lambda: [1]) == [1]
    assert one.missing == {"mail": "SES: timeout", "steps": "KeyError"}


def test_a_part_that_works_at_the_second_try_is_missing_no_more():
    one = look()
    one.at("sources", broken(TransientError("too long")))

    assert one.at("sources", dict) == {}
    assert one.missing == {}


def test_without_time_nothing_is_looked_at():
    begun: list[str] = []
    one = Look(lambda: begun.append("part"), lambda: False)

    assert one.at("mail", lambda: 1) is None
    assert (one.missing, begun) == ({"mail": "no time was left"}, [])


def test_findings_keep_their_code_and_their_words():
    (row,) = told("queues", [warn("it  waits\nlong", "look", "queue_age", queue="Inbox", minutes=12)])

    assert row == {
        "check": "queues",
        "verdict": "warn",
        "code": "queue_age",
        "values": {"queue": "Inbox", "minutes": 12},
        "text": "it waits long",
        "remedy": "look",
    }


def test_a_check_that_nobody_made_is_unknown():
    (row,) = not_looked("table", "no time was left")

    assert (row["verdict"], row["code"], row["text"]) == ("unknown", "not_looked", "no time was left")
    assert counts([row, *told("x", [ok("fine")])]) == {"ok": 1, "warn": 0, "fail": 0, "unknown": 1, "skipped": 0}


@pytest.mark.parametrize(
    ("seen", "steps"),
    [
        (None, (HOUR, timedelta(days=1), timedelta(days=7))),
        (NOW - timedelta(days=8), (HOUR, timedelta(days=1), timedelta(days=7))),
        (NOW - timedelta(minutes=15), (timedelta(minutes=20),)),
    ],
)
def test_logs_are_read_from_the_last_look_on(seen, steps):
    assert steps_since({"sources_seen_at": document.iso(seen)}, NOW) == steps
    assert steps_since(None, NOW)[-1] == timedelta(days=7)


def test_what_earlier_looks_saw_is_kept_until_something_newer_comes():
    week = NOW - timedelta(days=6)
    before = {
        "sources": [
            source_row("a", "A", LastWebhooks(week, week, week, "signature_mismatch")),
            source_row("b", "B", LastWebhooks(week, week)),
        ]
    }
    since = NOW - timedelta(minutes=20)
    last = known(
        before,
        {
            "a": LastWebhooks(since),
            "b": LastWebhooks(since, NOW, NOW, "timestamp_stale"),
            "c": LastWebhooks(since, NOW),
        },
    )

    assert last["a"] == LastWebhooks(week, week, week, "signature_mismatch")
    assert last["b"] == LastWebhooks(week, NOW, NOW, "timestamp_stale")
    assert last["c"] == LastWebhooks(since, NOW)
    assert known(None, {"c": last["c"]}) == {"c": last["c"]}


def test_a_source_that_is_polled_has_no_times():
    assert source_row("books", "FreshBooks", None) == {"name": "books", "provider": "FreshBooks", "polled": True}


def test_a_source_that_was_polled_before_begins_anew():
    before = {"sources": [source_row("books", "FreshBooks", None)]}

    assert known(before, {"books": LastWebhooks(NOW)}) == {"books": LastWebhooks(NOW)}


def test_long_sentences_are_cut():
    assert len(cut("x" * 1000)) == LONGEST
    assert cut("x" * LONGEST).endswith("x")
