"""DirtyDays, Counting and Scores, in memory and in DynamoDB."""

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta

import boto3
import pytest
from moto import mock_aws

from afterbill.adapters.dynamodb import keys
from afterbill.adapters.dynamodb.items import invitation_item
from afterbill.adapters.dynamodb.scores import ScoresTable
from afterbill.insight.nps import NUMBERS, Comparison, Tally
from afterbill.insight.ports import Progress, RecountMark
from afterbill.insight.tally import LONGEST_VALUE, MOST_VALUES, OTHER, Answered, Score, Sent
from afterbill.model.errors import UnreadableError
from afterbill.model.invitation import Answer, Delivery, State
from afterbill_cli.memory.scores import MemoryScores
from tests.contract.scores_table import TABLE, create_table
from tests.unit.insight.score_world import invitation

NOW = datetime(2026, 11, 22, 12, 30, 15, 250, tzinfo=UTC)
TODAY, YESTERDAY = date(2026, 11, 22), date(2026, 11, 21)
LATER = NOW + timedelta(minutes=15)


class InMemory:
    def __init__(self):
        self.invitations = {}
        self.scores = MemoryScores(self.invitations)

    def spoil_tally(self, dimension, day):
        self.scores.tallied[dimension][day] = UnreadableError(f"TALLY#{dimension} {day}")

    def spoil_progress(self):
        self.scores.kept = UnreadableError("STATE compute")

    def store(self, one):
        self.invitations[one.id] = one


class InDynamoDb:
    def __init__(self):
        self.client = boto3.client("dynamodb", region_name="eu-central-1")
        create_table(self.client)
        self.scores = ScoresTable(self.client, TABLE)

    def spoil_tally(self, dimension, day):
        self.spoil(keys.tally(dimension, day), "tallies")

    def spoil_progress(self):
        self.spoil(keys.computed(), "computed_on")

    def spoil(self, key, name):
        change = {"UpdateExpression": f"SET {name} = :odd", "ExpressionAttributeValues": {":odd": {"S": "odd"}}}
        self.client.update_item(TableName=TABLE, Key=key, **change)

    def store(self, one):
        self.client.put_item(TableName=TABLE, Item=invitation_item(one))


@pytest.fixture(params=[InMemory, InDynamoDb], ids=["memory", "aws"])
def world(request):
    with mock_aws():
        yield request.param()


@pytest.fixture
def scores(world):
    return world.scores


def sent(id_, day=TODAY, **more):
    return replace(invitation(id_), state=State.SENT, sent_day=day.isoformat(), **more)


def read(pages):
    return [one for page in pages for one in page.items]


def row(value, *, window="30d", dimension="plan", tally=None, comparison=None):
    return Score(dimension, value, window, tally or ratings(9), comparison, NOW)


def ratings(*given, **mails):
    return Tally(tuple(given.count(rating) for rating in range(11)), **mails)


def test_the_first_mark_has_version_1_and_every_further_one_is_a_version_more(scores):
    scores.mark(TODAY, NOW)
    scores.mark(YESTERDAY, NOW)
    scores.mark(TODAY, LATER)

    assert sorted(scores.marks().items, key=lambda mark: mark.day) == [
        RecountMark(YESTERDAY, 1, NOW, turn=NOW),
        RecountMark(TODAY, 2, LATER, turn=NOW),
    ]


def test_a_mark_is_cleared_as_it_was_read(scores):
    scores.mark(TODAY, NOW)
    (mark,) = scores.marks().items

    assert scores.clear(mark)
    assert list(scores.marks().items) == []


def test_a_mark_set_again_is_not_cleared(scores):
    scores.mark(TODAY, NOW)
    (mark,) = scores.marks().items
    scores.mark(TODAY, NOW)

    assert not scores.clear(mark)
    assert [each.version for each in scores.marks().items] == [2]


def test_a_mark_that_counts_from_1_again_is_another_one(scores):
    scores.mark(TODAY, NOW)
    (mark,) = scores.marks().items
    scores.clear(mark)
    scores.mark(TODAY, LATER)

    assert not scores.clear(mark)
    assert list(scores.marks().items) == [RecountMark(TODAY, 1, LATER, turn=NOW)]


def test_clearing_what_is_gone_changes_nothing(scores):
    assert not scores.clear(RecountMark(TODAY, 1, NOW, turn=NOW))
    assert list(scores.marks().items) == []


def test_only_one_holds_the_lease(scores):
    assert scores.take_lease("one", NOW, LATER)
    assert not scores.take_lease("two", NOW, LATER)


def test_the_same_call_repeated_after_a_lost_answer_meets_its_own_lease(scores):
    assert scores.take_lease("one", NOW, LATER)
    assert scores.take_lease("one", NOW, LATER)


