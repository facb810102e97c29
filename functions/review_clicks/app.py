"""On a schedule: make settled clicks answers, or say what speaks against them."""

from datetime import UTC, datetime
from typing import Any

from afterbill.adapters.aws.clients import client
from afterbill.adapters.dynamodb.click_reviews import ReviewsTable
from afterbill.answers.review_clicks import review_clicks
from afterbill.runtime.observability import Metric, count, logger
from afterbill.settings import config

_reviews = ReviewsTable(client("dynamodb"), config.setting("TABLE"))
_integrity, _day_of = config.integrity(), config.day_of()


def handler(_event: dict[str, Any], _context: object) -> None:
    """Review the clicks whose time has come."""
    run = review_clicks(_reviews, _integrity, datetime.now(UTC), _day_of)
    if run.answers:
        count(Metric.ANSWERS_SETTLED, run.answers)
    for signal, number in run.labelled.items():
        count(Metric.ANSWERS_LABELLED, number, reason=signal)
    logger.info("taps judged", answers=run.answers, labelled=dict(run.labelled), waiting=run.waiting)
    count(Metric.REVIEW_FINISHED)
