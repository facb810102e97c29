"""One survey from its webhook to its answer: the real handlers over moto, with a clock that is told."""

import base64
import hmac
import importlib.util
import io
import json
import os
import re
import shutil
import sys
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager, redirect_stdout
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta, tzinfo
from pathlib import Path
from tempfile import TemporaryDirectory
from types import ModuleType
from typing import Any, ClassVar, Self
from unittest.mock import patch

import boto3
from moto import mock_aws

from afterbill import config
from afterbill.domain.links import Purpose, derive_key, sign
from benchmarks.layers import ROOT
from benchmarks.meter import Meter
from benchmarks.schema import table_definition

_TABLE, _REGION = "afterbill", "eu-central-1"
_SIGNING = "whsec_of_a_benchmark"
_IDENTITY = "0" * 64
_PAYMENT, _CUSTOMER = "invoice.paid", "customer.created"
_EVENTS = ROOT / "events"
_ENVIRONMENT = {
    "AWS_DEFAULT_REGION": _REGION,
    "TABLE": _TABLE,
    "SCHEDULE_GROUP": _TABLE,
    "SCHEDULE_ROLE": "arn:aws:iam::123456789012:role/schedule",
    "SCHEDULE_DLQ_ARN": f"arn:aws:sqs:{_REGION}:123456789012:dead",
    "SEND_QUEUE_ARN": f"arn:aws:sqs:{_REGION}:123456789012:send",
    "FLEXIBLE_WINDOW_MINUTES": "15",
    "CONFIGURATION_SET": _TABLE,
    "SENDER": "survey@example.com",
    "PUBLIC_URL": "https://nps.example.com",
    "POWERTOOLS_SERVICE_NAME": "afterbill",
    "POWERTOOLS_METRICS_NAMESPACE": "afterbill",
}


@dataclass(frozen=True, slots=True)
class Stage:
    """What one invocation asked of AWS, and the write units of it."""

    name: str
    calls: Counter[str]
    units: int


class Clock(datetime):
    """Stands in for `datetime` inside a function."""

    moment: ClassVar[datetime]

    @classmethod
    def now(cls, tz: tzinfo | None = None) -> Self:
        """The moment told."""
        at = cls.moment.astimezone(tz)
        return cls(at.year, at.month, at.day, at.hour, at.minute, at.second, at.microsecond, at.tzinfo)


def travel(*, known: bool) -> list[Stage]:
    """Every stage of a survey that is sent, delivered and answered; `known`: its customer was learned before."""
    with mock_aws(), _world() as meter:
        journey = _Journey(meter)
        if known:
            journey.receive(_CUSTOMER)
            journey.capture()
        journey.receive("customer.source.created")  # the first request also fetches the secrets
        journey.drop()
        return list(journey.stages())


@contextmanager
def _world() -> Iterator[Meter]:
    """What the template makes, as far as handlers touch it."""
    made = boto3.Session(region_name=_REGION, aws_access_key_id="none", aws_secret_access_key="none")  # noqa: S106  # opens nothing
    secrets = made.client("secretsmanager")
    sources = secrets.create_secret(Name="sources", SecretString=json.dumps({"stripe": [_SIGNING]}))
    keys = secrets.create_secret(Name="keys", SecretString=json.dumps({"identity": _IDENTITY, "links": {}}))
    empty = secrets.create_secret(Name="empty", SecretString="{}")
    urls = [made.client("sqs").create_queue(QueueName=name)["QueueUrl"] for name in ("inbox", "send", "dead")]
    made.client("scheduler").create_schedule_group(Name=_TABLE)
    made.client("ses").verify_email_identity(EmailAddress="survey@example.com")
    table: Any = made.client("dynamodb")
    definition = table_definition(_TABLE)
    table.create_table(**definition)
    meter = Meter(table, _TABLE, definition["GlobalSecondaryIndexes"])
    own = {
        "SOURCES_SECRET": sources["ARN"],
        "KEYS_SECRET": keys["ARN"],
        "APIS_SECRET": empty["ARN"],
        "TOKENS_SECRET": empty["ARN"],
        "INBOX_URL": urls[0],
        "INBOX_DEAD_LETTERS_URL": urls[2],
        "SEND_QUEUE_URL": urls[1],
    }
    folder = TemporaryDirectory()
    paths = [str(_configured(Path(folder.name))), *sys.path]
    session = boto3.Session(region_name=_REGION)
    meter.listen(session.events)
    with (
        folder,
        _read_anew(),
        patch.dict(os.environ, _ENVIRONMENT | own),
        patch.object(sys, "path", paths),
        patch.object(boto3, "DEFAULT_SESSION", session),
        redirect_stdout(io.StringIO()),
    ):
        yield meter


