"""The version of code that computed something: another one may come to other figures."""

from collections.abc import Iterator
from hashlib import sha256
from importlib.resources import files
from importlib.resources.abc import Traversable


def code_version(package: str) -> str:
    """Return what stands for all modules of a package, those of packages within it too."""
    modules = sorted(_modules(files(package)))
    return sha256("".join(modules).encode()).hexdigest()[:16]


def _modules(folder: Traversable) -> Iterator[str]:
    for entry in folder.iterdir():
        if entry.is_dir():
            yield from _modules(entry)
        elif entry.name.endswith(".py"):
            yield sha256(entry.read_bytes()).hexdigest()
