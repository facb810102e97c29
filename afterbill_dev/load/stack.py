"""A stack as infra/template.yaml describes it, over the models: queues, mappings, routes, schedules, metrics."""

import json
import random
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from afterbill.model.messages import INVITATION_TAG
from afterbill_dev.load.alarms import alarms_of
from afterbill_dev.load.clock import EPOCH, Clock
from afterbill_dev.load.dynamodb import DynamoDb
from afterbill_dev.load.gateway import Route
from afterbill_dev.load.lambdas import Account, Function
from afterbill_dev.load.lambdas import Mapping as QueueMapping
from afterbill_dev.load.metrics import Metrics, Name, named
from afterbill_dev.load.scheduler import Scheduler
from afterbill_dev.load.secret_store import SecretsManager
from afterbill_dev.load.ses import Ses
from afterbill_dev.load.sqs import NEVER, Queue, Sqs
from afterbill_dev.load.template import STACK, Template, seconds_of
from afterbill_dev.load.world import World, secret_values

_LEFT_OUT = frozenset(
    {
        "poll_billing",
        "run_campaigns",
        "collect_response",
        "request_privacy",
        "apply_retention",
        "archive_facts",
        "compute_reports",
        "read_reports",
        "offer_survey",
        "follow_link",
        "handle_sms_event",
        "track_changes",
        "publish_events",
        "run_actions",
        "sweep_actions",
        "show_console",
        "check_health",
        "notify_operators",
    }
)
"""Functions that the runs do not need; the stream is modelled in `World`."""
UNTOLD = frozenset({"ActionsSweepFinished", "ArchiveFinished", "HealthFinished", "NotifyFinished"})
"""Metrics that only functions which are left out write."""
_GAUGES: Mapping[str, Callable[[Queue], float]] = {
    "ApproximateNumberOfMessagesVisible": lambda queue: queue.visible,
    "ApproximateNumberOfMessagesNotVisible": lambda queue: queue.in_flight,
    "ApproximateNumberOfMessagesDelayed": lambda queue: queue.delayed,
    "ApproximateAgeOfOldestMessage": Queue.age,
}
_SAMPLE_EVERY = 60
_QUIET_SAMPLE_EVERY = 300


LONG = 300
"""Seconds after which a message has waited for long."""


@dataclass(frozen=True, slots=True)
class Peak:
    """The most messages that waited in a queue, and the highest age of one in seconds."""

    messages: int = 0
    age: float = 0


