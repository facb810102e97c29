"""Counting: from the invitations of a day to tallies by dimension value, and from tallies to scores."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime

from afterbill.insight.measures import Measures, compare, measures
from afterbill.insight.nps import MAILS, NUMBERS, RATINGS, UNCONFIRMED, Comparison, Tally
from afterbill.model.channels import Channel
from afterbill.model.errors import UnreadableError
from afterbill.model.invitation import NO_DAY, Delivery
from afterbill.model.questions import SCALES, Question, Scale
from afterbill.model.segments import ANONYMOUS, DIMENSIONS, REASON, REMOVED, dimension_of, question_and_dimension

ALL, UNKNOWN, OTHER, NONE = "all", "unknown", "other", "none"
MOST_VALUES = 200
"""Values of a dimension counted by name; those with fewer answers are counted together as `other`."""
LONGEST_VALUE = 100
"""Characters of a value; together with MOST_VALUES this keeps a tally below DynamoDB's 400 KB per item."""

MAIL_ORIGIN = "mail_origin"
"""The name under which mails of all questions are counted by what caused them (`stripe/order_paid`); no scores."""


_ORIGINS = ""
"""Where MAIL_ORIGIN stands among the questions while a day is counted."""


class RatingError(UnreadableError, ValueError):
    """A rating that is no whole number of its question's scale."""


Tallies = Mapping[str, Tally]
"""The tally of each value of one dimension."""


@dataclass(frozen=True, slots=True)
class Answered:
    """A response as it is counted, by the day of its answer."""

    rating: int
    segments: Mapping[str, str] = field(default_factory=dict)
    confirmed: bool = True
    reason: str = ""

    @property
    def question(self) -> str:
        """The question that was answered."""
        return self.segments.get("question", Question.NPS)

    @property
    def removed(self) -> bool:
        """True where whoever answered was removed."""
        return REMOVED in self.segments


@dataclass(frozen=True, slots=True)
class Sent:
    """An invitation as it is counted, by the day of sending; of its `delivery` only what is adverse."""

    answered: bool
    delivery: Delivery | None = None
    segments: Mapping[str, str] = field(default_factory=dict)

    @property
    def question(self) -> str:
        """The question that was asked."""
        return self.segments.get("question", Question.NPS)

    @property
    def bounced(self) -> bool:
        """If it came back for good."""
        return self.delivery is Delivery.BOUNCED

    @property
    def complained(self) -> bool:
        """If somebody reported it as spam."""
        return self.delivery is Delivery.COMPLAINED


@dataclass(frozen=True, slots=True)
class Snapshot:
    """The part of an invitation that tallies depend on; days are ISO dates, empty where they do not exist yet.

    Rating and rank of delivery may be any number: they are compared here, and judged when their day is counted. Of its
    `delivery` that is only what is adverse.
    """

    sent_day: str = ""
    answered_day: str = ""
    rating: int | None = None
    delivery: int | None = None
    segments: Mapping[str, str] = field(default_factory=dict)
    confirmed: bool = True
    reason: str = ""


@dataclass(frozen=True, slots=True)
class Score:
    """The score of one value of a dimension in a window; `comparison` is with the same value in the window before.

    The dimension is named as it is stored, with its question.
    """

    dimension: str
    value: str
    window: str
    tally: Tally
    comparison: Comparison | None
    computed_at: datetime

    @property
    def question(self) -> Question:
        """The question that was asked."""
        return question_and_dimension(self.dimension)[0]

    @property
    def unconfirmed(self) -> int:
        """How many of the answers were not confirmed; 0 where these do not count."""
        return sum(self.tally.unconfirmed)

    @property
    def removed(self) -> int:
        """The number of answers of people who were removed."""
        return self.tally.removed

    @property
    def measures(self) -> Measures:
        """The net score or the share, with its interval and groups."""
        return measures(self.question, self.tally)


def days_touched(old: Snapshot | None, new: Snapshot | None) -> frozenset[date]:
    """Return the days whose tallies differ once `old` (None: was not there) became `new` (None: is gone).

    A test has none.
    """
    if old == new:
        return frozenset()
    days = {day for each in (old, new) if each for day in (each.sent_day, each.answered_day) if day} - {NO_DAY}
    return frozenset(map(date.fromisoformat, days))


Rows = dict[str, list[dict[str, list[int]]]]
"""The numbers of a day while it is counted: by question, for each dimension in the order of DIMENSIONS, of each value.

Under the empty question stands one dimension, MAIL_ORIGIN.
"""


