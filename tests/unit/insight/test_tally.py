"""From the invitations of a day to tallies, from tallies to scores."""

from dataclasses import replace
from datetime import UTC, date, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from afterbill.insight.nps import Comparison, Tally
from afterbill.insight.tally import (
    LONGEST_VALUE,
    MAIL_ORIGIN,
    MOST_VALUES,
    OTHER,
    Answered,
    RatingError,
    Sent,
    Snapshot,
    count,
    days_touched,
    questions_in,
    scores_of,
)
from afterbill.model.invitation import NO_DAY, Delivery
from afterbill.model.questions import SCALES, Question
from afterbill.model.segments import DIMENSIONS, dimension_of

NOW = datetime(2026, 11, 22, 12, tzinfo=UTC)


def ratings(*given: int) -> Tally:
    return Tally(tuple(given.count(rating) for rating in range(11)))


def test_every_dimension_counts_every_answer_under_its_value():
    counted = count([Answered(9, {"plan": "pro", "stage": "loyalty"}), Answered(0, {"plan": "pro"})], [])

    assert set(counted) == {*DIMENSIONS, MAIL_ORIGIN}
    assert counted["anonymous"] == {}
    assert counted["all"] == {"all": ratings(0, 9)}
    assert counted["plan"] == {"pro": ratings(0, 9)}
    assert counted["stage"] == {"loyalty": ratings(9), "unknown": ratings(0)}


@pytest.mark.parametrize("value", ["", "  "])
def test_a_missing_value_counts_as_unknown(value):
    assert list(count([Answered(5, {"country": value})], [])["country"]) == ["unknown"]


def test_mails_are_counted_apart_from_answers():
    sends = [
        Sent(answered=True),
        Sent(answered=False),
        Sent(answered=False, delivery=Delivery.BOUNCED),
        Sent(answered=True, delivery=Delivery.COMPLAINED),
        Sent(answered=False),
    ]

    assert count([], sends)["all"] == {"all": Tally(sent=5, answered=2, bounced=1, complained=1)}


@pytest.mark.parametrize("rating", [-1, 11, 9.0, 9.5, True, False, "9", "nine", None])
def test_what_is_no_whole_number_from_0_to_10_is_refused(rating):
    with pytest.raises(RatingError, match="whole number from 0 to 10"):
        count([Answered(rating)], [])


@pytest.mark.parametrize("rating", [0, 6, 4.0])
def test_what_is_outside_of_a_scale_is_refused(rating):
    with pytest.raises(RatingError, match="whole number from 1 to 5"):
        count([Answered(rating, {"question": "csat"})], [])


def test_every_question_is_counted_apart_under_names_of_its_own():
    asked = {"question": "csat", "plan": "pro"}
    counted = count([Answered(9, {"plan": "pro"}), Answered(5, asked)], [Sent(answered=True, segments=asked)])

    assert set(counted) == {*DIMENSIONS, *(f"csat:{dimension}" for dimension in DIMENSIONS), MAIL_ORIGIN}
    assert counted["plan"] == {"pro": ratings(9)}
    assert counted["csat:plan"] == {"pro": Tally(ratings(5).ratings, sent=1, answered=1)}
    assert questions_in(counted) == {"csat"}


def test_answers_are_counted_by_reason_and_mails_are_not():
    counted = count([Answered(3, reason="price"), Answered(9)], [Sent(answered=True)])

    assert counted["reason"] == {"price": ratings(3), "none": ratings(9)}


def test_mails_are_counted_by_what_caused_them_whatever_they_ask():
    paid = {"channel": "mail", "source": "shop", "touchpoint": "order_paid"}
    sends = [
        Sent(answered=False, delivery=Delivery.BOUNCED, segments=paid),
        Sent(answered=False, segments=paid | {"question": "csat"}),
        Sent(answered=False, delivery=Delivery.BOUNCED, segments=paid | {"channel": "sms"}),
        Sent(answered=False, segments={"channel": "mail"}),
    ]

    assert count([Answered(9, paid)], sends)[MAIL_ORIGIN] == {
        "shop/order_paid": Tally(sent=2, bounced=1),
        "unknown/unknown": Tally(sent=1),
    }


