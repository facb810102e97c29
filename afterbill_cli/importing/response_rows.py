"""Rows of an export, checked: each is an answer, without the customer."""

import hashlib
import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime, tzinfo

from afterbill.answers.external import ExternalResponse
from afterbill.intake.import_responses import Response
from afterbill.model.billing import Touchpoint
from afterbill.model.channels import Channel
from afterbill.model.invitation import Answer
from afterbill.model.questions import Question
from afterbill_cli.importing import checks, response_values, spreadsheets
from afterbill_cli.importing.records import Record
from afterbill_cli.importing.report import WrongError
from afterbill_cli.importing.response_values import Reason, RefusedError
from afterbill_cli.importing.times import TimeSpelling

_PLAIN_ID = re.compile(r"[A-Za-z0-9_.:-]{1,100}")
_IDS = ("id", "customer_id")
_SEGMENTS: Mapping[str, Callable[[str], str]] = {
    "plan": checks.text,
    "country": checks.country,
    "locale": checks.locale,
}


@dataclass(frozen=True, slots=True)
class ExportSettings:
    """Settings of all rows of one export, where a row has no value of its own.

    `name` is what their source is called; ids of customers are those of `customers_of`, empty: nobody's. Days are
    cut in `home`. `stages` of the touchpoints and `reasons` (empty: any) are those of the policy.
    """

    name: str
    question: Question
    touchpoint: Touchpoint
    times: TimeSpelling
    home: tzinfo
    stages: Mapping[Touchpoint, str]
    customers_of: str = ""
    reasons: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class ResponseRow:
    """One answer, the line it stands on, and what is worth knowing about it."""

    line: int
    response: Response
    notes: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class ResponseChecker:
    """Reads records as of `now`; `repeated` counts how often one without id and person was met."""

    settings: ExportSettings
    now: datetime
    hash_address: Callable[[str], str]
    repeated: Callable[[str], int]

    def row(self, record: Record) -> ResponseRow:
        """Return the row; RefusedError where it cannot be imported."""
        _refuse(record)
        values, settings = record.values, self.settings
        question = response_values.question(values.get("question", ""), settings.question)
        rating = response_values.rating(values.get("rating", ""), question)
        at = response_values.moment(values.get("answered_at", ""), settings.times, self.now)
        comment, cut = response_values.comment(values.get("comment", ""))
        answer = Answer(rating, comment, response_values.slug(values.get("reason", ""), settings.reasons))
        ids = {name: response_values.identifier(values[name]) for name in _IDS if name in values}
        segments = dict(_segments(values))
        readable = {name: value for name, value in segments.items() if value}
        response = self._collected({**values, **ids}, answer, at, question, readable)
        dropped = [name for name in segments if name not in readable]
        notes = [f"imported without its {name}, which cannot be read" for name in dropped]
        if "reason" in values and not answer.reason:
            why = "is none of surveys.toml" if settings.reasons else "cannot be read"
            notes.append(f"imported without its reason, which {why}")
        notes += ["the comment was too long, and its end is cut off"] if cut else []
        notes += [note for name, id_ in ids.items() for note in spreadsheets.notes_of_id(values[name], id_)]
        alias, address_hash = self._author({**values, **ids})
        return ResponseRow(record.line, Response(response, alias, address_hash), tuple(notes))

    def _collected(
        self, values: Mapping[str, str], answer: Answer, at: datetime, question: Question, segments: Mapping[str, str]
    ) -> ExternalResponse:
        name, key = self.settings.name, self._key(values, at, answer.rating)
        touchpoint = response_values.touchpoint(values.get("touchpoint", ""), self.settings.touchpoint)
        return ExternalResponse(
            id=_hashed(f"import|{name}|{key}"),
            fact=f"import|{name}|{key if _PLAIN_ID.fullmatch(key) else _hashed(key)}",
            channel=Channel.IMPORT,
            source=name,
            touchpoint=touchpoint,
            stage=self.settings.stages[touchpoint],
            answer=answer,
            answered_at=at,
            day=at.astimezone(self.settings.home).date().isoformat(),
            question=question,
            segments=segments,
        )

    def _author(self, values: Mapping[str, str]) -> tuple[str, str]:
        """Return the alias and the keyed hash of the address of the person who answered, empty where not told."""
        named = self.settings.customers_of and values.get("customer_id")
        alias = f"{self.settings.customers_of}#{named}" if named else ""
        return alias, self.hash_address(values["email"]) if "@" in values.get("email", "") else ""

    def _key(self, values: Mapping[str, str], at: datetime, rating: int) -> str:
        """Return the identity of the answer: its id in the product, else person, time and rating."""
        if id_ := values.get("id"):
            return id_
        person = values.get("email") or values.get("customer_id")
        if person:
            return f"{self.hash_address(person)} {at.isoformat()} {rating}"
        unnamed = f"{at.isoformat()} {rating} {values.get('comment', '')}"
        return f"{unnamed} {self.repeated(unnamed)}"


def _segments(values: Mapping[str, str]) -> Iterator[tuple[str, str]]:
    """Yield the segments of the row, empty where they cannot be read."""
    for name, check in _SEGMENTS.items():
        if name in values:
            try:
                yield name, check(values[name])
            except WrongError:
                yield name, ""


def _refuse(record: Record) -> None:
    if record.problems:
        problem = record.problems[0]
        raise RefusedError(Reason.UNREADABLE, problem.text, problem.hint)
    if response_values.is_test(record.values.get("is_test", "")):
        raise RefusedError(Reason.TEST, "its test column says so", "Empty that cell to import it")


def _hashed(key: str) -> str:
    """32 hex digits; of a key that may hold a person's words nothing else is stored."""
    return hashlib.sha256(key.encode("utf-8", "replace")).hexdigest()[:32]