class DayCount:
    """The numbers of one day while its answers and mails are read; `rows` are those of an earlier part."""

    def __init__(self, rows: Rows | None = None) -> None:
        self.rows: Rows = rows or {Question.NPS.value: _nothing(), _ORIGINS: [{}]}

    def add(self, one: Answered | Sent) -> None:
        """Count an answer or a mail; UnreadableError, and nothing counted, for one that makes no sense.

        An anonymous answer counts in the dimension of its own alone: whoever can open a link at will must not move
        any other score.
        """
        if isinstance(one, Answered):
            self._answer(one)
        else:
            self._mail(one)

    def _answer(self, answer: Answered) -> None:
        require_answer(answer)
        tables = self._tables(answer.question)
        places = [answer.rating] if answer.confirmed else [answer.rating, MAILS + answer.rating]
        if answer.removed:
            places += [UNCONFIRMED] if answer.confirmed else [UNCONFIRMED, UNCONFIRMED + 1]
        if link := answer.segments.get(ANONYMOUS):
            _add(tables[-1:], [link], places)
        else:
            _add(tables, (*_values(answer.segments), answer.reason or NONE), places)

    def _mail(self, sent: Sent) -> None:
        _question(sent.question)
        flags = (True, sent.answered, sent.bounced, sent.complained)
        places = [len(RATINGS) + place for place, flag in enumerate(flags) if flag]
        _add(self._tables(sent.question), _values(sent.segments), places)
        if sent.segments.get("channel") == Channel.MAIL:
            _add(self.rows[_ORIGINS], [origin_of(sent.segments)], places)

    def _tables(self, question: str) -> list[dict[str, list[int]]]:
        return self.rows.get(question) or self.rows.setdefault(question, _nothing())

    def tallies(self) -> dict[str, Tallies]:
        """Return the tallies for every dimension of the recommendation, and of other questions that occur.

        With them come those of MAIL_ORIGIN. Dimensions are named as they are stored.
        """
        tallies = {
            dimension_of(question, dimension): _limited(rows)
            for question, tables in self.rows.items()
            if question
            for dimension, rows in zip(DIMENSIONS, tables, strict=True)
        }
        return tallies | {MAIL_ORIGIN: _limited(self.rows[_ORIGINS][0])}


def count(answers: Iterable[Answered], sends: Iterable[Sent]) -> dict[str, Tallies]:
    """Return the tallies of one day, as DayCount does. Linear in the number of answers and sends."""
    day = DayCount()
    for answer in answers:
        day.add(answer)
    for sent in sends:
        day.add(sent)
    return day.tallies()


def _question(name: str) -> Question:
    if name not in _QUESTIONS:
        raise UnreadableError(f"a question that nobody knows: {name!r}")
    return Question(name)


def origin_of(segments: Mapping[str, str]) -> str:
    """Return the value of MAIL_ORIGIN: source and touchpoint."""
    return f"{segments.get('source') or UNKNOWN}/{segments.get('touchpoint') or UNKNOWN}"


def require_answer(answer: Answered) -> None:
    """UnreadableError for an answer that makes no sense: of an unknown question, or a rating off its scale."""
    _require_rating(answer.rating, SCALES[_question(answer.question)])


def _require_rating(rating: object, scale: Scale) -> None:
    """RatingError for anything but a whole number of the scale, True and 9.0 included."""
    if isinstance(rating, bool) or not isinstance(rating, int) or rating not in scale.ratings:
        raise RatingError(f"a rating is a whole number from {scale.lowest} to {scale.highest}, not {rating!r}")


_QUESTIONS = frozenset(question.value for question in Question)
OTHER_QUESTIONS = _QUESTIONS - {Question.NPS}
"""The questions beside the recommendation."""

_SEGMENTS = tuple(dimension for dimension in DIMENSIONS if dimension not in {ALL, REASON, ANONYMOUS})


def _nothing() -> list[dict[str, list[int]]]:
    """Return empty rows for every dimension, in the order of DIMENSIONS."""
    return [{} for _ in DIMENSIONS]


def _values(segments: Mapping[str, str]) -> tuple[str | None, ...]:
    """Return the values of an invitation in the order of DIMENSIONS, without the last two."""
    return (ALL, *map(segments.get, _SEGMENTS))


def _add(tables: Sequence[dict[str, list[int]]], values: Sequence[str | None], places: Sequence[int]) -> None:
    for rows, segment in zip(tables, values, strict=False):
        value = (segment or "").strip()[:LONGEST_VALUE] or UNKNOWN
        row = rows.get(value)
        if row is None:
            row = rows[value] = [0] * NUMBERS
        for place in places:
            row[place] += 1


def _limited(rows: Mapping[str, list[int]]) -> Tallies:
    tallies = {value: Tally.of(row) for value, row in rows.items()}
    return fold(tallies, leading(tallies))


def questions_in(dimensions: Iterable[str]) -> frozenset[str]:
    """Return the questions other than the recommendation among the names of stored dimensions."""
    return frozenset(question_and_dimension(name)[0].value for name in dimensions) - {Question.NPS}


def leading(tallies: Tallies) -> frozenset[str]:
    """Return the values counted by name: those with most answers, then most mails, then first in the alphabet."""
    order = sorted(tallies, key=lambda value: (-tallies[value].n, -tallies[value].sent, value))
    return frozenset([value for value in order if value != OTHER][:MOST_VALUES])


def fold(tallies: Tallies, keep: frozenset[str]) -> dict[str, Tally]:
    """Add up every value that is not in `keep` under `other`."""
    folded: dict[str, Tally] = {}
    for value, tally in tallies.items():
        name = value if value in keep else OTHER
        folded[name] = folded[name] + tally if name in folded else tally
    return folded


def scores_of(dimension: str, window: str, tallies: Tallies, before: Tallies, now: datetime) -> list[Score]:
    """Return one score per value, those with most answers by name, each compared with the same value in `before`.

    `dimension` is named as it is stored.
    """
    question, plain = question_and_dimension(dimension)
    keep = leading(tallies)
    previous = fold(before, keep)
    rows = fold(tallies, keep)
    if plain == ALL:
        rows.setdefault(ALL, Tally())  # a window without any answer still has its line
    return [
        Score(dimension, value, window, tally, compare(question, tally, previous.get(value, Tally())), now)
        for value, tally in rows.items()
    ]
