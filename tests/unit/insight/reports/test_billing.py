"""Scores after a bill, and the days that failed payments stay open."""

from collections import Counter, defaultdict
from datetime import date, timedelta
from itertools import groupby

import pytest

from afterbill.insight.reports.asked import EVERYTHING
from afterbill_reports.reports.billing import compute
from tests.unit.insight.reports.fact_world import NOVEMBER, TODAY, Archive, asked
from tests.unit.insight.reports.worth_world import (
    RULES,
    archive,
    business,
    counted,
    did,
    scopes_of,
    until,
    value_of,
)

PAID = {"payment_succeeded", "payment_recovered", "subscription_started", "renewed", "order_paid"}
ASKED_ABOUT = {*PAID, "payment_failed", "payment_reversed", "refunded", "disputed"}


def billing(rows, **others):
    return compute(Archive(rows), asked(**others), RULES)[EVERYTHING]


def cells(body) -> dict[tuple[str, str, str], dict]:
    return {(row["step"], row["dimension"], row["value"]): row for row in body["rows"]}


def steps_of(rows, answer) -> list[str]:
    """The touchpoint, and dunning while a payment is open."""
    open_ = False
    for row in until(rows, answer):
        open_ = row["touchpoint"] == "payment_failed" or (open_ and row["touchpoint"] not in {*PAID, "cancelled"})
    return [answer["touchpoint"]] * (answer["touchpoint"] in ASKED_ABOUT) + ["dunning"] * open_


@pytest.mark.parametrize("seed", [1, 2])
def test_a_recount_finds_the_same_answers_and_reasons_at_every_step_in_every_scope(seed):
    rows = business(seed)
    found = compute(archive(seed), asked(), RULES)

    for scope, answers in scopes_of(counted(rows, asked())).items():
        n, reasons = Counter(), defaultdict(Counter)
        for answer in answers:
            for step in steps_of(rows, answer):
                ways = (("all", "all"), *((name, value_of(answer, name)) for name in ("source", "payment_method")))
                for way in ways:
                    n[step, *way] += 1
                    reasons[step, *way].update([answer["reason"]] if answer["reason"] else [])
        shown = cells(found[scope]) if n else {}
        assert {key: row["n"] for key, row in shown.items() if row["n"]} == n
        for key in n:
            assert {one["reason"]: one["n"] for one in shown[key]["reasons"]} == reasons[key]


@pytest.mark.parametrize("seed", [1, 2])
def test_a_recount_finds_the_same_failed_payments(seed):
    rows = [row for row in business(seed) if row["touchpoint"] in {*PAID, "payment_failed"}]
    order = sorted(rows, key=lambda row: (row["customer_id"], row["occurred_at"], row["id"]))
    failed = paid = 0
    for _, mine in groupby(order, key=lambda row: row["customer_id"]):
        runs = [list(run) for _, run in groupby(mine, key=lambda row: row["touchpoint"] == "payment_failed")]
        for place, run in enumerate(runs):
            if run[0]["touchpoint"] == "payment_failed" and run[0]["fact_day"] in NOVEMBER:
                failed, paid = failed + 1, paid + (place + 1 < len(runs))

    found = cells(compute(archive(seed), asked(), RULES)[EVERYTHING])["payment_failed", "all", "all"]["until_paid"]

    assert (found["failed"], found["paid"], found["open"]) == (failed, paid, failed - paid)


def failed(customer: str, paid_after: int | None = None, day: date = date(2026, 11, 1), **columns) -> list:
    """A payment that failed, and the one that made up for it."""
    rows = [did(customer, "payment_failed", day, **columns)]
    return [*rows, did(customer, "payment_recovered", day + timedelta(days=paid_after))] if paid_after else rows


def test_the_days_until_paid_are_the_median_of_all_that_failed_and_not_only_of_the_paid():
    rows = [*failed("anna", 2), *failed("bert", 4), *failed("carl", 6), *failed("dora"), *failed("emil")]

    found = cells(billing(rows))["payment_failed", "all", "all"]

    assert found["until_paid"] == {"failed": 5, "paid": 3, "open": 2, "median_days": 6}
    assert (found["n"], found["score"], found["why"]) == (0, None, "no_answers")


def test_where_most_are_still_open_there_is_no_median():
    found = cells(billing([*failed("anna", 2), *failed("bert"), *failed("carl")]))["payment_failed", "all", "all"]

    assert (found["until_paid"]["median_days"], found["until_paid"]["why"]) == (None, "most_unpaid")


def test_the_second_attempt_that_fails_is_the_same_open_payment():
    rows = [*failed("anna", 9), did("anna", "payment_failed", date(2026, 11, 4))]

    assert cells(billing(rows))["payment_failed", "all", "all"]["until_paid"]["failed"] == 1
    assert cells(billing(rows))["payment_failed", "all", "all"]["until_paid"]["median_days"] == 9


def test_a_payment_that_failed_before_the_window_is_none_of_it():
    rows = [did("anna", "payment_failed", date(2026, 10, 1), 3, answered_day=TODAY)]

    found = cells(billing(rows))["payment_failed", "all", "all"]

    assert (found["n"], found["until_paid"]["why"]) == (1, "nothing_failed")


def test_sources_and_ways_to_pay_stand_beside_each_other():
    rows = [*failed("anna", 2, payment_method="card"), *failed("bert", payment_method="sepa", source="shop 2")]

    found = {key[1:]: row["until_paid"]["paid"] for key, row in cells(billing(rows)).items()}

    assert found == {
        ("all", "all"): 1,
        ("source", "shop"): 1,
        ("source", "shop 2"): 0,
        ("payment_method", "card"): 1,
        ("payment_method", "sepa"): 0,
    }


def test_dunning_is_every_answer_given_while_a_payment_is_open():
    rows = [
        *failed("anna", 9),
        did("anna", "support_resolved", date(2026, 11, 5), 2),
        did("anna", "support_resolved", date(2026, 11, 15), 9),
    ]

    assert cells(billing(rows))["dunning", "all", "all"]["n"] == 1


def test_a_cancelled_subscription_is_dunned_no_more():
    rows = [*failed("anna"), did("anna", "cancelled", date(2026, 11, 3), 2)]

    assert ("dunning", "all", "all") not in cells(billing(rows))


def test_the_steps_come_in_the_order_of_a_payment():
    rows = [
        did(f"c{n}", touchpoint, TODAY, 9) for n, touchpoint in enumerate(["refunded", "payment_failed", "renewed"])
    ]

    assert list(dict.fromkeys(row["step"] for row in billing(rows)["rows"])) == [
        "renewed",
        "payment_failed",
        "dunning",
        "refunded",
    ]
