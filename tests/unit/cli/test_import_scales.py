"""Scales of other products: known, said by the operator, or refused; none is taken for ours unsaid."""

from collections import Counter
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from afterbill.model.errors import ConfigurationError
from afterbill.model.questions import SCALES, Category, Question
from afterbill_cli.importing.export_columns import PRODUCTS
from afterbill_cli.importing.scales import asked_scales, doubt
from tests.unit.cli.exports import SAMPLES, ImportResult, write

THEN = "2026-11-20T10:00:00Z"


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "export.csv"


def rows(question: str, *ratings: object) -> str:
    cells = "".join(f"{number},{rating},{THEN},{question}\n" for number, rating in enumerate(ratings))
    return f"id,rating,date,question\n{cells}"


def ratings(result: ImportResult) -> list[int]:
    return [rating for rating, *_ in result.answers]


# Unknown scales


@pytest.mark.parametrize(
    ("product", "question"),
    [
        *((product, "ces") for product in PRODUCTS),
        *((product, "csat") for product in PRODUCTS if product != "asknicely"),
    ],
)
def test_a_question_that_is_asked_on_several_scales_is_not_taken_for_ours(
    product: str, question: str, file: Path
) -> None:
    result = write(file, rows(question, 5, 4, 3), product)

    assert result.left_out == {"the scale is not known": (3, [2, 3, 4])}
    assert result.code == 1


def test_it_is_said_what_to_type(file: Path) -> None:
    result = write(file, rows("ces", 5), "delighted")

    assert result.report.left_out["the scale is not known"].example == (
        "ces is asked on several scales, and the file does not say on which. "
        "Say it: --scale ces=1-7 or --scale ces=1-5, the highest number being the best; others cannot be imported"
    )


def test_rows_of_other_questions_are_imported_all_the_same(file: Path) -> None:
    result = write(file, rows("ces", 5) + f"9,9,{THEN},nps\n", "delighted")

    assert (ratings(result), result.left_out) == ([9], {"the scale is not known": (1, [2])})


def test_who_did_not_answer_is_told_as_that(file: Path) -> None:
    assert write(file, rows("ces", "")).left_out == {"has no rating": (1, [2])}


# Scales that are known or said


def test_a_scale_that_a_product_always_has_is_known(file: Path) -> None:
    assert ratings(write(file, rows("csat", 1, 5), "asknicely")) == [1, 5]


@pytest.mark.parametrize("said", ["ces=1-7", "CES = 1 - 7", "ces=1 to 7"])
def test_our_own_scale_is_imported_as_it_is(said: str, file: Path) -> None:
    result = write(file, rows("ces", *range(9)), scales=[said])

    assert ratings(result) == [1, 2, 3, 4, 5, 6, 7]
    assert (result.left_out, result.notes) == ({"the rating is outside its scale": (2, [2, 10])}, {})


@pytest.mark.parametrize(
    ("said", "theirs", "ours"),
    [("ces=1-5", (1, 2, 3, 4, 5), [1, 2, 4, 6, 7]), ("csat=1-3", (1, 2, 3), [1, 3, 5])],
)
def test_a_foreign_scale_is_imported_by_its_meaning_and_noted(
    said: str, theirs: tuple[int, ...], ours: list[int], file: Path
) -> None:
    result = write(file, rows(said.partition("=")[0], *theirs), scales=[said])

    assert ratings(result) == ours
    [(note, (count, _))] = result.notes.items()
    assert f"is stored as {', '.join(map(str, ours))}: shares can be compared, the mean cannot" in note
    assert count == len(theirs)


@pytest.mark.parametrize(("said", "cell"), [("ces=1-5", 6), ("ces=1-5", 0), ("csat=1-3", 4), ("csat=1-5", 6)])
def test_a_rating_that_is_not_on_the_scale_that_was_said_is_told(said: str, cell: int, file: Path) -> None:
    result = write(file, rows(said.partition("=")[0], 1, cell), scales=[said])

    assert result.left_out == {"the rating is outside its scale": (1, [3])}


@given(st.sampled_from(["ces=1-5", "csat=1-3"]), st.data())
def test_favourable_neutral_and_unfavourable_stay_what_they_were(said: str, data: st.DataObject) -> None:
    [scale] = [one for one in asked_scales("csv", [said]).values() if one.question in said]
    low, high = scale.numbers[0], scale.numbers[-1]
    one, other = (data.draw(st.integers(low, high)) for _ in range(2))

    middle = (low + high) / 2
    meant = Category.PROMOTER if one > middle else Category.DETRACTOR if one < middle else Category.PASSIVE
    assert SCALES[scale.question].category(scale.rating(one)) is meant
    assert (one < other) == (scale.rating(one) < scale.rating(other))


def test_a_response_is_the_same_one_on_whichever_scale_it_is_read(file: Path) -> None:
    content = f"rating,date,email,question\n4,{THEN},ada@example.com,ces\n"
    [ours] = write(file, content, scales=["ces=1-7"]).responses
    [theirs] = write(file, content, scales=["ces=1-5"]).responses

    assert ours.id == theirs.id


# What cannot be said


@pytest.mark.parametrize(
    ("said", "expected"),
    [
        ("1-5", "write question=lowest-highest, such as --scale ces=1-7"),
        ("ces", "write question=lowest-highest"),
        ("stars=1-5", "write question=lowest-highest"),
        ("ces=5-1", "the best rating must be the highest number: turn the numbers of the file round first"),
        ("csat=1-10", "csat is imported from 1 to 5 or 1 to 3 only: what another scale means on ours nobody knows"),
        ("nps=1-10", "nps is imported from 0 to 10 only: "),
        ("ces=0-10", "ces is imported from 1 to 7 or 1 to 5 only: "),
    ],
)
def test_a_scale_without_meaning_on_ours_is_refused(said: str, expected: str) -> None:
    with pytest.raises(ConfigurationError) as error:
        asked_scales("csv", [said])
    assert str(error.value).startswith(f"--scale {said}: {expected}")


# A scale that nobody said


def test_recommendations_that_stay_low_are_doubted(file: Path) -> None:
    result = write(file, rows("nps", *[1, 2, 3, 4, 5] * 2))

    assert len(result.responses) == 10
    assert result.report.doubt.startswith("no recommendation is above 5: if it was not asked from 0 to 10, say what")


@pytest.mark.parametrize("few_or_high", [Counter({5: 9}), Counter({5: 100, 8: 1}), Counter[int]()])
def test_a_few_or_high_ones_are_not(few_or_high: Counter[int]) -> None:
    assert doubt(few_or_high) == ""


# The samples


def test_delighteds_effort_of_five_keeps_its_share_of_agreement(file: Path) -> None:
    result = write(file, (SAMPLES / "delighted_ces_of_5.csv").read_bytes(), "delighted", scales=["ces=1-5"])

    assert ratings(result) == [7, 6, 4, 1]
    assert {one.question for one in result.responses} == {Question.CES}


def test_delighteds_satisfaction_of_three_keeps_its_share_of_smiles(file: Path) -> None:
    content = (SAMPLES / "delighted_csat_of_3.csv").read_bytes()

    assert ratings(write(file, content, "delighted", scales=["csat=1-3"])) == [5, 3, 1]


def test_an_export_that_was_once_taken_for_ours_is_asked_about(faults: Path, file: Path) -> None:
    content = (faults / "16.delighted-ces-of-5.csv").read_bytes()

    assert write(file, content, "delighted").left_out == {"the scale is not known": (3, [2, 3, 4])}
    assert ratings(write(file, content, "delighted", scales=["ces=1-5"])) == [7, 6, 4]
