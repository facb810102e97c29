"""Checks of stored items: whatever this version cannot read is an UnreadableError that names the item."""

from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from enum import Enum
from typing import Any, TypeVar

from afterbill.adapters.dynamodb import keys
from afterbill.model.errors import UnreadableError

Known = TypeVar("Known", bound=Enum)


@contextmanager
def reading(item: Mapping[str, Any]) -> Iterator[None]:
    """Raise UnreadableError for whatever cannot be read of the item inside; its key is told, and no value of it."""
    try:
        yield
    except _UnknownError as error:
        raise UnreadableError(f"{_name(item)}: {error}") from error
    except KeyError as error:
        raise UnreadableError(f"{_name(item)}: no {error.args[0]}") from error
    except (ArithmeticError, AttributeError, IndexError, TypeError, ValueError) as error:
        raise UnreadableError(f"{_name(item)}: {type(error).__name__}") from error


def known(kind: type[Known], value: object) -> Known:
    """Return the value as one of its kind."""
    try:
        return kind(value)
    except ValueError as error:
        raise _UnknownError(f"unknown {kind.__name__}") from error


def require_texts(values: Mapping[str, Any], names: Iterable[str]) -> None:
    """Require that each of the names that is among the values has a text, or nothing."""
    for name in names:
        if not isinstance(values.get(name, ""), str | None):
            raise _UnknownError(f"{name} is no text")


def require(holds: object, what: str) -> None:
    """Require that something holds of an item; `what` tells otherwise, without values of a person."""
    if not holds:
        raise _UnknownError(what)


class _UnknownError(Exception):
    """Tells what cannot be read, and not yet of which item."""


def _name(item: Mapping[str, Any]) -> str:
    """The key as a text, as far as there is one."""
    return " ".join(str(item.get(name, {}).get("S", "?")) for name in (keys.PK, keys.SK))
