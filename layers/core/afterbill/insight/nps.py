"""The Net Promoter Score of a tally, how far it can be trusted, and whether it really changed.

Shares are exact; the display rounds. The interval and the comparison are the adjusted Wald of Brendan Rocks,
"Interval Estimation for the Net Promoter Score" (The American Statistician, 2016, arXiv 1601.07235).
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from math import erfc, sqrt
from operator import add

from afterbill.model.questions import SCALES, Question, Scale

RATINGS = range(11)

MAILS = len(RATINGS) + 4
"""The place among the numbers of a tally where those of mails end."""

UNCONFIRMED = MAILS + len(RATINGS)
"""The place where those of the unconfirmed ratings end."""

NUMBERS = UNCONFIRMED + 2
"""How many numbers a tally has."""

Z95 = 1.959963984540054
"""The quantile of the normal distribution that leaves 2.5 % above."""
_ADDED = 3.0
"""Answers added before estimating: a quarter of them promoters, a quarter detractors, the rest passives."""


@dataclass(frozen=True, slots=True)
class Tally:
    """How often each rating was given, and how many mails went out; tallies add up.

    `ratings` counts the answers 0 to 10 by the day of the answer; all others count invitations by the day of sending,
    so `answered` may differ from `n`. `bounced` for good or `complained` about is the last state of a mail.
    `unconfirmed` counts, by rating, those among `ratings` whose page was seen but not sent. `removed` counts, whatever
    their rating, those among `ratings` of people who were removed, and `removed_unconfirmed` those of them that are
    unconfirmed. A scale that is shorter uses the places of its ratings.
    """

    ratings: tuple[int, ...] = (0,) * len(RATINGS)
    sent: int = 0
    answered: int = 0
    bounced: int = 0
    complained: int = 0
    unconfirmed: tuple[int, ...] = (0,) * len(RATINGS)
    removed: int = 0
    removed_unconfirmed: int = 0

    def __add__(self, other: "Tally") -> "Tally":
        return Tally.of([*map(add, self.numbers, other.numbers)])

    @classmethod
    def of(cls, numbers: Sequence[int]) -> "Tally":
        """The tally with these numbers in the order of its attributes; those missing at the end are 0."""
        full = [*numbers, *[0] * (NUMBERS - len(numbers))]
        sent, answered, bounced, complained = full[len(RATINGS) : MAILS]
        ratings, unconfirmed = tuple(full[: len(RATINGS)]), tuple(full[MAILS:UNCONFIRMED])
        return cls(ratings, sent, answered, bounced, complained, unconfirmed, *full[UNCONFIRMED:])

    @property
    def numbers(self) -> tuple[int, ...]:
        """All counts: ratings, mails, from place MAILS the unconfirmed ratings, from UNCONFIRMED the removed."""
        mails = (self.sent, self.answered, self.bounced, self.complained)
        return (*self.ratings, *mails, *self.unconfirmed, self.removed, self.removed_unconfirmed)

    @property
    def confirmed(self) -> "Tally":
        """The tally without unconfirmed answers; an invitation they answered stays answered."""
        kept = tuple(given - doubtful for given, doubtful in zip(self.ratings, self.unconfirmed, strict=True))
        removed = self.removed - self.removed_unconfirmed
        return replace(self, ratings=kept, unconfirmed=(0,) * len(RATINGS), removed=removed, removed_unconfirmed=0)

    @property
    def n(self) -> int:
        """How many answers."""
        return sum(self.ratings)

    def favourable(self, scale: Scale = SCALES[Question.NPS]) -> int:
        """How many answers are `good` or better: of promoters."""
        return sum(self.ratings[scale.good :])

    def unfavourable(self, scale: Scale = SCALES[Question.NPS]) -> int:
        """How many answers are `bad` or worse: of detractors."""
        return sum(self.ratings[: scale.bad + 1])


@dataclass(frozen=True, slots=True)
class Comparison:
    """Points gained since the window before, and whether chance alone would hardly do that (95 %)."""

    change: float
    significant: bool


def score(tally: Tally) -> float | None:
    """Percentage of promoters less percentage of detractors, -100 to 100; None without answers, which is not 0."""
    return 100 * (tally.favourable() - tally.unfavourable()) / tally.n if tally.n else None


def interval(tally: Tally) -> tuple[float, float] | None:
    """The 95 % confidence interval of the score, within -100 to 100; None without answers.

    It always holds the score itself: for a single promoter or detractor the plain formula ends 1.5 points before.
    """
    return bounds(tally.favourable(), tally.unfavourable(), tally.n) if tally.n else None


def bounds(favourable: float, unfavourable: float, n: float) -> tuple[float, float]:
    """The 95 % confidence interval of a score of `n` answers, which need not be whole where they are weighted."""
    point = 100 * (favourable - unfavourable) / n
    mean, variance = _adjusted(favourable, unfavourable, n)
    margin = Z95 * sqrt(variance)
    low, high = 100 * (mean - margin), 100 * (mean + margin)
    return max(-100.0, min(low, point)), min(100.0, max(high, point))


def compare(tally: Tally, before: Tally) -> Comparison | None:
    """The change from `before`; None where either has no answers.

    Significance is judged on the adjusted scores, which one single answer moves little; where they disagree with
    the plain ones on the direction, there are too few answers to speak of a change.
    """
    current, previous = score(tally), score(before)
    if current is None or previous is None:
        return None
    change = current - previous
    z = _z(tally, before)
    return Comparison(change, abs(z) > Z95 and z * change > 0)


def p_value(tally: Tally, other: Tally) -> float:
    """The chance of a difference of scores at least as large, by chance alone; both have answers.

    It is below 0.05 where `compare` says significant, and 1 where plain and adjusted scores disagree on the direction.
    """
    z = _z(tally, other)
    apart = (score(tally) or 0) - (score(other) or 0)
    return two_sided(z) if z * apart > 0 else 1.0


def two_sided(z: float) -> float:
    """The chance of a normal deviate at least as far from 0."""
    return erfc(abs(z) / sqrt(2))


def response_rate(tally: Tally) -> float | None:
    """Percentage of the invitations sent that have been answered; None when none was sent."""
    return 100 * tally.answered / tally.sent if tally.sent else None


def _z(tally: Tally, before: Tally) -> float:
    """The difference of the adjusted scores in standard errors."""
    (mean, variance), (mean_before, variance_before) = (
        _adjusted(one.favourable(), one.unfavourable(), one.n) for one in (tally, before)
    )
    return (mean - mean_before) / sqrt(variance + variance_before)


def _adjusted(favourable: float, unfavourable: float, answers: float) -> tuple[float, float]:
    """Mean and variance of the adjusted score, as shares of 1; the variance is never 0."""
    n = answers + _ADDED
    promoters = (favourable + _ADDED / 4) / n
    detractors = (unfavourable + _ADDED / 4) / n
    mean = promoters - detractors
    return mean, (promoters + detractors - mean**2) / n
