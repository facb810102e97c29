"""The part of a survey that may still be shown, by the ages of its words and visits."""

from dataclasses import replace
from typing import Any

import pytest

from afterbill.model.invitation import Answer, Invitation, State
from afterbill.model.retention import Retention, as_kept
from afterbill.model.visits import CondensedVisits, Kind, Visit
from tests.contract.people import invitation
from tests.factories import DAY, HOUR, NOON

PERIODS = Retention()
OLD, YOUNG = (Visit(NOON - days * DAY, Kind.SEEN, 3, "0badcafe", "safari") for days in (91, 89))
CONDENSED = CondensedVisits(OLD.at, OLD.at, 60, 2)


def kept(**changes: Any) -> Invitation:
    sent = invitation(state=State.SENT, due_at=NOON - 500 * DAY, **changes)
    return as_kept(sent, PERIODS, NOON)


@pytest.mark.parametrize(("age", "comment"), [(365 * DAY, ""), (365 * DAY - HOUR, "Too dear")])
def test_a_comment_is_shown_until_its_period_is_over(age: Any, comment: str) -> None:  # of a table
    answer = Answer(3, "Too dear", "price")

    assert kept(answer=answer, answered_at=NOON - age).answer == replace(answer, comment=comment)


def test_a_comment_is_shown_while_it_can_be_changed() -> None:
    answer = Answer(3, "Too dear")

    assert kept(answer=answer, answered_at=NOON - 400 * DAY, sent_at=NOON, expiry=DAY).answer == answer


@pytest.mark.parametrize(("age", "comment"), [(365 * DAY, ""), (365 * DAY - HOUR, "Too dear")])
def test_words_of_a_reported_end_are_shown_for_their_period_after_the_fact(age: Any, comment: str) -> None:  # as above
    ended = kept(reported_reason="price", reported_comment="Too dear", occurred_at=NOON - age)

    assert (ended.reported_reason, ended.reported_comment) == ("price", comment)


def test_what_nobody_answered_has_no_words() -> None:
    assert kept().answer is None


def test_each_visit_is_shown_until_its_own_end_and_the_label_with_the_last() -> None:
    both = kept(visits=(OLD, YOUNG), condensed=(CONDENSED,), label="hurried")
    none = kept(visits=(OLD,), condensed=(CONDENSED,), label="hurried")

    assert (both.visits, both.condensed, both.label) == ((YOUNG,), (), "hurried")
    assert (none.visits, none.condensed, none.label) == ((), (), "")
