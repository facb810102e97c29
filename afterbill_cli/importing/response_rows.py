"""Rows of an export, checked: each is an answer, without the customer."""

import hashlib
import re
from collections.abc import Callable, Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass
from datetime import date, datetime, timedelta, tzinfo

from afterbill.answers.external import OLDEST_DAYS, ExternalResponse
from afterbill.model.billing import Touchpoint
from afterbill.model.channels import Channel
from afterbill.model.invitation import Answer
from afterbill.model.questions import Question
from afterbill_cli.importing import checks, response_values, spreadsheets
from afterbill_cli.importing.import_responses import Response
from afterbill_cli.importing.records import Record
from afterbill_cli.importing.report import WrongError
from afterbill_cli.importing.response_values import Reason, RefusedError
from afterbill_cli.importing.scales import AskedScales
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
    scales: AskedScales
    stages: Mapping[Touchpoint, str]
    customers_of: str = ""
    reasons: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class ResponseRow:
    """One answer, the line it stands on, and what is worth knowing about it.

    A `historic` one is counted in its month, and nothing else of it is kept.
    """

    line: int
    response: Response
    notes: tuple[str, ...] = ()
    historic: bool = False


@dataclass(frozen=True, slots=True)
class ResponseChecker:
    """Reads records as of `now`; `repeated` counts how often one without id and person was met.

    Answers of days before `cut` are historic, those before `oldest` are refused.
    """

    settings: ExportSettings
    now: datetime
    hash_address: Callable[[str], str]
    repeated: Callable[[str], int]
    cut: date = date.min
    oldest: date = date.min

    def row(self, record: Record) -> ResponseRow:
        """Return the row; RefusedError where it cannot be imported."""
        _refuse(record)
        values, settings = record.values, self.settings
        question = response_values.question(values.get("question", ""), settings.question)
        number = response_values.rating(values.get("rating", ""), question, settings.scales)
        at = response_values.moment(values.get("answered_at", ""), settings.times, self.now)
        comment, cut = response_values.comment(values.get("comment", ""))
        reason = response_values.slug(values.get("reason", ""), settings.reasons)
        scale, ids = settings.scales[question], _ids(values)
        named = {**values, **ids}
        answer = Answer(scale.rating(number), comment, reason)
        response = self._collected(named, self._key(named, at, number), answer, at, question)
        historic = self._require_age(response)
        notes = [
            *self._dropped(values, response),
            *(["the comment was too long, and its end is cut off"] if cut else []),
            *(note for name, id_ in ids.items() for note in spreadsheets.notes_of_id(values[name], id_)),
            *([scale.note] if scale.note else []),
        ]
        return ResponseRow(record.line, Response(response, *self._author(named)), tuple(notes), historic)

    def _require_age(self, response: ExternalResponse) -> bool:
        """Return whether it is historic; RefusedError where it is too old."""
        day = date.fromisoformat(response.day)
        if day < self.oldest:
            raise RefusedError(Reason.OLD, f"{day} is before {self.oldest}", "The archive goes back no further")
        if day < self.cut:
            return True
        if response.answered_at < self.now - timedelta(days=OLDEST_DAYS):
            text = f"{day} is more than {OLDEST_DAYS} days ago"
            raise RefusedError(
                Reason.OLD, text, f"Only what is older than the first import ({self.cut}) is counted by month"
            )
        return False

    def _dropped(self, values: Mapping[str, str], response: ExternalResponse) -> Iterator[str]:
        """Yield a note for each value beside the answer that was not taken."""
        for name in _SEGMENTS:
            if name in values and name not in response.segments:
                yield f"imported without its {name}, which cannot be read"
        if "reason" in values and not response.answer.reason:
            why = "is none of surveys.toml" if self.settings.reasons else "cannot be read"
            yield f"imported without its reason, which {why}"

    def _collected(
        self, values: Mapping[str, str], key: str, answer: Answer, at: datetime, question: Question
    ) -> ExternalResponse:
        name = self.settings.name
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
            segments=dict(_segments(values)),
        )

    def _author(self, values: Mapping[str, str]) -> tuple[str, str]:
        """Return the alias and the keyed hash of the address of the person who answered, empty where not told."""
        named = self.settings.customers_of and values.get("customer_id")
        alias = f"{self.settings.customers_of}#{named}" if named else ""
        return alias, self.hash_address(values["email"]) if "@" in values.get("email", "") else ""

    def _key(self, values: Mapping[str, str], at: datetime, rating: int) -> str:
        """Return the identity of the answer: its id in the product, else person, time and rating as it was given."""
        if id_ := values.get("id"):
            return id_
        person = values.get("email") or values.get("customer_id")
        if person:
            return f"{self.hash_address(person)} {at.isoformat()} {rating}"
        unnamed = f"{at.isoformat()} {rating} {values.get('comment', '')}"
        return f"{unnamed} {self.repeated(unnamed)}"


def _ids(values: Mapping[str, str]) -> Mapping[str, str]:
    return {name: response_values.identifier(values[name]) for name in _IDS if name in values}


def _segments(values: Mapping[str, str]) -> Iterator[tuple[str, str]]:
    """Yield the segments of the row that can be read."""
    for name, check in _SEGMENTS.items():
        if name in values:
            with suppress(WrongError):
                yield name, check(values[name])


def _refuse(record: Record) -> None:
    if record.problems:
        problem = record.problems[0]
        raise RefusedError(Reason.UNREADABLE, problem.text, problem.hint)
    if response_values.is_test(record.values.get("is_test", "")):
        raise RefusedError(Reason.TEST, "its test column says so", "Empty that cell to import it")


def _hashed(key: str) -> str:
    """32 hex digits; of a key that may hold a person's words nothing else is stored."""
    return hashlib.sha256(key.encode("utf-8", "replace")).hexdigest()[:32]
