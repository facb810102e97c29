"""The layers unzipped into one folder, as Lambda does it, and how large each is."""

import hashlib
import os
import shutil
import subprocess
import sys
from pathlib import Path

from afterbill_dev.setup.prune_babel import prune
from benchmarks.table import Row

ROOT = Path(__file__).resolve().parents[1]
PLACE = ROOT / ".local" / "bench"
_LOCK = ROOT / "layers" / "deps" / "requirements.txt"
_MB = 1_000_000
_CORE_MB, _DEPS_MB = 1.6, 25
_NOT_SHIPPED = shutil.ignore_patterns("__pycache__")


def dependencies() -> Path:
    """The folder with what the deps layer holds, installed anew when its lock changed."""
    digest = hashlib.sha256(_LOCK.read_bytes()).hexdigest()[:12]
    folder = PLACE / f"deps-{digest}"
    if not folder.exists():
        unfinished = PLACE / "deps-unfinished"
        shutil.rmtree(unfinished, ignore_errors=True)
        _install(unfinished)
        unfinished.rename(folder)
    return folder


def _install(folder: Path) -> None:
    uv = Path(sys.executable).with_name("uv")
    command = [str(uv), "pip", "install", "--quiet", "--python", sys.executable, "--target", str(folder)]
    caches = {"UV_CACHE_DIR": str(ROOT / ".local" / "cache" / "uv"), "UV_SYSTEM_CERTS": "true"}
    subprocess.run([*command, "--require-hashes", "--requirement", str(_LOCK)], check=True, env=caches | os.environ)
    prune(folder, ROOT / "layers" / "config" / "locales")


def unzip() -> Path:
    """One folder with all three layers as they are now, without bytecode: /opt/python of a function."""
    folder = PLACE / "opt"
    shutil.rmtree(folder, ignore_errors=True)
    for layer in (dependencies(), ROOT / "layers" / "config", ROOT / "layers" / "core"):
        shutil.copytree(layer, folder, dirs_exist_ok=True, ignore=_NOT_SHIPPED)
    return folder


def rows() -> list[Row]:
    """The sizes that have a budget."""
    core, deps = ROOT / "layers" / "core", dependencies()
    return [
        Row("unzipped core layer", megabytes(core), "MB", _CORE_MB),
        Row("unzipped deps layer", megabytes(deps), "MB", _DEPS_MB),
    ]


def megabytes(folder: Path) -> float:
    """All files that are shipped; a budget of 25 MB means 25,000,000 bytes."""
    files = (path for path in folder.rglob("*") if path.is_file() and "__pycache__" not in path.parts)
    return sum(path.stat().st_size for path in files) / _MB
