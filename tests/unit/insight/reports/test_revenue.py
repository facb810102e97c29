"""The worth of scores, recounted customer by customer."""

from collections import defaultdict
from datetime import date

import pytest

from afterbill.insight.periods import Window
from afterbill.insight.reports.asked import EVERYTHING, Rate, ReportRules
from afterbill.model.questions import Question
from afterbill_reports.reports.rates import BILLIONTHS, prices
from afterbill_reports.reports.revenue import compute
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
    is_gone,
    one_each,
    scopes_of,
)

YEAR = Window("365d", date(2025, 11, 23), TODAY)
PAID = ("payment_succeeded", "payment_recovered", "subscription_started", "renewed", "order_paid")


def revenue(rows, window=NOVEMBER, rules=RULES, **others):
    return compute(Archive(rows), asked(window, **others), rules)[EVERYTHING]


def by_category(body) -> dict[str, dict]:
    return {row["category"]: row for row in body["rows"]}


def paying(minor: int, rating: int, number: int, **columns):
    """A customer who pays so many cents a month."""
    return did(
        f"customer {number}", "renewed", TODAY, rating, recurring_minor=minor, recurring_currency="EUR", **columns
    )


@pytest.mark.parametrize("window", [NOVEMBER, YEAR])
@pytest.mark.parametrize("seed", [1, 2])
def test_a_recount_of_every_customer_finds_the_same_amounts_in_every_scope(seed, window):
    rows = business(seed)
    found = compute(archive(seed), asked(window), RULES)

    for scope, answers in scopes_of(counted(rows, asked(), window)).items():
        customers = one_each(answers)
        amounts = {answer["customer_id"]: amount_of(rows, answer) for answer in customers}
        for category in (GOOD, NEUTRAL, BAD):
            of_category = [answer for answer in customers if category_of(answer["rating"]) == category]
            known = [amounts[answer["customer_id"]] for answer in of_category]
            converted = [minor * PRICES[currency] for minor, currency in filter(None, known) if currency in PRICES]
            row = by_category(found[scope])[category]

            assert row["customers"] == len(of_category)
            assert row["without_amount"] == known.count(None)
            assert row["with_amount"] == len(converted)
            assert row["recurring_minor"] in {round(sum(converted)), None}
            assert (row["recurring_minor"] is None) == bool(of_category and not converted)
            assert row["average_minor"] == (round(sum(converted) / len(converted)) if converted else None)


@pytest.mark.parametrize("seed", [1, 2])
def test_the_weighted_score_and_the_largest_account_are_those_of_a_recount(seed):
    rows = business(seed)
    weights, accounts = [], defaultdict(float)
    for answer in one_each(counted(rows, asked(YEAR), YEAR)):
        minor, currency = amount_of(rows, answer) or (0, "")
        if currency in PRICES:
            worth = minor * PRICES[currency]
            weights.append((worth, {GOOD: 1, NEUTRAL: 0, BAD: -1}[category_of(answer["rating"])]))
            accounts[answer["account"] or answer["customer_id"]] += worth
    total = sum(worth for worth, _ in weights)

    found = compute(archive(seed), asked(YEAR), RULES)[EVERYTHING]["weighted"]

    assert found["n"] == len(weights)
    assert found["score"] == pytest.approx(100 * sum(worth * value for worth, value in weights) / total)
    assert found["n_eff"] == pytest.approx(total**2 / sum(worth**2 for worth, _ in weights))
    assert found["largest_share"] == pytest.approx(max(accounts.values()) / total, abs=1e-6)
    assert found["low"] < found["score"] < found["high"]


@pytest.mark.parametrize("seed", [1, 2])
def test_what_customers_paid_is_what_arrived_less_what_went_back(seed):
    rows = business(seed)
    found = compute(archive(seed), asked(), RULES)[EVERYTHING]
    paid, payers = defaultdict(float), defaultdict(set)
    for answer in one_each(counted(rows, asked())):
        for row in rows:
            sign = -1 if row["touchpoint"] == "refunded" else int(row["touchpoint"] in PAID)
            if row["customer_id"] == answer["customer_id"] and sign and row["currency"] in PRICES:
                paid[category_of(answer["rating"])] += sign * row["amount_minor"] * PRICES[row["currency"]]
                payers[category_of(answer["rating"])].add(row["customer_id"])

    for category, row in by_category(found).items():
        assert row["paid_minor"] == round(paid[category])
        assert row["payers"] == len(payers[category])
        average = paid[category] / len(payers[category]) if payers[category] else None
        assert row["lifetime_minor"] == (None if average is None else round(average))


@pytest.mark.parametrize("seed", [1, 2])
def test_at_risk_is_what_unhappy_customers_pay_who_have_not_left(seed):
    rows = business(seed)
    staying = leaving = 0.0
    for answer in one_each(counted(rows, asked())):
        minor, currency = amount_of(rows, answer) or (0, "")
        if category_of(answer["rating"]) == BAD and currency in PRICES:
            mine = sorted(
                (row for row in rows if row["customer_id"] == answer["customer_id"]), key=lambda row: row["occurred_at"]
            )
            if is_gone(mine):
                leaving += minor * PRICES[currency]
            else:
                staying += minor * PRICES[currency]

    found = compute(archive(seed), asked(), RULES)[EVERYTHING]["at_risk"]

    assert (found["recurring_minor"], found["lost_minor"]) == (round(staying), round(leaving))


