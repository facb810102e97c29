"""SQS: standard queues with visibility, receive counts and dead letters, and what CloudWatch shows of them."""

import heapq
import itertools
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from afterbill_dev.load import limits
from afterbill_dev.load.clock import Clock
from afterbill_dev.load.errors import refusal

NEVER = 10**9


@dataclass(slots=True)
class Message:
    """A message; `sent_at` is when it came into this queue, or when its delay was over (believed: AWS does not say)."""

    id: str
    body: str
    attributes: Mapping[str, Any]
    sent_at: float
    receives: int = 0
    deleted: bool = False


@dataclass
class Queue:
    """A standard queue. `wake` is called whenever something has become visible."""

    clock: Clock
    name: str
    visibility: float = 30
    most_receives: int = NEVER
    dead_letters: "Queue | None" = None
    wake: Callable[[], object] = lambda: None

    def __post_init__(self) -> None:
        self._visible: list[tuple[float, int, Message]] = []
        self._delayed = self.in_flight = 0
        self._turns, self._names = itertools.count(), itertools.count()
        self._waiting: dict[str, Message] = {}
        self._alive: dict[str, Message] = {}

    def put(self, body: str, attributes: Mapping[str, Any] | None = None, delay: float = 0) -> None:
        """Keep the message; it is visible after `delay` seconds."""
        if not 0 <= delay <= limits.SQS_DELAY.value:
            raise refusal(
                "InvalidParameterValue", f"Value {delay} for parameter DelaySeconds is invalid.", "SendMessage"
            )
        message = Message(f"{self.name}-{next(self._names)}", body, attributes or {}, self.clock.time)
        if delay:
            self._delayed += 1
            self.clock.at(self.clock.time + delay, lambda: self._show(message, delayed=True))
        else:
            self._show(message)

    def _show(self, message: Message, *, delayed: bool = False) -> None:
        self._delayed -= delayed
        heapq.heappush(self._visible, (self.clock.now, next(self._turns), message))
        self._waiting[message.id] = self._alive[message.id] = message
        if delayed:
            message.sent_at = self.clock.now
        self.wake()

    def receive(self, most: int) -> list[Message]:
        """Take up to ten messages; each comes back after the visibility timeout, unless it is deleted."""
        taken: list[Message] = []
        while self._visible and len(taken) < min(most, limits.SQS_BATCH.value):
            message = heapq.heappop(self._visible)[2]
            del self._waiting[message.id]
            if message.receives >= self.most_receives and self.dead_letters:
                del self._alive[message.id]
                self.dead_letters.put(message.body, message.attributes)
                continue
            message.receives += 1
            self.in_flight += 1
            taken.append(message)
            self.clock.at(self.clock.now + self.visibility, lambda message=message: self._again(message))  # type: ignore[misc]  # bound
        return taken

    def _again(self, message: Message) -> None:
        if not message.deleted:
            self.in_flight -= 1
            self._show(message)

    def delete(self, message: Message) -> None:
        """Forget a message that was received, unless it has become visible again."""
        if not message.deleted and message.id not in self._waiting:
            message.deleted = True
            del self._alive[message.id]
            self.in_flight -= 1

    @property
    def visible(self) -> int:
        """ApproximateNumberOfMessagesVisible."""
        return len(self._visible)

    @property
    def delayed(self) -> int:
        """ApproximateNumberOfMessagesDelayed."""
        return self._delayed

    @property
    def messages(self) -> list[Message]:
        """Those that can be received now."""
        return list(self._waiting.values())

    def age(self) -> float:
        """ApproximateAgeOfOldestMessage: of what was received less than three times, in flight or not."""
        counted = (one.sent_at for one in self._alive.values() if one.receives < limits.SQS_LEAVES_AGE.value)
        return self.clock.time - next(counted, self.clock.time)  # kept in the order of their arrival


@dataclass
class Sqs:
    """A client of SQS; a queue's URL is its name."""

    clock: Clock
    queues: dict[str, Queue] = field(default_factory=dict)

    def send_message(self, **request: Any) -> dict[str, Any]:  # noqa: ANN401  # as boto3
        """SendMessage, with the attributes as a Lambda event has them."""
        self.clock.spend(limits.SQS_CALL.value)
        attributes = {
            name: {"stringValue": one["StringValue"], "dataType": "String"}
            for name, one in request.get("MessageAttributes", {}).items()
        }
        self.queues[request["QueueUrl"]].put(request["MessageBody"], attributes, request.get("DelaySeconds", 0))
        return {"MessageId": "1"}

    def send_message_batch(self, **request: Any) -> dict[str, Any]:  # noqa: ANN401  # as boto3
        """SendMessageBatch of up to ten messages."""
        self.clock.spend(limits.SQS_CALL.value)
        entries = request["Entries"]
        if len(entries) > limits.SQS_BATCH.value:
            raise refusal(
                "AWS.SimpleQueueService.TooManyEntriesInBatchRequest", "Too many entries.", "SendMessageBatch"
            )
        for one in entries:
            self.queues[request["QueueUrl"]].put(one["MessageBody"], delay=one.get("DelaySeconds", 0))
        return {"Successful": [{"Id": one["Id"]} for one in entries], "Failed": []}

    def get_queue_attributes(self, **request: Any) -> dict[str, Any]:  # noqa: ANN401  # as boto3
        """GetQueueAttributes, of the numbers of messages."""
        self.clock.spend(limits.SQS_CALL.value)
        queue = self.queues[request["QueueUrl"]]
        numbers = {"": queue.visible, "Delayed": queue.delayed, "NotVisible": queue.in_flight}
        known = {f"ApproximateNumberOfMessages{which}": str(number) for which, number in numbers.items()}
        return {"Attributes": {name: known[name] for name in request["AttributeNames"]}}
