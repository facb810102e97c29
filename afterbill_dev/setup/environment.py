"""Makes one virtual environment from a hashed lock, with nothing but the standard library.

    python3 afterbill_dev/setup/environment.py .venv requirements/dev.txt --project

The folder holds exactly what the lock names (and, with --project, this checkout installed in place). A second call
does nothing while the lock is older than the stamp `.ready`; two calls at once wait for each other. Everything that
is written lies inside the checkout, caches too, unless UV_CACHE_DIR or PIP_CACHE_DIR already point elsewhere.
"""

import argparse
import fcntl
import os
import shutil
import subprocess
import sys
from pathlib import Path

OLDEST, NEWEST = (3, 11), (3, 13)
ROOT = Path(__file__).resolve().parents[2]
CACHE = ROOT / ".local" / "cache"
INSTALLER_LOCK = ROOT / "requirements" / "uv.txt"
PIP = ["-m", "pip", "--disable-pip-version-check", "--quiet"]
HASHED = ["--require-hashes", "--requirement"]
IN_PLACE = ["--no-deps", "--no-build-isolation", "--editable"]


def main(arguments: list[str]) -> None:
    """Make or refresh the environment named on the command line."""
    if not OLDEST <= sys.version_info[:2] <= NEWEST:
        sys.exit(f"afterbill needs Python 3.11, 3.12 or 3.13; {sys.executable} is {sys.version.split()[0]}.")
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", type=Path, help="where the environment lives")
    parser.add_argument("lock", type=Path, help="the hashed requirements it consists of")
    parser.add_argument("--project", action="store_true", help="install this checkout in place too")
    chosen = parser.parse_args(arguments)
    CACHE.mkdir(parents=True, exist_ok=True)
    os.environ.setdefault("UV_CACHE_DIR", str(CACHE / "uv"))
    os.environ.setdefault("PIP_CACHE_DIR", str(CACHE / "pip"))
    os.environ.setdefault("UV_SYSTEM_CERTS", "true")
    with (CACHE / f"{chosen.folder.name}.lock").open("w") as turn:
        fcntl.flock(turn, fcntl.LOCK_EX)
        refresh(chosen.folder, chosen.lock, project=chosen.project)


def refresh(folder: Path, lock: Path, *, project: bool) -> None:
    """Bring `folder` to what `lock` says, unless its stamp is newer than everything it was made from."""
    stamp = folder / ".ready"
    made_from = [lock, INSTALLER_LOCK, Path(__file__), *([ROOT / "pyproject.toml"] if project else [])]
    if stamp.exists() and all(part.stat().st_mtime <= stamp.stat().st_mtime for part in made_from):
        return
    print(f"preparing {folder} from {lock} ...", flush=True)
    python = folder / "bin" / "python"
    if not python.exists():
        create(folder)
    install(python, lock, project=project)
    stamp.touch()


def create(folder: Path) -> None:
    """Create an empty environment; on a bare Debian, add the package that holds ensurepip first."""
    command = [sys.executable, "-m", "venv", "--clear", str(folder)]
    made = subprocess.run(command, check=False, capture_output=True, text=True)
    if made.returncode == 0:
        return
    package = f"python{sys.version_info.major}.{sys.version_info.minor}-venv"
    if "ensurepip" not in made.stdout or not apt_install(package):
        sys.exit(f"Could not create {folder}:\n{made.stdout}{made.stderr}")
    run(*command)


def apt_install(package: str) -> bool:
    """Install a Debian package where that needs no password; say whether it worked."""
    if os.geteuid() != 0 or not shutil.which("apt-get"):
        return False
    environment = os.environ | {"DEBIAN_FRONTEND": "noninteractive"}
    steps = (["update", "-qq"], ["install", "-y", "-qq", "--no-install-recommends", package])
    return all(
        subprocess.run(["apt-get", *step], check=False, env=environment, stdout=sys.stderr).returncode == 0
        for step in steps
    )


def install(python: Path, lock: Path, *, project: bool) -> None:
    """Install the lock with uv, which is itself locked; where uv does not get through, with pip and the same hashes."""
    run(python, *PIP, "install", *HASHED, INSTALLER_LOCK)
    uv = python.with_name("uv")
    into: list[str | Path] = ["--quiet", "--python", python]
    if works(uv, "pip", "sync", *into, "--require-hashes", INSTALLER_LOCK, lock):
        tool: list[str | Path] = [uv, "pip", "install", *into]
    else:
        print("uv did not get through, trying pip ...", flush=True)
        # The lock is complete, and older releases of pip cannot match `boto3` with the lock's `boto3[crt]`.
        run(python, *PIP, "install", "--no-deps", *HASHED, lock)
        tool = [python, *PIP, "install"]
    if project:
        run(*tool, *IN_PLACE, ROOT)


def run(*command: str | Path) -> None:
    """Run a command, and exit when it fails; the command has printed the reason."""
    if not works(*command):
        sys.exit(1)


def works(*command: str | Path) -> bool:
    """Run a command and say whether it succeeded."""
    try:
        return subprocess.run(command, check=False, cwd=ROOT).returncode == 0
    except OSError:
        return False


if __name__ == "__main__":
    main(sys.argv[1:])
