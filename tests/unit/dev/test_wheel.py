"""An operator installs the command line and what it stands on, and no tool of developers."""

import tomllib
from pathlib import Path

from setuptools import find_packages

ROOT = Path(__file__).resolve().parents[3]


def test_a_wheel_holds_the_core_and_the_command_line_alone() -> None:
    found = tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]["setuptools"]["packages"]["find"]
    packages = {
        package for folder in found["where"] for package in find_packages(str(ROOT / folder), include=found["include"])
    }

    assert {package.partition(".")[0] for package in packages} == {"afterbill", "afterbill_cli"}
    assert {"afterbill_cli.doctor", "afterbill.connectors.stripe"} <= packages
