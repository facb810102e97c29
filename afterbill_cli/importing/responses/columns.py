"""Which column of an export says what."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from afterbill.model.errors import AfterbillError, ConfigurationError
from afterbill_cli.importing.problems import shown
from afterbill_cli.importing.responses.products import FIELDS, NEEDED, bare, names_of


@dataclass(frozen=True, slots=True)
class ExportColumns:
    """The columns of this product's export; `columns` are those the operator named, by field."""

    product: str
    columns: Mapping[str, str] = field(default_factory=dict)

    def field_of(self, column: str) -> str | None:
        """What a column may say, None where that is not known."""
        said = next((name for name, mapped in self.columns.items() if mapped == column), None)
        named = (name for name in FIELDS if name not in self.columns and bare(column) in names_of(self.product, name))
        return said or next(named, None)

    def header(self, columns: Sequence[str], path: Path) -> dict[str, int]:
        """Fields and where their column stands: of several that would do, the one that is called best."""
        places = self._said(columns, path)
        bared = [bare(column) for column in columns]
        for name in FIELDS:
            free = [place for place in range(len(columns)) if place not in places.values()]
            best = next((one for one in names_of(self.product, name) if one in [bared[place] for place in free]), None)
            if name in self.columns or best is None:
                continue
            places[name], *more = [place for place in free if bared[place] == best]
            if more:
                both = f"{shown(columns[places[name]])} and {shown(columns[more[0]])}"
                raise AfterbillError(
                    f"{path}: two columns say {name}: {both}. Rename one, or choose with --column {name}=COLUMN"
                )
        for name in NEEDED:
            if name not in places:
                raise AfterbillError(f"{path}: {_missing(name, columns)}")
        return places

    def _said(self, columns: Sequence[str], path: Path) -> dict[str, int]:
        absent = [column for column in self.columns.values() if column not in columns]
        if absent:
            raise AfterbillError(f"{path}: there is no column {shown(absent[0])}. {_listed(columns)}")
        return {name: columns.index(column) for name, column in self.columns.items()}


def columns_of(product: str, said: Sequence[str]) -> ExportColumns:
    """From `--column field=name`."""
    columns: dict[str, str] = {}
    for one in said:
        name, equals, column = (part.strip() for part in one.partition("="))
        if not equals or not column:
            raise ConfigurationError(f'--column {one}: write field=column, such as --column rating="My score"')
        if name not in FIELDS:
            raise ConfigurationError(f"--column {one}: there is no field {name}, only {', '.join(FIELDS)}")
        columns[name] = column
    return ExportColumns(product, columns)


def _missing(name: str, columns: Sequence[str]) -> str:
    return (
        f"no column is known to say {name}. {_listed(columns)} "
        f'Say which it is: --column {name}="{next(filter(None, columns), "COLUMN")}"'
    )


def _listed(columns: Sequence[str]) -> str:
    return f"Columns found: {', '.join(shown(column) for column in columns if column)}."
