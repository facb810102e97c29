import json
import os
import subprocess
import sys

import pytest

from tests.e2e.town import ROOT, RUN, Town, eventually

RATINGS = (10, 9, 9, 7, 3)
PLAN = f"plan-{RUN}"


def orders_rated_in_turn(town: Town) -> None:
    for number, _ in enumerate(RATINGS):
        town.tell("support_resolved", f"score-{number}", f"score.{number}@example.com", plan=PLAN)


@pytest.mark.after(scene=orders_rated_in_turn)
def test_the_score_equals_a_recount_also_after_an_answer_changed(town: Town):
    mails = [town.mail(f"score.{number}@example.com") for number, _ in enumerate(RATINGS)]
    for mail, rating in zip(mails, RATINGS, strict=True):
        town.answer(mail, rating)
    before = computed(town, 5, 1)

    town.answer(mails[-1], 10)
    after = computed(town, 5, 0)

    assert before == recount(RATINGS)
    assert after == recount((*RATINGS[:-1], 10))


def computed(town: Town, answers: int, detractors: int) -> dict:
    """The score of the plan once it holds this many of both."""

    def look() -> dict:
        town.compute()
        found = [row for row in scores(town, "plan") if row["value"] == PLAN]
        return {name: found[0][name] for name in recount(())} if found else {}

    return eventually(
        look, lambda row: (row.get("n"), row.get("detractors")) == (answers, detractors), "the score", 90, 2
    )


def scores(town: Town, dimension: str) -> list[dict]:
    command = [sys.executable, "-m", "afterbill_cli.cli", "score", "--window", "30d", "--by", dimension, "--json"]
    environment = {**os.environ, **town.stack["environment"], "AFTERBILL_TABLE": town.stack["table"]}
    asked = subprocess.run(command, check=True, capture_output=True, text=True, cwd=ROOT, env=environment)
    return json.loads(asked.stdout)["scores"]


def recount(ratings) -> dict:
    promoters, detractors = sum(one > 8 for one in ratings), sum(one < 7 for one in ratings)
    n = len(ratings)
    return {
        "n": n,
        "promoters": promoters,
        "passives": n - promoters - detractors,
        "detractors": detractors,
        "score": round(100 * (promoters - detractors) / n, 1) if n else None,
    }


@pytest.mark.after(scene=orders_rated_in_turn)
def test_everything_that_anybody_answered_in_this_town_is_in_the_score(town: Town):
    if "AFTERBILL_STACK" in os.environ:
        pytest.skip("a stack that was there before holds answers of others")
    expected = recount(tuple(town.given.values()))

    def look() -> dict:
        town.compute()
        rows = scores(town, "all")
        return {name: rows[0][name] for name in expected} if rows else {}

    assert eventually(look, lambda row: row == expected, f"{expected}", 90, 2) == expected
