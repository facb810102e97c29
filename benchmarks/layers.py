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
_LAYERS = ROOT / "layers"
_MB = 1_000_000
_CORE_MB, _ACTIONS_MB, _CONSOLE_MB, _DEPS_MB, _REPORTS_MB = 1.6, 0.5, 1.0, 25, 80
_NOT_SHIPPED = shutil.ignore_patterns("__pycache__")


def dependencies(layer: str = "deps") -> Path:
    """The folder with what a layer of packages holds, installed anew when its lock changed."""
    lock = _LAYERS / layer / "requirements.txt"
    folder = PLACE / f"{layer}-{hashlib.sha256(lock.read_bytes()).hexdigest()[:12]}"
    if not folder.exists():
        unfinished = PLACE / f"{layer}-unfinished"
        shutil.rmtree(unfinished, ignore_errors=True)
        _install(lock, unfinished)
        unfinished.rename(folder)
    return folder


def _install(lock: Path, folder: Path) -> None:
    uv = Path(sys.executable).with_name("uv")
    command = [str(uv), "pip", "install", "--quiet", "--python", sys.executable, "--target", str(folder)]
    caches = {"UV_CACHE_DIR": str(ROOT / ".local" / "cache" / "uv"), "UV_SYSTEM_CERTS": "true"}
    subprocess.run([*command, "--require-hashes", "--requirement", str(lock)], check=True, env=caches | os.environ)
    prune(folder, _LAYERS / "config" / "locales")


def unzip() -> Path:
    """One folder with the layers that every function has, as they are now and without bytecode: its /opt/python."""
    folder = PLACE / "opt"
    shutil.rmtree(folder, ignore_errors=True)
    for layer in (dependencies(), _LAYERS / "config", _LAYERS / "core"):
        shutil.copytree(layer, folder, dirs_exist_ok=True, ignore=_NOT_SHIPPED)
    return folder


def rows() -> list[Row]:
    """The sizes that have a budget."""
    core, deps = _LAYERS / "core", dependencies()
    reports = megabytes(dependencies("reports")) + megabytes(_LAYERS / "reports")
    return [
        Row("unzipped core layer", megabytes(core), "MB", _CORE_MB),
        Row("unzipped actions layer", megabytes(_LAYERS / "actions"), "MB", _ACTIONS_MB),
        Row("unzipped console layer", megabytes(_LAYERS / "console"), "MB", _CONSOLE_MB),
        Row("unzipped deps layer", megabytes(deps), "MB", _DEPS_MB),
        Row("unzipped reports layer", reports, "MB", _REPORTS_MB),
    ]


def megabytes(folder: Path) -> float:
    """All files that are shipped; a budget of 25 MB means 25,000,000 bytes."""
    files = (path for path in folder.rglob("*") if path.is_file() and "__pycache__" not in path.parts)
    return sum(path.stat().st_size for path in files) / _MB
