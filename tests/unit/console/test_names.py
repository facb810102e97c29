"""Names of dimensions and values in the words of a language; what an operator named stands as it is."""

import pytest

from afterbill_console import names
from afterbill_console.texts import texts
from afterbill_dev.console.world import World
from tests.unit.console.pages import opened, report, with_reports

EN, DE = texts("en"), texts("de")


@pytest.mark.parametrize(
    ("dimension", "value", "english", "german"),
    [
        ("touchpoint", "payment_recovered", "Failed payment made good", "Zahlung nachgeholt"),
        ("country", "DE", "Germany", "Deutschland"),
        ("country", "XX", "XX", "XX"),
        ("locale", "de-CH", "German (Switzerland)", "Deutsch (Schweiz)"),
        ("locale", "xx-unheard-of", "xx-unheard-of", "xx-unheard-of"),
        ("locale", "qq", "qq", "qq"),
        ("plan", "Team", "Team", "Team"),
        ("plan", "unknown", "not known", "nicht bekannt"),
        ("reason", "none", "No reason given", "Kein Grund genannt"),
        ("plan + country", "Team + CH", "Team + Switzerland", "Team + Schweiz"),
        ("plan + country", "Team + more + CH", "Team + more + CH", "Team + more + CH"),
    ],
)
def test_a_value_has_its_word(dimension, value, english, german):
    assert names.value(EN, dimension, value) == english
    assert names.value(DE, dimension, value) == german


@pytest.mark.parametrize(
    ("dimension", "value", "words"),
    [
        ("touchpoint", "renewed", "Renewal"),
        ("plan", "Team", "Plan Team"),
        ("reason", "none", "Reason No reason given"),
        ("age_group", "30", "age group 30"),
    ],
)
def test_alone_a_value_stands_with_its_dimension_where_it_would_say_too_little(dimension, value, words):
    assert names.what(EN, dimension, value) == words


def test_a_row_that_says_all_has_no_why():
    assert not names.why(EN, {})
    assert names.why(EN, {"why": "few_answers"}).startswith("Fewer than 10")
    assert names.why(EN, {"why": "of_tomorrow", "because": "So it is."}) == "So it is."


def test_a_page_stands_without_response_rates_where_they_are_not_known(world: World):
    failed = {"rows": [], "why": "failed", "because": "-"}
    with_reports(world, bodies={"coverage": failed, "segments": report(world, "segments")})

    assert "responded" not in opened(world, "/app/segments?window=365d").text