def test_a_released_lease_is_free(scores):
    scores.take_lease("one", NOW, LATER)
    scores.release_lease("one")

    assert scores.take_lease("two", NOW, LATER)


def test_a_lease_is_released_by_its_owner_alone(scores):
    scores.take_lease("one", NOW, LATER)
    scores.release_lease("two")

    assert not scores.take_lease("two", NOW, LATER)


def test_an_expired_lease_is_free(scores):
    scores.take_lease("one", NOW, LATER)

    assert not scores.take_lease("two", LATER - timedelta(microseconds=1), LATER + timedelta(minutes=15))
    assert scores.take_lease("two", LATER, LATER + timedelta(minutes=15))


def test_the_lease_may_be_released_when_there_is_none(scores):
    scores.release_lease("one")

    assert scores.take_lease("two", NOW, LATER)


def test_answers_are_found_by_the_day_of_the_answer(world):
    segments = {"plan": "pro", "touchpoint": "renewed"}
    world.store(sent("a", YESTERDAY, segments=segments, answered_at=NOW, answered_day="2026-11-22", answer=Answer(0)))
    world.store(sent("b", YESTERDAY))

    assert read(world.scores.answers_of(TODAY)) == [Answered(0, segments)]
    assert read(world.scores.answers_of(YESTERDAY)) == []


def test_an_answer_says_whether_it_was_confirmed_which_reason_was_chosen_and_what_was_asked(world):
    answered = {"answered_at": NOW, "answered_day": "2026-11-22"}
    world.store(sent("a", **answered, answer=Answer(3, reason="price", confirmed=False)))
    world.store(sent("b", **answered, answer=Answer(5), segments={"question": "csat"}))

    found = sorted(read(world.scores.answers_of(TODAY)), key=lambda each: each.rating)

    assert found == [Answered(3, {}, confirmed=False, reason="price"), Answered(5, {"question": "csat"})]
    assert [each.question for each in found] == ["nps", "csat"]


def test_an_erased_answer_is_no_answer_any_more(world):
    world.store(sent("a", answered_at=NOW, answered_day="2026-11-22"))

    assert read(world.scores.answers_of(TODAY)) == []


def test_invitations_are_found_by_the_day_of_sending(world):
    world.store(sent("a", segments={"plan": "pro"}, delivery=Delivery.BOUNCED))
    world.store(sent("b", answered_at=NOW, answered_day="2026-11-22", answer=Answer(0)))
    world.store(sent("c", YESTERDAY))
    world.store(invitation("d"))

    found = sorted(read(world.scores.sends_of(TODAY)), key=lambda each: each.answered)

    assert found == [Sent(answered=False, delivery=Delivery.BOUNCED, segments={"plan": "pro"}), Sent(answered=True)]


def test_an_invitation_is_answered_by_an_unconfirmed_answer_too(world):
    answer = Answer(0, confirmed=False)
    world.store(sent("a", answered_at=NOW, answered_day="2026-11-22", answer=answer, segments={"question": "ces"}))

    (found,) = read(world.scores.sends_of(TODAY))

    assert (found.answered, found.question) == (True, "ces")


def test_tallies_come_back_by_range_in_order(scores):
    before, after = YESTERDAY - timedelta(days=1), TODAY + timedelta(days=1)
    for day in (after, TODAY, YESTERDAY, before):
        scores.put_tallies(day, {"plan": {"pro": ratings(day.day % 11, sent=3, answered=1)}, "all": {}})

    assert list(scores.tallies("plan", YESTERDAY, TODAY)) == [
        (YESTERDAY, {"pro": ratings(10, sent=3, answered=1)}),
        (TODAY, {"pro": ratings(0, sent=3, answered=1)}),
    ]
    assert list(scores.tallies("all", TODAY, TODAY)) == [(TODAY, {})]
    assert list(scores.tallies("country", YESTERDAY, TODAY)) == []


def test_a_tally_that_cannot_be_read_costs_its_day_until_it_is_replaced(world):
    for day in (YESTERDAY, TODAY):
        world.scores.put_tallies(day, {"plan": {"pro": ratings(9)}})
    world.spoil_tally("plan", YESTERDAY)

    (_, error), *others = world.scores.tallies("plan", YESTERDAY, TODAY)
    assert isinstance(error, UnreadableError)
    assert str(error).startswith("TALLY#plan 2026-11-21")
    assert others == [(TODAY, {"pro": ratings(9)})]

    world.scores.put_tallies(YESTERDAY, {"plan": {}})
    assert dict(world.scores.tallies("plan", YESTERDAY, YESTERDAY)) == {YESTERDAY: {}}


