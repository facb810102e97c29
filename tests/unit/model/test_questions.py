"""Scales and the categories of their ratings."""

import pytest

from afterbill.model.questions import SCALES, Category, Question


@pytest.mark.parametrize(
    ("ratings", "expected"),
    [
        (range(7), Category.DETRACTOR),
        (range(7, 9), Category.PASSIVE),
        (range(9, 11), Category.PROMOTER),
    ],
)
def test_every_rating_has_its_category(ratings, expected):
    assert {SCALES[Question.NPS].category(rating) for rating in ratings} == {expected}


@pytest.mark.parametrize(
    ("question", "bad", "neutral", "good"),
    [
        (Question.CSAT, (1, 2), (3,), (4, 5)),
        (Question.CES, (1, 2, 3), (4,), (5, 6, 7)),
        (Question.REBUY, range(7), (7, 8), (9, 10)),
    ],
)
def test_every_scale_has_categories_of_its_own(question, bad, neutral, good):
    scale = SCALES[question]
    expected = {Category.DETRACTOR: bad, Category.PASSIVE: neutral, Category.PROMOTER: good}

    assert {kind: [rating for rating in scale.ratings if scale.category(rating) is kind] for kind in Category} == {
        kind: list(ratings) for kind, ratings in expected.items()
    }
