"""What an operator types: commands of `afterbill`, and those of `make`."""

import os
import subprocess
import sys

from tests.e2e.town import ROOT

COMPANY = "Acme AG"
"""The company of the newcomer whose folder all of these tests run with."""


def afterbill(*words: str, typed: str = "") -> subprocess.CompletedProcess[str]:
    """Run a command as an operator does who has set nothing up but her folder."""
    return run("afterbill_cli.cli", *words, typed=typed)


def run(module: str, *words: str, typed: str = "") -> subprocess.CompletedProcess[str]:
    """Run a module with these words, without the AWS account and the folder of whoever runs the tests."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("AWS_", "AFTERBILL_"))}
    environment = {**kept, "PYTHONPATH": os.pathsep.join(sys.path)}
    command = [sys.executable, "-m", module, *words]
    return subprocess.run(command, input=typed, check=False, capture_output=True, text=True, cwd=ROOT, env=environment)
