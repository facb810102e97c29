"""How the local stack starts, finds again and ends other programs, and how it reads requests."""

import base64
import json
import os
import sys
from email.message import Message
from io import BytesIO
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

import pytest

from afterbill_dev.local import aws_environment, forwarding, options_requests, processes
from afterbill_dev.local.processes import StackError
from afterbill_dev.local.server import RequestHandler

WAIT_FOR_EVER = [sys.executable, "-c", "import signal; signal.pause()"]


@pytest.fixture(autouse=True)
def folders(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(processes, "LOGS", tmp_path / "logs")
    monkeypatch.setattr(processes, "PIDS", tmp_path / "pids")
    monkeypatch.setattr(processes, "DISCARDED", tmp_path)


def request(body: bytes, **headers: str) -> RequestHandler:
    lines = Message()
    for name, value in headers.items():
        lines[name.replace("_", "-")] = value
    return cast("RequestHandler", SimpleNamespace(headers=lines, rfile=BytesIO(body)))


def test_a_failing_program_is_reported_with_its_last_words(tmp_path: Path) -> None:
    failing = [sys.executable, "-c", "import sys; print('no disk left'); sys.exit(3)"]

    with pytest.raises(StackError, match=r"exit code 3(.|\n)*build\.log(.|\n)*no disk left"):
        processes.run("build", failing, os.environ, tmp_path)


def test_a_program_that_ends_well_says_nothing(tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    processes.run("build", [sys.executable, "-c", "print('a progress bar')"], os.environ, tmp_path)

    assert capfd.readouterr() == ("", "")


def test_a_background_program_runs_until_it_is_stopped(tmp_path: Path) -> None:
    processes.start("waiter", WAIT_FOR_EVER, os.environ, tmp_path)
    ran = processes.is_running("waiter")
    processes.stop("waiter")

    assert ran
    assert not processes.is_running("waiter")


def test_stopping_what_does_not_run_is_no_mistake() -> None:
    processes.stop("nobody")

    assert not processes.is_running("nobody")


def test_a_pid_that_was_given_to_another_program_is_left_alone(tmp_path: Path) -> None:
    (tmp_path / "pids").mkdir()
    (tmp_path / "pids" / "old").write_text(f"{os.getpid()} 1\n")

    assert not processes.is_running("old")
    processes.stop("old")


def test_a_discarded_folder_is_gone_at_once_and_its_files_soon(tmp_path: Path) -> None:
    (tmp_path / "run" / "deep").mkdir(parents=True)

    processes.discard(tmp_path / "run")
    gone = not (tmp_path / "run").exists()
    processes._started["removal"].wait()

    assert gone
    assert not list(tmp_path.glob("discarded-*"))


def test_discarding_what_is_not_there_is_no_mistake(tmp_path: Path) -> None:
    processes.discard(tmp_path / "nothing")

    assert not list(tmp_path.iterdir())


def test_waiting_ends_with_what_was_waited_for() -> None:
    with pytest.raises(StackError, match=r"Waited 0 s in vain for spring\."):
        processes.wait_until(lambda: False, "spring", seconds=0)


def test_this_process_forgets_every_real_account(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "environ", {"AWS_PROFILE": "production", "AWS_SESSION_TOKEN": "real", "HOME": "/home/me"})

    aws_environment.enter("http://127.0.0.1:1")

    assert "AWS_PROFILE" not in os.environ
    assert "AWS_SESSION_TOKEN" not in os.environ
    assert os.environ["AWS_ENDPOINT_URL"] == "http://127.0.0.1:1"
    assert os.environ["AWS_CONFIG_FILE"] == os.devnull
    assert os.environ["HOME"] == "/home/me"


def test_a_body_is_read_by_its_length() -> None:
    assert forwarding.read_body(request(b"abcdef", Content_Length="3")) == b"abc"


def test_a_request_without_a_length_has_no_body() -> None:
    assert forwarding.read_body(request(b"abc")) == b""


def test_a_body_in_chunks_is_put_together() -> None:
    chunked = request(b"3\r\nabc\r\n2;name=value\r\nde\r\n0\r\n\r\n", Transfer_Encoding="chunked")

    assert forwarding.read_body(chunked) == b"abcde"


@pytest.mark.parametrize("headers", [{"Content_Length": "10485761"}, {"Transfer_Encoding": "chunked"}])
def test_a_body_larger_than_api_gateway_admits_is_not_read(headers: dict[str, str]) -> None:
    assert forwarding.read_body(request(b"a00001\r\n", **headers)) is None


def test_repeated_headers_reach_the_function_as_one_and_the_host_by_its_name() -> None:
    sent = [("Host", "127.0.0.1:8480"), ("X-Sig", "a"), ("x-sig", "b"), ("Connection", "keep-alive")]

    assert list(forwarding._joined(sent, "id.execute-api.localhost")) == [
        ("Host", "id.execute-api.localhost"),
        ("x-sig", "a,b"),
    ]


def test_options_outside_of_every_route_is_not_found() -> None:
    stray = cast("RequestHandler", SimpleNamespace(path="/elsewhere?x=1", command="OPTIONS"))

    assert options_requests.ask(stray, b"", {"/webhooks/{source}": "receive"}) == options_requests.NOT_FOUND


@pytest.mark.parametrize("encoded", [False, True])
def test_options_reaches_the_function_of_its_route_as_api_gateway_words_it(
    monkeypatch: pytest.MonkeyPatch, *, encoded: bool
) -> None:
    asked: dict[str, Any] = {}
    body = base64.b64encode(b"yes").decode() if encoded else "yes"
    given = {"statusCode": 200, "headers": {"WebHook-Allowed-Origin": "*"}, "body": body, "isBase64Encoded": encoded}

    def invoke(**call: Any) -> dict[str, Any]:
        asked.update(call)
        return {"Payload": BytesIO(json.dumps(given).encode())}

    monkeypatch.setattr(options_requests.boto3, "client", lambda _: SimpleNamespace(invoke=invoke))
    shake = request(b"hi", WebHook_Request_Origin="events.example")
    vars(shake).update(path="/webhooks/acme%20inc?a=1", command="OPTIONS", client_address=("127.0.0.1", 1))

    answer = options_requests.ask(shake, b"hi", {"/s/{token}": "page", "/webhooks/{source}": "receive"})

    event = json.loads(asked["Payload"])
    assert asked["FunctionName"] == "receive"
    assert event["requestContext"]["http"]["method"] == "OPTIONS"
    assert event["pathParameters"] == {"source": "acme inc"}
    assert event["headers"] == {"webhook-request-origin": "events.example"}
    assert event["rawQueryString"] == "a=1"
    assert base64.b64decode(event["body"]) == b"hi"
    assert (answer.status, answer.headers, answer.body) == (200, (("WebHook-Allowed-Origin", "*"),), b"yes")


def test_a_function_that_fails_on_options_is_a_server_error(monkeypatch: pytest.MonkeyPatch) -> None:
    failed = {"FunctionError": "Unhandled", "Payload": BytesIO(b"{}")}
    monkeypatch.setattr(options_requests.boto3, "client", lambda _: SimpleNamespace(invoke=lambda **_: failed))
    shake = request(b"")
    vars(shake).update(path="/s/t", command="OPTIONS", client_address=("127.0.0.1", 1))

    assert options_requests.ask(shake, b"", {"/s/{token}": "page"}) == options_requests.FAILED
