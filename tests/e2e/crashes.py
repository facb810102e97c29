"""Running the real handlers against the local stack in processes that die."""

import json
import os
import subprocess
import sys
from collections.abc import Mapping
from typing import Any

from tests.e2e.killed import KILLED
from tests.e2e.town import ROOT, Town

PROGRAM = ROOT / "tests" / "e2e" / "killed.py"
"""By its path, for a library of a vendor brings a package `tests` of its own."""
MOST_CALLS = 15
"""More than any function makes."""


def dies_at(town: Town, nth: int, function: str, body: str, attributes: Mapping[str, str] | None = None) -> bool:
    """Hand one message to a function that dies at its nth call; False when it made fewer and came to its end."""
    event = {"Records": [_record(body, attributes or {})]}
    ended = subprocess.run(
        [sys.executable, str(PROGRAM), str(nth), function],
        check=False,
        input=json.dumps(event),
        env=_environment(town, function),
        cwd=ROOT,
        capture_output=True,
        text=True,
    )
    assert ended.returncode in {0, KILLED}, ended.stdout + ended.stderr
    return ended.returncode == KILLED


def _record(body: str, attributes: Mapping[str, str]) -> dict[str, Any]:
    """A message as Lambda hands it over."""
    typed = {name: {"stringValue": value, "dataType": "String"} for name, value in attributes.items()}
    return {"messageId": "killed", "body": body, "messageAttributes": typed, "eventSource": "aws:sqs"}


def _environment(town: Town, function: str) -> dict[str, str]:
    """What the deployed function has, its configuration included."""
    deployed = town.client("lambda").get_function_configuration(FunctionName=f"{town.stack['stack_name']}-{function}")
    return {
        **{name: value for name, value in os.environ.items() if not name.startswith("AWS_")},
        **town.stack["environment"],
        **deployed["Environment"]["Variables"],
        "AWS_ENDPOINT_URL_SESV2": town.stack["inbox_url"].rstrip("/"),
        "AWS_LAMBDA_FUNCTION_NAME": function,
        "PYTHONPATH": os.pathsep.join(map(str, (town.stack["configuration"], ROOT / "layers" / "core", ROOT))),
    }
