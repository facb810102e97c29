"""[journey] of surveys.toml, as the report on the journey reads it."""

from datetime import date

from afterbill_reports.reports.journey_plan import JourneyPlan, Measure, Note, Step, Version, journey_plan

STAGES = {"purchase": ("order_paid", "payment_succeeded"), "support": ("refunded",)}


def test_without_a_plan_the_steps_are_the_stages():
    assert journey_plan({}, STAGES) == JourneyPlan(
        (Step("purchase", ("order_paid", "payment_succeeded")), Step("support", ("refunded",)))
    )


def test_a_step_has_what_the_operator_says_of_it():
    step = {
        "name": "Paying",
        "touchpoints": ["payment_succeeded"],
        "owner": "Billing",
        "notes": [{"text": "Two mails confuse.", "source": "interview", "date": date(2026, 10, 5)}],
        "measures": [{"text": "One mail", "owner": "Anna", "due": date(2027, 1, 31)}],
    }

    assert journey_plan({"steps": [step]}, STAGES).steps == (
        Step(
            "Paying",
            ("payment_succeeded",),
            "Billing",
            (Note("Two mails confuse.", "interview", date(2026, 10, 5)),),
            (Measure("One mail", "Anna", date(2027, 1, 31)),),
        ),
    )


def test_a_touchpoint_that_a_step_names_is_not_in_the_step_of_its_stage():
    steps = [{"name": "Buying", "stage": "purchase"}, {"name": "Paying", "touchpoints": ["payment_succeeded"]}]

    assert [step.touchpoints for step in journey_plan({"steps": steps}, STAGES).steps] == [
        ("order_paid",),
        ("payment_succeeded",),
    ]


def test_versions_follow_each_other_without_a_gap_and_the_time_before_them_is_one_too():
    versions = [{"name": "B", "since": date(2026, 9, 1)}, {"name": "A", "since": date(2026, 3, 1)}]

    assert journey_plan({"versions": versions}, STAGES).versions == (
        Version("", None, date(2026, 2, 28)),
        Version("A", date(2026, 3, 1), date(2026, 8, 31)),
        Version("B", date(2026, 9, 1), None),
    )
