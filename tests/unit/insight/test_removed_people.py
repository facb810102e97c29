"""Scores stay as they are when people are removed, and tell how many answers are theirs."""

from dataclasses import replace
from datetime import date, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from afterbill.insight.nps import Tally
from afterbill.insight.tally import Score, days_touched
from afterbill.model.anonymous import anonymous, tombstone
from afterbill.model.invitation import Answer, Delivery, Invitation, State
from afterbill.model.questions import SCALES, Question
from tests.unit.insight.score_world import NOON, World, invitation, snapshot_of

TODAY = date(2026, 11, 22)
DAYS = st.integers(0, 420).map(lambda ago: TODAY - timedelta(days=ago))


@st.composite
def surveys(draw) -> Invitation:
    question = draw(st.sampled_from(Question))
    segments = draw(
        st.fixed_dictionaries(
            {"touchpoint": st.just("renewed"), "source": st.just("shop"), "channel": st.sampled_from(["mail", "sms"])},
            optional={"plan": st.sampled_from(["basic", "pro"]), "anonymous": st.just("counter")},
        )
    )
    one = replace(
        invitation("one"),
        state=State.SENT,
        segments=segments if question is Question.NPS else segments | {"question": question.value},
        delivery=draw(st.sampled_from([None, *Delivery])),
        sent_day="" if "anonymous" in segments else draw(DAYS).isoformat(),
    )
    if not draw(st.booleans()):
        return one
    rating, reason = draw(st.sampled_from(SCALES[question].ratings)), draw(st.sampled_from(["", "price"]))
    answer = Answer(rating, "words", reason, confirmed=draw(st.booleans()))
    return replace(one, answer=answer, answered_day=draw(DAYS).isoformat())


def remove(world: World, *ids: str) -> None:
    for id_ in ids:
        one = world.invitations[id_]
        row = anonymous(one, f"{id_} of nobody")
        world.mark(*world.store(row.id, row) | world.store(id_, tombstone(one)))


def plain(score: Score) -> Score:
    """The score without how many are removed, and without when it was computed."""
    return replace(score, tally=replace(score.tally, removed=0, removed_unconfirmed=0), computed_at=NOON)


@settings(max_examples=25)
@given(st.lists(st.tuples(surveys(), st.booleans()), max_size=12), st.booleans())
def test_every_score_is_the_same_to_the_last_digit_but_for_how_many_are_removed(asked, count_unconfirmed):
    world = World(count_unconfirmed=count_unconfirmed)
    for number, (one, _) in enumerate(asked):
        world.mark(*world.store(str(number), replace(one, id=str(number))))
    world.settled_run()
    before = {key: set(map(plain, rows)) for key, rows in world.table.scored.items()}

    remove(world, *(str(number) for number, (_, removed) in enumerate(asked) if removed))
    world.settled_run()

    assert {key: set(map(plain, rows)) for key, rows in world.table.scored.items()} == before
    gone = [one for one, removed in asked if removed and one.answer and (one.answer.confirmed or count_unconfirmed)]
    for question in Question:
        prefix = "" if question is Question.NPS else f"{question}:"
        mine = [one for one in gone if one.question is question and one.answered_day > "2025-11-22"]
        told = sum(row.removed for name in ("all", "anonymous") for row in world.table.scores(prefix + name, "365d"))
        assert told == len(mine)


@given(surveys())
def test_removing_touches_every_day_that_the_survey_counted_on(one):
    days = {date.fromisoformat(day) for day in (one.sent_day, one.answered_day) if day}

    assert days_touched(snapshot_of(one), snapshot_of(tombstone(one))) == days
    assert days_touched(None, snapshot_of(anonymous(one, "another"))) == days


def test_a_day_that_is_not_counted_again_keeps_its_tally():
    world = World(recountable=timedelta(days=365))
    long_ago = TODAY - timedelta(days=300)
    world.answered("a", 9, long_ago)
    world.settled_run()
    told = world.table.tallied["all"][long_ago]

    world.wait(days=100)
    remove(world, "a")
    world.settled_run()

    assert world.table.dirty == {}
    assert world.table.tallied["all"][long_ago] == told
    assert told["all"] == Tally((*[0] * 9, 1, 0), sent=1, answered=1)


@pytest.mark.parametrize("removed", [0, 1, 3])
def test_a_score_tells_how_many_of_its_answers_are_of_the_removed(removed):
    world = World()
    for number, rating in enumerate((9, 9, 0)):
        world.answered(str(number), rating)
    remove(world, *map(str, range(removed)))

    world.settled_run()

    (row,) = world.table.scores("all", "30d")
    assert (row.tally.n, row.removed) == (3, removed)
    assert row.measures.score == pytest.approx(100 / 3)
