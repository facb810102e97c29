"""Running other programs: to their end with a log, or in the background by a pid that is kept."""

import os
import secrets
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from urllib.error import URLError
from urllib.request import urlopen

from afterbill_dev.paths import DISCARDED, HOST, LOGS, PIDS


class StackError(Exception):
    """The stack could not be brought up or down; the message says why and what to do."""


LINES_SHOWN = 25
PATIENCE_SECONDS = 10.0
GRACE_SECONDS = 3.0
BACKLOG = 256
REMOVE = "import shutil, sys; [shutil.rmtree(folder, ignore_errors=True) for folder in sys.argv[1:]]"

_started: dict[str, subprocess.Popen[bytes]] = {}
"""Programs of this very process, which alone learns from the system that they ended."""


def run(name: str, command: Sequence[str], environment: Mapping[str, str], folder: Path) -> None:
    """Run `command` to its end; a failure shows the last lines it printed."""
    with _log(name).open("wb") as log:
        ended = subprocess.run(
            command, check=False, env=environment, cwd=folder, stdin=subprocess.DEVNULL, stdout=log, stderr=log
        )
    if ended.returncode != 0:
        raise StackError(f"`{' '.join(command[:2])}` failed with exit code {ended.returncode}. {tail(name)}")


def start(
    name: str,
    command: Sequence[str],
    environment: Mapping[str, str],
    folder: Path,
    sockets: Sequence[socket.socket] = (),
) -> None:
    """Start `command` in the background, in a process group of its own, and keep its pid under `name`.

    It inherits `sockets` under the same file numbers.
    """
    PIDS.mkdir(parents=True, exist_ok=True)
    with _log(name).open("wb") as log:
        process = subprocess.Popen(
            command,
            env=environment,
            cwd=folder,
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=log,
            start_new_session=True,
            pass_fds=[one.fileno() for one in sockets],
        )
    _started[name] = process
    (PIDS / name).write_text(f"{process.pid} {_birth(process.pid)}\n")


def is_running(name: str) -> bool:
    """True when the program kept under `name` still runs."""
    return _pid(name) is not None


def stop(name: str, *, at_once: bool = False) -> None:
    """End the program kept under `name` and everything it started, asking it first unless `at_once`."""
    pid = _pid(name)
    if pid is not None:
        for sign in [signal.SIGKILL] if at_once else [signal.SIGTERM, signal.SIGKILL]:
            with suppress(ProcessLookupError):
                os.killpg(pid, sign)
            with suppress(StackError):
                wait_until(lambda: _pid(name) is None, f"the end of {name}", seconds=GRACE_SECONDS)
    (PIDS / name).unlink(missing_ok=True)


def discard(folder: Path) -> None:
    """Take a folder away at once. Its files go in the background: functions unpack ten thousands of them."""
    with suppress(FileNotFoundError):
        folder.rename(DISCARDED / f"discarded-{secrets.token_hex(4)}")
    # Whatever an earlier removal left behind goes too.
    remains = [str(left) for left in DISCARDED.glob("discarded-*")]
    if remains:
        _started["removal"] = subprocess.Popen(
            [sys.executable, "-c", REMOVE, *remains],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            start_new_session=True,
        )


def wait_until(holds: Callable[[], bool], what: str, *, seconds: float = PATIENCE_SECONDS) -> None:
    """Wait for something another program does."""
    deadline = time.monotonic() + seconds
    while not holds():
        if time.monotonic() > deadline:
            raise StackError(f"Waited {seconds:.0f} s in vain for {what}.")
        time.sleep(0.05)


def get(url: str) -> bytes | None:
    """Return the body that a server of this stack answers, None when it does not or refuses."""
    try:
        with urlopen(url, timeout=2) as answer:  # noqa: S310 (an address of our own, on loopback)
            return bytes(answer.read())
    except (URLError, OSError):
        return None


def tail(name: str) -> str:
    """The last lines of a program's log, introduced by where the whole log is."""
    lines = _log(name).read_text(errors="replace").splitlines()[-LINES_SHOWN:]
    return "\n".join([f"The end of {_log(name)}:", *lines])


def listen(preferred: int) -> socket.socket:
    """A socket that listens on `preferred`, so that addresses stay the same from day to day; else on any free port."""
    for port in (preferred, 0):
        with suppress(OSError):
            return socket.create_server((HOST, port), backlog=BACKLOG)
    raise StackError(f"No free port on {HOST}: end some programs that listen there, then try again.")


def _log(name: str) -> Path:
    LOGS.mkdir(parents=True, exist_ok=True)
    return LOGS / f"{name}.log"


def _pid(name: str) -> int | None:
    """The pid kept under `name`, while it is still that program's: pids are used again."""
    try:
        written, _, birth = (PIDS / name).read_text().strip().partition(" ")
        pid = int(written)
        if name in _started:
            _started[name].poll()
        os.kill(pid, 0)
    except (FileNotFoundError, ProcessLookupError, ValueError):
        return None
    return pid if _birth(pid) == birth else None


def _birth(pid: int) -> str:
    """Return the start of a process in the system's own unit; empty where it is unknown."""
    with suppress(FileNotFoundError, ProcessLookupError):
        state, *rest = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
        # A dead process stays listed until its parent has asked about it.
        return "ended" if state == "Z" else rest[18]
    with suppress(FileNotFoundError):
        listed = subprocess.run(["ps", "-o", "lstart=", "-p", str(pid)], check=False, capture_output=True, text=True)
        return listed.stdout.strip()
    return ""
