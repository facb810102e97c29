"""The columns of other products' exports, by the field each holds; docs/import.md names the source of each name."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from afterbill.model.errors import AfterbillError, ConfigurationError
from afterbill_cli.importing.report import shown

NEEDED = ("rating", "answered_at")
RESPONSE_FIELDS = (
    *NEEDED,
    "id",
    "comment",
    "reason",
    "email",
    "customer_id",
    "question",
    "touchpoint",
    "plan",
    "country",
    "locale",
    "is_test",
)
"""The required fields come first."""
_NO_LETTER = re.compile(r"[\W_]+")

PRODUCTS: Mapping[str, Mapping[str, tuple[str, ...]]] = {
    "delighted": {
        "id": ("Response ID", "Survey Response ID"),
        "rating": ("Score",),
        "answered_at": ("Created At", "Response Created At", "Responded At", "Response Date"),
        "email": ("Email", "Person Email"),
        "question": ("Survey Type",),
    },
    "retently": {
        "id": ("Feedback ID", "Response ID"),
        "rating": ("Score", "Rating"),
        "answered_at": ("Response Date", "Created Date", "Date"),
        "comment": ("Comments", "Comment", "Feedback"),
        "email": ("Email", "Customer Email"),
        "question": ("Metric", "Survey Type"),
    },
    "asknicely": {
        "id": ("response_id",),
        "rating": ("answer", "Score"),
        "answered_at": ("responded", "Responded At", "Response Date"),
        "question": ("question_type",),
    },
    "satismeter": {
        "id": ("Response ID",),
        "rating": ("Rating", "Score"),
        "answered_at": ("Created", "Created At", "Date"),
        "comment": ("Feedback", "Comment"),
        "email": ("Email", "User Email"),
        "customer_id": ("User ID",),
        "locale": ("Language",),
    },
    "callexa": {
        "id": ("Antwort-ID", "Feedback-ID", "Response ID"),
        "rating": ("Bewertung", "Score", "Punkte"),
        "answered_at": ("Beantwortet am", "Abgegeben am", "Antwortdatum", "Datum", "Answered at"),
        "comment": ("Kommentar", "Comment"),
        "email": ("E-Mail", "E-Mail-Adresse", "Empfänger"),
        "customer_id": ("Kundennummer", "Kunden-ID"),
    },
    "csv": {},
}
"""Fields and the names of their column, the better one first."""

COMMON: Mapping[str, tuple[str, ...]] = {
    "id": ("id", "response id", "answer id", "Antwort-ID"),
    "rating": ("rating", "score", "nps", "nps score", "Bewertung", "Punkte"),
    "answered_at": (
        "answered at",
        "responded at",
        "response date",
        "submitted at",
        "completed at",
        "created at",
        "date",
        "timestamp",
        "Beantwortet am",
        "Antwortdatum",
        "Datum",
        "Zeitpunkt",
    ),
    "comment": ("comment", "comments", "feedback", "Kommentar", "Anmerkung", "Freitext"),
    "reason": ("reason", "Grund"),
    "email": ("email", "email address", "mail", "E-Mail-Adresse", "Mailadresse"),
    "customer_id": ("customer id", "Kundennummer", "Kunden-ID"),
    "question": ("question", "question type", "survey type", "metric"),
    "touchpoint": ("touchpoint", "Kontaktpunkt"),
    "plan": ("plan", "Tarif"),
    "country": ("country", "Land"),
    "locale": ("locale", "language", "Sprache"),
    "is_test": ("is test", "test", "Testdaten"),
}
"""Names that are understood whatever the product."""


def bare(name: str) -> str:
    """A name as it is compared: letter case, blanks, dashes and underscores do not count."""
    return _NO_LETTER.sub("", name.casefold())


def names_of(product: str, field: str) -> tuple[str, ...]:
    """ResponseImportOptions the column of a field may be called, bare, the better one first."""
    return tuple(dict.fromkeys(map(bare, (*PRODUCTS[product].get(field, ()), *COMMON[field]))))


@dataclass(frozen=True, slots=True)
class ExportColumns:
    """The columns of this product's export; `columns` are those the operator named, by field."""

    product: str
    columns: Mapping[str, str] = field(default_factory=dict)

    def field_of(self, column: str) -> str | None:
        """Return the field of a column, None where it is unknown."""
        chosen = next((name for name, mapped in self.columns.items() if mapped == column), None)
        named = (
            name
            for name in RESPONSE_FIELDS
            if name not in self.columns and bare(column) in names_of(self.product, name)
        )
        return chosen or next(named, None)

    def header(self, columns: Sequence[str], path: Path) -> dict[str, int]:
        """Fields and where their column stands: of several that would do, the one that is called best."""
        places = self._chosen(columns, path)
        bared = [bare(column) for column in columns]
        for name in RESPONSE_FIELDS:
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

    def _chosen(self, columns: Sequence[str], path: Path) -> dict[str, int]:
        absent = [column for column in self.columns.values() if column not in columns]
        if absent:
            raise AfterbillError(f"{path}: there is no column {shown(absent[0])}. {_listed(columns)}")
        return {name: columns.index(column) for name, column in self.columns.items()}


def columns_of(product: str, arguments: Sequence[str]) -> ExportColumns:
    """Read `--column field=name` arguments."""
    columns: dict[str, str] = {}
    for argument in arguments:
        name, equals, column = (part.strip() for part in argument.partition("="))
        if not equals or not column:
            raise ConfigurationError(f'--column {argument}: write field=column, such as --column rating="My score"')
        if name not in RESPONSE_FIELDS:
            raise ConfigurationError(
                f"--column {argument}: there is no field {name}, only {', '.join(RESPONSE_FIELDS)}"
            )
        columns[name] = column
    return ExportColumns(product, columns)


def _missing(name: str, columns: Sequence[str]) -> str:
    return (
        f"no column is known to say {name}. {_listed(columns)} "
        f'Say which it is: --column {name}="{next(filter(None, columns), "COLUMN")}"'
    )


def _listed(columns: Sequence[str]) -> str:
    return f"Columns found: {', '.join(shown(column) for column in columns if column)}."
