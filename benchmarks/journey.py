"""One survey from its webhook to its answer: the real handlers over moto, with a clock that is told."""

import base64
import hmac
import importlib.util
import io
import json
import os
import re
import time
from collections import Counter
from collections.abc import Collection, Iterator
from contextlib import contextmanager, redirect_stdout
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta, tzinfo
from enum import StrEnum
from types import ModuleType
from typing import Any, ClassVar, Self

import boto3
from moto import mock_aws

from afterbill.adapters.dynamodb.click_reviews import ReviewsTable
from afterbill.adapters.dynamodb.keys import DAY_AT, ready_at
from afterbill.answers.ports import ReviewMark
from afterbill.answers.review_clicks import review_clicks
from afterbill.model.links import Purpose, derive_key, sign
from afterbill.model.visits import Integrity
from benchmarks.layers import ROOT
from benchmarks.meter import Meter
from benchmarks.world import IDENTITY, REGION, SIGNING, TABLE, world

_PAYMENT, _CUSTOMER = "invoice.paid", "customer.created"
_EVENTS = ROOT / "events"
_PUNCTUAL = timedelta(seconds=1)
"""A timer never fires early."""
_STREAMED, _HOLDER = "0f1e2d3c4b5a69788796a5b4c3d2e1f0", "5f2c8f0e7d6b4a3c9e1d0b2a4c6e8f10"
"""The invitation of the samples of the stream, and its customer."""
_SEEN = {"body": base64.b64encode(b"seen=1&rating=9").decode(), "isBase64Encoded": True}


@dataclass(frozen=True, slots=True)
class Stage:
    """The calls of one invocation, the units it wrote and read, the bytes it logged.

    `archived` are units apart, and `leases` those of its units that hold the lease of a connection.
    """

    name: str
    calls: Counter[str]
    units: int
    archived: int = 0
    reads: float = 0
    #: bytes of its log lines, metrics included, without those of Lambda itself
    logged: int = 0
    leases: int = 0


class Clock(datetime):
    """Stands in for `datetime` inside a function."""

    moment: ClassVar[datetime]

    @classmethod
    def now(cls, tz: tzinfo | None = None) -> Self:
        """The moment told."""
        at = cls.moment.astimezone(tz)
        return cls(at.year, at.month, at.day, at.hour, at.minute, at.second, at.microsecond, at.tzinfo)


class Way(StrEnum):
    """How somebody comes to their answer."""

    OPENED = "opened by a link without a number, sent"
    TAPPED = "number tapped, page seen, sent"
    LEFT = "number tapped, page seen, left"


def travel(*, known: bool, way: Way = Way.OPENED) -> list[Stage]:
    """Every stage of a survey that is sent, delivered and answered; `known`: its customer was learned before."""
    with mock_aws(), world() as meter:
        journey = Journey(meter)
        if known:
            journey.receive(_CUSTOMER)
            journey.capture()
        journey.receive("customer.source.created")  # the first request also fetches the secrets
        journey.drop()
        return list(journey.stages(way))


def ignored() -> list[Stage]:
    """A webhook that means nothing here: received, captured, forgotten."""
    with mock_aws(), world() as meter:
        journey, kind = Journey(meter), "customer.source.created"
        journey.receive(kind)  # the first request also fetches the secrets
        journey.drop()
        return [journey.stage("receive", journey.receive, kind), journey.stage("capture", journey.capture)]


