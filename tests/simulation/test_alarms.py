"""CloudWatch's alarms as the model reads and evaluates them."""

import pytest

from afterbill_dev.load.alarms import Alarm, Source, alarms_of
from afterbill_dev.load.metrics import Metrics, named
from afterbill_dev.load.template import Template, seconds_of

NAME = named("afterbill", "Refused", {"service": "afterbill"})
OTHER = named("afterbill", "Taken", {"service": "afterbill"})


def alarm(**changes) -> Alarm:
    fields = {
        "name": "A",
        "sources": (Source("m", NAME, "Sum"),),
        "expression": "",
        "period": 300,
        "periods": 1,
        "datapoints": 1,
        "compare": "GreaterThanOrEqualToThreshold",
        "threshold": 2.0,
        "missing": "notBreaching",
    }
    return Alarm(**fields | changes)


def metrics(*values: tuple[float, float], name=NAME) -> Metrics:
    made = Metrics()
    for time, value in values:
        made.put(name, value, time)
    return made


def test_a_sum_rings_at_the_end_of_its_period_until_the_end_of_the_first_good_one():
    assert alarm().rings(metrics((310, 1), (500, 1)), 3600) == [(600, 900)]


def test_below_the_threshold_nothing_rings():
    assert alarm().rings(metrics((310, 1), (700, 1)), 3600) == []


@pytest.mark.parametrize(
    ("statistic", "rings"), [("Maximum", True), ("Minimum", False), ("Average", False), ("SampleCount", True)]
)
def test_a_statistic_is_taken_over_the_whole_period(statistic, rings):
    sources = (Source("m", NAME, statistic),)

    assert bool(alarm(sources=sources).rings(metrics((1, 0), (61, 3)), 3600)) is rings


def test_all_periods_must_be_bad_unless_some_suffice():
    bad = metrics((1, 9), (301, 9), (901, 9))

    assert alarm(periods=3, datapoints=3).rings(bad, 3600) == []
    assert alarm(periods=3, datapoints=2).rings(bad, 3600) == [(600, 1500)]


def test_missing_data_rings_where_it_counts_as_bad():
    least = alarm(compare="LessThanThreshold", threshold=1.0, missing="breaching", periods=2, datapoints=2)

    assert least.rings(metrics((1, 1), (301, 1), (1201, 1), (1501, 1)), 1800) == [(1200, 1500)]
    assert alarm(missing="breaching").rings(Metrics(), 600) == [(300, 600)]


def test_an_expression_is_computed_from_its_metrics():
    both = metrics((1, 1))
    both.put(OTHER, 1, 2)
    sources = (Source("a", NAME, "Minimum"), Source("b", OTHER, "Minimum"))

    assert alarm(sources=sources, expression="a + b").rings(both, 300) == [(300, 300)]
    assert alarm(sources=sources, expression="a + b").rings(metrics((1, 2)), 300) == []
    assert alarm(sources=sources, expression="a + FILL(b, 1)").rings(metrics((1, 1)), 300) == [(300, 300)]


def test_every_alarm_of_the_template_is_read():
    alarms = list(alarms_of(Template({})))

    assert len(alarms) > 30
    assert all(one.sources and one.period and 1 <= one.datapoints <= one.periods for one in alarms)
    assert {one.missing for one in alarms} <= {"notBreaching", "breaching"}


def test_an_alarm_is_watched_if_all_its_metrics_are_modelled():
    by_name = {one.name: one for one in alarms_of(Template({}))}

    assert by_name["InboxAgeAlarm"].watches({"Inbox"})
    assert not by_name["InboxAgeAlarm"].watches({"SendQueue"})


def test_a_parameter_that_the_template_does_not_have_is_refused():
    with pytest.raises(ValueError, match="CaptureConcurency"):
        Template({"CaptureConcurency": 5})


@pytest.mark.parametrize(
    ("rate", "seconds"), [("rate(15 minutes)", 900), ("rate(1 hour)", 3600), ("rate(1 day)", 86400)]
)
def test_a_rate_is_read_as_seconds(rate, seconds):
    assert seconds_of(rate) == seconds
