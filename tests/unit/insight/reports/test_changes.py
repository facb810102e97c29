"""Changes of mind, recounted customer by customer, and whom to talk to."""

from collections import Counter, defaultdict
from datetime import date

import pytest

from afterbill.insight.periods import Window
from afterbill.insight.reports.asked import EVERYTHING
from afterbill_reports.reports.changes import compute
from tests.unit.insight.reports.fact_world import NOVEMBER, TODAY, Archive, asked
from tests.unit.insight.reports.worth_world import (
    BAD,
    GOOD,
    NEUTRAL,
    PRICES,
    RULES,
    amount_of,
    archive,
    business,
    category_of,
    counted,
    did,
    moment,
    one_each,
    scopes_of,
)

AUTUMN = Window("90d", date(2026, 8, 25), TODAY)
SUMMER = Window("2026-06-01..2026-08-24", date(2026, 6, 1), date(2026, 8, 24))


def changes(rows, window=NOVEMBER, **others):
    return compute(Archive(rows), asked(window, **others), RULES)[EVERYTHING]


def table(rows) -> dict[tuple[str, str], int]:
    return {(row["from"], row["to"]): row["n"] for row in rows}


def happy(customer: str, day: date = TODAY, **columns):
    return did(customer, "renewed", day, 9, recurring_minor=1000, recurring_currency="EUR", **columns)


@pytest.mark.parametrize("seed", [1, 2])
def test_a_recount_of_every_customer_finds_the_same_moves_in_every_scope(seed):
    rows = business(seed)
    found = compute(archive(seed), asked(AUTUMN, compare=SUMMER), RULES)
    then = scopes_of(counted(rows, asked(), SUMMER))

    for scope, answers in scopes_of(counted(rows, asked(), AUTUMN)).items():
        before = {answer["customer_id"]: answer for answer in one_each(then[scope])}
        now = {answer["customer_id"]: answer for answer in one_each(answers)}
        moves, amounts = Counter(), defaultdict(float)
        for customer in before.keys() & now.keys():
            move = tuple(category_of(answer["rating"]) for answer in (before[customer], now[customer]))
            minor, currency = amount_of(rows, now[customer]) or (0, "EUR")
            moves[move] += 1
            amounts[move] += minor * PRICES.get(currency, 0)

        assert table(found[scope]["rows"]) == moves
        assert {(row["from"], row["to"]): row["recurring_minor"] or 0 for row in found[scope]["rows"]} == {
            move: round(amount) for move, amount in amounts.items()
        }
        assert found[scope]["only_now"] == len(now.keys() - before.keys())
        assert found[scope]["only_before"] == len(before.keys() - now.keys())


@pytest.mark.parametrize("seed", [1, 2])
def test_within_the_window_the_first_answer_is_compared_with_the_last(seed):
    answers = counted(business(seed), asked(), AUTUMN)
    first = one_each(answers, lambda mine: mine[0])
    moves = Counter(
        (category_of(one["rating"]), category_of(last["rating"]))
        for one, last in zip(first, one_each(answers), strict=True)
        if one is not last
    )

    assert table(compute(archive(seed), asked(AUTUMN), RULES)[EVERYTHING]["within"]) == moves


def test_the_window_before_is_compared_unless_another_is_named():
    rows = [happy("anna"), did("anna", "renewed", date(2026, 10, 1), 2), did("anna", "renewed", date(2026, 7, 1), 7)]

    assert table(changes(rows)["rows"]) == {(BAD, GOOD): 1}
    assert table(changes(rows, compare=SUMMER)["rows"]) == {(NEUTRAL, GOOD): 1}
    assert changes(rows, compare=SUMMER)["before"] == {"first": "2026-06-01", "last": "2026-08-24"}


def test_a_move_has_the_amount_that_is_paid_now():
    rows = [happy("anna"), did("anna", "renewed", date(2026, 10, 1), 2, recurring_minor=1, recurring_currency="EUR")]

    [row] = changes(rows)["rows"]

    assert (row["recurring_minor"], row["currency"]) == (1000, "EUR")


def test_amounts_without_a_rate_are_listed():
    rows = [
        did("anna", "renewed", TODAY, 9, recurring_minor=5, recurring_currency="SEK"),
        did("anna", "renewed", date(2026, 10, 1), 9),
    ]

    found = changes(rows)

    assert (found["rows"][0]["recurring_minor"], found["rows"][0]["why"]) == (None, "no_rate")
    assert [(one["currency"], one["minor"]) for one in found["without_rate"]] == [("SEK", 5)]


def test_where_nobody_answered_twice_there_is_a_reason():
    assert changes([happy("anna")])["why"] == "nobody_twice"


def test_content_customers_without_trouble_may_be_asked_to_recommend_and_paying_ones_to_upgrade():
    rows = [happy("anna"), did("bert", "order_paid", TODAY, 10), did("carl", "order_paid", TODAY, 7)]

    found = changes(rows)["candidates"]

    assert (found["referral"]["n"], sorted(found["referral"]["customers"])) == (2, ["anna", "bert"])
    assert found["upsell"] == {"n": 1, "customers": ["anna"]}


@pytest.mark.parametrize("trouble", ["payment_failed", "refunded", "disputed", "payment_reversed", "cancelled"])
def test_nobody_is_a_candidate_who_had_trouble_after_the_answer_or_left(trouble):
    rows = [happy("anna", date(2026, 11, 1)), did("anna", trouble, date(2026, 11, 5))]

    assert changes(rows)["candidates"] == {
        "referral": {"n": 0, "customers": []},
        "upsell": {"n": 0, "customers": []},
    }


def test_trouble_that_was_over_before_the_answer_is_none():
    rows = [happy("anna"), did("anna", "refunded", date(2026, 11, 5))]

    assert changes(rows)["candidates"]["referral"]["n"] == 1


def test_an_unconfirmed_answer_makes_nobody_a_candidate():
    assert changes([happy("anna", confirmed=False)])["candidates"]["referral"]["n"] == 0


def test_who_just_upgraded_is_not_offered_more():
    rows = [
        happy("anna"),
        did("anna", "upgraded", date(2026, 9, 1)),
        happy("bert"),
        did("bert", "upgraded", date(2026, 8, 1)),
    ]

    assert changes(rows)["candidates"]["upsell"]["customers"] == ["bert"]


def test_lists_are_bounded_and_begin_with_whoever_answered_last():
    rows = [happy(f"customer {n:03}", answered_at=moment(TODAY, 14 + n // 60, n % 60)) for n in range(250)]

    found = changes(rows)["candidates"]

    assert (found["referral"]["n"], found["upsell"]["n"]) == (250, 250)
    assert found["referral"]["customers"] == [f"customer {n:03}" for n in range(249, 49, -1)]
    assert found["upsell"]["customers"] == found["referral"]["customers"]


def test_nobody_is_named_with_a_filter_within_a_value_or_in_what_is_kept_for_long():
    rows = [happy("anna", plan="pro")]
    month = Window("2026-11", date(2026, 11, 1), date(2026, 11, 30))

    filtered = changes(rows, where=(("plan", "pro"),))
    of_month = changes(rows, month)
    of_value = compute(Archive(rows), asked(), RULES)[("plan", "pro")]

    for found in (filtered, of_month, of_value):
        assert found["candidates"] == {"referral": {"n": 1}, "upsell": {"n": 1}}
