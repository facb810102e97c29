"""Checking, building and deploying with SAM CLI, so that nobody needs it on PATH nor a folder to run it in."""

import os
import shlex
import subprocess
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TypedDict

from afterbill.model.errors import ConfigurationError
from afterbill_cli import configuration, policy, samconfig
from afterbill_cli.examples import is_example
from afterbill_cli.interpreters import interpreter, newest
from afterbill_cli.samconfig import StackSettings
from afterbill_dev.deploy import layers
from afterbill_dev.paths import AWS_BUILD, PROGRAMS, TEMPLATE

SAM = PROGRAMS / "sam"
LINES_SHOWN = 25


class _Place(TypedDict):
    """The folder and the variables of a program that is run."""

    cwd: Path
    env: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Release:
    """An operator's folder, what samconfig.toml says of the stack, and the interpreter of its runtime."""

    folder: Path
    environment: str
    settings: StackSettings
    runtime: str
    python: Path


def release(folder: Path, environment: str, runtime: str = "") -> Release:
    """Check everything that can be checked before SAM CLI starts; a ConfigurationError says what is wrong.

    `runtime` goes before the one of samconfig.toml; without either it is the newest for which a Python is here.
    """
    if problems := policy.problems(folder):
        raise ConfigurationError("\n".join([f"{folder} cannot be deployed:", *problems]))
    settings = samconfig.read(folder, environment)
    chosen = runtime or settings.parameters.get("Runtime") or newest()
    return Release(folder, environment, settings, chosen, interpreter(chosen))


def build(wanted: Release) -> None:
    """Build every function and layer, the configuration of the operator's folder among them."""
    print(f"Building for {wanted.runtime}, which takes a minute ...", flush=True)
    AWS_BUILD.mkdir(parents=True, exist_ok=True)
    named = {name: wanted.settings.parameters[name] for name in ("Architecture",) if name in wanted.settings.parameters}
    values = _overrides({**named, "Runtime": wanted.runtime})
    command = [str(SAM), "build", "--cached", "--template", str(TEMPLATE), "--build-dir", str(AWS_BUILD)]
    _run([*command, "--parameter-overrides", *values], wanted.python)
    configuration.complete(wanted.folder, AWS_BUILD / layers.CONFIGURATION)
    layers.prune_languages(AWS_BUILD)
    _run(layers.compilation(AWS_BUILD, wanted.python), wanted.python)
    print(f"Built into {AWS_BUILD}")


def deploy(wanted: Release) -> None:
    """Deploy what was built; SAM CLI shows the changes and asks, where samconfig.toml says so."""
    _show([str(SAM), "deploy", *deployment_options(wanted)], wanted.python)


def deployment_options(wanted: Release) -> list[str]:
    """Return the options of `sam deploy`; a ConfigurationError where the folder cannot be deployed yet."""
    place = wanted.folder / samconfig.FILE
    if not place.is_file():
        raise ConfigurationError(
            f"{place} is missing, which says where to deploy: `afterbill init` makes a folder with it, "
            "and `make deploy CONFIG=FOLDER` takes it"
        )
    if is_example(sender := wanted.settings.parameters.get("SenderAddress", "")):
        raise ConfigurationError(
            f"{place}: SenderAddress is still an example, {sender!r}: SES sends for domains you own"
        )
    where = ["--template-file", AWS_BUILD / "template.yaml", "--config-file", place.resolve()]
    values = _overrides({**wanted.settings.parameters, "Runtime": wanted.runtime})
    return [*map(str, where), "--config-env", wanted.environment, "--parameter-overrides", *values]


def _overrides(parameters: Mapping[str, str]) -> Iterator[str]:
    return (f"{name}={shlex.quote(value)}" for name, value in parameters.items())


def _run(command: list[str], python: Path) -> None:
    """Run a command, and show its last words where it fails: what SAM CLI advises is not what `make` does next."""
    ended = subprocess.run(command, check=False, capture_output=True, text=True, **_place(python))
    if ended.returncode:
        words = (ended.stdout + ended.stderr).splitlines()[-LINES_SHOWN:]
        raise ConfigurationError("\n".join([_failed(command, ended.returncode), *words]))


def _show(command: list[str], python: Path) -> None:
    """Run a command that speaks with the operator."""
    ended = subprocess.run(command, check=False, **_place(python))
    if ended.returncode:
        raise ConfigurationError(_failed(command, ended.returncode))


def _place(python: Path) -> _Place:
    """Return folder and variables of a program; SAM CLI looks on PATH for an interpreter of the runtime's version."""
    path = os.pathsep.join([str(python.parent), os.environ.get("PATH", os.defpath)])
    return {"cwd": AWS_BUILD.parent, "env": {**os.environ, "PATH": path}}


def _failed(command: list[str], code: int) -> str:
    return f"`{Path(command[0]).name} {command[1]}` failed with exit code {code}"
