"""Count the marked days again, as many as there is time for; what was counted of a day is stored, and goes on later."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from datetime import date, datetime, timedelta

from afterbill.insight.ports import Page, Progress, RecountMark, Recounts, UnderWay
from afterbill.insight.tally import ALL, OTHER_QUESTIONS, Answered, DayCount, Sent, Tallies, questions_in
from afterbill.model.errors import TransientError, UnreadableError
from afterbill.model.questions import Question
from afterbill.model.segments import ANONYMOUS, DIMENSIONS, dimension_of

INDEX_LAG = timedelta(seconds=15)
"""A mark younger than this is counted but kept: reads of an index are eventually consistent, so the change that
set the mark may not be in the count yet. Indexes follow within a second as a rule."""

CHECKPOINT = 20_000
"""Items of a day after which what was counted is stored, so that a run that is killed loses no more than these."""


@dataclass
class Recounting:
    """One run of counting, and what has come of it.

    Days before `frozen` keep their tallies. `unreadable` are items that were passed over, `errors` what went wrong with
    whole days. `marked` are days that this run itself marked.
    """

    recounts: Recounts
    now: datetime
    goes_on: Callable[[], bool]
    frozen: date
    progress: Progress
    days: int = 0
    answers: int = 0
    cleared: int = 0
    unreadable: list[str] = field(default_factory=list)
    errors: list[Exception] = field(default_factory=list)
    marked: set[date] = field(default_factory=set)

    def pass_over(self, day: date, error: UnreadableError) -> None:
        """Tell of a day whose tallies cannot be read, and mark it once for a recount, unless it is frozen."""
        self.unreadable.append(str(error))
        if day >= self.frozen and day not in self.marked:
            self.recounts.mark(day, self.now)
            self.marked.add(day)

    def remember(self, day: date, questions: frozenset[str] = frozenset()) -> None:
        """Store that the month needs new scores, and the questions, before the day's tallies change.

        The tallies of a question that nobody remembers would never be emptied.
        """
        months, known = self.progress.months | {day.replace(day=1)}, self.progress.questions | questions
        progress = replace(self.progress, months=months, questions=known)
        if progress != self.progress:
            self.recounts.store_progress(progress)
            self.progress = progress


def recount(run: Recounting, marks: Iterable[RecountMark]) -> None:
    """Count the days in their turn; one that fails does not hold up the others."""
    for mark in _in_turn(marks):
        if not run.goes_on():
            return
        try:
            _take(run, mark)
        except TransientError as error:
            run.errors.append(error)
        except Exception as error:  # noqa: BLE001  # raised by the run, after the other days
            run.errors.append(error)
            # What was stored may be the cause.
            run.recounts.drop_count(mark.day)


def _in_turn(marks: Iterable[RecountMark]) -> Iterator[RecountMark]:
    """Yield the day that waits longest, then the newest, and so on: neither a backlog nor what is new is held up."""
    line = sorted(marks, key=lambda mark: (mark.turn, mark.day))
    newest = sorted(line, key=lambda mark: mark.day, reverse=True)
    yield from dict.fromkeys(mark for pair in zip(line, newest, strict=True) for mark in pair)


def _take(run: Recounting, mark: RecountMark) -> None:
    # First to the end of the line: a day that kills the run must not be the first of the next one too.
    run.recounts.set_turn(mark.day, run.now)
    if mark.day < run.frozen:
        run.remember(mark.day)
        _clear(run, mark, UnderWay(mark.version, mark.marked_at, run.now))
    elif not _count(run, mark):
        run.recounts.set_turn(mark.day, mark.turn)
        return
    run.days += 1


def _count(run: Recounting, mark: RecountMark) -> bool:
    """Count a day to its end, and store it; False where the time was over before."""
    at, day = _begin(run, mark)
    kept = at.counted
    for page, after in _pages(run.recounts, mark.day, at):
        _add(run, day, page)
        if after:
            at = replace(after, counted=at.counted + len(page.items))
            goes_on = run.goes_on()
            if at.counted - kept >= CHECKPOINT or not goes_on:
                run.recounts.keep_count(mark.day, at, day.rows)
                kept = at.counted
            if not goes_on:
                return False
    _finish(run, mark, day.tallies())
    if not _clear(run, mark, at) and (kept or mark.under_way):
        run.recounts.drop_count(mark.day)
    return True


def _begin(run: Recounting, mark: RecountMark) -> tuple[UnderWay, DayCount]:
    """Return where the count of the day stands.

    One that was under way goes on although the day was marked again meanwhile, else a busy day would never be counted
    to its end. Its mark stays then.
    """
    if mark.under_way and (rows := run.recounts.count_so_far(mark.day, mark.under_way)):
        return mark.under_way, DayCount(rows)
    return UnderWay(mark.version, mark.marked_at, began=run.now), DayCount()


def _pages(
    recounts: Recounts, day: date, at: UnderWay
) -> Iterator[tuple[Page[Answered] | Page[Sent], UnderWay | None]]:
    """Yield the pages that are left, each with where it goes on behind it; None behind the last."""
    if at.answers:
        for answers in recounts.answers_of(day, at.position):
            yield answers, replace(at, answers=bool(answers.position), position=answers.position)
        at = replace(at, answers=False, position="")
    for mails in recounts.sends_of(day, at.position):
        yield mails, replace(at, position=mails.position) if mails.position else None


def _add(run: Recounting, day: DayCount, page: Page[Answered] | Page[Sent]) -> None:
    run.unreadable += page.unreadable
    items: Sequence[Answered | Sent] = page.items
    for one in items:
        try:
            day.add(one)
        except UnreadableError as error:
            run.unreadable.append(str(error))


def _finish(run: Recounting, mark: RecountMark, tallies: dict[str, Tallies]) -> None:
    run.remember(mark.day, questions_in(tallies))
    run.recounts.put_tallies(mark.day, {name: {} for name in stored_dimensions(run.progress)} | tallies)
    whole = (tallies.get(dimension_of(question, name), {}) for question in Question for name in (ALL, ANONYMOUS))
    run.answers += sum(tally.n for rows in whole for tally in rows.values())


def _clear(run: Recounting, mark: RecountMark, at: UnderWay) -> bool:
    """Clear the mark, unless the day has changed since its count began, or perhaps a moment before.

    Only once the tallies are stored: a crash before leaves the mark, and the day is counted again.
    """
    as_it_was = replace(mark, version=at.version, marked_at=at.marked_at)
    cleared = at.marked_at + INDEX_LAG <= at.began and run.recounts.clear(as_it_was)
    run.cleared += cleared
    return cleared


def stored_dimensions(progress: Progress) -> list[str]:
    """Return the dimensions as they are stored, of every question that was ever counted.

    A question that this version does not know, as after a rollback, is left as it was.
    """
    questions = (Question.NPS, *sorted(progress.questions & OTHER_QUESTIONS))
    return [dimension_of(question, name) for question in questions for name in DIMENSIONS]
