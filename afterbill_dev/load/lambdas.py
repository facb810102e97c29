"""Lambda: functions with a time-out, the concurrency of the account, and the mappings that read queues."""

from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from afterbill_dev.load import limits
from afterbill_dev.load.clock import Clock
from afterbill_dev.load.metrics import Metrics, named
from afterbill_dev.load.sqs import Message, Queue

_THROTTLED_AGAIN_AFTER = 1.0
"""Seconds after which a mapping tries again that found no free function."""


@dataclass
class Account:
    """The concurrency that all functions of an account share."""

    clock: Clock
    limit: float = limits.LAMBDA_NEW_ACCOUNT.value
    in_use: int = 0
    most: int = 0

    def take(self) -> bool:
        """Return whether one more may run."""
        if self.in_use >= self.limit:
            return False
        self.in_use += 1
        self.most = max(self.most, self.in_use)
        return True


class Context:
    """The part of Lambda's context that handlers read."""

    function_name = "function"
    memory_limit_in_mb = 512
    invoked_function_arn = "arn:aws:lambda:eu-central-1:111111111111:function:function"
    aws_request_id = "52fdfc07-2182-454f-963f-5f0f9a621d72"

    def __init__(self, clock: Clock) -> None:
        self.clock = clock

    def get_remaining_time_in_millis(self) -> int:
        """Milliseconds until the time-out, simulated."""
        return max(0, int((self.clock.deadline - self.clock.time) * 1000))


@dataclass
class Function:
    """A function by its logical id. `seconds` counts what it spent in all."""

    clock: Clock
    account: Account
    metrics: Metrics
    name: str
    timeout: float
    handler: Callable[[dict[str, Any], Any], Any]
    ended: Counter[str] = field(default_factory=Counter)
    seconds: float = 0

    def invoke(self, event: dict[str, Any], done: Callable[[Any], object], records: int = 1) -> bool:
        """Start one invocation; `done` gets its answer at its end, None for an error. False: none is free."""
        if not self.account.take():
            self._count("Throttles")
            self.clock.first("concurrency")
            return False
        self._count("Invocations")
        answer: Any = None

        def work() -> None:
            nonlocal answer
            self.clock.spend(records * limits.CODE_OF_A_RECORD.value)
            try:
                answer = self.handler(event, Context(self.clock)) or {}
            except Exception as error:  # noqa: BLE001  # as Lambda: it is counted, and the caller gets no answer
                self.ended[type(error).__name__] += 1

        taken = self.clock.timed(work, self.timeout)
        if taken is None:
            answer, taken = None, self.timeout
            self.ended["time-out"] += 1
            self.clock.first(f"time-out of {self.name}")
        self.seconds += taken
        self.clock.after(taken, lambda: self._end(answer, done))
        return True

    def _end(self, answer: Any, done: Callable[[Any], object]) -> None:  # noqa: ANN401  # any handler's
        self.account.in_use -= 1
        if answer is None:
            self._count("Errors")
        done(answer)

    def _count(self, metric: str) -> None:
        self.ended[metric] += 1
        self.metrics.put(named("AWS/Lambda", metric, {"FunctionName": self.name}), 1, self.clock.now)


@dataclass
class Mapping:
    """Reads a queue into a function, at most `most` batches at once (MaximumConcurrency)."""

    clock: Clock
    queue: Queue
    function: Function
    most: int
    batch: int = int(limits.SQS_BATCH.value)
    running: int = 0

    def __post_init__(self) -> None:
        if self.most < limits.MAPPING_LEAST.value:
            message = f"MaximumConcurrency is {limits.MAPPING_LEAST.value:g} at least"
            raise ValueError(message)
        self.queue.wake = self.poll

    def poll(self) -> None:
        """Start as many batches as may run."""
        while self.running < self.most and self.queue.visible:
            messages = self.queue.receive(self.batch)
            if not messages:
                return
            self.running += 1
            event = {"Records": [_record(one, self.queue.name) for one in messages]}
            if not self.function.invoke(event, lambda answer, taken=messages: self._end(taken, answer), len(messages)):  # type: ignore[misc]  # bound
                # The messages come back after their visibility timeout, with one receive more.
                self.clock.after(_THROTTLED_AGAIN_AFTER, self._free)
                return

    def _free(self) -> None:
        self.running -= 1
        self.poll()

    def _end(self, messages: list[Message], answer: Any) -> None:  # noqa: ANN401  # the batch answer
        failed = {one.id for one in messages}
        if answer is not None:
            failed = {one["itemIdentifier"] for one in answer.get("batchItemFailures", ())}
        for message in messages:
            if message.id not in failed:
                self.queue.delete(message)
        self._free()


def _record(message: Message, queue: str) -> dict[str, Any]:
    return {
        "messageId": message.id,
        "body": message.body,
        "messageAttributes": message.attributes,
        "attributes": {"ApproximateReceiveCount": str(message.receives)},
        "eventSource": "aws:sqs",
        "eventSourceARN": f"arn:aws:sqs:eu-central-1:111111111111:{queue}",
    }
