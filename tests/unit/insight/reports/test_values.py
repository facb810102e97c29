"""A filter by a value that no fact has is told as the mistake that it is."""

import pytest

from afterbill_reports.reports.values import unknown_value
from tests.unit.insight.reports.fact_world import RULES, Archive, asked, fact

PLANS = Archive([fact(plan="Team"), fact(plan="Team"), fact(plan="Basic", country="CH")])
SAID = "No fact of these days, or of the months before, has the "


@pytest.mark.parametrize(
    ("where", "because"),
    [
        ((("plan", "team"),), f"{SAID}plan 'team': did you mean 'Team'?"),
        ((("plan", "Gold"),), f"{SAID}plan 'Gold': there are Team, Basic."),
        ((("country", "CH"), ("plan", "Gold")), f"{SAID}plan 'Gold': there are Team, Basic."),
        ((("reason", "price"),), f"{SAID}reason 'price': none of them has any."),
    ],
)
def test_it_is_named_with_those_there_are(where, because):
    assert unknown_value(PLANS, asked(where=where), RULES) == {"why": "no_such_value", "because": because}


def test_of_many_the_ten_most_frequent_are_named():
    many = Archive([fact(plan=f"{number:02}") for number in range(12)])

    told = unknown_value(many, asked(where=(("plan", "Gold"),)), RULES)

    assert told["because"].endswith("there are 00, 01, 02, 03, 04, 05, 06, 07, 08, 09 and more.")


@pytest.mark.parametrize("where", [(), (("plan", "Team"),), (("plan", "Team"), ("country", "CH"))])
def test_values_that_facts_have_are_no_mistake(where):
    assert unknown_value(PLANS, asked(where=where), RULES) == {}
