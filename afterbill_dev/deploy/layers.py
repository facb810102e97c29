"""The layers that SAM CLI built, made ready for Lambda: for AWS and for the local stack alike."""

from pathlib import Path

from afterbill_dev.setup.prune_babel import prune

CONFIGURATION = Path("ConfigLayer", "python")
"""The place of the configuration in the folder of a build."""
_COMPILE = ("-m", "compileall", "-q", "--invalidation-mode", "unchecked-hash")


def prune_languages(build: Path) -> int:
    """Remove Babel's data of languages that the configuration does not speak; how many files were removed."""
    return prune(build / "DepsLayer" / "python", build / CONFIGURATION / "locales")


def compilation(build: Path, python: Path) -> list[str]:
    """Return the command that compiles the layers; `python` has the version of the runtime.

    Lambda cannot write into a layer: without this every cold start would compile it again.
    """
    return [str(python), *_COMPILE, *map(str, sorted(build.glob("*Layer/python")))]