class Journey:
    """Hands each function what the one before it left."""

    def __init__(self, meter: Meter) -> None:
        self.meter = meter
        self.sqs: Any = boto3.Session(region_name=REGION).client("sqs")
        session: Any = boto3.DEFAULT_SESSION
        session.events.register("after-call.*.SendEmail", _as_ses_names)
        self.functions = {path.name: _load(path.name) for path in sorted((ROOT / "functions").iterdir())}

    def stages(self, way: Way) -> Iterator[Stage]:
        """In the order of a survey's life."""
        yield self.stage("receive", self.receive, _PAYMENT)
        yield self.stage("capture", self.capture)
        invitation = next(item for (pk, _), item in self.meter.items().items() if pk.startswith("INVITATION#"))
        id_ = invitation["pk"]["S"].partition("#")[2]
        due = ready_at(invitation[DAY_AT]["S"]) + _PUNCTUAL
        token = sign(Purpose.SURVEY, id_, due + timedelta(days=9), {0: derive_key(IDENTITY, "link")})
        yield self.stage("change captured", self.invoke, "track_changes", _sample("stream/captured"))
        Clock.moment = due
        yield self.stage("send", self.invoke, "send_survey", _queued({"invitation_id": id_, "delivery": 1}))
        for kind in ("send", "delivery"):
            yield self.stage(f"mail event {kind}", self.invoke, "handle_mail_event", _queued(_ses(kind, id_)))
        tapped = {} if way is Way.OPENED else {"rawQueryString": "rating=9"}
        page = _sample("api/survey_get", TOKEN=token) | {"rawQueryString": ""} | tapped
        yield self.stage("page", self.invoke, "record_response", page)
        form = _sample("api/survey_form", TOKEN=token)
        if tapped:
            yield self.stage("tap", self.invoke, "record_response", form | _SEEN)
        if way is not Way.OPENED:
            clicked = _sample("stream/tapped", **{_STREAMED: id_})
            yield self.stage("change tapped", self.invoke, "track_changes", clicked)
        if way is Way.LEFT:
            reviews = _Marked(boto3.client("dynamodb", region_name=REGION), TABLE)
            yield self.stage("review", self.review, reviews, due)
            yield self.stage("change reviewed", reviews.remove_marks)
        else:
            yield self.stage("answer", self.invoke, "record_response", form)
        for change in ("sent", "answered"):
            yield self.stage(f"change {change}", self.invoke, "track_changes", _sample(f"stream/{change}"))
        answered = _sample("stream/answered", **{_STREAMED: id_, _HOLDER: invitation["customer_id"]["S"]})
        yield self.stage("event answered", self.invoke, "publish_events", answered)

    def stage(self, name: str, work: Any, *arguments: Any) -> Stage:  # noqa: ANN401  # a bound method and what it takes
        """Only what happens inside is counted."""
        self.meter.reset()
        with redirect_stdout(io.StringIO()) as log, logging_to(log):
            work(*arguments)
        logged = len(log.getvalue().encode())
        meter = self.meter
        return Stage(name, Counter(meter.calls), meter.units, meter.archived, meter.reads, logged, meter.leases)

    def receive(self, kind: str) -> None:
        """A signed webhook about something that happened just now."""
        Clock.moment = datetime.now(UTC)
        text = (_EVENTS / "webhooks" / "stripe" / f"{kind}.json").read_text(encoding="utf-8")
        body = re.sub(r'"created": \d+', f'"created": {int(time.time())}', text).encode()
        at = str(int(time.time()))
        mac = hmac.digest(SIGNING.encode(), at.encode() + b"." + body, "sha256").hex()
        event = _sample("api/webhook_stripe_base64")
        event["headers"]["stripe-signature"] = f"t={at},v1={mac}"
        event |= {"body": base64.b64encode(body).decode(), "isBase64Encoded": True}
        self.invoke("receive_webhook", event)

    def capture(self) -> None:
        """The webhook that lies in the inbox."""
        self.invoke("capture_event", {"Records": [self.drop()]})

    def review(self, reviews: "_Marked", tapped_at: datetime) -> None:
        """What nobody sent is judged an hour later."""
        run = review_clicks(reviews, Integrity(), tapped_at + timedelta(hours=1), lambda at: at.date().isoformat())
        if not run.answers:
            raise AssertionError(f"a person's tap came to {run}")

    def drop(self) -> dict[str, Any]:
        """Take it out of the inbox, as Lambda gets it."""
        url = os.environ["INBOX_URL"]
        (message,) = self.sqs.receive_message(QueueUrl=url, MessageAttributeNames=["All"])["Messages"]
        self.sqs.delete_message(QueueUrl=url, ReceiptHandle=message["ReceiptHandle"])
        typed = {name: {"stringValue": one["StringValue"]} for name, one in message["MessageAttributes"].items()}
        return {"messageId": message["MessageId"], "body": message["Body"], "messageAttributes": typed}

    def invoke(self, function: str, event: dict[str, Any]) -> None:
        """One invocation that must succeed, else nothing it did would count."""
        answer = self.functions[function].handler(event, _Context()) or {}
        if answer.get("batchItemFailures") or answer.get("statusCode", 200) >= 300:  # noqa: PLR2004  # from there on it is none
            raise AssertionError(f"{function} answered {answer}")


class _Marked(ReviewsTable):
    """Removes the marks of a review later: they belong to a batch of the stream, not to a survey."""

    done: Collection[ReviewMark] = ()

    def clear(self, marks: Collection[ReviewMark]) -> None:
        """Keep the marks to be removed."""
        self.done = marks

    def remove_marks(self) -> None:
        """Remove the marks of what was reviewed."""
        super().clear(self.done)


class _Context:
    """What a function asks Lambda."""

    def get_remaining_time_in_millis(self) -> int:
        """Enough."""
        return 300_000


@contextmanager
def logging_to(log: io.StringIO) -> Iterator[None]:
    """The logger keeps the stream it was made with."""
    from afterbill.runtime.observability import logger  # noqa: PLC0415  # reads the environment of the world it is in

    handler: Any = logger.registered_handler
    before = handler.setStream(log)
    try:
        yield
    finally:
        handler.setStream(before)


def _as_ses_names(parsed: dict[str, Any], **_rest: object) -> None:
    """Name the mail as SES does, where moto makes up letters: the same length, but digits of base 16."""
    parsed["MessageId"] = "0107018e2a4b6c8d-1a2b3c4d-5e6f-7081-92a3-b4c5d6e7f809-000000"


def _load(function: str) -> ModuleType:
    """The module app.py of a function, running on our clock."""
    path = ROOT / "functions" / function / "app.py"
    spec = importlib.util.spec_from_file_location(f"benchmarked_{function}", path)
    if spec is None or spec.loader is None:
        raise ImportError(path)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    vars(module)["datetime"] = Clock
    return module


def _sample(name: str, **words: str) -> dict[str, Any]:
    """A file of events/, with its placeholders filled in."""
    text = (_EVENTS / f"{name}.json").read_text(encoding="utf-8")
    for placeholder, word in words.items():
        text = text.replace(placeholder, word)
    event: dict[str, Any] = json.loads(text)
    return event


def _ses(kind: str, invitation_id: str) -> dict[str, Any]:
    return {"Message": json.dumps(_sample(f"ses/{kind}", INVITATION_ID=invitation_id, RECIPIENT="ada@example.com"))}


def _queued(content: dict[str, Any]) -> dict[str, Any]:
    return {"Records": [{"messageId": "1", "body": json.dumps(content)}]}
