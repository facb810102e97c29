"""Compute reports from the archive and store them; safe to kill anywhere and to repeat.

Every document carries a fingerprint of all that it was made of: one that has it already is not computed again.
"""

from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta, tzinfo
from enum import StrEnum
from functools import partial
from hashlib import sha256
from typing import Any

from afterbill.insight.periods import ROLLING, Window, month_of, rolling, window_of
from afterbill.insight.ports import Archive, ArchiveFile, Opened, StoredReports
from afterbill.insight.reports.asked import EVERYTHING, Body, Engine, ReportRules, Scope
from afterbill.insight.reports.registry import HOURLY, NAMES, WHOLE
from afterbill.insight.reports.requested import ReportRequest, RequestError, request_of, scope_key, stored_place
from afterbill.model.errors import TransientError, UnreadableError
from afterbill.model.questions import Question
from afterbill_reports.reports import overview
from afterbill_reports.reports.modules import report_of
from afterbill_reports.reports.values import unknown_value

MONTHS = 25
"""Calendar months that are stored, this one included: two years, and one to compare with."""

REFRESHED = 7
"""Days after which a month is computed again by a report that follows customers beyond it, each on a day of its own."""

OLD = timedelta(hours=1)
"""The age of a request that nobody waits for any more; whoever still does asks again."""

QUESTIONS = """SELECT question, MIN(answered_day), MAX(answered_day) FROM facts
WHERE rating IS NOT NULL AND question IS NOT NULL GROUP BY question"""
STATEMENTS = (QUESTIONS,)


COMPOSED = "overview"
"""The report that is made of others as they are stored, after these."""


class Why(StrEnum):
    """The reason why a whole report says nothing."""

    NOT_ARCHIVED = "not_archived"
    FAILED = "failed"


class Outcome(StrEnum):
    """The end of a request."""

    COMPUTED = "computed"
    THERE = "there"
    INVALID = "invalid"
    OLD = "old"
    FAILED = "failed"


@dataclass(frozen=True, slots=True)
class ReportDeps:
    """The places to read and to write, the operator's rules and zone; another `code` may compute other figures."""

    archive: Archive
    stored: StoredReports
    rules: ReportRules
    zone: tzinfo
    code: str


@dataclass(slots=True)
class StoredRun:
    """One run: documents stored, those that were up to date, and whether all were looked at.

    `failed` are the places of those that could not be computed, with the cause: what is stored there stays as it was.
    `left_out` are days whose files could not be read.
    """

    stored: int = 0
    unchanged: int = 0
    finished: bool = True
    failed: list[tuple[str, Exception]] = field(default_factory=list)
    left_out: Sequence[date] = ()


@dataclass(frozen=True, slots=True)
class AskedRun:
    """The end of a request, the name of its document, and the cause where it failed or was refused."""

    outcome: Outcome
    place: str = ""
    error: Exception | None = None


def compute_stored(deps: ReportDeps, now: datetime, goes_on: Callable[[], bool], *, nightly: bool) -> StoredRun:
    """Store each report of each question and window that is not up to date; `goes_on` turns False at the end of time.

    One that fails leaves the others. A run that is not `finished` is to be followed by another one, which goes on.
    """
    today = now.astimezone(deps.zone).date()
    run, files = StoredRun(), _files(deps, today)
    if not files:
        return _emptied(deps, now, today) if nightly else run
    windows = _windows(today, files[0].day)
    overviews = list(_requests((COMPOSED,), windows))
    with deps.archive.open(files) as opened:
        run.left_out = opened.left_out
        questions = _questions(opened.engine)
        wanted = {
            request.stored_place: (request, _fingerprint(deps, request, files, today, opened.left_out))
            for request in _requests(NAMES if nightly else HOURLY, windows)
            if request.name != COMPOSED
            if nightly or request.window.last == today or _answered(request, questions)
        }
        there = dict(deps.stored.fingerprints({*wanted, *_places(overviews)}))
        made = (
            (request, fingerprint, partial(_computed, deps, request, _Made(opened, files, fingerprint, now)))
            for place, (request, fingerprint) in wanted.items()
            if place in there or _answered(request, questions)
        )
        _store_all(deps, run, made, there, goes_on)
        _store_all(deps, run, _composing(deps, overviews, there, opened.engine, now), there, goes_on)
    return run