def test_an_anonymous_answer_counts_under_the_name_of_its_link_and_in_nothing_else():
    outsider = {"anonymous": "counter", "plan": "pro", "source": "links.counter", "channel": "link"}
    counted = count([Answered(9, {"plan": "pro"}), Answered(0, outsider, reason="price")], [])

    assert counted["anonymous"] == {"counter": ratings(0)}
    rest = {name: rows for name, rows in counted.items() if name != "anonymous"}
    assert rest == {name: rows for name, rows in count([Answered(9, {"plan": "pro"})], []).items() if name in rest}


def test_an_anonymous_answer_to_another_question_counts_there():
    counted = count([Answered(2, {"anonymous": "counter", "question": "csat"}, confirmed=False)], [])

    assert counted["csat:anonymous"] == {"counter": Tally(ratings(2).ratings, unconfirmed=ratings(2).ratings)}
    assert counted["csat:all"] == counted["anonymous"] == {}


def test_unconfirmed_answers_are_counted_and_counted_once_more():
    (tally,) = count([Answered(9), Answered(9, confirmed=False), Answered(0, confirmed=False)], [])["all"].values()

    assert tally.ratings == ratings(0, 9, 9).ratings
    assert tally.unconfirmed == ratings(0, 9).ratings
    assert tally.confirmed == ratings(9)


def test_answers_of_the_removed_are_counted_with_all_others_and_once_more():
    gone = {"plan": "pro", "removed": "yes"}
    answers = [Answered(9, gone), Answered(0, gone, confirmed=False), Answered(9, {"plan": "pro"})]

    (tally,) = count(answers, [Sent(answered=True, segments=gone)])["plan"].values()

    assert (tally.ratings, tally.sent) == (ratings(0, 9, 9).ratings, 1)
    assert (tally.removed, tally.removed_unconfirmed) == (2, 1)
    assert tally.confirmed.removed == 1


SEGMENTS = st.fixed_dictionaries({}, optional={"plan": st.sampled_from(["basic", "pro"]), "anonymous": st.just("wall")})
DETAILS = st.tuples(st.booleans(), st.sampled_from(["", "price", "service"]))
ANSWERS = st.one_of(
    *(
        st.builds(
            lambda rating, segments, details, asked=asked: Answered(rating, {**segments, **asked}, *details),
            st.sampled_from(SCALES[question].ratings),
            SEGMENTS,
            DETAILS,
        )
        for question in Question
        for asked in [{} if question is Question.NPS else {"question": question.value}]
    )
)
SENDS = st.builds(
    lambda answered, segments, question: Sent(answered, None, {**segments, **question}),
    st.booleans(),
    SEGMENTS,
    st.sampled_from([{}, {"question": "csat"}]),
)


@given(st.lists(ANSWERS), st.lists(SENDS))
def test_questions_never_mix(answers, sends):
    together = count(answers, sends)

    for question in Question:
        mine = [one for one in answers if one.question == question], [one for one in sends if one.question == question]
        names = [dimension_of(question, dimension) for dimension in DIMENSIONS]
        assert {name: together.get(name, {}) for name in names} == {name: count(*mine).get(name, {}) for name in names}


@given(st.lists(ANSWERS), st.lists(SENDS))
def test_leaving_out_unconfirmed_answers_is_the_same_as_never_having_counted_them(answers, sends):
    whole, filtered = count(answers, sends), count([one for one in answers if one.confirmed], sends)

    for dimension, tallies in whole.items():
        for value, tally in tallies.items():
            assert tally.n == tally.confirmed.n + sum(tally.unconfirmed)
            assert tally.confirmed == filtered.get(dimension, {}).get(value, Tally())


def test_a_day_without_anything_has_empty_tallies():
    assert all(not tallies for tallies in count([], []).values())


def test_a_long_value_is_cut_so_that_a_tally_stays_small():
    assert list(count([Answered(5, {"plan": "x" * 5000})], [])["plan"]) == ["x" * LONGEST_VALUE]


def test_beyond_200_values_those_with_most_answers_keep_their_names():
    answers = [Answered(9, {"plan": f"plan {number:03}"}) for number in range(MOST_VALUES + 50)]
    answers += [Answered(0, {"plan": "plan 249"})]

    plans = count(answers, [])["plan"]

    assert len(plans) == MOST_VALUES + 1
    assert plans["plan 249"] == ratings(0, 9)
    assert plans[OTHER].n == 50
    assert "plan 198" in plans
    assert "plan 199" not in plans


