"""The line of marked days, pages of a day from any position, and what is stored of a count: memory and DynamoDB."""

from dataclasses import replace
from datetime import timedelta

import boto3
import pytest
from moto import mock_aws

from afterbill.adapters.dynamodb import keys
from afterbill.adapters.dynamodb.day_counts import pieces, rows_of
from afterbill.adapters.dynamodb.scores import ScoresTable
from afterbill.insight.nps import NUMBERS, UNCONFIRMED
from afterbill.insight.ports import Progress, RecountMark, Rescoring, UnderWay
from afterbill.insight.tally import Answered, DayCount, Sent
from afterbill.model.invitation import Answer
from tests.contract.scores_table import TABLE, create_table
from tests.contract.test_scores_port import LATER, NOW, TODAY, YESTERDAY, InDynamoDb, InMemory, read, sent

UNDER_WAY = UnderWay(3, NOW, LATER, answers=False, position='{"pk":{"S":"x"}}', counted=7)
FURTHER = replace(UNDER_WAY, counted=9, position="")


@pytest.fixture(params=[InMemory, InDynamoDb], ids=["memory", "aws"])
def world(request):
    with mock_aws():
        yield request.param()


@pytest.fixture
def scores(world):
    return world.scores


@pytest.fixture
def in_pages_of_two(world):
    """DynamoDB answers in pages of 1 MB; pages of two items show the same."""
    if isinstance(world, InDynamoDb):
        register = world.client.meta.events.register
        register("provide-client-params.dynamodb.Query", lambda params, **_: params | {"Limit": 2})
    world.scores.page_size = 2


def rows(plan="pro"):
    day = DayCount()
    day.add(Answered(9, {"plan": plan}))
    day.add(Sent(answered=True, segments={"plan": plan, "channel": "mail", "question": "csat"}))
    return day.rows


def mark_of(scores):
    (mark,) = scores.marks().items
    return mark


def test_the_turn_of_a_day_is_that_of_its_first_mark_until_it_is_given_another(scores):
    scores.mark(TODAY, NOW)
    scores.mark(TODAY, LATER)
    assert mark_of(scores).turn == NOW

    scores.set_turn(TODAY, LATER)

    assert (mark_of(scores).turn, mark_of(scores)) == (LATER, RecountMark(TODAY, 2, LATER, turn=NOW))


def test_what_is_gone_gets_no_turn_and_keeps_no_count(scores):
    scores.set_turn(TODAY, NOW)
    scores.keep_count(TODAY, UNDER_WAY, rows())
    scores.drop_count(TODAY)

    assert list(scores.marks().items) == []


def test_a_count_goes_on_with_the_numbers_that_were_stored(scores):
    scores.mark(TODAY, NOW)
    scores.keep_count(TODAY, UNDER_WAY, rows("basic"))
    scores.keep_count(TODAY, FURTHER, rows())

    assert mark_of(scores).under_way == FURTHER
    assert scores.count_so_far(TODAY, FURTHER) == rows()


def test_the_numbers_of_one_day_are_not_those_of_another(scores):
    scores.mark(TODAY, NOW)
    scores.keep_count(TODAY, UNDER_WAY, rows())

    assert scores.count_so_far(YESTERDAY, UNDER_WAY) is None
    assert scores.count_so_far(TODAY, replace(UNDER_WAY, began=NOW)) is None


def test_a_count_that_is_dropped_begins_anew(scores):
    scores.mark(TODAY, NOW)
    scores.keep_count(TODAY, UNDER_WAY, rows())
    scores.drop_count(TODAY)

    assert mark_of(scores) == RecountMark(TODAY, 1, NOW, turn=NOW)
    assert mark_of(scores).under_way is None


def test_a_mark_is_cleared_with_the_count_it_holds(scores):
    scores.mark(TODAY, NOW)
    scores.keep_count(TODAY, UNDER_WAY, rows())

    assert scores.clear(mark_of(scores))
    assert list(scores.marks().items) == []


def test_a_further_mark_leaves_the_count_under_way(scores):
    scores.mark(TODAY, NOW)
    scores.keep_count(TODAY, UNDER_WAY, rows())
    scores.mark(TODAY, LATER)

    assert mark_of(scores).under_way == UNDER_WAY


