import pytest

from afterbill.model.questions import Question
from afterbill.model.segments import dimension_of, question_and_dimension, segments_of
from tests.factories import customer

FACT = {"source": "shop", "touchpoint": "renewed", "stage": "loyalty", "channel": "mail", "plan": None}


@pytest.mark.parametrize(
    ("question", "dimension", "name"),
    [(Question.NPS, "all", "all"), (Question.NPS, "plan", "plan"), (Question.CSAT, "plan", "csat:plan")],
)
def test_the_dimensions_of_other_questions_have_names_of_their_own(
    question: Question, dimension: str, name: str
) -> None:
    assert dimension_of(question, dimension) == name
    assert question_and_dimension(name) == (question, dimension)


def test_what_the_fact_and_the_profile_say_is_kept() -> None:
    person = customer(country="DE", locale="de", attributes={"plan": "pro", "seats": "5"})
    fact = {"source": "shop", "touchpoint": "renewed", "stage": "loyalty", "channel": "mail"}
    assert segments_of(FACT, person) == fact | {"plan": "pro", "country": "DE", "locale": "de"}


def test_the_plan_of_the_fact_wins_over_the_one_in_the_profile() -> None:
    assert segments_of(FACT | {"plan": "team"}, customer(attributes={"plan": "pro"}))["plan"] == "team"


def test_what_is_not_known_is_left_out() -> None:
    assert set(segments_of(FACT, None)) == {"source", "touchpoint", "stage", "channel"}
    assert set(segments_of(FACT, customer())) == {"source", "touchpoint", "stage", "channel"}


def test_what_the_profile_no_longer_says_stays_as_the_fact_knew_it() -> None:
    assert segments_of(FACT | {"country": "FR"}, customer())["country"] == "FR"


@pytest.mark.parametrize("spelling", ["de-CH", "de_CH", "DE-ch", "de_CH.UTF-8"])
def test_a_language_is_one_row_however_it_is_spelled(spelling: str) -> None:
    assert segments_of({}, customer(locale=spelling))["locale"] == "de-CH"


@pytest.mark.parametrize(("spelling", "row"), [("DE", "de"), ("zh-Hans-CN", "zh-Hans-CN"), ("", None)])
def test_what_a_language_tag_says_beside_the_region_stays(spelling: str, row: str | None) -> None:
    assert segments_of({}, customer(locale=spelling)).get("locale") == row
