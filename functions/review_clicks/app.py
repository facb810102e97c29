"""On a schedule: make settled clicks answers, or say what speaks against them."""

from datetime import UTC, datetime, timedelta
from typing import Any

from afterbill.adapters.aws.clients import client
from afterbill.adapters.dynamodb.click_reviews import ReviewsTable
from afterbill.answers.review_clicks import review_clicks
from afterbill.runtime.observability import Metric, count, count_unreadable, logger
from afterbill.runtime.remaining import goes_on
from afterbill.settings import config

_reviews = ReviewsTable(client("dynamodb"), config.setting("TABLE"))
_integrity, _day_of = config.integrity(), config.day_of()


_RESERVE = timedelta(seconds=20)
"""Enough to review a hundred invitations while the table is slow."""


def handler(_event: dict[str, Any], context: object) -> None:
    """Review the clicks whose time has come, the oldest first; the next run goes on where the time ends."""
    run = review_clicks(_reviews, _integrity, datetime.now(UTC), _day_of, goes_on(context, _RESERVE))
    if run.answers:
        count(Metric.ANSWERS_SETTLED, run.answers)
    for signal, number in run.labelled.items():
        count(Metric.ANSWERS_LABELLED, number, reason=signal)
    count_unreadable("review_clicks", run.told, run.unreadable)
    logger.info(
        "taps judged",
        answers=run.answers,
        labelled=dict(run.labelled),
        waiting=run.waiting,
        unreadable=run.unreadable,
        finished=run.finished,
    )
    count(Metric.REVIEW_FINISHED)