@contextmanager
def _read_anew() -> Iterator[None]:
    """The configuration of another journey lies in another folder."""
    for remembered in (config.folder, config.surveys_table):
        remembered.cache_clear()
    yield


def _configured(folder: Path) -> Path:
    """The shipped configuration, but for the law: the samples bear no consent."""
    shutil.copytree(ROOT / "layers" / "config", folder, dirs_exist_ok=True)
    surveys = folder / "surveys.toml"
    surveys.write_text(surveys.read_text("utf-8").replace('preset = "strict"', 'preset = "relaxed"'), "utf-8")
    return folder


class _Journey:
    """Hands each function what the one before it left."""

    def __init__(self, meter: Meter) -> None:
        self.meter = meter
        self.sqs: Any = boto3.Session(region_name=_REGION).client("sqs")
        self.functions = {path.name: _load(path.name) for path in sorted((ROOT / "functions").iterdir())}

    def stages(self) -> Iterator[Stage]:
        """In the order of a survey's life."""
        yield self.stage("receive", self.receive, _PAYMENT)
        yield self.stage("capture", self.capture)
        invitation = next(item for (pk, _), item in self.meter.items().items() if pk.startswith("INVITATION#"))
        id_ = invitation["pk"]["S"].partition("#")[2]
        due = datetime.fromisoformat(invitation.get("deferred_until", invitation["due_at"])["S"])
        token = sign(Purpose.SURVEY, id_, due + timedelta(days=9), {0: derive_key(_IDENTITY, "link")})
        Clock.moment = due
        yield self.stage("send", self.invoke, "send_survey", _queued({"invitation_id": id_, "delivery": 1}))
        for kind in ("send", "delivery"):
            yield self.stage(f"mail event {kind}", self.invoke, "handle_mail_event", _queued(_ses(kind, id_)))
        yield self.stage("page", self.invoke, "record_response", _sample("api/survey_get", TOKEN=token))
        yield self.stage("answer", self.invoke, "record_response", _sample("api/survey_form", TOKEN=token))
        for change in ("sent", "answered"):
            yield self.stage(f"change {change}", self.invoke, "track_changes", _sample(f"stream/{change}"))

    def stage(self, name: str, work: Any, *arguments: Any) -> Stage:  # noqa: ANN401  # a bound method and what it takes
        """Only what happens inside is counted."""
        self.meter.reset()
        work(*arguments)
        return Stage(name, Counter(self.meter.calls), self.meter.units)

    def receive(self, kind: str) -> None:
        """A signed webhook about something that happened just now."""
        Clock.moment = datetime.now(UTC)
        text = (_EVENTS / "webhooks" / "stripe" / f"{kind}.json").read_text(encoding="utf-8")
        body = re.sub(r'"created": \d+', f'"created": {int(time.time())}', text).encode()
        at = str(int(time.time()))
        mac = hmac.digest(_SIGNING.encode(), at.encode() + b"." + body, "sha256").hex()
        event = _sample("api/webhook_stripe_base64")
        event["headers"]["stripe-signature"] = f"t={at},v1={mac}"
        event |= {"body": base64.b64encode(body).decode(), "isBase64Encoded": True}
        self.invoke("receive_webhook", event)

    def capture(self) -> None:
        """The webhook that lies in the inbox."""
        self.invoke("capture_event", {"Records": [self.drop()]})

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


class _Context:
    """What a function asks Lambda."""

    def get_remaining_time_in_millis(self) -> int:
        """Enough."""
        return 60_000


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