def test_over_time_each_customer_counts_in_each_month_they_answered_in():
    rows = [
        did("anna", "renewed", date(2026, 9, 3), 3, recurring_minor=1000, recurring_currency="EUR"),
        did("anna", "renewed", date(2026, 11, 3), 10, recurring_minor=3000, recurring_currency="EUR"),
    ]

    found = revenue(rows, YEAR)

    months = {(row["month"], row["category"]): row["average_minor"] for row in found["over_time"] if row["customers"]}
    assert months == {("2026-09", BAD): 1000, ("2026-11", GOOD): 3000}
    assert by_category(found)[GOOD]["recurring_minor"] == 3000
    assert by_category(found)[BAD]["customers"] == 0


def test_a_currency_without_a_rate_is_listed_and_in_no_sum():
    rows = [
        did("anna", "renewed", TODAY, 3, recurring_minor=500, recurring_currency="SEK", currency="SEK", amount_minor=7),
        did("bert", "renewed", TODAY, 9, recurring_minor=500, recurring_currency="USD"),
    ]

    found = revenue(rows)

    [crowns] = found["without_rate"]
    assert (crowns["currency"], crowns["customers"], crowns["minor"], crowns["why"]) == ("SEK", 1, 500, "no_rate")
    assert [one["minor"] for one in found["paid_without_rate"]] == [7]
    assert by_category(found)[GOOD]["recurring_minor"] == 450
    unhappy = by_category(found)[BAD]
    assert (unhappy["recurring_minor"], unhappy["why"]) == (None, "no_rate")


def test_without_any_rate_the_weighted_score_is_null_and_says_why():
    rows = [did(f"c{n}", "renewed", TODAY, 9, recurring_minor=5, recurring_currency="SEK") for n in range(20)]

    assert revenue(rows)["weighted"]["why"] == "no_rate"


def test_a_customer_with_two_currencies_has_the_amount_that_came_last():
    rows = [
        did("anna", "renewed", date(2026, 11, 1), recurring_minor=9000, recurring_currency="EUR"),
        did("anna", "renewed", date(2026, 11, 2), 9, recurring_minor=1000, recurring_currency="USD"),
        did("anna", "renewed", date(2026, 11, 9), recurring_minor=1, recurring_currency="EUR"),
    ]

    assert by_category(revenue(rows))[GOOD]["recurring_minor"] == 900


def test_whoever_pays_in_two_currencies_is_one_payer():
    rows = [
        did("anna", "renewed", date(2026, 11, 1), currency="EUR", amount_minor=1000),
        did("anna", "renewed", date(2026, 11, 2), 9, currency="USD", amount_minor=1000),
    ]

    happy = by_category(revenue(rows))[GOOD]

    assert (happy["payers"], happy["paid_minor"], happy["lifetime_minor"]) == (1, 1900, 1900)


def test_an_account_with_all_the_revenue_is_named_as_what_the_score_is():
    rows = [paying(1_000_000, 10, 0), *(paying(10, 2, number) for number in range(1, 40))]

    found = revenue(rows)["weighted"]

    assert found["largest_share"] > 0.99
    assert (found["caution"], found["few"]) == ("one_account", True)
    assert found["low"] < 0 < found["score"]
    assert found["plain"]["score"] < -90


def test_a_few_heavy_customers_are_said_to_be_few():
    rows = [*(paying(100_000, 10, number) for number in range(4)), *(paying(10, 2, 9 + number) for number in range(40))]

    found = revenue(rows)["weighted"]

    assert (found["caution"], found["n"]) == ("few_weigh", 44)
    assert "4 answers" in found["because"]


def test_customers_of_about_the_same_weight_need_no_caution():
    found = revenue([paying(1000 + number, 9 if number % 3 else 2, number) for number in range(40)])["weighted"]

    assert "caution" not in found
    assert not found["few"]


@pytest.mark.parametrize(
    ("rows", "why"),
    [
        ([paying(0, 9, number) for number in range(20)], "no_amounts"),
        ([did(f"c{number}", "renewed", TODAY, 9) for number in range(20)], "no_amounts"),
        ([paying(100, 9, number) for number in range(9)], "few_answers"),
    ],
)
def test_without_a_weighted_score_there_is_a_reason(rows, why):
    found = revenue(rows)["weighted"]

    assert (found["score"], found["low"], found["largest_share"], found["why"]) == (None, None, None, why)


def test_people_who_were_removed_are_counted_and_in_no_amount():
    rows = [paying(700, 9, 1), paying(9999, 9, 2, removed=True) | {"customer_id": None, "account": None}]

    found = revenue(rows)

    assert (found["customers"], found["unknown"]) == (1, 1)
    assert by_category(found)[GOOD]["recurring_minor"] == 700


def test_other_questions_have_categories_of_their_own():
    found = revenue([paying(700, 5, 1, question="csat")], question=Question.CSAT)

    assert [row["category"] for row in found["rows"] if row["customers"]] == ["favourable"]


def test_amounts_count_by_the_newest_rate_on_or_before_the_last_day():
    assert prices(RULES, date(2026, 9, 30))["USD"] == 0.8 * BILLIONTHS
    assert prices(RULES, date(2026, 10, 1))["USD"] == 0.9 * BILLIONTHS
    assert "USD" not in prices(RULES, date(2025, 12, 31))


def test_smallest_units_are_those_of_their_currency():
    assert prices(RULES, TODAY)["JPY"] == 0.61 * BILLIONTHS
    to_yen = ReportRules(currency="JPY", rates=(Rate(date(2026, 1, 1), "EUR", 160), Rate(date(2026, 1, 1), "JPY", 3)))
    assert prices(to_yen, TODAY) == {"JPY": BILLIONTHS, "EUR": 1.6 * BILLIONTHS}