def compute_asked(deps: ReportDeps, payload: Mapping[str, Any], asked_at: datetime, now: datetime) -> AskedRun:
    """Compute one report that somebody asked for, and store what there is to say of it; TransientError passes."""
    if now - asked_at > OLD:
        return AskedRun(Outcome.OLD)
    try:
        request = request_of(payload, deps.rules)
    except RequestError as error:
        return AskedRun(Outcome.INVALID, error=error)
    today = now.astimezone(deps.zone).date()
    files = _files(deps, today)
    fingerprint = _fingerprint(deps, request, files, today)
    if deps.stored.fingerprints([request.place]).get(request.place) == fingerprint:
        return AskedRun(Outcome.THERE, request.place)
    if not files or request.window.last < files[0].day:
        deps.stored.store(request.place, _document(request, {EVERYTHING: _not_archived(files)}, fingerprint, now))
        return AskedRun(Outcome.COMPUTED, request.place)
    try:
        with deps.archive.open(_between(files, _reading_range(deps, request, files))) as opened:
            seen = _fingerprint(deps, request, files, today, opened.left_out)
            document = _computed(deps, request, _Made(opened, files, seen, now))
    except TransientError:
        raise
    except Exception as error:  # noqa: BLE001  # told by the caller, and to whoever asked
        # Without a fingerprint it is computed again when it is asked for again.
        deps.stored.store(request.place, _document(request, {EVERYTHING: _FAILED}, "", now))
        return AskedRun(Outcome.FAILED, request.place, error)
    deps.stored.store(request.place, document)
    return AskedRun(Outcome.COMPUTED, request.place)


@dataclass(frozen=True, slots=True)
class _Made:
    """The parts that a document is made of, and when."""

    opened: Opened
    files: Sequence[ArchiveFile]
    fingerprint: str
    now: datetime


def _emptied(deps: ReportDeps, now: datetime, today: date) -> StoredRun:
    """Have what is stored say that the archive is empty: all that it told of was removed, or came to its end."""
    run = StoredRun()
    stored = {request.stored_place: request for request in _requests(NAMES, _windows(today, date.min))}
    for place, fingerprint in deps.stored.fingerprints(stored).items():
        request = stored[place]
        nothing = _fingerprint(deps, request, (), today)
        if fingerprint == nothing:
            run.unchanged += 1
        else:
            deps.stored.store(place, _document(request, {EVERYTHING: _not_archived(())}, nothing, now))
            run.stored += 1
    return run


def _files(deps: ReportDeps, today: date) -> list[ArchiveFile]:
    """Return the days that have come: a fact that is dated ahead would have everybody followed up to its day."""
    return [file for file in deps.archive.files() if file.day <= today]


def _requests(names: Sequence[str], windows: Sequence[Window]) -> Iterator[ReportRequest]:
    """Yield what may be stored, the windows that end today first."""
    for window in windows:
        for question in Question:
            yield from (ReportRequest(name, window, question) for name in names)


def _answered(request: ReportRequest, questions: Mapping[Question, tuple[date, date]]) -> bool:
    """Return whether it is stored, also where it never was: a question beside NPS only where it was answered.

    What is stored already is stored anew without an answer, or it would tell for ever of those that once were there.
    """
    first, last = questions.get(request.question, (date.max, date.min))
    return request.question is Question.NPS or (first <= request.window.last and request.window.first <= last)


def _windows(today: date, first: date) -> list[Window]:
    """Return the windows that end today, and the months back to the first day of the archive, the newest first."""
    months, day = list[Window](), today
    while len(months) < MONTHS and (not months or day >= first):
        months.append(window_of(month_of(day).name, today))
        day = months[-1].first - timedelta(days=1)
    return [rolling(days, today) for days in ROLLING] + months


def _questions(engine: Engine) -> Mapping[Question, tuple[date, date]]:
    """Return the first and the last day on which each question was answered; of those that this version knows."""
    known = {question.value for question in Question}
    return {
        Question(name): (first, last) for name, first, last in engine.rows(QUESTIONS, {}) if name in known and first
    }


_Work = tuple[ReportRequest, str, Callable[[], Mapping[str, Any]]]
"""A document to store: its request, its fingerprint, and how it is computed."""


def _store_all(
    deps: ReportDeps, run: StoredRun, work: Iterable[_Work], there: dict[str, str], goes_on: Callable[[], bool]
) -> None:
    """Store what is not up to date; `there` are the fingerprints of what is stored, and grow."""
    for request, fingerprint, computed in work:
        place = request.stored_place
        if there.get(place) == fingerprint:
            run.unchanged += 1
        elif not goes_on():
            run.finished = False
        else:
            try:
                deps.stored.store(place, computed())
            except Exception as error:  # noqa: BLE001  # told by the run, after the other reports
                run.failed.append((place, error))
            else:
                run.stored += 1
                there[place] = fingerprint


def _composing(
    deps: ReportDeps, overviews: Sequence[ReportRequest], there: Mapping[str, str], engine: Engine, now: datetime
) -> Iterator[_Work]:
    """Yield each overview with what it is made of: documents as they are stored, and the newest answers.

    Of a window without its first part there is none.
    """
    for request in overviews:
        parts = _parts(request)
        if parts[overview.PARTS[0]] in there:
            told = [deps.code, repr(deps.rules), request.canonical, *(there.get(place, "") for place in parts.values())]
            fingerprint = sha256("\n".join(told).encode()).hexdigest()[:32]
            yield request, fingerprint, partial(_composed, deps, request, engine, fingerprint, now)


