"""The configuration of a benchmark lies in a folder of its own: what the process reads before and after is another."""

from collections.abc import Iterator
from contextlib import contextmanager

from afterbill.settings import config


@contextmanager
def read_anew() -> Iterator[None]:
    """Read the configuration again within, and once more behind: the folder may be gone by then."""
    _forget()
    try:
        yield
    finally:
        _forget()


def _forget() -> None:
    for remembered in (config.folder, config.surveys_table, config.brand):
        remembered.cache_clear()