@pytest.mark.usefixtures("in_pages_of_two")
@pytest.mark.parametrize("name", ["answers_of", "sends_of"])
def test_the_pages_of_a_day_are_read_from_any_of_their_positions(world, name):
    for number in range(7):
        answer = {
            "answered_at": NOW + timedelta(seconds=number),
            "answered_day": "2026-11-22",
            "answer": Answer(number),
        }
        due_at = NOW + timedelta(seconds=number)
        world.store(sent(str(number), due_at=due_at, segments={"plan": str(number)}, **answer))
    pages_of = getattr(world.scores, name)
    pages = list(pages_of(TODAY))

    assert [one.segments["plan"] for one in read(pages)] == list("0123456")
    assert len(pages) >= 4
    assert pages[-1].position == ""
    for number, page in enumerate(pages[:-1], start=1):
        assert read(pages_of(TODAY, page.position)) == read(pages[number:])


@pytest.mark.parametrize("name", ["answers_of", "sends_of"])
def test_a_day_of_nothing_has_one_page(scores, name):
    (page,) = getattr(scores, name)(TODAY)

    assert (list(page.items), page.position) == ([], "")


def test_how_far_the_scores_have_come_is_remembered(scores):
    months = frozenset({TODAY.replace(day=1), YESTERDAY.replace(month=3, day=1)})
    scoring = Rescoring(TODAY, unconfirmed=False, months=months, done=frozenset({"all", "csat:plan"}))
    left = Progress(YESTERDAY, frozenset({"csat"}), unconfirmed=True, months=months, rescoring=scoring)

    scores.store_progress(left)
    assert scores.progress() == left

    scores.store_progress(Progress(TODAY))
    assert scores.progress() == Progress(TODAY)


def test_the_numbers_that_an_older_version_did_not_count_are_none():
    older = {"nps": [{"pro": [1] * UNCONFIRMED}], "": [{}]}

    assert rows_of(pieces(TODAY, UNDER_WAY, older)) == {"nps": [{"pro": [1] * UNCONFIRMED + [0, 0]}], "": [{}]}


def test_numbers_that_are_too_long_for_an_item_lie_in_several():
    many = {"nps": [{f"{number:x}" * 9: [number % 7] * NUMBERS for number in range(60_000)}]}
    items = list(pieces(TODAY, UNDER_WAY, many))

    assert len(items) > 1
    assert rows_of(items) == many
    assert rows_of(items[1:]) is None
    assert rows_of([]) is None
    assert {int(item["expires_at"]["N"]) for item in items} == {int((LATER + timedelta(days=30)).timestamp())}


@pytest.fixture
def table():
    with mock_aws():
        client = boto3.client("dynamodb", region_name="eu-central-1")
        create_table(client)
        yield ScoresTable(client, TABLE)


@pytest.mark.parametrize(
    ("change", "problem"),
    [
        ({"adverse": {"N": "99"}}, "99 is not a valid Delivery"),
        ({"segments": {"S": "all"}}, "KeyError 'M'"),
    ],
)
def test_an_invitation_that_cannot_be_read_is_told_and_costs_itself(table, change, problem):
    sent = {"day_bucket": {"S": "DAY#2026-11-22"}, "sent_day": {"S": "2026-11-22"}}
    for name in ("a", "b"):
        item = keys.invitation(name) | sent | {"day_at": {"S": name}}
        table.dynamodb.put_item(TableName=TABLE, Item=item | (change if name == "a" else {}))

    (page,) = table.sends_of(TODAY)

    assert list(page.items) == [Sent(answered=False)]
    (text,) = page.unreadable
    assert text.startswith("INVITATION#a INVITATION: ")
    assert problem in text


def test_an_answer_that_cannot_be_read_is_told_and_costs_itself(table):
    item = keys.invitation("a") | {"answered_day": {"S": "2026-11-22"}, "answered_at": {"S": "now"}}
    table.dynamodb.put_item(TableName=TABLE, Item=item | {"rating": {"N": "9.5"}})

    (page,) = table.answers_of(TODAY)

    assert list(page.items) == []
    assert [text.partition(":")[0] for text in page.unreadable] == ["INVITATION#a INVITATION"]


def test_a_mark_that_cannot_be_read_is_told_and_costs_itself(table):
    table.mark(TODAY, NOW)
    table.dynamodb.put_item(TableName=TABLE, Item=keys.key("DIRTY", "yesterday") | {"version": {"N": "1"}})

    marks = table.marks()

    assert [mark.day for mark in marks.items] == [TODAY]
    assert [text.partition(":")[0] for text in marks.unreadable] == ["DIRTY yesterday"]


def test_a_mark_set_by_hand_has_the_turn_of_its_time(table):
    by_hand = {"version": {"N": "1"}, "marked_at": {"S": "2026-11-22T12:30:15.000250+00:00"}}
    table.dynamodb.put_item(TableName=TABLE, Item=keys.dirty(TODAY) | by_hand)

    assert mark_of(table).turn == NOW
