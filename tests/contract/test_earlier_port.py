"""EarlierAnswers: the lists behind the answers of a day, in memory and in DynamoDB."""

from dataclasses import replace
from datetime import date, timedelta

import pytest

from afterbill.adapters.dynamodb import answered
from afterbill.adapters.dynamodb.answered import AnsweredTable
from afterbill.adapters.dynamodb.items import encode, stamp
from afterbill.adapters.dynamodb.scores import ScoresTable
from afterbill.answers.read_responses import Place
from afterbill.intake.ports import FactWrites
from afterbill.model.invitation import Answer, State
from afterbill_cli.memory.answered import MemoryAnswered
from afterbill_cli.memory.handled import MemoryAnswers
from afterbill_console.adapters.answers import AnswersTable
from afterbill_console.people.ports import Earlier, Listed
from tests.contract.conftest import TABLE
from tests.contract.people import ID, NOW, OTHER_ID, THIRD_ID, invitation

TODAY = NOW.date()
LIST = Earlier(
    date(2026, 10, 1),
    (Listed(date(2026, 11, 20), OTHER_ID, 3, "nps"), Listed(date(2026, 11, 20), THIRD_ID, 5, "csat")),
)


@pytest.fixture
def answers(world):
    return AnswersTable(AnsweredTable(world.dynamodb, TABLE)) if world.dynamodb else MemoryAnswers(world.facts)


@pytest.fixture
def responses(world):
    """The port of those who know no lists."""
    return AnsweredTable(world.dynamodb, TABLE) if world.dynamodb else MemoryAnswered(world.facts)


@pytest.fixture
def keep(world):
    def keeping(id_, minutes=0):
        at = NOW + timedelta(minutes=minutes)
        one = replace(invitation(id_, state=State.SENT, sent_at=NOW), answer=Answer(9), answered_at=at)
        assert world.facts.commit(FactWrites(replace(one, answered_day=TODAY.isoformat())))

    return keeping


def test_a_list_stands_behind_the_answers_of_its_day(answers, keep):
    keep(ID)
    answers.keep(TODAY, LIST)

    found = answers.answered(Place(TODAY))
    assert ([one.id for one in found.briefs], found.more, found.earlier) == ([ID], False, LIST)
    assert answers.answered(Place(TODAY, stamp(NOW), ID)).earlier == LIST
    assert answers.answered(Place(TODAY - timedelta(days=1))).earlier is None


def test_a_list_takes_the_place_of_another(answers):
    empty = Earlier(date(2026, 11, 1))
    answers.keep(TODAY, LIST)
    answers.keep(TODAY, empty)

    assert (answers.listed(TODAY), answers.answered(Place(TODAY)).earlier) == (empty, empty)
    assert answers.listed(TODAY - timedelta(days=1)) is None


def test_a_list_comes_with_the_last_part_of_its_day(world, answers, keep, monkeypatch):
    monkeypatch.setattr(answered, "_PAGE", 2)
    if not world.dynamodb:
        answers.page_size = 2
    for minutes, id_ in enumerate((ID, OTHER_ID, THIRD_ID)):
        keep(id_, minutes)
    answers.keep(TODAY, LIST)

    first = answers.answered(Place(TODAY))
    assert ([one.id for one in first.briefs], first.more, first.earlier) == ([THIRD_ID, OTHER_ID], True, None)
    second = answers.answered(Place(TODAY, first.briefs[-1].at, OTHER_ID))
    assert ([one.id for one in second.briefs], second.more, second.earlier) == ([ID], False, LIST)


@pytest.mark.parametrize("newest_first", [True, False])
def test_whoever_knows_no_lists_finds_answers_alone(answers, responses, keep, newest_first):
    keep(ID)
    answers.keep(TODAY, LIST)

    briefs, more = responses.answered(Place(TODAY), newest_first=newest_first)
    assert ([one.id for one in briefs], more) == ([ID], False)


@pytest.mark.parametrize("segments", [{}, {"since": "long ago"}, {"since": "2026-10-01", "2026-11-20": "1:2"}])
def test_a_list_that_cannot_be_read_is_none_until_it_is_made_anew(aws_world, segments):
    answers = AnswersTable(AnsweredTable(aws_world.dynamodb, TABLE))
    answers.keep(TODAY, LIST)
    (item,) = aws_world.dynamodb.scan(TableName=TABLE)["Items"]
    aws_world.dynamodb.put_item(TableName=TABLE, Item=item | encode({"segments": segments}))

    assert (answers.listed(TODAY), answers.answered(Place(TODAY)).earlier) == (None, None)
    answers.keep(TODAY, LIST)
    assert answers.listed(TODAY) == LIST


def test_a_list_counts_in_no_score(aws_world):
    AnswersTable(AnsweredTable(aws_world.dynamodb, TABLE)).keep(TODAY, LIST)

    assert [page.items for page in ScoresTable(aws_world.dynamodb, TABLE).answers_of(TODAY)] == [[]]


def test_a_list_of_three_hundred_answers_takes_eleven_kilobytes(aws_world):
    answers = AnswersTable(AnsweredTable(aws_world.dynamodb, TABLE))
    day = TODAY - timedelta(days=1)
    answers.keep(TODAY, Earlier(day, tuple(Listed(day, f"{number:032x}", 10, "nps") for number in range(300))))

    (item,) = aws_world.dynamodb.scan(TableName=TABLE)["Items"]
    assert len(item["segments"]["M"][day.isoformat()]["S"]) < 12_300
    assert item["expires_at"]["N"] > str(int(NOW.timestamp()))
