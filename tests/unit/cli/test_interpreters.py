"""Which Python builds for a runtime: only one that was seen to run."""

import os
from pathlib import Path

import pytest

from afterbill.model.errors import ConfigurationError
from afterbill_cli import interpreters, local_stack


@pytest.fixture
def programs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A PATH of its own, and a checkout without an environment."""
    monkeypatch.setenv("PATH", os.pathsep.join([str(tmp_path), "/bin", "/usr/bin/no-python-here"]))
    monkeypatch.setattr(local_stack, "ROOT", tmp_path)
    monkeypatch.setattr("sys.executable", str(tmp_path / "none"))
    return tmp_path


def python(folder: Path, name: str, says: str) -> None:
    """A program that prints this, whatever it is asked."""
    program = folder / name
    program.write_text(f"#!/bin/sh\n{says}\n", encoding="utf-8")
    program.chmod(0o755)


def runs(version: str, place: str = "/opt/python") -> str:
    return f"echo {version} {place}"


def test_it_is_the_one_of_that_version(programs: Path) -> None:
    python(programs, "python3.13", runs("python3.13", "/opt/python3.13"))
    python(programs, "python3.12", runs("python3.12", "/opt/python3.12"))

    assert interpreters.interpreter("python3.12") == Path("/opt/python3.12")


def test_python3_will_do_where_it_is_that_version(programs: Path) -> None:
    python(programs, "python3", runs("python3.12"))

    assert interpreters.interpreter("python3.12") == Path("/opt/python")


def test_a_shim_whose_version_is_not_switched_on_is_found_out(programs: Path) -> None:
    python(programs, "python3.13", "echo 'pyenv: python3.13: command not found' >&2; exit 127")
    python(programs, "python3", runs("python3.11"))

    with pytest.raises(ConfigurationError) as told:
        interpreters.interpreter("python3.13")

    assert str(told.value) == (
        f"Runtime python3.13: no Python 3.13 with pip runs here ({programs}/python3.13: pyenv: python3.13: command not "
        "found). Install it, or build for python3.11, which is here: RUNTIME=python3.11, and Runtime in samconfig.toml"
    )


def test_one_that_fails_without_a_word_is_told_by_its_exit_code(programs: Path) -> None:
    python(programs, "python3.13", "exit 3")
    python(programs, "python3", runs("python3.11"))

    with pytest.raises(ConfigurationError, match=r"python3.13: exit code 3"):
        interpreters.interpreter("python3.13")


def test_one_that_is_nowhere_is_told(programs: Path) -> None:
    python(programs, "python3", runs("python3.11"))

    with pytest.raises(ConfigurationError, match=r"\(python3.12 is not on PATH\)"):
        interpreters.interpreter("python3.12")


def test_a_runtime_that_lambda_does_not_have_is_refused() -> None:
    with pytest.raises(ConfigurationError, match=r"must be one of python3.13, python3.12, python3.11"):
        interpreters.interpreter("python3.9")


def test_the_newest_that_runs_is_taken(programs: Path) -> None:
    python(programs, "python3.13", "exit 127")
    python(programs, "python3.12", runs("python3.12"))
    python(programs, "python3", runs("python3.11"))

    assert interpreters.newest() == "python3.12"
