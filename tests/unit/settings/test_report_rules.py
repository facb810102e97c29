"""[segments], [reports], [revenue] and [journey]: the rules of reports, and the mistakes in them."""

import tomllib
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import pytest

from afterbill.insight.reports.asked import Rate, ReportRules
from afterbill.model.errors import ConfigurationError
from afterbill.settings import config
from afterbill.settings.surveys import load_policy, policy_of
from afterbill_reports.reports.journey_plan import journey_plan

SHIPPED = Path(__file__).resolve().parents[3] / "layers/config/surveys.toml"


def uncommented() -> str:
    """The file with the examples of reports in force."""
    text = SHIPPED.read_text(encoding="utf-8")
    start, end = text.index("# Dimensions of your own"), text.index("# The price of one text message")
    lines = [line.removeprefix("# ") if "=" in line or "[" in line else line for line in text[start:end].splitlines()]
    return text[:start] + "\n".join(lines) + "\n" + text[end:]


def with_tables(**tables: Any) -> dict[str, Any]:
    return tomllib.loads(SHIPPED.read_text(encoding="utf-8")) | tables


def told(**tables: Any) -> list[str]:
    with pytest.raises(ConfigurationError) as caught:
        policy_of(with_tables(**tables))
    return [line.removeprefix("surveys.toml: ") for line in str(caught.value).splitlines()]


def test_what_is_shipped_declares_nothing() -> None:
    policy = load_policy(SHIPPED)

    assert (policy.segments, policy.reports_account) == ({}, "")
    assert policy.reports == ReportRules(stages=policy.reports.stages)
    assert policy.reports.stages["awareness"] == ("signed_up",)


def test_the_examples_of_the_file_are_in_order() -> None:
    policy = policy_of(tomllib.loads(uncommented()))

    assert policy.segments == {"industry": "industry", "size": "company_size"}
    assert policy.reports_account == "company_id"
    assert policy.reports.segments == ("industry", "size")
    assert policy.reports.pairs == (("plan", "country"),)
    assert policy.reports.rates == (Rate(date(2027, 1, 1), "USD", 0.92),)
    assert policy.reports.currency == "EUR"


def test_a_journey_is_read_with_its_steps_in_order() -> None:
    rules = policy_of(tomllib.loads(uncommented())).reports

    plan = journey_plan(rules.journey, rules.stages)

    assert [step.name for step in plan.steps] == ["Paying", "Getting help"]
    assert "refunded" in plan.steps[1].touchpoints
    assert "payment_failed" not in plan.steps[1].touchpoints
    assert [version.name for version in plan.versions] == ["", "One mail"]


def test_reports_look_back_as_far_as_the_longest_way_to_an_answer() -> None:
    tables = with_tables()
    tables["touchpoints"]["order_paid"] = {"delay": "180d", "patience": "20d", "expiry": "60d"}

    assert policy_of(tables).reports.lag == timedelta(days=261)


def test_functions_read_the_same_without_checks(monkeypatch: pytest.MonkeyPatch) -> None:
    tables = tomllib.loads(uncommented())
    monkeypatch.setattr(config, "surveys_table", lambda: tables)
    policy = policy_of(tables)

    assert config.report_rules() == policy.reports
    assert config.declared_segments() == {**policy.segments, "account": policy.reports_account}


def test_reports_count_unconfirmed_answers_as_scores_do() -> None:
    assert not policy_of(with_tables(integrity={"count_unconfirmed": False})).reports.unconfirmed


NO_OWNER, NO_STAGE = 'owner = ""', 'stage = "suport"'
STEP = {"name": "Paying", "touchpoints": ["order_paid"]}
RATE = {"since": date(2027, 1, 1), "currency": "USD", "price": 0.9}


