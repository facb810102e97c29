"""Bringing the stack up and down."""

import fcntl
import hashlib
import json
import os
import shutil
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any, TypeVar

import boto3

from ops.local import aws, bridges, ministack, programs, release
from ops.local.places import (
    HOST,
    LOCAL,
    LOCK_FILE,
    REGION,
    ROOT,
    RUN,
    SENDER_DOMAIN,
    STACK_FILE,
    STACK_NAME,
)

Result = TypeVar("Result")
SERVER = "server"
PREFERRED_PORTS = {"api": 8480, "inbox": 8425, "ministack": 8466}
SOURCES_OF_THE_STACK = ("functions", "infra/template.yaml", "layers", "ops/local", "requirements/stack.txt")


def up() -> dict[str, Any]:
    """Bring the stack up; what stands in .local/stack.json.

    A stack that runs and was made from the same files is left alone; any other is replaced by a fresh, empty one.
    """
    with _alone():
        made_from = fingerprint()
        running = _running()
        if running is not None and running["made_from"] == made_from:
            aws.enter(running["ministack_url"])
            return running
        _stop()
        try:
            return _start(made_from)
        except BaseException:
            _stop(keep_logs=True)
            raise


def down() -> None:
    """Stop the stack and forget all it held."""
    with _alone():
        _stop()


def _start(made_from: str) -> dict[str, Any]:
    ports = {name: programs.free_port(preferred) for name, preferred in PREFERRED_PORTS.items()}
    api_url, inbox_url = f"http://{HOST}:{ports['api']}", f"http://{HOST}:{ports['inbox']}/"
    _timed("built", release.build)
    ministack_url = _timed("MiniStack started", lambda: ministack.start(ports["ministack"], inbox_url.rstrip("/")))
    aws.enter(ministack_url)
    boto3.client("sesv2").create_email_identity(EmailIdentity=SENDER_DOMAIN)
    outputs = _timed("deployed", lambda: release.deploy(api_url))
    sources = _timed("bridged", lambda: _bridge(outputs))
    _start_server(ports, outputs, bridges.add_routes(outputs["HttpApiId"]))
    stack = {
        "api_url": api_url,
        "inbox_url": inbox_url,
        "ministack_url": ministack_url,
        "stack_name": STACK_NAME,
        "region": REGION,
        "table": outputs["TableName"],
        "sources": sources,
        "outputs": outputs,
        "environment": aws.environment(ministack_url),
        "made_from": made_from,
    }
    _publish(stack)
    return stack


def _bridge(outputs: Mapping[str, str]) -> dict[str, dict[str, str]]:
    bridges.add_grants()
    bridges.hasten_retries(outputs)
    bridges.number_concurrency()
    return bridges.write_sources(outputs["SourcesSecretArn"])


def _start_server(ports: Mapping[str, int], outputs: Mapping[str, str], routes: Mapping[str, str]) -> None:
    options = {
        "--ministack-port": str(ports["ministack"]),
        "--api-port": str(ports["api"]),
        "--api-id": outputs["HttpApiId"],
        "--routes": json.dumps(routes),
        "--post-port": str(ports["inbox"]),
        "--topic-arn": outputs["MailEventsTopicArn"],
    }
    arguments = [part for option in options.items() for part in option]
    programs.start(SERVER, [sys.executable, "-m", "ops.local.server", *arguments], os.environ, ROOT)
    programs.wait_until(lambda: programs.answers(f"http://{HOST}:{ports['inbox']}/"), "the inbox page to answer")


def _publish(stack: Mapping[str, Any]) -> None:
    """Write the file that says the stack is up, at once and for its owner alone: it holds signing secrets."""
    draft = RUN / "stack.json"
    draft.touch(mode=0o600)
    draft.write_text(json.dumps(stack, indent=2) + "\n")
    draft.replace(STACK_FILE)


def _running() -> dict[str, Any] | None:
    """The stack that is up and answers."""
    if not (STACK_FILE.exists() and programs.is_running(ministack.NAME) and programs.is_running(SERVER)):
        return None
    stack: dict[str, Any] = json.loads(STACK_FILE.read_text())
    return stack if programs.answers(stack["inbox_url"]) else None


def _stop(*, keep_logs: bool = False) -> None:
    STACK_FILE.unlink(missing_ok=True)
    programs.stop(SERVER)
    programs.stop(ministack.NAME)
    if keep_logs:
        ministack.clean()
    else:
        shutil.rmtree(RUN, ignore_errors=True)


def fingerprint() -> str:
    """One value for everything the stack is made from: equal values, equal stacks."""
    seen = hashlib.sha256(sys.version.encode())
    for path in _files():
        seen.update(str(path.relative_to(ROOT)).encode() + b"\0" + path.read_bytes() + b"\0")
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
