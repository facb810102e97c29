"""CloudWatch's alarms, read from the template and evaluated over the metrics of a run.

A period counts once it is over, so the real alarm may ring up to one period earlier.
"""

import operator
from collections.abc import Callable, Collection, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from afterbill_dev.load.metrics import Metrics, Name, named
from afterbill_dev.load.template import Template

_COMPARES: Mapping[str, Callable[[float, float], bool]] = {
    "GreaterThanThreshold": operator.gt,
    "GreaterThanOrEqualToThreshold": operator.ge,
    "LessThanThreshold": operator.lt,
    "LessThanOrEqualToThreshold": operator.le,
}


@dataclass(frozen=True, slots=True)
class Source:
    """One metric of an alarm, with its statistic."""

    id: str
    name: Name
    statistic: str


@dataclass(frozen=True, slots=True)
class Alarm:
    """An alarm as CloudFormation describes it; `expression` is empty for one that watches a single metric."""

    name: str
    sources: tuple[Source, ...]
    expression: str
    period: int
    periods: int
    datapoints: int
    compare: str
    threshold: float
    missing: str

    def rings(self, metrics: Metrics, until: float) -> list[tuple[float, float]]:
        """Return from when to when it was in ALARM, in seconds; one that still rings ends at `until`."""
        breaching = self._breaching(metrics)
        rings: list[tuple[float, float]] = []
        since: float | None = None
        for number in range(int(until // self.period)):
            bad = sum(self._bad(breaching.get(number - back)) for back in range(min(self.periods, number + 1)))
            at = (number + 1) * self.period
            if bad >= self.datapoints and since is None:
                since = at
            if bad < self.datapoints and since is not None:
                rings.append((since, at))
                since = None
        return rings + ([(since, until)] if since is not None else [])

    def watches(self, modelled: Collection[str]) -> bool:
        """Return whether each metric is of something modelled (a logical id, or ours)."""
        names = {value for source in self.sources for _, value in source.name.dimensions}
        return bool(names) and names <= set(modelled)

    def _bad(self, breaching: bool | None) -> bool:  # noqa: FBT001  # a datapoint
        return self.missing == "breaching" if breaching is None else breaching

    def _breaching(self, metrics: Metrics) -> dict[int, bool]:
        """Return by number which periods have a datapoint, and whether it is beyond the threshold."""
        series = [(source, metrics.period(source.name, self.period)) for source in self.sources]
        found: dict[int, bool] = {}
        for number in {number for _, periods in series for number in periods}:
            values = {
                source.id: periods[number].statistic(source.statistic) if number in periods else None
                for source, periods in series
            }
            value = _value(self.expression, values) if self.expression else values[self.sources[0].id]
            if value is not None:
                found[number] = _COMPARES[self.compare](value, self.threshold)
        return found


def _value(expression: str, values: Mapping[str, float | None]) -> float | None:
    """Compute the sum or other arithmetic of an alarm; None where a metric is missing that FILL does not fill."""
    functions = {"FILL": lambda value, filled: filled if value is None else value}
    try:
        return float(eval(expression, {"__builtins__": {}}, {**functions, **values}))  # noqa: S307  # our own template
    except TypeError:
        return None


def alarms_of(template: Template) -> Iterator[Alarm]:
    """Yield every alarm of the template."""
    for name, given in template.of_type("AWS::CloudWatch::Alarm"):
        sources = tuple(_sources(given))
        periods = int(given["EvaluationPeriods"])
        yield Alarm(
            name,
            sources,
            next((one["Expression"] for one in given.get("Metrics", ()) if "Expression" in one), ""),
            int(given.get("Period") or given["Metrics"][-1]["MetricStat"]["Period"])
            if "Period" in given
            else max(int(one["MetricStat"]["Period"]) for one in given["Metrics"] if "MetricStat" in one),
            periods,
            int(given.get("DatapointsToAlarm", periods)),
            given["ComparisonOperator"],
            float(given["Threshold"]),
            given.get("TreatMissingData", "missing"),
        )


def _sources(given: Mapping[str, Any]) -> Iterator[Source]:
    if "MetricName" in given:
        yield Source("m", _named(given), given["Statistic"])
    for one in given.get("Metrics", ()):
        if "MetricStat" in one:
            yield Source(one["Id"], _named(one["MetricStat"]["Metric"]), one["MetricStat"]["Stat"])


def _named(metric: Mapping[str, Any]) -> Name:
    dimensions = {one["Name"]: str(one["Value"]) for one in metric.get("Dimensions", ())}
    return named(metric["Namespace"], metric["MetricName"], dimensions)
