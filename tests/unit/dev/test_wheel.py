"""An operator installs the command line and what it stands on, and no tool of developers."""

import tomllib
from fnmatch import fnmatch
from pathlib import Path

from setuptools import find_packages

ROOT = Path(__file__).resolve().parents[3]
SETUPTOOLS = tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]["setuptools"]


def test_a_wheel_holds_the_core_and_the_command_line_alone() -> None:
    find = SETUPTOOLS["packages"]["find"]
    packages = {
        package for folder in find["where"] for package in find_packages(str(ROOT / folder), include=find["include"])
    }

    ours = {"afterbill", "afterbill_actions", "afterbill_cli", "afterbill_console", "afterbill_reports"}
    assert {package.partition(".")[0] for package in packages} == ours
    assert {"afterbill_cli.doctor", "afterbill.connectors.stripe", "afterbill_actions.connectors.slack"} <= packages


def test_a_wheel_holds_the_templates_scripts_and_tables_too() -> None:
    patterns = SETUPTOOLS["package-data"]["*"]
    files = [
        path
        for folder in (
            "layers/actions/afterbill_actions",
            "layers/console/afterbill_console",
            "layers/core/afterbill",
            "afterbill_cli",
        )
        for path in (ROOT / folder).rglob("*")
        if path.is_file() and path.suffix not in {".py", ".pyc"}
    ]

    assert {path.suffix for path in files} >= {".css", ".gz", ".html", ".js"}
    assert [str(path) for path in files if not any(fnmatch(path.name, pattern) for pattern in patterns)] == []