def _composed(
    deps: ReportDeps, request: ReportRequest, engine: Engine, fingerprint: str, now: datetime
) -> Mapping[str, Any]:
    """Return the overview of stored documents; `parts` says when each was computed."""
    found = {name: stored for name, place in _parts(request).items() if (stored := _load(deps, place))}
    parts = {name: stored["computed_at"] for name, stored in found.items()}
    said = found.get(overview.PARTS[0], _NOTHING)["scopes"]
    beside = overview.Beside.read(engine, request.asked, deps.rules, said.get(scope_key(EVERYTHING), {}))
    told = {
        key: {**overview.composed(request.asked, _within(found, key), beside, key), "parts": parts}
        for key in sorted(overview.leading(said))
    }
    return {**_document(request, {}, fingerprint, now), "scopes": told}


_NOTHING: Mapping[str, Any] = {"scopes": {}}


def _within(found: Mapping[str, Mapping[str, Any]], key: str) -> Mapping[str, Body]:
    return {name: stored["scopes"][key] for name, stored in found.items() if key in stored["scopes"]}


def _load(deps: ReportDeps, place: str) -> Mapping[str, Any] | None:
    try:
        return deps.stored.load(place)
    except UnreadableError:
        return None


def _parts(request: ReportRequest) -> Mapping[str, str]:
    """Return the documents of which an overview is made, by the name of the report."""
    return {name: stored_place(name, request.question, request.window.name) for name in overview.PARTS}


def _places(overviews: Iterable[ReportRequest]) -> Iterator[str]:
    for request in overviews:
        yield from (request.stored_place, *_parts(request).values())


def _computed(deps: ReportDeps, request: ReportRequest, made: _Made) -> Mapping[str, Any]:
    scopes = report_of(request.name).compute(made.opened.engine, request.asked, deps.rules)
    first, last = _reading_range(deps, request, made.files)
    absent = [str(day) for day in made.opened.left_out if first <= day <= last]
    begins = made.files[0].day
    beside = ({"left_out": absent} if absent else {}) | (
        {"archived_from": str(begins)} if request.window.first < begins else {}
    )
    beside |= unknown_value(made.opened.engine, request.asked, deps.rules)
    told = {scope: {**body, **beside} for scope, body in scopes.items()}
    return _document(request, told, made.fingerprint, made.now)


def _document(request: ReportRequest, scopes: Mapping[Scope, Body], fingerprint: str, now: datetime) -> dict[str, Any]:
    asked = request.payload()
    return {
        "name": request.name,
        "question": asked["question"],
        "window": asked["window"],
        "computed_at": now.isoformat(timespec="seconds"),
        "fingerprint": fingerprint,
        "scopes": {scope_key(scope): body for scope, body in scopes.items()},
    }


def _not_archived(files: Sequence[ArchiveFile]) -> Body:
    begins = {"archived_from": str(files[0].day)} if files else {}
    because = f"The archive begins on {files[0].day}, after these days." if files else "The archive is still empty."
    return {"rows": [], "why": Why.NOT_ARCHIVED.value, "because": because, **begins}


_FAILED: Body = {
    "rows": [],
    "why": Why.FAILED.value,
    "because": "This report could not be computed; the log of compute_reports has the cause. Ask again to try again.",
}


def _reading_range(deps: ReportDeps, request: ReportRequest, files: Sequence[ArchiveFile]) -> tuple[date, date]:
    """Return the first and the last day of the facts that a report reads."""
    return (files[0].day, files[-1].day) if request.name in WHOLE and files else _own_range(deps, request)


def _own_range(deps: ReportDeps, request: ReportRequest) -> tuple[date, date]:
    """Return the days of the facts about which answers may have come in the windows: up to `lag` before."""
    windows = (request.window, request.asked.before)
    return min(window.first for window in windows) - deps.rules.lag, max(window.last for window in windows)


def _between(files: Sequence[ArchiveFile], days: tuple[date, date]) -> list[ArchiveFile]:
    return [file for file in files if days[0] <= file.day <= days[1]]


def _fingerprint(
    deps: ReportDeps,
    request: ReportRequest,
    files: Sequence[ArchiveFile],
    today: date,
    left_out: Collection[date] = (),
) -> str:
    """Return what stands for all that a document is made of: code, rules, request, files, and days left out of these.

    In place of the days after a month that is over there is a number that changes every week.
    """
    over = request.name in WHOLE and request.stored_place and request.window.last < today
    turn = (today.toordinal() + request.window.first.month) // REFRESHED if over else 0
    read = _between(files, _own_range(deps, request) if over else _reading_range(deps, request, files))
    parts = [deps.code, repr(deps.rules), request.canonical, str(files[0].day if files else None), str(turn)]
    parts += (f"{file.place} {'' if file.day in left_out else file.version}" for file in read)
    return sha256("\n".join(parts).encode()).hexdigest()[:32]
