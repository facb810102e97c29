"""Bringing the stack up and down."""

import fcntl
import hashlib
import json
import os
import socket
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any, NamedTuple, TypeVar

import boto3

from afterbill_dev.local import (
    aws_environment,
    configured,
    console_users,
    deployment,
    ministack,
    ministack_gaps,
    processes,
)
from afterbill_dev.local import sources as local_sources
from afterbill_dev.local.configured import Wanted
from afterbill_dev.local.connections import accounts
from afterbill_dev.local.connections import configured as connections
from afterbill_dev.paths import (
    BILLING,
    CONFIGURED,
    HOST,
    LOCAL,
    LOCK_FILE,
    REGION,
    ROOT,
    RUN,
    SCRATCH,
    SENDER_DOMAIN,
    STACK_FILE,
    STACK_NAME,
)

Result = TypeVar("Result")
SERVER = "server"
API_PORT, CONSOLE_PORT, INBOX_PORT = 8480, 8481, 8425
"""Preferred; any free port will do."""
SOURCES_OF_THE_STACK = (
    "events/apis",
    "functions",
    "infra/template.yaml",
    "layers",
    "afterbill_dev/local",
    "requirements/stack.txt",
)


class Sockets(NamedTuple):
    """The sockets that the server listens on: the API, the console, and the mail server with its page."""

    api: socket.socket
    console: socket.socket
    post: socket.socket


def up(wanted: Wanted) -> dict[str, Any]:
    """Bring the stack up with this configuration; what stands in .local/stack.json.

    A stack that runs and was made from the same files is left alone; any other is replaced by a fresh, empty one, and
    what is lost is told. A configuration with mistakes raises a StackError, and what runs goes on.
    """
    with _alone():
        configured.check(wanted)
        made_from = fingerprint(wanted)
        running = _running()
        if running is not None and running["made_from"] == made_from:
            aws_environment.enter(running["ministack_url"])
            return running
        if running is not None:
            print(_lost(running), flush=True)
        _stop()
        try:
            return _start(made_from, wanted)
        except BaseException:
            _stop(keep_logs=True)
            raise


def down() -> None:
    """Stop the stack and forget all it held."""
    with _alone():
        _stop()


def _lost(running: Mapping[str, Any]) -> str:
    """Say what goes with the stack that runs."""
    mails = json.loads(processes.get(f"{running['inbox_url']}mails.json") or "[]")
    return f"  replaces the running stack, since files changed: its answers, scores and {len(mails)} mails are lost"


def _start(made_from: str, wanted: Wanted) -> dict[str, Any]:
    _timed("built", deployment.build)
    # Held from here on, since the addresses are deployed before anybody serves them.
    with (
        processes.listen(API_PORT) as api,
        processes.listen(CONSOLE_PORT) as console,
        processes.listen(INBOX_PORT) as post,
    ):
        return _start_on(Sockets(api, console, post), made_from, wanted)


def _start_on(sockets: Sockets, made_from: str, wanted: Wanted) -> dict[str, Any]:
    api_url, console_url, inbox_url = _url(sockets.api), _url(sockets.console), _url(sockets.post) + "/"
    sources = local_sources.make(api_url, inbox_url)
    configured.write(wanted, sources, CONFIGURED, inbox_url)
    deployment.finish()
    ministack_url = _timed("MiniStack started", lambda: ministack.start(_url(sockets.post)))
    aws_environment.enter(ministack_url)
    boto3.client("sesv2").create_email_identity(EmailIdentity=SENDER_DOMAIN)
    outputs = _timed("deployed", lambda: deployment.deploy(api_url, console_url, ministack_url))
    _timed("bridged", lambda: _bridge(outputs, sources, inbox_url))
    _write_private(BILLING, local_sources.accounts(sources))
    _start_server(sockets, ministack_url, outputs)
    stack = {
        "api_url": api_url,
        "console_url": console_url,
        "inbox_url": inbox_url,
        "ministack_url": ministack_url,
        "stack_name": STACK_NAME,
        "region": REGION,
        "table": outputs["TableName"],
        "archive": outputs["ArchiveBucketName"],
        "sources": {name: source.described for name, source in sources.items()},
        "connections": accounts.described(inbox_url),
        "console": console_users.add(outputs["UserPoolId"]),
        "configuration": str(CONFIGURED),
        "outputs": outputs,
        "environment": aws_environment.environment(ministack_url),
        "made_from": made_from,
    }
    _publish(stack)
    return stack


