"""What the exports of other products call their columns; docs/import.md says where each name is from."""

import re
from collections.abc import Mapping

NEEDED = ("rating", "answered_at")
FIELDS = (
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
"""Those needed first."""
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
    """How the column of a field may be called, bare, the better one first."""
    return tuple(dict.fromkeys(map(bare, (*PRODUCTS[product].get(field, ()), *COMMON[field]))))