@pytest.mark.parametrize(
    ("tables", "mistake"),
    [
        ({"segments": dict.fromkeys("abcdef", "x")}, "segments: must have at most 5 entries, not a table"),
        ({"segments": {"Plan": "x"}}, "segments.Plan: must be a name of 1 to 40 signs out of"),
        (
            {"segments": {"plan": "x"}},
            'segments.plan: is taken by a dimension that is always there: choose another name for "plan"',
        ),
        ({"segments": {"size": ""}}, "segments.size: must be a text of 1 to 200 characters on one line, not "),
        ({"reports": {"pairs": ["plan"]}}, "reports.pairs.0: must be two dimensions such as"),
        ({"reports": {"pairs": [["plan", "plan"]]}}, "reports.pairs.0: must be two dimensions such as"),
        (
            {"reports": {"pairs": [["plan", "contry"]]}},
            'reports.pairs.0: there is no such dimension: "contry" is unknown; did you mean "country"?',
        ),
        ({"revenue": {"currency": "euro"}}, 'revenue.currency: must be an ISO 4217 code such as "EUR", not "euro"'),
        ({"revenue": {"rates": [RATE | {"price": 0}]}}, "revenue.rates.0.price: must be more than 0, not 0"),
        ({"revenue": {"rates": [RATE | {"price": float("inf")}]}}, "revenue.rates.0.price: must be a number, not inf"),
        (
            {"revenue": {"rates": [RATE | {"currency": "EUR"}]}},
            'revenue.rates.0: "EUR" is your own currency: its price is 1',
        ),
        ({"revenue": {"rates": [RATE, RATE]}}, 'revenue.rates.1: "USD since 2027-01-01" stands twice'),
        ({"revenue": {"rates": RATE}}, "revenue.rates: must be written in double brackets, [[...rates]], once for "),
        (
            {"revenue": {"rates": [RATE | {"prise": 1}]}},
            'revenue.rates.0.prise: "prise" is unknown; did you mean "price"?',
        ),
        ({"journey": {"steps": [{"name": "Paying"}]}}, 'journey.steps.0: needs either stage = "purchase" or touchp'),
        ({"journey": {"steps": [STEP | {"stage": "support"}]}}, "journey.steps.0: needs either stage = "),
        ({"journey": {"steps": [STEP, STEP]}}, 'journey.steps.1: "Paying" stands twice'),
        (
            {"journey": {"steps": [STEP, STEP | {"name": "Buying"}]}},
            'journey.steps.1: "order_paid" is in the step "Paying" already: an answer has one step',
        ),
        (
            {"journey": {"steps": [STEP | {"notes": [{"txt": "x"}]}]}},
            'journey.steps.0.notes.0.txt: "txt" is unknown; did you mean "text"?',
        ),
        (
            {"journey": {"steps": [STEP | {"measures": [{"text": "x", "due": "soon"}]}]}},
            "journey.steps.0.measures.0.due: must be a day such as 2027-01-31, without quotes, not ",
        ),
        (
            {
                "journey": {
                    "versions": [{"name": "A", "since": date(2027, 1, 1)}, {"name": "A", "since": date(2027, 2, 1)}]
                }
            },
            'journey.versions.1: "A" stands twice',
        ),
        (
            {
                "journey": {
                    "versions": [{"name": "A", "since": date(2027, 1, 1)}, {"name": "B", "since": date(2027, 1, 1)}]
                }
            },
            'journey.versions.1: "2027-01-01" stands twice',
        ),
    ],
)
def test_a_mistake_is_named(tables: dict[str, Any], mistake: str) -> None:
    assert [line for line in told(**tables) if line.startswith(mistake)], told(**tables)


def test_a_mistake_in_one_of_many_tables_tells_the_line_of_that_one() -> None:
    text = (
        uncommented().replace('owner = "Billing"', 'owner = ""').replace('stage = "support"\n#', 'stage = "suport"\n#')
    )
    with pytest.raises(ConfigurationError) as caught:
        policy_of(tomllib.loads(text), text=text)

    owner, stage = sorted(str(caught.value).splitlines())
    lines = text.splitlines()
    assert owner.endswith(f"(line {lines.index(NO_OWNER) + 1})")
    assert stage.endswith(f"(line {lines.index(NO_STAGE, lines.index(NO_OWNER)) + 1})")
