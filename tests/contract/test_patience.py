"""Functions that answer HTTP say 503 before their ten seconds are over, and no consumer is cut off, whatever AWS does.

A server on loopback takes requests and never answers; botocore waits for it a hundredth of the real time.
"""

import json
import os
import sys
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from importlib import import_module
from inspect import signature
from unittest.mock import patch

import boto3
import pytest
from botocore.retries.standard import ExponentialBackoff

from afterbill.adapters.aws import clients
from afterbill.adapters.http import http_client
from afterbill.model.errors import TransientError
from afterbill.model.short_links import short_code
from afterbill.runtime import batch
from tests.contract.template import of_type, properties, template
from tests.integration.asking import asked as privacy_asked
from tests.integration.calling import KEY, reported
from tests.integration.in_product import asked, with_in_product
from tests.integration.resolving import REGION, Resolver
from tests.integration.samples import (
    KEYS,
    SOURCES,
    captured,
    due,
    mail_event,
    payment,
    sample,
    signed,
    survey_token,
)
from tests.integration.stack import (
    IDENTITY,
    PARAMETERS,
    Context,
    configured_at_once,
    forget_configuration,
    logical_id,
    own_variables,
)

REQUESTS = {
    "receive_webhook": lambda: signed(sample("api/webhook_standard")),
    "record_response": lambda: sample("api/survey_get", TOKEN=survey_token("0" * 32)),
    "follow_link": lambda: sample("api/code_get", TOKEN=short_code("0" * 32, KEYS)),
    "offer_survey": asked,
    "collect_response": lambda: reported(idempotency_key="1"),
    "request_privacy": privacy_asked,
    "show_console": lambda: sample("api/console_get", PATH="/app/overview", QUERY="", SESSION=f"operator.{'a' * 43}"),
    "read_reports": lambda: sample("api/report_get", KEY=KEY, REPORT="trend", QUERY="window=30d"),
}
OF_HTTP = [
    name
    for name in of_type("AWS::Serverless::Function")
    if any(event["Type"] == "HttpApi" for event in properties(name).get("Events", {}).values())
] + ["ShowConsoleFunction"]


class Silent(ThreadingHTTPServer):
    """Notes the operations asked for; of Secrets Manager it answers if told to, and nothing else ever."""

    daemon_threads = True

    def __init__(self, secrets):
        super().__init__(("127.0.0.1", 0), _Requests)
        self.secrets, self.asked, self.over = secrets, [], threading.Event()


class _Requests(BaseHTTPRequestHandler):
    def do_POST(self):
        self.rfile.read(int(self.headers.get("content-length", 0)))
        operation = self.headers.get("x-amz-target", "").rpartition(".")[2]
        self.server.asked.append(operation)
        if operation != "GetSecretValue" or self.server.secrets is None:
            self.server.over.wait(10)
            return
        body = json.dumps({"SecretString": json.dumps(self.server.secrets), "VersionId": "1"}).encode()
        self.send_response(200)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_):
        pass


@pytest.fixture(params=[None, SOURCES | {"identity": IDENTITY}], ids=["nothing answers", "only secrets do"])
def server(request):
    server = Silent(request.param)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    yield server
    server.over.set()
    server.shutdown()
    thread.join()
    server.server_close()


@pytest.fixture
def load(server, monkeypatch, tmp_path):
    """Import a function as Lambda does, with clients that speak to the silent server."""
    monkeypatch.syspath_prepend(str(with_in_product(configured_at_once(tmp_path / "config"))))
    monkeypatch.setenv("AWS_ENDPOINT_URL", f"http://127.0.0.1:{server.server_address[1]}")
    monkeypatch.setenv("AWS_DEFAULT_REGION", REGION)
    monkeypatch.setattr(clients, "HTTP_READ_SECONDS", 0.05)
    monkeypatch.setattr(clients, "_READ_SECONDS", 0.05)
    monkeypatch.setattr(ExponentialBackoff, "delay_amount", lambda *_: 0)
    session = boto3.Session("none", "none", region_name=REGION)
    monkeypatch.setattr(boto3, "DEFAULT_SESSION", session)

    def load(name):
        resolver = Resolver(PARAMETERS, {})
        variables = template()["Globals"]["Function"]["Environment"]["Variables"] | own_variables(name)
        with patch.dict(os.environ, {key: str(resolver.resolve(value)) for key, value in variables.items()}):
            sys.modules.pop(f"functions.{name}.app", None)
            forget_configuration()
            return import_module(f"functions.{name}.app").handler

    yield load
    forget_configuration()


@pytest.mark.parametrize("name", REQUESTS)
def test_who_asks_is_told_to_come_again(server, load, name):
    handler = load(name)

    answer = handler(REQUESTS[name](), Context())

    assert answer["statusCode"] == 503
    assert int(answer["headers"]["Retry-After"]) > 0
    assert server.asked
    assert len(server.asked) <= 3  # the secret once, and two attempts of the call that needs it


def test_all_that_answer_http_are_looked_at():
    assert {logical_id(name) for name in REQUESTS} == set(OF_HTTP)


@pytest.mark.parametrize("name", OF_HTTP)
def test_the_last_attempt_ends_before_the_function_does(name):
    """However many calls came before it; a second attempt would begin after a pause of up to a second, and may not."""
    patience = clients.LAST_ATTEMPT_SECONDS + clients.HTTP_CONNECT_SECONDS + clients.HTTP_READ_SECONDS + 1

    assert patience <= properties(name)["Timeout"] - 1


CONSUMERS = [
    name
    for name in of_type("AWS::Serverless::Function")
    if any(event["Type"] == "SQS" for event in properties(name).get("Events", {}).values())
]


