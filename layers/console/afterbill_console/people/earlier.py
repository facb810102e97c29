"""The list that stands behind the answers of a day: the newest ones of the days before, so that one query finds both.

A list follows from the answers of the day before it and from the list behind these. It names answers, and tells
nothing of them but their score: what has changed since is seen when they are read.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, timedelta
from itertools import islice

from afterbill.answers.read_responses import Place
from afterbill.model.questions import Question
from afterbill_console.people.ports import Earlier, EarlierAnswers, Found, Listed

MOST_LISTED = 300
"""Answers of one list: about 11 KB."""
LISTED_DAYS = 731
"""Days with a list, and days that a list reaches back."""
NEWEST, IN_TURN = 3, 8
"""Lists that are made anew in each run, and of the others those whose turn it is."""

_DAY = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class _Turn:
    """The lists of one run: days are in their order, so that one round brings an old change to all of them."""

    today: date
    number: int

    def days(self) -> Iterator[date]:
        first = self.today - LISTED_DAYS * _DAY
        rounds = -(-(LISTED_DAYS - NEWEST) // IN_TURN)
        begin = self.number % rounds * IN_TURN
        for back in islice(range(LISTED_DAYS - NEWEST), begin, begin + IN_TURN):
            yield first + (back + 1) * _DAY
        for back in reversed(range(NEWEST)):
            yield self.today - back * _DAY


def keep_lists(answers: EarlierAnswers, today: date, turn: int) -> int:
    """Make the lists of one run, and store those that changed; return how many. Runs have numbers that follow."""
    stored = 0
    for day in _Turn(today, turn).days():
        made = list_behind(day, answers.answered(Place(day - _DAY)))
        if made != answers.listed(day):
            answers.keep(day, made)
            stored += 1
    return stored


def list_behind(day: date, before: Found) -> Earlier:
    """Return the list of a day; `before` is what the first query of the day before it found."""
    own = [
        Listed(day - _DAY, brief.id, brief.rating, brief.segments.get("question", Question.NPS.value))
        for brief in before.briefs
        if brief.rating is not None
    ]
    known = before.earlier
    begin = day - LISTED_DAYS * _DAY
    answers = [*own, *(one for one in (known.answers if known else ()) if one.day >= begin)]
    since = day if before.more else (known.since if known else day - _DAY)
    if len(answers) > MOST_LISTED:
        since = max(since, answers[MOST_LISTED - 1].day + _DAY)
    return Earlier(max(since, begin), tuple(answers[:MOST_LISTED]))
