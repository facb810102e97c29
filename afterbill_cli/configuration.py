"""The operator's folder: what it holds goes before what is shipped, and `git pull` changes the shipped part alone.

surveys.toml, brand.toml and actions.toml are the operator's as a whole; without the last there are no actions. In
`locales` she keeps only the texts that she words differently, and languages of her own; every other text is that of
this checkout. `templates` are hers alone.
"""

import os
import shutil
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from afterbill.model.errors import ConfigurationError
from afterbill.settings.config import SURVEYS, read_toml
from afterbill_cli import local_stack
from afterbill_cli.toml_text import toml_text

SHIPPED = local_stack.ROOT / "layers" / "config"
VARIABLE = "AFTERBILL_CONFIG"
"""The environment variable that names the operator's folder once for all commands."""
BRAND, ACTIONS = "brand.toml", "actions.toml"
_NOT_DEPLOYED = shutil.ignore_patterns(".*", "__pycache__")


def chosen(folder: Path | None) -> Path:
    """Return the folder of an option `--config`; without one that of $AFTERBILL_CONFIG, else the shipped one."""
    return folder or Path(os.environ.get(VARIABLE) or SHIPPED)


def edited(folder: Path) -> str:
    """Say where surveys.toml of a deployed stack is changed, and what makes the change count."""
    if folder.resolve() == SHIPPED.resolve():
        return "layers/config/surveys.toml, then build and deploy"
    return f"{folder / SURVEYS}, then `make deploy CONFIG={folder}`"


@contextmanager
def completed(folder: Path) -> Iterator[Path]:
    """Give the whole configuration of an operator's folder, in a place of its own while it is looked at."""
    if folder.resolve() == SHIPPED.resolve():
        yield folder
        return
    with TemporaryDirectory(prefix="afterbill-") as place:
        whole = Path(place) / folder.name
        complete(folder, whole)
        yield whole


def complete(folder: Path, into: Path) -> None:
    """Write the whole configuration into a new folder, as functions read it; one that is there is replaced."""
    if not folder.is_dir():
        raise ConfigurationError(f"there is no folder {folder}: `afterbill init` makes one, or name another")
    shutil.rmtree(into, ignore_errors=True)
    into.mkdir(parents=True)
    for name in (SURVEYS, BRAND, ACTIONS):
        if (folder / name).is_file():
            shutil.copy(folder / name, into)
    if (folder / "templates").is_dir():
        shutil.copytree(folder / "templates", into / "templates", ignore=_NOT_DEPLOYED)
    _complete_texts(folder / "locales", into / "locales")


def _complete_texts(own: Path, into: Path) -> None:
    shutil.copytree(SHIPPED / "locales", into)
    for path in sorted(own.glob("*.toml")):
        try:
            texts = read_toml(path)
        except ConfigurationError:
            shutil.copy(path, into)  # as it is, for the check to name its line
            continue
        language = into / path.name
        if not texts:
            language.unlink(missing_ok=True)
        elif language.exists():
            language.write_text(toml_text(_over(read_toml(language), texts)), encoding="utf-8")
        else:
            shutil.copy(path, into)


def _over(shipped: Mapping[str, Any], own: Mapping[str, Any]) -> dict[str, Any]:
    """Put the operator's keys over the shipped ones, table by table."""
    tables = {key: {**shipped[key], **table} for key, table in own.items() if _both_tables(shipped.get(key), table)}
    return {**shipped, **own, **tables}


def _both_tables(one: object, other: object) -> bool:
    return isinstance(one, Mapping) and isinstance(other, Mapping)