def test_a_progress_that_cannot_be_read_is_told_until_it_is_replaced(world):
    world.spoil_progress()
    with pytest.raises(UnreadableError, match=r"^STATE compute"):
        world.scores.progress()

    world.scores.store_progress(Progress(TODAY))
    assert world.scores.progress() == Progress(TODAY)


def test_unconfirmed_answers_and_other_questions_come_back(scores):
    tally = replace(ratings(9, 9, 3), unconfirmed=ratings(9).ratings)
    scores.put_tallies(TODAY, {"csat:plan": {"pro": tally}})

    assert list(scores.tallies("csat:plan", TODAY, TODAY)) == [(TODAY, {"pro": tally})]
    assert list(scores.tallies("plan", TODAY, TODAY)) == []


def test_putting_tallies_leaves_other_dimensions_alone(scores):
    scores.put_tallies(TODAY, {"csat:all": {"all": ratings(5)}})
    scores.put_tallies(TODAY, {"all": {"all": ratings(9)}})

    assert list(scores.tallies("csat:all", TODAY, TODAY)) == [(TODAY, {"all": ratings(5)})]


def test_putting_tallies_replaces_those_of_the_day(scores):
    scores.put_tallies(TODAY, {"plan": {"pro": ratings(9), "basic": ratings(0)}})
    scores.put_tallies(TODAY, {"plan": {"pro": ratings(8)}})

    assert list(scores.tallies("plan", TODAY, TODAY)) == [(TODAY, {"pro": ratings(8)})]


def test_the_greatest_tally_is_stored(scores):
    greatest = greatest_tallies()

    scores.put_tallies(TODAY, {"plan": greatest})

    assert list(scores.tallies("plan", TODAY, TODAY)) == [(TODAY, greatest)]


def greatest_tallies():
    """The most values there may be, of the most bytes, a billion of everything."""
    values = [f"{number:03}" + "\U0001f600" * (LONGEST_VALUE - 3) for number in range(MOST_VALUES)] + [OTHER]
    return {value: Tally.of([10**9] * NUMBERS) for value in values}


def test_scores_come_back_as_they_were_stored(scores):
    counted = ratings(10, 10, 0, sent=9, answered=7, bounced=6, complained=5)
    third = row("a#b", tally=counted, comparison=Comparison(100 / 3, significant=True))
    empty = row("unknown", tally=Tally())
    doubtful = row("a", tally=replace(ratings(9), unconfirmed=ratings(9).ratings))
    removed = row("b", tally=replace(ratings(9), removed=1))
    scores.replace_scores("plan", {"30d": [third, empty, removed, doubtful]})

    assert sorted(scores.scores("plan", "30d"), key=lambda each: each.value) == [doubtful, third, removed, empty]


def test_scores_are_told_apart_by_dimension_and_window(scores):
    scores.replace_scores("plan", {"7d": [row("pro", window="7d")], "2026-11": [row("basic", window="2026-11")]})
    scores.replace_scores("stage", {"7d": [row("loyalty", window="7d", dimension="stage")]})

    assert [each.value for each in scores.scores("plan", "7d")] == ["pro"]
    assert [each.value for each in scores.scores("plan", "2026-11")] == ["basic"]
    assert [each.value for each in scores.scores("stage", "7d")] == ["loyalty"]
    assert list(scores.scores("plan", "30d")) == []


def test_replaced_scores_leave_nothing_of_the_old_ones_in_their_windows_alone(scores):
    many = [row(f"{number:03}") for number in range(60)]
    scores.replace_scores("plan", {"30d": many, "7d": [row("kept", window="7d")]})
    scores.replace_scores("plan", {"30d": [row("007", tally=ratings(0)), row("new")]})

    assert {each.value: each.tally for each in scores.scores("plan", "30d")} == {"007": ratings(0), "new": ratings(9)}
    assert [each.value for each in scores.scores("plan", "7d")] == ["kept"]


@pytest.mark.parametrize("unconfirmed", [True, False])
def test_what_a_run_leaves_is_remembered(scores, unconfirmed):
    assert scores.progress() == Progress()

    scores.store_progress(Progress(None, frozenset({"csat"})))
    assert scores.progress() == Progress(None, frozenset({"csat"}))

    left = Progress(TODAY, frozenset({"ces", "csat"}), unconfirmed=unconfirmed, frozen=TODAY)
    scores.store_progress(left)
    assert scores.progress() == left


def test_scores_of_every_question_are_told_apart(scores):
    satisfied = row("pro", dimension="csat:plan", tally=ratings(5, 4, 1), comparison=Comparison(1.5, significant=False))
    scores.replace_scores("plan", {"30d": [row("pro")]})
    scores.replace_scores("csat:plan", {"30d": [satisfied]})

    assert list(scores.scores("csat:plan", "30d")) == [satisfied]
    assert list(scores.scores("plan", "30d")) == [row("pro")]