@pytest.mark.parametrize("name", CONSUMERS)
def test_a_record_is_begun_while_there_is_time_for_a_call_without_an_answer(name):
    """A function that is cut off would get all its records again."""
    enough = signature(batch.process).parameters["enough"].default.total_seconds()
    timeout = properties(name).get("Timeout", template()["Globals"]["Function"]["Timeout"])

    assert clients.PATIENCE_SECONDS < enough < timeout


RECORDS = {
    "capture_event": lambda: captured(payment()),
    "send_survey": lambda: due("0" * 32),
    "handle_mail_event": lambda: mail_event("bounce_permanent", "0" * 32, "ada@example.com"),
}
ATTEMPT_SECONDS, LONGEST_PAUSE_SECONDS = 7.0, 2.0


class Waited:
    """A context of Lambda, and a clock: a call without an answer takes all the time that it may, and so do pauses."""

    def __init__(self, server, left):
        self.server, self.left, self.pauses = server, left, 0
        self.begun = len(server.asked)

    def seconds(self):
        return ATTEMPT_SECONDS * (len(self.server.asked) - self.begun) + LONGEST_PAUSE_SECONDS * self.pauses

    def pause(self, *_):
        self.pauses += 1
        return 0

    def get_remaining_time_in_millis(self):
        return int(1000 * (self.left - self.seconds()))

    function_name, memory_limit_in_mb = "function", 512
    invoked_function_arn = "arn:aws:lambda:eu-central-1:111111111111:function:function"
    aws_request_id = "52fdfc07-2182-454f-963f-5f0f9a621d72"


def secrets_of(app):
    """All that the function remembers of secrets."""
    apis = getattr(getattr(app, "_capture", None), "apis", None)
    return [app._keys.secret, *([apis.credentials.secret, apis.tokens.secret] if apis else [])]


def least_left(name):
    """The seconds that are left when its last record is begun."""
    own = getattr(sys.modules[f"functions.{name}.app"], "_ENOUGH", None)
    return (own or signature(batch.process).parameters["enough"].default).total_seconds()


@pytest.mark.parametrize("cached", [False, True], ids=["cold", "with old secrets"])
@pytest.mark.parametrize("name", RECORDS)
def test_a_record_that_is_begun_late_ends_before_the_function_does(server, load, monkeypatch, name, cached):
    """And what was cached is not lost with the function."""
    handler = load(name)
    secrets = secrets_of(sys.modules[f"functions.{name}.app"])
    for secret in secrets:
        secret.clock = lambda: 0.0
        if cached:
            secret._value, secret._fetched_at = {"identity": IDENTITY, "links": {}}, -3_600.0
    context = Waited(server, least_left(name))
    monkeypatch.setattr(clients.time, "monotonic", context.seconds)
    monkeypatch.setattr(ExponentialBackoff, "delay_amount", context.pause)

    answer = handler(RECORDS[name](), context)

    assert [one["itemIdentifier"] for one in answer["batchItemFailures"]]
    assert server.asked
    assert context.get_remaining_time_in_millis() > 0
    assert all(secret._value for secret in secrets) or not cached


@pytest.mark.parametrize("name", RECORDS)
def test_a_secret_that_does_not_answer_takes_one_attempt(load, name):
    load(name)

    for secret in secrets_of(sys.modules[f"functions.{name}.app"]):
        assert secret.secretsmanager.meta.config.retries["total_max_attempts"] == 1


def test_an_event_is_begun_while_there_is_time_for_its_secret_and_its_api(load):
    load("capture_event")
    app = sys.modules["functions.capture_event.app"]
    asking = 2 * (http_client._PATIENCE.connect_timeout + http_client._PATIENCE.read_timeout) + http_client._PAUSE
    last = app._LAST_MILLISECONDS / 1000

    assert ATTEMPT_SECONDS + asking < last
    assert ATTEMPT_SECONDS + last < app._ENOUGH.total_seconds()


def test_no_attempt_begins_that_could_outlast_the_invocation(server, load, monkeypatch):  # noqa: ARG001  # it sets the scene
    table = clients.batch_client("dynamodb")
    monkeypatch.setattr(clients.time, "monotonic", lambda: 100.0)
    clients.begin_batch(Waited(server, ATTEMPT_SECONDS + LONGEST_PAUSE_SECONDS - 0.1))

    with pytest.raises(TransientError, match="no time is left for another call in this batch"):
        table.get_item(TableName="afterbill", Key={"pk": {"S": "1"}})
    assert server.asked == []


class TestTheTimeOfARequest:
    @pytest.fixture
    def table(self, load, server, monkeypatch):  # noqa: ARG002  # they set the scene
        self.seconds = 100.0
        monkeypatch.setattr(clients.time, "monotonic", lambda: self.seconds)
        clients.begin_request()
        yield clients.http_client("dynamodb")
        monkeypatch.undo()
        clients.begin_request()

    def test_when_it_is_over_no_other_call_begins(self, table, server):
        self.seconds += clients.LAST_ATTEMPT_SECONDS + 0.1

        with pytest.raises(TransientError, match="no time is left"):
            table.get_item(TableName="afterbill", Key={"pk": {"S": "1"}})
        assert server.asked == []

    def test_the_next_request_has_its_own(self, table, server):
        self.seconds += 100
        clients.begin_request()

        with pytest.raises(Exception, match="Read timeout"):
            table.get_item(TableName="afterbill", Key={"pk": {"S": "1"}})
        assert server.asked == ["GetItem", "GetItem"]
