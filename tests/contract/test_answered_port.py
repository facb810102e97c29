"""AnsweredResponses, in memory and in DynamoDB."""

from dataclasses import replace
from datetime import date, timedelta
from itertools import chain

import pytest

from afterbill.adapters.dynamodb import answered
from afterbill.adapters.dynamodb.answered import AnsweredTable
from afterbill.adapters.dynamodb.items import stamp
from afterbill.answers.read_responses import Brief, Place
from afterbill.intake.ports import FactWrites
from afterbill.model.invitation import Answer, State
from afterbill_cli.memory.answered import MemoryAnswered
from tests.contract.conftest import TABLE
from tests.contract.people import NOW, customer, invitation

TODAY = date(2026, 11, 22)


@pytest.fixture
def responses(world, monkeypatch):
    """The port, in pages of two."""
    monkeypatch.setattr(answered, "_PAGE", 2)
    return AnsweredTable(world.dynamodb, TABLE) if world.dynamodb else MemoryAnswered(world.facts, page_size=2)


@pytest.fixture
def keep(world):
    def keeping(number, answer, at=NOW, **changes):
        one = invitation(f"{number:032x}", state=State.SENT, sent_at=NOW, **changes)
        one = replace(one, answer=answer, answered_at=at, answered_day=at.date().isoformat())
        assert world.facts.commit(FactWrites(one))
        return one

    return keeping


def walk(responses, *, newest_first):
    """The numbers of all responses of today, page by page."""
    place, more, found = Place(TODAY), True, []
    while more:
        briefs, more = responses.answered(place, newest_first=newest_first)
        found.append([int(brief.id, 16) for brief in briefs])
        place = Place(TODAY, briefs[-1].at, briefs[-1].id) if briefs else place
    return found


@pytest.mark.parametrize(("newest_first", "expected"), [(True, [[5, 4], [3, 2], [1]]), (False, [[1, 2], [3, 4], [5]])])
def test_a_day_is_read_in_parts_and_in_either_order(responses, keep, newest_first, expected):
    for number in (3, 1, 5, 2, 4):
        keep(number, Answer(9), NOW + timedelta(minutes=number))
    keep(6, Answer(9), NOW - timedelta(days=1))

    assert walk(responses, newest_first=newest_first) == expected


def test_responses_of_one_moment_are_each_read_once(responses, keep):
    for number in range(1, 6):
        keep(number, Answer(9))

    assert sorted(chain(*walk(responses, newest_first=True))) == [1, 2, 3, 4, 5]


def test_what_the_index_knows_of_a_response(responses, keep):
    keep(1, Answer(3, "Zu teuer", "price", confirmed=False))

    assert responses.answered(Place(TODAY), newest_first=True) == (
        [
            Brief(
                f"{1:032x}",
                stamp(NOW),
                3,
                {"touchpoint": "payment_succeeded", "plan": "pro", "reason": "price"},
                confirmed=False,
            )
        ],
        False,
    )


def test_a_day_without_responses_has_none(responses):
    assert responses.answered(Place(TODAY), newest_first=True) == ([], False)


def test_an_invitation_is_read_by_its_id(responses, keep):
    one = keep(1, Answer(3))

    assert responses.read_invitations([one.id, "f" * 32]) == {one.id: one}


def test_those_of_the_customers_are_told_who_are_restricted(world, responses):
    free, bound = customer(), customer("customer-2", restricted_at=NOW)
    assert world.facts.commit(FactWrites(customers=(free, bound)))

    assert set(responses.restricted([free.id, bound.id, "customer-3"])) == {bound.id}
    assert set(responses.restricted([])) == set()