def test_among_equals_more_mails_and_then_the_alphabet_decide():
    sends = [Sent(answered=False, segments={"plan": f"plan {number:03}"}) for number in range(MOST_VALUES + 1)]
    sends += [Sent(answered=False, segments={"plan": "plan 200"})]

    forwards, backwards = (count([], order)["plan"] for order in (sends, reversed(sends)))

    assert forwards == backwards
    assert "plan 200" in forwards
    assert "plan 199" not in forwards


def test_a_value_called_other_is_counted_with_the_others():
    answers = [Answered(9, {"plan": f"plan {number:03}"}) for number in range(MOST_VALUES + 1)]

    plans = count([*answers, Answered(0, {"plan": OTHER}), Answered(0, {"plan": OTHER})], [])["plan"]

    assert plans[OTHER] == ratings(0, 0, 9)


def test_a_window_compares_each_value_with_itself():
    (pro,) = scores_of("plan", "30d", {"pro": ratings(9, 10, 10)}, {"pro": ratings(0, 0, 0), "x": ratings(9)}, NOW)

    assert (pro.dimension, pro.value, pro.window, pro.tally) == ("plan", "pro", "30d", ratings(9, 10, 10))
    assert pro.comparison == Comparison(200, significant=True)
    assert pro.computed_at == NOW


def test_another_question_is_compared_by_the_share_of_favourable_answers():
    (row,) = scores_of("csat:plan", "30d", {"pro": ratings(*[5] * 30)}, {"pro": ratings(*[2] * 30)}, NOW)

    assert (row.question, row.dimension) == (Question.CSAT, "csat:plan")
    assert row.comparison == Comparison(100, significant=True)
    assert (row.measures.score, row.measures.mean) == (100, 5)
    assert row.measures.groups == {"favourable": 30, "neutral": 0, "unfavourable": 0}


def test_a_score_says_how_many_of_its_answers_are_not_confirmed():
    (row,) = scores_of("all", "30d", count([Answered(9), Answered(3, confirmed=False)], [])["all"], {}, NOW)

    assert (row.tally.n, row.unconfirmed, row.measures.score) == (2, 1, 0)


def test_a_value_the_window_before_did_not_have_is_not_compared():
    (new,) = scores_of("plan", "30d", {"new": ratings(10)}, {}, NOW)

    assert new.comparison is None


@pytest.mark.parametrize("dimension", ["all", "ces:all"])
def test_everything_has_a_line_even_without_answers(dimension):
    (everything,) = scores_of(dimension, "7d", {}, {}, NOW)

    assert (everything.value, everything.tally) == ("all", Tally())


def test_the_others_compare_with_all_that_is_not_named_now():
    current = {f"plan {number:03}": ratings(10, 10) for number in range(MOST_VALUES)} | {"late": ratings(9)}
    before = {"late": ratings(0), "gone": ratings(0)}

    rows = {row.value: row for row in scores_of("plan", "7d", current, before, NOW)}

    assert len(rows) == MOST_VALUES + 1
    assert rows[OTHER].tally == ratings(9)
    assert rows[OTHER].comparison.change == 200


ANSWER = Snapshot("2026-11-20", "2026-11-22", 9, Delivery.DELIVERED, {"plan": "pro"})
SEND = Snapshot("2026-11-20", segments={"plan": "pro"})


@pytest.mark.parametrize(
    ("old", "new"),
    [
        (None, ANSWER),
        (SEND, ANSWER),
        (Snapshot("2026-11-20", "2026-11-22", 3), ANSWER),
        (ANSWER, SEND),
        (ANSWER, None),
        (replace(ANSWER, confirmed=False), ANSWER),
        (ANSWER, replace(ANSWER, reason="price")),
    ],
    ids=["new", "answered", "changed", "answer erased", "erased", "confirmed", "reason"],
)
def test_a_change_touches_the_days_of_sending_and_answering(old, new):
    assert days_touched(old, new) == {date(2026, 11, 20), date(2026, 11, 22)}


def test_what_no_tally_depends_on_touches_nothing():
    assert days_touched(ANSWER, ANSWER) == frozenset()
    assert days_touched(None, Snapshot()) == frozenset()


def test_a_test_survey_touches_no_day():
    sent = Snapshot(NO_DAY, NO_DAY)

    assert days_touched(None, sent) == frozenset()
    assert days_touched(sent, replace(sent, rating=3)) == frozenset()