class Stack:
    """Everything that a deployment makes, as far as the runs need it. `luck` decides what is random."""

    def __init__(self, parameters: Mapping[str, object], luck: random.Random, folder: Path, **account: Any) -> None:  # noqa: ANN401  # as Ses
        self.clock, self.metrics, self.luck = Clock(account.pop("begin", EPOCH)), Metrics(), luck
        self.peaks: dict[str, Peak] = {}
        self.template = Template(
            {"SenderAddress": "survey@example.com", "PublicUrl": "https://nps.example.com", **parameters}
        )
        self.account = Account(self.clock, account.pop("concurrency", 1000))
        self.queues = self._queues()
        send_queue = self.queues["SendQueue"]
        self.mails: list[tuple[float, str, int]] = []
        self.ses = Ses(self.clock, deliver=self._mail, **account)
        self.scheduler = Scheduler(self.clock, luck, send_queue.put)
        values = self.template.parameters
        self.dynamodb = DynamoDb(self.clock, float(values["MaxWriteUnits"]), float(values["MaxReadUnits"]))
        secrets = {name: name for name, _ in self.template.of_type("AWS::SecretsManager::Secret")}
        self.secrets = SecretsManager(self.clock, secret_values(secrets))
        clients = {"sqs": Sqs(self.clock, self.queues), "scheduler": self.scheduler, "sesv2": self.ses}
        self.world = World(self.clock, self.dynamodb, {**clients, "secretsmanager": self.secrets})
        self.world.replace_adapters(folder, self._count)
        self.functions: dict[str, Function] = {}
        self.routes: dict[str, Route] = {}
        self.mappings: dict[str, QueueMapping] = {}
        self.on_mail: Callable[[str, int, str], object] = lambda _id, _number, _to: None
        self._connect()
        self._watched = self._gauges()
        self._sample()

    @property
    def modelled(self) -> set[str]:
        """Dimensions of metrics that the model writes."""
        reasons = {value for name in self.metrics.minutes for key, value in name.dimensions if key == "reason"}
        return {STACK, "HttpApi", *self.queues, *(one.name for one in self.functions.values()), *reasons}

    # Making

    def _queues(self) -> dict[str, Queue]:
        given = dict(self.template.of_type("AWS::SQS::Queue"))
        made = {name: Queue(self.clock, name, float(one.get("VisibilityTimeout", 30))) for name, one in given.items()}
        for name, one in given.items():
            if policy := one.get("RedrivePolicy"):
                made[name].dead_letters = made[policy["deadLetterTargetArn"]]
                made[name].most_receives = int(policy.get("maxReceiveCount", NEVER))
        return made

    def _connect(self) -> None:
        for name, given in self.template.of_type("AWS::Serverless::Function"):
            module = given["CodeUri"].rstrip("/").rpartition("/")[2]
            if module in _LEFT_OUT:
                continue
            handler = self.world.load(module, self.template.environment(given)).handler
            function = Function(self.clock, self.account, self.metrics, name, self.template.timeout(given), handler)
            self.functions[module] = function
            for event in given.get("Events", {}).values():
                self._listen(function, given, event["Type"], event.get("Properties", {}))

    def _listen(self, function: Function, given: Mapping[str, Any], kind: str, event: Mapping[str, Any]) -> None:
        if kind == "SQS":
            queue, most = self.queues[event["Queue"]], int(event["ScalingConfig"]["MaximumConcurrency"])
            self.mappings[queue.name] = QueueMapping(self.clock, queue, function, most, int(event["BatchSize"]))
        elif kind == "HttpApi":
            self.routes[event["Path"]] = Route(
                self.clock, self.metrics, function, *self._throttle(event), tuple(self._turned_away())
            )
        elif kind == "ScheduleV2":
            failures = given.get("EventInvokeConfig", {}).get("DestinationConfig", {}).get("OnFailure", {})
            dead_letters = self.queues.get(failures.get("Destination", ""))
            self._repeat(function, seconds_of(event["ScheduleExpression"]), dead_letters)

    def _throttle(self, event: Mapping[str, Any]) -> tuple[float, float]:
        ((_, api),) = self.template.of_type("AWS::Serverless::HttpApi")
        own = api.get("RouteSettings", {}).get(f"{event['Method']} {event['Path']}", {})
        settings = {**api["DefaultRouteSettings"], **own}
        return float(settings["ThrottlingRateLimit"]), float(settings["ThrottlingBurstLimit"])

    def _turned_away(self) -> list[Name]:
        """Return the metrics that the access log's filters for 429 make."""
        filters = [one for _, one in self.template.of_type("AWS::Logs::MetricFilter") if "429" in one["FilterPattern"]]
        return [
            named(made["MetricNamespace"], made["MetricName"], _plain(made.get("Dimensions", [])))
            for one in filters
            for made in one["MetricTransformations"]
        ]

    def _repeat(self, function: Function, every: float, dead_letters: Queue | None) -> None:
        def ended(answer: object) -> None:
            if answer is None and dead_letters:
                dead_letters.put("{}")

        def run() -> None:
            self.clock.at(self.clock.now + every, run)
            if not function.invoke({}, ended):
                self.clock.at(self.clock.now + 60, lambda: function.invoke({}, ended))

        self.clock.at(every * self.luck.random(), run)

    # Watching

    def _count(self, metric: str, value: float = 1, reason: str = "", noted: object = None) -> None:  # noqa: ARG002  # as count
        """Write a metric of ours: as a whole, and under its reason."""
        for more in ({}, {"reason": str(reason)}) if reason else ({},):
            self.metrics.put(named("afterbill", str(metric), {"service": STACK, **more}), value, self.clock.time)

    def _gauges(self) -> list[tuple[Name, Queue, str]]:
        """Return the metrics of queues that some alarm watches."""
        watched = {source.name for alarm in alarms_of(self.template) for source in alarm.sources}
        named_ = [
            (named("AWS/SQS", metric, {"QueueName": name}), name, metric) for name in self.queues for metric in _GAUGES
        ]
        return [(gauge, self.queues[name], metric) for gauge, name, metric in named_ if gauge in watched]

    def _sample(self) -> None:
        """Write what SQS tells CloudWatch of each queue."""
        now = self.clock.now
        for gauge, queue, metric in self._watched:
            self.metrics.put(gauge, _GAUGES[metric](queue), now)
        for name in ("Inbox", "SendQueue"):
            self._note(name, self.queues[name])
        busy = any(queue.visible or queue.in_flight for queue in self.queues.values())
        self.clock.at(now + (_SAMPLE_EVERY if busy else _QUIET_SAMPLE_EVERY), self._sample)

    def _note(self, name: str, queue: Queue) -> None:
        """Remember how many messages waited there at most, and for how long."""
        peak, waiting, age = self.peaks.get(name, Peak()), queue.visible, queue.age()
        self.peaks[name] = Peak(max(peak.messages, waiting), max(peak.age, age))
        if age > LONG:
            self.clock.first(f"age of {name}")

    # Mails

    def _mail(self, request: dict[str, Any]) -> None:
        tags = {one["Name"]: one["Value"] for one in request["EmailTags"]}
        id_, number = tags[INVITATION_TAG], int(request["Content"]["Simple"]["Subject"]["Data"])
        (to,) = request["Destination"]["ToAddresses"]
        self.mails.append((self.clock.time, id_, number))
        self.clock.after(self.luck.uniform(2, 120), lambda: self._delivered(id_, to))
        self.on_mail(id_, number, to)

    def _delivered(self, id_: str, to: str) -> None:
        at = self.clock.moment().isoformat()
        mail = {"tags": {INVITATION_TAG: [id_]}, "messageId": f"m-{id_}", "timestamp": at, "destination": [to]}
        event = {"eventType": "Delivery", "mail": mail, "delivery": {"timestamp": at, "recipients": [to]}}
        self.queues["MailEvents"].put(json.dumps({"Message": json.dumps(event), "Timestamp": at}))


def _plain(dimensions: Any) -> dict[str, str]:  # noqa: ANN401  # a list of keys and values
    return {one["Key"]: str(one["Value"]) for one in dimensions}
