"""A report as flat tables, for spreadsheets: its rows, and every other list that it holds."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

Row = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Table:
    """Rows under one name; the columns stand in the order in which the rows bring them."""

    name: str
    rows: Sequence[Row]

    @property
    def columns(self) -> list[str]:
        """Every column that one of the rows has."""
        return list(dict.fromkeys(name for row in self.rows for name in row))


def tables(document: Row) -> list[Table]:
    """Return `rows` first, then every list of rows within the document, under the name of its place."""
    found = _tables("", document)
    return sorted(found, key=lambda table: table.name != "rows")


def header(document: Row) -> Row:
    """Return what is no table: what was asked, when it was computed, and single figures."""
    return {name: value for name, value in flat(document).items() if not _is_table(_at(document, name))}


def flat(row: Row, prefix: str = "") -> dict[str, Any]:
    """Return the row with the names of what lies within joined by dots, and lists as one text."""
    found: dict[str, Any] = {}
    for name, value in row.items():
        if isinstance(value, Mapping):
            found |= flat(value, f"{prefix}{name}.")
        else:
            found[prefix + name] = _listed(value) if isinstance(value, list) else value
    return found


def _listed(values: Sequence[Any]) -> str:
    return "; ".join(" ".join(map(str, one.values())) if isinstance(one, Mapping) else str(one) for one in values)


def _tables(prefix: str, part: Row) -> list[Table]:
    found: list[Table] = []
    for name, value in part.items():
        if _is_table(value):
            found.append(Table(prefix + name, [flat(row) for row in value]))
        elif isinstance(value, Mapping):
            found += _tables(f"{prefix}{name}.", value)
    return found


def _is_table(value: object) -> bool:
    return isinstance(value, list) and bool(value) and all(isinstance(one, Mapping) for one in value)


def _at(document: Row, place: str) -> Any:  # noqa: ANN401  # whatever a report holds
    found: Any = document
    for name in place.split("."):
        found = found.get(name) if isinstance(found, Mapping) else None
    return found
