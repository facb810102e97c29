"""Histories: the same for the same seed, lawful in themselves, and with effects that the reports find."""

import re
from collections import defaultdict
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from zoneinfo import ZoneInfo

import pytest

from afterbill.model.invitation import SkipReason, State
from afterbill_dev.history import judge
from afterbill_dev.history.effects import NONE, PLANTED
from afterbill_dev.history.lives import COOLDOWN, Span, lives
from afterbill_dev.history.words import profile_of, worded

SPAN = Span(datetime(2026, 11, 30, 22, tzinfo=UTC), 365, ZoneInfo("Europe/Berlin"))


@pytest.fixture(scope="module")
def facts():
    return list(lives(7, 300, SPAN, PLANTED))


def test_a_seed_makes_one_history_and_another_makes_another(facts):
    assert list(lives(7, 20, SPAN, PLANTED)) == facts[: len(list(lives(7, 20, SPAN, PLANTED)))]
    assert list(lives(8, 20, SPAN, PLANTED)) != list(lives(7, 20, SPAN, PLANTED))


def test_every_fact_lies_in_its_span_and_is_one_of_its_own(facts):
    begin = SPAN.until - timedelta(days=SPAN.days)

    assert all(begin <= one.occurred_at < SPAN.until for one in facts)
    assert len({one.id for one in facts}) == len(facts)


def test_nobody_is_asked_twice_within_the_cooldown(facts):
    asked = defaultdict(list)
    for one in facts:
        if one.sent_at:
            asked[one.customer_id].append(one.sent_at)

    assert all(later - sooner >= COOLDOWN for sent in asked.values() for sooner, later in pairwise(sent))
    assert {one.reason for one in facts if one.state is State.CLOSED} == {SkipReason.COOLDOWN, SkipReason.NOT_ASKED}


def test_who_left_has_no_later_fact(facts):
    left = {one.customer_id: one.occurred_at for one in facts if one.touchpoint == "cancelled"}

    assert left
    assert all(one.occurred_at <= left.get(one.customer_id, SPAN.until) + timedelta(days=2) for one in facts)


def test_the_reports_find_what_is_planted_and_nothing_else():
    said = judge.bodies(1, 2_000, PLANTED)

    assert {"plan Basic", "reason billing_clarity", "weighted", "coverage"} <= set(judge.planted(said))
    assert judge.adds_up(said["drivers"])


def test_where_nothing_is_planted_nothing_is_found():
    assert list(judge.errors(judge.bodies(1, 1_000, NONE))) == []


def test_the_table_counts_over_all_histories_and_says_what_is_allowed(monkeypatch, tmp_path, capsys):
    page = tmp_path / "histories.md"
    page.write_text(f"# Histories\n\n{judge.BEGIN}\nold\n{judge.END}\nThe end.\n")
    monkeypatch.setattr(judge, "PAGE", page)
    monkeypatch.setattr(judge, "SEEDS", 1)
    monkeypatch.setattr(judge, "CUSTOMERS", 200)

    assert judge.main() == 0

    text = page.read_text()
    assert "| drivers | the parts add up to the score | 1 of 1 | all |" in text
    assert "old" not in text
    assert text.endswith(f"{judge.END}\nThe end.\n")
    assert "1 of 1 histories" in capsys.readouterr().err


def test_two_standard_errors_are_allowed_above_one_in_twenty():
    assert judge.most_errors(200) == 16


def test_the_page_holds_a_table_of_200_histories_that_keeps_to_what_is_allowed():
    lines = judge.PAGE.read_text("utf-8").splitlines()
    rows = [line.strip("| ").split(" | ") for line in lines if " of 200 | " in line]

    assert len(rows) >= 10
    for _, what, found, allowed in rows:
        if what.startswith("nothing planted"):
            assert int(found.split()[0]) <= int(allowed.removeprefix("at most ")), what


class TestWords:
    """Comments and names are drawn apart, so that the figures of a history stay as they are."""

    def test_nothing_but_comments_and_consent_differs(self, facts):
        for bare, one in zip(facts, worded(facts), strict=True):
            answer = one.answer and replace(one.answer, comment="", contact_ok=False)
            assert replace(one, answer=answer) == bare

    def test_comments_are_in_the_language_of_their_customers(self, facts):
        said = {(one.locale[:2], one.answer.comment) for one in worded(facts) if one.answer and one.answer.comment}

        assert {language for language, _ in said} == {"de", "en"}
        assert not {comment for language, comment in said if language == "de"} & {
            comment for language, comment in said if language == "en"
        }
        assert list(worded(facts)) == list(worded(facts))

    def test_every_customer_has_one_name_and_an_address_that_belongs_to_nobody(self, facts):
        people = {one.customer_id: profile_of(one.customer_id, one.locale) for one in facts}

        assert len({one.address for one in people.values()}) == len(people)
        assert all(re.fullmatch(r"[a-z]+\.[a-z]+\.[0-9a-f]{6}@example\.com", one.address) for one in people.values())
        assert all(one.address.startswith(one.name.lower().replace(" ", ".")) for one in people.values())
