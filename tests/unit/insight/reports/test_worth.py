"""Promises of all five reports on customers and money."""

from importlib import import_module

import pytest

from afterbill.model.questions import Question
from afterbill_reports.reports.worth_sql import values
from tests.unit.insight.reports.fact_world import Archive, asked
from tests.unit.insight.reports.worth_world import RULES, archive

REPORTS = ("billing", "products", "revenue", "outcomes", "changes")


def module(name: str):
    return import_module(f"afterbill_reports.reports.{name}")


@pytest.mark.parametrize("name", REPORTS)
@pytest.mark.parametrize("question", [Question.NPS, Question.CSAT])
def test_a_window_without_answers_has_a_body_that_says_so(name, question):
    found = module(name).compute(Archive([]), asked(question=question), RULES)

    assert list(found) == [("", "")]
    assert ("nobody_twice" if name == "changes" else "no_answers") in str(found["", ""])


@pytest.mark.parametrize("name", REPORTS)
def test_what_is_stored_of_one_value_is_what_is_computed_with_that_filter(name):
    stored = module(name).compute(archive(1), asked(), RULES)[("plan", "pro")]
    on_demand = module(name).compute(archive(1), asked(where=(("plan", "pro"),)), RULES)

    assert list(on_demand) == [("", "")]
    assert on_demand["", ""] == stored


@pytest.mark.parametrize("name", REPORTS)
def test_nobody_declared_the_other_segments_so_nothing_is_said_of_them(name):
    found = module(name).compute(archive(1), asked(), RULES)

    assert {"plan", "size", "touchpoint"} <= {dimension for dimension, _ in found}
    assert not [scope for scope in found if not scope[0] and scope[1]]


def test_what_is_asked_never_becomes_a_part_of_a_statement():
    injection = "'; DROP TABLE facts; --"
    given = values(asked(where=(("plan", injection),)), RULES)

    assert injection in given.values()
    assert module("revenue").compute(archive(1), asked(where=(("plan", injection),)), RULES)["", ""]["customers"] == 0
    assert archive(1).rows("SELECT COUNT(*) > 0 FROM facts", {}) == [(True,)]
