"""Values in the cells of an export, in any usual spelling."""

import re
from collections.abc import Collection
from datetime import datetime, timedelta
from enum import StrEnum

from afterbill.answers.external import LATEST_MINUTES, OLDEST_DAYS
from afterbill.answers.parse_answer import clean_comment
from afterbill.model.billing import Touchpoint
from afterbill.model.invitation import COMMENT_LENGTH
from afterbill.model.questions import Question
from afterbill_cli.importing import spreadsheets
from afterbill_cli.importing.report import WrongError, shown
from afterbill_cli.importing.scales import AskedScales, suggestion
from afterbill_cli.importing.times import TimeSpelling


class Reason(StrEnum):
    """The reason for which a row is left out."""

    UNREADABLE = "cannot be read"
    TEST = "is a test"
    NO_RATING = "has no rating"
    SCALE = "the scale is not known"
    NO_NUMBER = "the rating is no whole number"
    OFF_SCALE = "the rating is outside its scale"
    QUESTION = "answers a question that is not known"
    TOUCHPOINT = "the touchpoint is not known"
    NO_TIME = "has no time"
    TIME = "the time cannot be read"
    FUTURE = "the time is still to come"
    OLD = f"older than {OLDEST_DAYS} days"
    ID = "the id cannot be one"
    TWICE = "stands there twice"


class RefusedError(Exception):
    """A row cannot be imported: the kind of mistake, its text, and what to do."""

    def __init__(self, reason: Reason, text: str, hint: str) -> None:
        super().__init__(text)
        self.reason, self.text, self.hint = reason, text, hint


_NUMBER = re.compile(r"(?!-0)(-?[0-9]{1,6})(?:[.,]0+)?")
_YES = frozenset({"1", "true", "yes", "y", "x", "test", "ja", "wahr"})
_LONGEST_ID = 500
_SLUG = re.compile(r"[a-z][a-z0-9_]{0,39}")


def rating(value: str, question: Question, scales: AskedScales) -> int:
    """A whole number of the scale on which the question was asked; 9.0 and 9,0 are 9, and nothing is rounded."""
    if not value:
        raise RefusedError(Reason.NO_RATING, "there is no rating", "Nobody answered, or another column says it")
    scale = scales.get(question)
    if scale is None:
        text = f"{question} is asked on several scales, and the file does not say on which"
        hint = f"Say it: {suggestion(question)}, the highest number being the best; others cannot be imported"
        raise RefusedError(Reason.SCALE, text, hint)
    match = _NUMBER.fullmatch(spreadsheets.without_mark(value))
    if not match:
        raise RefusedError(Reason.NO_NUMBER, f"{shown(value)} is no whole number", "A rating is never guessed")
    number = int(match[1])
    if number not in scale.numbers:
        text = f"{shown(value)} is not one of {scale.lowest} to {scale.numbers[-1]}"
        raise RefusedError(Reason.OFF_SCALE, text, "Say with --question and --scale what was asked, if it was another")
    return number


def moment(value: str, times: TimeSpelling, now: datetime) -> datetime:
    """Return the time in UTC; it is not in the future."""
    if not value:
        raise RefusedError(Reason.NO_TIME, "there is no time", "An answer counts for the day it was given on")
    try:
        moment = times.read(value)
    except WrongError as wrong:
        raise RefusedError(Reason.TIME, wrong.text, wrong.hint) from None
    if not times.has_come(moment, now, timedelta(minutes=LATEST_MINUTES)):
        raise RefusedError(Reason.FUTURE, f"{shown(value)} is still to come", "Look at --time-zone and --time-format")
    return moment.at


def comment(value: str) -> tuple[str, bool]:
    """Return the comment, cleaned as on the survey page, and whether its end was cut off.

    Its author cannot be asked to be shorter, and the rating shall count.
    """
    text = clean_comment(value)
    return text[:COMMENT_LENGTH], len(text) > COMMENT_LENGTH


def question(value: str, default: Question) -> Question:
    """Return the question; `default` where the cell is empty."""
    try:
        return Question(value.casefold()) if value else default
    except ValueError:
        text = f"{shown(value)} is none of {', '.join(Question)}"
        raise RefusedError(Reason.QUESTION, text, "Export each question by itself") from None


def touchpoint(value: str, default: Touchpoint) -> Touchpoint:
    """Return the touchpoint; `default` where the cell is empty."""
    try:
        return Touchpoint(value.casefold()) if value else default
    except ValueError:
        text = f"{shown(value)} is no touchpoint of surveys.toml"
        raise RefusedError(Reason.TOUCHPOINT, text, "Leave it blank for that of --touchpoint") from None


def identifier(value: str) -> str:
    """Return an id of at most 500 characters, as it was before a spreadsheet took it for a number; "" is none."""
    try:
        spreadsheets.refuse_formula(value)
        id_ = spreadsheets.number(value)
    except WrongError as wrong:
        raise RefusedError(Reason.ID, wrong.text, wrong.hint) from None
    if len(id_) > _LONGEST_ID:
        text = f"it has {len(id_)} characters, more than {_LONGEST_ID}"
        raise RefusedError(Reason.ID, text, "Choose another column with --column")
    return id_


def is_test(value: str) -> bool:
    """True when the cell marks the row as a test."""
    return value.casefold() in _YES


def slug(value: str, reasons: Collection[str]) -> str:
    """Return the name of a reason as surveys.toml spells it; empty where `reasons` are given and it is none of them."""
    name = re.sub(r"[\s-]+", "_", value.casefold())
    if reasons:
        return next((reason for reason in reasons if reason.replace("-", "_") == name), "")
    return name if _SLUG.fullmatch(name) else ""
