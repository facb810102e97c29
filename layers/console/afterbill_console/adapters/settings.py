"""The configuration layer as the page of settings shows it."""

from functools import cache
from pathlib import Path

from afterbill.settings import config
from afterbill_console.health.deps import Deployed


@cache
def deployed() -> Deployed:
    """Read it once: it changes with a deployment alone."""
    # It checks every table with pydantic, which takes a second that no other page shall wait.
    from afterbill.settings.surveys import load_policy  # noqa: PLC0415

    languages = {path.stem: str(config.read_toml(path)["catalog"]["language"]) for path in _files()}
    return Deployed(load_policy(), config.brand(), languages)


def _files() -> list[Path]:
    files = sorted((config.folder() / "locales").glob("*.toml"))
    return [file for file in files if not file.stem.endswith(config.INFORMAL)]
