"""What a page and an answer cost the server once it is warm: the real handler, client and parser, no network behind.

Against nothing but the call of the table, which none of them can do without: the same client, request and answer.
"""

import importlib.util
import io
import json
import os
import secrets
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, redirect_stdout
from datetime import UTC, datetime, timedelta
from types import ModuleType
from typing import Any
from unittest.mock import patch

import boto3
from botocore.awsrequest import AWSResponse

from afterbill.adapters.dynamodb.items import invitation_item
from afterbill.model.invitation import Answer, Invitation, State
from afterbill.model.links import Purpose, derive_key, sign
from benchmarks.configuration import read_anew
from benchmarks.layers import ROOT
from benchmarks.table import Row
from benchmarks.timing import ratio, seconds

Event = dict[str, Any]

_ROUNDS, _CALLS = 25, 20
_MOST = {"page": 3.2, "answer": 3.2, "seen": 2.6}
_IDENTITY = "0" * 64
_KEYS = {0: derive_key(_IDENTITY, "link")}
_NOW = datetime.now(UTC)
_SURVEY = Invitation(
    id="ab" * 16,
    fact="stripe||in_1|payment|",
    customer_id="customer-1",
    touchpoint="renewed",
    stage="loyalty",
    source="stripe",
    channel="mail",
    locale="de",
    created_at=_NOW,
    occurred_at=_NOW,
    due_at=_NOW,
    expiry=timedelta(days=30),
    segments={"source": "stripe", "plan": "Team", "country": "DE", "currency": "EUR"},
    objects={"invoice": "in_1", "subscription": "sub_1"},
    state=State.SENT,
    sent_at=_NOW,
    sent_day="2026-11-22",
    answer=Answer(9, "Schnell und freundlich"),
)
_ITEM = invitation_item(_SURVEY)
_STORED = json.dumps({"Item": _ITEM, "Attributes": _ITEM}).encode()
_SECRET = json.dumps({"SecretString": json.dumps({"identity": _IDENTITY})}).encode()
_ENVIRONMENT = {
    "AWS_DEFAULT_REGION": "eu-central-1",
    "AWS_ACCESS_KEY_ID": "none",
    "AWS_SECRET_ACCESS_KEY": "none",
    "TABLE": "afterbill",
    "KEYS_SECRET": "keys",
    "PUBLIC_URL": "https://nps.example.com",
    "POWERTOOLS_SERVICE_NAME": "afterbill",
    "POWERTOOLS_METRICS_NAMESPACE": "afterbill",
}


class _Sent:
    """A body as urllib3 hands it over."""

    def __init__(self, content: bytes) -> None:
        self._content = content

    def stream(self, **_: object) -> Iterator[bytes]:
        """All at once."""
        yield self._content


def rows() -> list[Row]:
    """GET of a number, POST of a form and the report that a page was seen, in processor time."""
    asked = {
        "page": _sample("survey_get"),
        "answer": _sample("survey_form"),
        "seen": _sample("survey_form") | {"body": "seen=1&rating=9", "isBase64Encoded": False},
    }
    with _function() as app:
        client = boto3.client("dynamodb")
        return [_row(name, app, event, client) for name, event in asked.items()]


def _row(name: str, app: ModuleType, event: Event, client: Any) -> Row:  # noqa: ANN401  # boto3 clients have no static type
    """The median over some rounds in which both take turns, after one that does not count.

    Every call has a link of its own, as the function refuses a link that is used too often; all are made before.
    """
    rounds = [[_linked(event) for _ in range(_CALLS)] for _ in range(_ROUNDS + 1)]
    _, *timed = [(seconds(_calls(app, events)), seconds(_reads(client))) for events in rounds]
    spent = 1000 * min(measured for measured, _ in timed) / _CALLS
    note = f"to the call of the table alone; {spent:.1f} ms: handler, client and parser, no network"
    return Row(f"{name} warm", ratio(timed), "x", _MOST[name], note)


def _reads(client: Any) -> Callable[[], None]:  # noqa: ANN401  # likewise
    """The floor: the item is asked for, and its answer parsed."""

    def work() -> None:
        for _ in range(_CALLS):
            client.get_item(TableName="afterbill", Key={"pk": {"S": "INVITATION#1"}, "sk": {"S": "-"}})

    return work


def _linked(event: Event) -> Event:
    """The same request at the page of a survey of its own."""
    token = sign(Purpose.SURVEY, secrets.token_hex(16), _NOW + timedelta(days=30), _KEYS)
    linked: Event = json.loads(json.dumps(event).replace("TOKEN", token))
    return linked


def _calls(app: ModuleType, events: Sequence[Event]) -> Callable[[], None]:
    def work() -> None:
        for event in events:
            answer = app.handler(event, None)
            if answer["statusCode"] >= 300:  # noqa: PLR2004  # from there on it is none
                raise AssertionError(f"record_response answered {answer}")

    return work


@contextmanager
def _function() -> Iterator[ModuleType]:
    """record_response as it is deployed, at a table and a secret that answer at once."""
    session = boto3.Session(region_name="eu-central-1")
    answer: Any = _answer  # the stubs know of no hook that gives something back
    session.events.register("before-send", answer)
    paths = [str(ROOT / "layers" / "config"), *sys.path]
    with (
        patch.dict(os.environ, _ENVIRONMENT),
        patch.object(sys, "path", paths),
        patch.object(boto3, "DEFAULT_SESSION", session),
        redirect_stdout(io.StringIO()),
        read_anew(),
    ):
        place = ROOT / "functions" / "record_response" / "app.py"
        spec: Any = importlib.util.spec_from_file_location("page_of_a_benchmark", place)
        app = importlib.util.module_from_spec(spec)
        spec.loader.exec_module(app)
        yield app


def _answer(request: Any, **_: object) -> AWSResponse:  # noqa: ANN401  # as botocore hands it over
    raw: Any = _Sent(_SECRET if "secretsmanager" in request.url else _STORED)
    headers: Any = {"Content-Type": "application/x-amz-json-1.0"}
    return AWSResponse(request.url, 200, headers, raw)


def _sample(name: str) -> Event:
    event: Event = json.loads((ROOT / "events" / "api" / f"{name}.json").read_text("utf-8"))
    return event
