"""The columns of a customers file and the fields they hold."""

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from afterbill.model.errors import AfterbillError, ConfigurationError
from afterbill.settings.config import read_toml
from afterbill_cli.importing.report import shown

EMAIL, ID, UPDATED_AT = "email", "id", "updated_at"
ATTRIBUTES = "attributes."
CONSENT_TEXT = "consent_text"
OF_ATTRIBUTES = ("consent_at", CONSENT_TEXT, "consent_withdrawn_at", "notice_at")
"""Fields that are stored as attributes of the same name: the legal basis."""
CUSTOMER_FIELDS = (EMAIL, ID, "name", "locale", "country", "time_zone", "phone", "plan", *OF_ATTRIBUTES, UPDATED_AT)
_ATTRIBUTE = re.compile(r"attributes\.[A-Za-z][\w.-]{0,63}")


@dataclass(frozen=True, slots=True)
class FieldMap:
    """Our fields and the columns that say them, where those have other names."""

    columns: Mapping[str, str] = field(default_factory=dict)

    def field_of(self, column: str) -> str | None:
        """Return the field of a column, None where it is unknown; the operator's mapping goes before equal names."""
        chosen = next((name for name, mapped in self.columns.items() if mapped == column), None)
        own = canonical(column)
        return chosen or (own if own not in self.columns else None)

    def header(self, columns: Sequence[str], path: Path) -> dict[str, int]:
        """Fields and where their column stands; an error that shows what to type where that is not clear."""
        absent = [column for column in self.columns.values() if column not in columns]
        if absent:
            raise AfterbillError(f"{path}: there is no column {shown(absent[0])}. {_listed(columns)}")
        places: dict[str, int] = {}
        for place, column in enumerate(columns):
            name = self.field_of(column)
            if name in places:
                raise AfterbillError(
                    f"{path}: two columns say {name}: {shown(columns[places[name]])} and {shown(column)}. "
                    f"Rename one, or choose with --field {name}=COLUMN"
                )
            if name:
                places[name] = place
        if EMAIL not in places:
            raise AfterbillError(f"{path}: {no_email(columns)}")
        return places


def canonical(name: str) -> str | None:
    """The field of this name; None where there is none."""
    bare = name.removeprefix(ATTRIBUTES)
    if name in CUSTOMER_FIELDS or (name != bare and bare in (*OF_ATTRIBUTES, "plan")):
        return bare
    return name if _ATTRIBUTE.fullmatch(name) else None


def no_email(columns: Iterable[str]) -> str:
    """Explain that no column is called email, and how to name it."""
    named = [column for column in columns if column]
    if any("@" in column for column in named):
        return "the first line holds an address and no names of columns: put a header above it"
    likely = next((one for one in named if "mail" in one.casefold()), "COLUMN")
    return f'no column is called email. {_listed(named)} Say which it is: --field email="{likely}"'


def field_map(arguments: Sequence[str], file: Path | None) -> FieldMap:
    """Read `--field name=column` arguments and a TOML file; the arguments have precedence."""
    columns = dict(_flat(read_toml(file), file)) if file else {}
    for argument in arguments:
        name, equals, column = argument.partition("=")
        if not equals or not column.strip():
            raise ConfigurationError(f'--field {argument}: write field=column, such as --field email="E-Mail"')
        columns[_field(name.strip(), "--field")] = column.strip()
    return FieldMap(columns)


def _flat(table: Mapping[str, Any], file: Path, prefix: str = "") -> Iterable[tuple[str, str]]:
    for key, value in table.items():
        if isinstance(value, dict):
            yield from _flat(value, file, f"{prefix}{key}.")
        elif isinstance(value, str) and value.strip():
            yield _field(f"{prefix}{key}", str(file)), value.strip()
        else:
            raise ConfigurationError(f"{file}: {prefix}{key} must be the name of a column, not {value!r}")


def _field(name: str, where: str) -> str:
    field_name = canonical(name)
    if field_name is None:
        raise ConfigurationError(
            f"{where}: there is no field {name}, only {', '.join(CUSTOMER_FIELDS)} and attributes.NAME"
        )
    return field_name


def _listed(columns: Iterable[str]) -> str:
    return f"Columns found: {', '.join(map(shown, columns))}."
