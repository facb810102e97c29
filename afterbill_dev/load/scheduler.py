"""EventBridge Scheduler: one-time schedules that fire into a queue at least once, and the quotas on them."""

import random
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from afterbill_dev.load import limits
from afterbill_dev.load.clock import Bucket, Clock
from afterbill_dev.load.errors import refusal

_ATTEMPTS = 3
"""As `clients.client` asks for."""


@dataclass
class Scheduler:
    """A client of Scheduler; `fire` gets the input of a schedule. One in so many (`twice`) fires twice.

    Those that `fired` keep their names until they are deleted, some seconds later.
    """

    clock: Clock
    luck: random.Random
    fire: Callable[[str], object]
    most: float = limits.SCHEDULER_SCHEDULES.value
    rate: float = limits.SCHEDULER_CREATES.value
    twice: float = 0.002
    schedules: dict[str, str] = field(default_factory=dict)
    fired: set[str] = field(default_factory=set)

    def __post_init__(self) -> None:
        self._rate, self._fires = Bucket(self.rate), Bucket(limits.SCHEDULER_FIRES.value)
        self.calls: Counter[str] = Counter()

    def limit_rate(self, rate: float) -> None:
        """Take so many schedules a second from now on."""
        self._rate = Bucket(rate)
        self._rate.at = self.clock.now

    def create_schedule(self, **request: Any) -> dict[str, Any]:  # noqa: ANN401  # as boto3
        """CreateSchedule of a one-time schedule that is deleted after it fired; raises what Scheduler raises."""
        name, self.calls["created"] = request["Name"], self.calls["created"] + 1
        if not any(self._admitted(attempt) for attempt in range(_ATTEMPTS)):
            self._refuse("ThrottlingException", "Rate exceeded", 429)
        if name in self.schedules:
            self._refuse("ConflictException", f"Schedule {name} already exists.", 409)
        if len(self.schedules) >= self.most:
            self._refuse("ServiceQuotaExceededException", "The number of schedules exceeds the quota.", 402)
        self.schedules[name] = request["Target"]["Input"]
        self.clock.at(self._moment(request), lambda: self._due(name))
        return {"ScheduleArn": name}

    def _admitted(self, attempt: int) -> bool:
        """Try once, after the pause of botocore's standard mode."""
        if attempt:
            self.clock.spend(self.luck.uniform(0, 2 ** (attempt - 1)))
        self.clock.spend(limits.SCHEDULER_CALL.value)
        return self._rate.take(self.clock.time)

    def _moment(self, request: dict[str, Any]) -> float:
        expression = request["ScheduleExpression"].removeprefix("at(").removesuffix(")")
        due = (datetime.fromisoformat(expression).replace(tzinfo=UTC) - self.clock.begin).total_seconds()
        window = request["FlexibleTimeWindow"].get("MaximumWindowInMinutes", 0) * 60
        return due + self.luck.uniform(0, max(window, limits.SCHEDULER_PRECISION.value))

    def _due(self, name: str) -> None:
        if not self._fires.take(self.clock.now):
            self.clock.at(self.clock.now + 1, lambda: self._due(name))
            return
        text = self.schedules[name]
        self.fired.add(name)
        self.clock.after(self.luck.uniform(0, limits.SCHEDULER_DELETES.value), lambda: self._delete(name))
        for _ in range(1 + (self.luck.random() < self.twice)):
            self.fire(text)

    def _delete(self, name: str) -> None:
        self.fired.remove(name)
        del self.schedules[name]

    def _refuse(self, code: str, message: str, status: int) -> None:
        self.calls[code] += 1
        self.clock.first(f"Scheduler {code}")
        raise refusal(code, message, "CreateSchedule", status)
