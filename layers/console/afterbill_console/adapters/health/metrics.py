"""Metrics of CloudWatch."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from afterbill_console.adapters.health.stack import ExaminedStack


@dataclass(frozen=True, slots=True)
class Metric:
    """One metric; `period` in seconds."""

    namespace: str
    name: str
    dimensions: Mapping[str, str]
    period: int
    statistic: str


def latest(stack: ExaminedStack, metrics: Mapping[str, Metric], within: timedelta) -> dict[str, float]:
    """Return the newest value of each metric by its key, without metrics that have none."""
    return {key: float(one["Values"][0]) for key, one in _measured(stack, metrics, within).items()}


def newest(stack: ExaminedStack, metrics: Mapping[str, Metric], within: timedelta) -> dict[str, datetime]:
    """Return the moment of the newest value of each metric by its key, without metrics that have none."""
    return {key: one["Timestamps"][0] for key, one in _measured(stack, metrics, within).items()}


def _measured(stack: ExaminedStack, metrics: Mapping[str, Metric], within: timedelta) -> dict[str, Mapping[str, Any]]:
    if not metrics:
        return {}
    keys = {f"m{number}": key for number, key in enumerate(metrics)}
    answer = stack.client("cloudwatch").get_metric_data(
        MetricDataQueries=[
            {
                "Id": short,
                "MetricStat": {
                    "Metric": {
                        "Namespace": metrics[key].namespace,
                        "MetricName": metrics[key].name,
                        "Dimensions": [
                            {"Name": name, "Value": value} for name, value in metrics[key].dimensions.items()
                        ],
                    },
                    "Period": metrics[key].period,
                    "Stat": metrics[key].statistic,
                },
            }
            for short, key in keys.items()
        ],
        StartTime=stack.now - within,
        EndTime=stack.now,
        ScanBy="TimestampDescending",
    )
    return {keys[one["Id"]]: one for one in answer["MetricDataResults"] if one.get("Values")}
