"""What it takes to start a function, against one that only imports boto3 and makes the same clients.

From the start of the process to its first request for an event, under awslambdaric, in seconds of processor time:
starting is nothing but computation, and the clock on the wall would measure whatever else the machine does too.
Both sides run in turns, with bytecode compiled beforehand and kept outside the layers. `uncompiled` takes the bytecode
of the layers away, which is what Lambda finds when nobody ships it: its layers are read-only. Its boto3 is compiled.
"""

import os
import re
import subprocess
import sys
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from statistics import median

from benchmarks.layers import PLACE, ROOT, unzip
from benchmarks.runtime_api import RuntimeApi, StartError, runtime_api
from benchmarks.table import Row
from benchmarks.timing import ratio

_PAIRS, _FEWER = 25, 5
"""Of those with a budget, and of those without."""
_BUDGETS = {"receive_webhook": 1.2, "record_response": 1.35}
"""The aims are 1.15 and 1.25; from machine to machine the same code measures 1.10 to 1.16, and 1.24 to 1.33."""
_FUNCTIONS = sorted(path.parent for path in (ROOT / "functions").glob("*/app.py"))

_UNWRITTEN = "PYTHONDONTWRITEBYTECODE"
_ENVIRONMENT = {
    "PATH": os.environ.get("PATH", os.defpath),
    "LANG": "C.UTF-8",
    "AWS_EXECUTION_ENV": "AWS_Lambda_python3.13",
    "AWS_REGION": "eu-central-1",
    "AWS_DEFAULT_REGION": "eu-central-1",
    "AWS_ACCESS_KEY_ID": "none",
    "AWS_SECRET_ACCESS_KEY": "none",
    "POWERTOOLS_SERVICE_NAME": "afterbill",
    "POWERTOOLS_METRICS_NAMESPACE": "afterbill",
    "LOG_LEVEL": "INFO",
}
"""Nothing of this machine but its programs, and credentials that open nothing."""

_CLIENT = re.compile(r'\b(?:http_|batch_)?client\("(\w+)"|\b(?:http_)?secret_keys\(')
"""A client by its service; secret_keys makes that of Secrets Manager."""
_SETTING = re.compile(r'\bsetting\("(\w+)"\)')
_FLOOR = """
import boto3
from botocore.config import Config

config = Config(connect_timeout=2, read_timeout=5, retries={{"mode": "standard", "total_max_attempts": 3}})
clients = [boto3.client(name, config=config) for name in {services}]


def handler(event, context):
    return clients
"""


def rows() -> list[Row]:
    """One row per function, and how much more the budgeted ones take where nothing is compiled."""
    layers = unzip()
    with runtime_api() as api:
        compiled = [_row(function, layers, api, _BUDGETS.get(function.name)) for function in _FUNCTIONS]
        bare = [function for function in _FUNCTIONS if function.name in _BUDGETS]
        return compiled + [_row(function, layers, api, None, compiled=False) for function in bare]


def _row(function: Path, layers: Path, api: RuntimeApi, budget: float | None, *, compiled: bool = True) -> Row:
    source = (function / "app.py").read_text(encoding="utf-8")
    floor = PLACE / "floors" / function.name
    floor.mkdir(parents=True, exist_ok=True)
    (floor / "app.py").write_text(floor_of(source), encoding="utf-8")
    bytecode = {"PYTHONPYCACHEPREFIX": str(PLACE / "bytecode")} if compiled else {_UNWRITTEN: "1"}
    common = _ENVIRONMENT | settings_of(source) | bytecode | {"AWS_LAMBDA_RUNTIME_API": api.address}
    times = _PAIRS if budget else _FEWER
    pairs = list(_pairs([_task(common, function, layers), _task(common, floor)], api, times))
    measured, least = (round(1000 * median(side)) for side in zip(*pairs, strict=True))
    state = "" if compiled else ", layers uncompiled"
    return Row(f"init {function.name}{state}", ratio(pairs), "x", budget, f"{measured} ms to {least} ms")


def floor_of(source: str) -> str:
    """A handler that makes the clients the function makes, and nothing else."""
    return _FLOOR.format(services=[service or "secretsmanager" for service in _CLIENT.findall(source)])


def settings_of(source: str) -> dict[str, str]:
    """Every environment variable the function asks for; a number, which also passes for a name nobody looks up.

    Those that the configuration asks for in its place are among them.
    """
    configuration = (ROOT / "layers" / "core" / "afterbill" / "settings" / "config.py").read_text(encoding="utf-8")
    return dict.fromkeys(_SETTING.findall(f"{source}{configuration}"), "15")


def _pairs(sides: Sequence[Mapping[str, str]], api: RuntimeApi, times: int) -> Iterator[tuple[float, float]]:
    """Seconds of both sides, after one start each that does not count: it compiles, and fills the disk's cache."""
    function, floor = sides
    _start(function, api)
    _start({name: value for name, value in floor.items() if name != _UNWRITTEN}, api)
    for _ in range(times):
        yield _start(function, api), _start(floor, api)


def _start(environment: Mapping[str, str], api: RuntimeApi) -> float:
    """Seconds of processor time until the function asks for its first event, for which it then waits idly."""
    command = [sys.executable, "-m", "awslambdaric", "app.handler"]
    process = subprocess.Popen(
        command, env=environment, cwd=PLACE, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    )
    try:
        api.await_request()
    except StartError as error:
        raise StartError(f"{environment['AWS_LAMBDA_FUNCTION_NAME']}: {error}") from None
    finally:
        process.kill()
        _, status, used = os.wait4(process.pid, 0)
        process.returncode = os.waitstatus_to_exitcode(status)
    return used.ru_utime + used.ru_stime


def _task(common: Mapping[str, str], task: Path, *layers: Path) -> dict[str, str]:
    """The environment of one side: its own code before its layers."""
    paths = os.pathsep.join(map(str, (task, *layers)))
    endpoint = f"http://{common['AWS_LAMBDA_RUNTIME_API']}"
    return {**common, "AWS_LAMBDA_FUNCTION_NAME": task.name, "AWS_ENDPOINT_URL": endpoint, "PYTHONPATH": paths}