def _bridge(outputs: Mapping[str, str], sources: local_sources.Sources, inbox_url: str) -> None:
    ministack_gaps.add_grants()
    ministack_gaps.forget_leading_keys()
    ministack_gaps.widen_filters(outputs)
    ministack_gaps.hasten_retries(outputs)
    ministack_gaps.number_concurrency()
    ministack_gaps.admit_plain_http(outputs["EvidenceBucketName"], outputs["ArchiveBucketName"])
    ministack_gaps.ask_for_passwords(outputs)
    ministack_gaps.fill_secrets(outputs, sources, connections.secrets(inbox_url))
    ministack_gaps.let_call_loopback(outputs)


def _start_server(sockets: Sockets, ministack_url: str, outputs: Mapping[str, str]) -> None:
    options = {
        "--ministack-port": ministack_url.rpartition(":")[2],
        "--api-socket": str(sockets.api.fileno()),
        "--api-id": outputs["HttpApiId"],
        "--routes": json.dumps(ministack_gaps.add_routes(outputs["HttpApiId"])),
        "--console-socket": str(sockets.console.fileno()),
        "--console-id": outputs["ConsoleApiId"],
        "--post-socket": str(sockets.post.fileno()),
        "--topic-arn": outputs["MailEventsTopicArn"],
        "--billing": str(BILLING),
    }
    arguments = [part for option in options.items() for part in option]
    processes.start(
        SERVER, [sys.executable, "-m", "afterbill_dev.local.server", *arguments], os.environ, ROOT, list(sockets)
    )
    processes.wait_until(lambda: processes.get(_url(sockets.post)) is not None, "the inbox page to answer")


def _url(listening: socket.socket) -> str:
    return f"http://{HOST}:{listening.getsockname()[1]}"


def _publish(stack: Mapping[str, Any]) -> None:
    """Write the file that says the stack is up, at once and for its owner alone: it holds signing secrets."""
    draft = RUN / "stack.json"
    _write_private(draft, stack)
    draft.replace(STACK_FILE)


def _write_private(place: Path, value: Mapping[str, Any]) -> None:
    place.touch(mode=0o600)
    place.write_text(json.dumps(value, indent=2) + "\n")


def _running() -> dict[str, Any] | None:
    """The stack that is up and answers."""
    if not (STACK_FILE.exists() and processes.is_running(ministack.NAME) and processes.is_running(SERVER)):
        return None
    stack: dict[str, Any] = json.loads(STACK_FILE.read_text())
    return stack if processes.get(stack["inbox_url"]) is not None else None


def _stop(*, keep_logs: bool = False) -> None:
    STACK_FILE.unlink(missing_ok=True)
    processes.stop(SERVER)
    ministack.stop()
    processes.discard(SCRATCH if keep_logs else RUN)


def fingerprint(wanted: Wanted) -> str:
    """One value for everything the stack is made from: equal values, equal stacks."""
    seen = hashlib.sha256(sys.version.encode())
    for path in (*_files(), *wanted.files()):
        seen.update(os.path.relpath(path, ROOT).encode() + b"\0" + path.read_bytes() + b"\0")
    return seen.hexdigest()


def _files() -> Iterator[Path]:
    for source in SOURCES_OF_THE_STACK:
        place = ROOT / source
        inside = sorted(place.rglob("*")) if place.is_dir() else [place]
        yield from (path for path in inside if path.is_file() and "__pycache__" not in path.parts)


def _timed(what: str, work: Callable[[], Result]) -> Result:
    began = time.monotonic()
    result = work()
    print(f"  {what} in {time.monotonic() - began:.1f} s", flush=True)
    return result


@contextmanager
def _alone() -> Iterator[None]:
    """One `up` or `down` at a time; a second waits."""
    LOCAL.mkdir(exist_ok=True)
    with LOCK_FILE.open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield
