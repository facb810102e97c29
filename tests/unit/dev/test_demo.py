"""The parts of the demo that need no stack: its cast, its recount, its words."""

from collections import Counter
from dataclasses import replace
from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import pytest

from afterbill.model.billing import Touchpoint
from afterbill.model.invitation import Answer
from afterbill_dev.demo import progress, scores
from afterbill_dev.demo.answers import ratings_of
from afterbill_dev.demo.mailbox import ReceivedMail, links
from afterbill_dev.demo.past import Past, together
from afterbill_dev.demo.people import TOUCHPOINT_OF, BillingCase, Reaction, everybody
from afterbill_dev.demo.progress import DemoError, wait_for
from afterbill_dev.demo.scores import Row
from afterbill_dev.history.effects import PLANTED
from afterbill_dev.history.lives import DAY, Span, lives

SILENT = {Reaction.SILENT, Reaction.UNSUBSCRIBES}


def test_some_forty_people_answer_and_everybody_has_an_address_that_belongs_to_nobody():
    people = everybody()

    assert 38 <= sum(bool(person.ratings) for person in people) <= 45
    assert len({person.email for person in people}) == len(people)
    assert all(person.email.isascii() and person.email.endswith("@example.com") for person in people)


def test_whoever_answers_says_a_rating_and_whoever_does_not_says_none():
    assert all(bool(person.ratings) is (person.reaction not in SILENT) for person in everybody())


def test_every_story_is_told_in_two_languages():
    counts = Counter((person.case, person.locale[:2]) for person in everybody())

    assert set(counts) == {(case, language) for case in BillingCase for language in ("de", "en")}


def test_whoever_disputes_a_payment_is_not_asked():
    assert BillingCase.DISPUTES not in TOUCHPOINT_OF
    assert all(person.reaction is Reaction.SILENT for person in everybody() if person.case is BillingCase.DISPUTES)


def test_the_last_of_several_ratings_counts():
    changing = [person for person in everybody() if person.reaction is Reaction.CHANGES]

    assert [person.ratings for person in changing] == [(6, 9)]
    assert ratings_of(changing) == {Touchpoint.PAYMENT_SUCCEEDED: [9]}


def test_a_recount_is_promoters_minus_detractors_in_percent():
    counted = scores.recount({"renewed": 5, "cancelled": 1}, {"renewed": [10, 9, 8, 0]})

    assert counted == {"renewed": Row(5, 4, 2, 1, 1, 25.0), "cancelled": Row(1, 0, 0, 0, 0, None)}


def test_what_only_one_side_knows_is_no_agreement():
    row = Row(1, 1, 1, 0, 0, 100.0)

    assert scores.count_equal({"renewed": row}, {"renewed": row, "cancelled": row}) == 1


def test_the_table_marks_what_differs_and_how():
    product, own = {"renewed": Row(2, 2, 2, 0, 0, 100.0)}, {"renewed": Row(2, 2, 1, 0, 1, 0.0)}

    table = scores.comparison(product, own)

    assert "DIFFERS: promoters 2, recounted 1, detractors 0, recounted 1, score 100.0, recounted 0.0" in table
    assert "DIFFERS" not in scores.comparison(own, own)


def test_links_are_read_as_a_mail_program_reads_them():
    html = '<a href="https://example.com/s/t?rating=7&amp;x=1">7</a><a>none</a><link href="https://example.com/css">'

    assert links(html) == ["https://example.com/s/t?rating=7&x=1"]


def test_a_letter_knows_where_its_numbers_and_its_button_lead():
    html = "".join(f'<a href="https://example.com/s/token?rating={rating}">{rating}</a>' for rating in range(11))
    mail = ReceivedMail("a@example.com", "", html, "", {"List-Unsubscribe": "<https://example.com/u/token>"})

    assert mail.rating_link(1) == "https://example.com/s/token?rating=1"
    assert mail.answer_url == "https://example.com/s/token"
    assert mail.unsubscribe_url == "https://example.com/u/token"


def test_waiting_tells_how_far_it_is(monkeypatch, capsys):
    monkeypatch.setattr(progress, "PAUSE_SECONDS", 0)
    monkeypatch.setattr(progress, "SAY_EVERY_SECONDS", 0)
    counts = iter((0, 1, 1, 2))

    wait_for("mails", lambda: next(counts), 2, seconds=60)

    lines = [line.partition("] ")[2] for line in capsys.readouterr().out.splitlines()]
    assert lines == ["  mails: 1 of 2", "  mails: all 2"]


def test_waiting_in_vain_ends_with_what_was_expected_and_what_was_seen():
    with pytest.raises(DemoError, match=r"0 s for mails: 2 were expected, 1 are there\."):
        wait_for("mails", lambda: 1, 2, seconds=0)


class TestPast:
    """A year of others beside the people of the demo is recounted by the days of the stack."""

    ZONE = ZoneInfo("Europe/Berlin")

    def fact(self, touchpoint, sent, rating=None):
        at = datetime.now(self.ZONE)
        answer = None if rating is None else Answer(rating)
        return replace(
            next(lives(1, 5, Span(datetime.now(UTC), 90, self.ZONE), PLANTED)),
            touchpoint=touchpoint,
            sent_day=(at - sent * DAY).date().isoformat() if sent is not None else "",
            answered_day="" if rating is None else (at - sent * DAY).date().isoformat(),
            answer=answer,
        )

    def test_it_counts_thirty_days_with_today(self):
        facts = [self.fact("renewed", days, 9) for days in (0, 29, 30)] + [self.fact("cancelled", 1)]

        past = Past((*facts, self.fact("refunded", None)), self.ZONE)

        assert past.sent() == {"renewed": 2, "cancelled": 1}
        assert past.ratings() == {"renewed": [9, 9]}

    def test_ratings_of_both_are_taken_together(self):
        assert together({"renewed": [1]}, {"renewed": [2], "cancelled": [3]}) == {"renewed": [1, 2], "cancelled": [3]}
