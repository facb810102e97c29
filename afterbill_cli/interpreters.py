"""The Python interpreters of this machine that can build for Lambda; each is tried, for a name on PATH proves nothing.

A shim of pyenv is on PATH for every version that was ever installed, and fails for all that are not switched on.
"""

import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

from afterbill.model.errors import ConfigurationError
from afterbill_cli import local_stack

RUNTIMES = ("python3.13", "python3.12", "python3.11")
"""Runtimes of Lambda that afterbill runs on, the newest first."""
_TRY = "import sys, pip; print('python%d.%d' % sys.version_info[:2], sys.executable)"


def interpreter(runtime: str) -> Path:
    """Return an interpreter that builds for the runtime; a ConfigurationError says why there is none."""
    if runtime not in RUNTIMES:
        raise ConfigurationError(f"Runtime {runtime!r}: it must be one of {', '.join(RUNTIMES)}")
    for candidate in _candidates(runtime):
        if (found := _tried(candidate)) and found[0] == runtime:
            return Path(found[1])
    version = runtime.removeprefix("python")
    raise ConfigurationError(
        f"Runtime {runtime}: no Python {version} with pip runs here ({_why_not(runtime)}). Install it, or build for "
        f"{newest()}, which is here: RUNTIME={newest()}, and Runtime in samconfig.toml"
    )


def newest() -> str:
    """Return the newest runtime for which an interpreter is here; that of this program is at least one."""
    here = {found[0] for runtime in RUNTIMES for one in _candidates(runtime) if (found := _tried(one))}
    return next(runtime for runtime in (*RUNTIMES, *here) if runtime in here)


def _candidates(runtime: str) -> Iterator[str]:
    names = (runtime, "python3", str(local_stack.ROOT / ".venv-stack" / "bin" / "python"), sys.executable)
    yield from (place for name in names if (place := shutil.which(name)))


def _tried(program: str) -> tuple[str, str] | None:
    """Return runtime and place of an interpreter; None where it does not run or has no pip."""
    ended = subprocess.run([program, "-c", _TRY], check=False, capture_output=True, text=True)
    runtime, _, place = ended.stdout.strip().partition(" ")
    return (runtime, place) if ended.returncode == 0 else None


def _why_not(runtime: str) -> str:
    place = shutil.which(runtime)
    if place is None:
        return f"{runtime} is not on PATH"
    ended = subprocess.run([place, "-c", _TRY], check=False, capture_output=True, text=True)
    said = ended.stderr.strip().splitlines()
    return f"{place}: {said[0] if said else f'exit code {ended.returncode}'}"
