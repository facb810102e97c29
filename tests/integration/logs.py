"""What a function wrote: log lines, and metrics, which are lines too."""

import json
from typing import Any


def lines(log: str) -> list[dict[str, Any]]:
    """The log lines, those of the runtime left out."""
    return [json.loads(line) for line in log.splitlines() if line.startswith("{")]


def counted(log: str, metric: str) -> list[float]:
    """The values of a metric, one by one."""
    return [value for line in lines(log) for value in line.get(metric, ())]
