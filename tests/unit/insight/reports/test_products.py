"""The score of each product against the answers about the others."""

from collections import defaultdict

import pytest
from statsmodels.stats.multitest import multipletests

from afterbill.insight.measures import compare
from afterbill.insight.nps import Tally
from afterbill.insight.reports.asked import EVERYTHING
from afterbill.model.questions import Question
from afterbill_reports.reports.products import compute
from tests.unit.insight.reports.fact_world import TODAY, Archive, asked
from tests.unit.insight.reports.worth_world import RULES, archive, business, counted, did, scopes_of


def products(rows, **others):
    return compute(Archive(rows), asked(**others), RULES)[EVERYTHING]


def bought(product: str, ratings: str) -> list:
    """One customer for each rating: "9*30 3*2"."""
    listed = [word.split("*") for word in ratings.split()]
    return [
        did(f"{product} {rating} {number}", "order_paid", TODAY, int(rating), products=product.split("+"))
        for rating, times in listed
        for number in range(int(times))
    ]


def tally(ratings) -> Tally:
    return Tally(tuple(sum(one == rating for one in ratings) for rating in range(11)))


@pytest.mark.parametrize("seed", [1, 2])
def test_a_recount_finds_the_same_answers_of_each_product_in_every_scope(seed):
    found = compute(archive(seed), asked(), RULES)

    for scope, answers in scopes_of(counted(business(seed), asked())).items():
        of_product = defaultdict(list)
        for answer in answers:
            for product in set(answer["products"] or ()):
                of_product[product].append(answer["rating"])
        if scope in found:
            assert {row["value"]: row["n"] for row in found[scope]["rows"]} == {
                product: len(ratings) for product, ratings in of_product.items()
            }
            assert found[scope]["total"]["n"] == sum(bool(answer["products"]) for answer in answers)
        else:
            assert not of_product


def test_the_rest_are_all_other_answers_about_products():
    rows = [
        *bought("pen", "9*20 3*20"),
        *bought("pen+ink", "9*30"),
        *bought("ink", "3*50"),
        did("x", "renewed", TODAY, 0),
    ]

    pen = next(row for row in products(rows)["rows"] if row["value"] == "pen")

    assert (pen["n"], pen["score"]) == (70, pytest.approx(100 * 30 / 70))
    assert pen["difference"] == pytest.approx(pen["score"] + 100)


def test_products_are_judged_together_as_statsmodels_does():
    ratings = ["9*40 3*10", "9*25 3*25", "9*30 3*20", "9*22 3*28", "9*33 3*17"]
    rows = [row for number, some in enumerate(ratings) for row in bought(f"product {number}", some)]

    found = products(rows)

    expected = multipletests([row["p"] for row in found["rows"]], method="fdr_bh")
    assert found["comparisons"] == 5
    assert [row["q"] for row in found["rows"]] == pytest.approx(list(expected[1]))
    assert [row["real"] for row in found["rows"]] == list(expected[0])
    assert any(row["real"] for row in found["rows"])


def test_a_product_with_few_answers_has_no_score_and_is_not_compared():
    rows = [*bought("pen", "9*50"), *bought("ink", "3*9"), *bought("book", "3*20")]

    found = {row["value"]: row for row in products(rows)["rows"]}

    assert (found["ink"]["score"], found["ink"]["why"]) == (None, "few_answers")
    assert (found["book"]["p"], found["book"]["few"]) == (None, True)


def test_of_300_products_the_50_with_most_answers_have_rows_and_the_others_are_one():
    rows = [row for number in range(300) for row in bought(f"p{number:03}", f"9*{2 if number < 70 else 1}")]

    found = products(rows)["rows"]

    assert [row["value"] for row in found[:50]] == [f"p{number:03}" for number in range(50)]
    assert (found[50]["value"], found[50]["products"], found[50]["n"]) == ("other", 250, 270)
    assert (found[50]["score"], found[50]["why"]) == (None, "merged")


def test_other_questions_compare_shares():
    rows = [row | {"question": "csat"} for row in [*bought("pen", "5*30 1*10"), *bought("ink", "5*10 1*30")]]

    pen = products(rows, question=Question.CSAT)["rows"][0]

    one, rest = tally([5] * 10 + [1] * 30), tally([5] * 30 + [1] * 10)
    assert pen["value"] == "ink"
    assert (pen["score"], pen["difference"]) == (25, compare(Question.CSAT, one, rest).change)
