"""A year of other customers beside the people of the demo, so that the console has something to show from the start."""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta, tzinfo
from typing import Any
from zoneinfo import ZoneInfo

import boto3

from afterbill.adapters.aws.report_files import S3Reports
from afterbill.insight.reports.requested import stored_place
from afterbill.model.invitation import Invitation
from afterbill.model.questions import Question
from afterbill_cli import deployed
from afterbill_cli.options import StackChoice
from afterbill_dev.demo.answers import Ratings
from afterbill_dev.history.effects import PLANTED
from afterbill_dev.history.fill import archive_at_once, fill, hashing, unarchived
from afterbill_dev.history.lives import Span, lives
from afterbill_dev.history.words import worded

SEED, CUSTOMERS, DAYS = 2026, 600, 400
WINDOW = timedelta(days=30)
"""The days of the scores that are recounted."""


@dataclass(frozen=True)
class Past:
    """The facts from before the demo began, by the days of `zone`."""

    facts: Sequence[Invitation] = ()
    zone: tzinfo = UTC

    def sent(self) -> Counter[str]:
        """Count the surveys that were sent within the window, by touchpoint."""
        return Counter(one.touchpoint for one in self.facts if self._within(one.sent_day))

    def ratings(self) -> Ratings:
        """Return the ratings that were given within the window, by touchpoint."""
        given: Ratings = {}
        for one in self.facts:
            if one.answer and self._within(one.answered_day):
                given.setdefault(one.touchpoint, []).append(one.answer.rating)
        return given

    def _within(self, day: str) -> bool:
        today = datetime.now(self.zone).date()
        return bool(day) and today - WINDOW < date.fromisoformat(day) <= today


def live_through() -> Past:
    """Store the year in the local stack, and archive it; its functions compute the reports meanwhile."""
    stack = deployed.connect(StackChoice())
    zone = ZoneInfo(stack.policy().time_zone)
    now = datetime.now(UTC)
    past = Past(tuple(worded(lives(SEED, CUSTOMERS, Span(now, DAYS, zone), PLANTED))), zone)
    with unarchived(stack):
        fill(stack, past.facts, lambda _number: None, hashing(stack))
        archive_at_once(stack, past.facts, now)
    return past


def shown(stack: Mapping[str, Any]) -> bool:
    """Return whether the first page of the console has something to show."""
    reports = S3Reports(boto3.client("s3"), stack["archive"])
    return reports.load(stored_place("overview", Question.NPS, "30d")) is not None


def together(*given: Ratings) -> Ratings:
    """Return all ratings by touchpoint."""
    names: Iterable[str] = {name for ratings in given for name in ratings}
    return {name: [rating for ratings in given for rating in ratings.get(name, ())] for name in names}
