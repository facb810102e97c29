"""On a schedule: judge taps, recount marked days, compute scores, watch the rates of bounces, sweep what is overdue."""

import uuid
from contextlib import ExitStack
from datetime import UTC, datetime, timedelta
from typing import Any

from afterbill.adapters.aws.clients import client
from afterbill.adapters.aws.queues import SqsSendQueue
from afterbill.adapters.dynamodb.click_reviews import ReviewsTable
from afterbill.adapters.dynamodb.responses import SweepsTable
from afterbill.adapters.dynamodb.scores import ScoresTable
from afterbill.adapters.dynamodb.sending_switch import SendingSwitchTable
from afterbill.answers.review_clicks import review_clicks
from afterbill.insight.compute_nps import compute_nps
from afterbill.insight.nps import score
from afterbill.model.invitation import RETENTION
from afterbill.outreach.sweep import Finding, SweepDeps, sweep
from afterbill.outreach.watch_reputation import Outcome, watch_reputation
from afterbill.runtime.observability import Metric, count, logger
from afterbill.settings import config

_METRICS = {
    Finding.OVERDUE: Metric.OVERDUE_INVITATIONS,
    Finding.UNKNOWN: Metric.UNKNOWN_DELIVERIES,
    Finding.FAILED: Metric.FAILED_DELIVERIES,
}

_dynamodb, _table = client("dynamodb"), config.setting("TABLE")
_scores = ScoresTable(_dynamodb, _table)
_switch = SendingSwitchTable(_dynamodb, _table)
_sweeping = SweepDeps(
    sweeps=SweepsTable(_dynamodb, _table),
    queue=SqsSendQueue(client("sqs"), config.setting("SEND_QUEUE_URL")),
    window=timedelta(minutes=int(config.setting("FLEXIBLE_WINDOW_MINUTES"))),
    day_of=config.day_of(),
)
_taps, _integrity = ReviewsTable(_dynamodb, _table), config.integrity()
_zone = config.time_zone()
_limits = config.sending()


def handler(_event: dict[str, Any], _context: object) -> None:
    """The sweep first: a long recount must not keep surveys waiting; answers are run before they are counted.

    No step stops those after it by failing.
    """
    now = datetime.now(UTC)
    with ExitStack() as steps:
        for step in (_watch, _compute, _review, _sweep):  # the last one is run first
            steps.callback(step, now)


def _sweep(now: datetime) -> None:
    found = sweep(_sweeping, now, paused=bool(_switch.state().reason))
    for finding, number in found.items():
        if metric := _METRICS.get(finding):
            count(metric, number)
    logger.info("swept", found=dict(found))


def _review(now: datetime) -> None:
    run = review_clicks(_taps, _integrity, now, config.day_of())
    if run.answers:
        count(Metric.ANSWERS_SETTLED, run.answers)
    for signal, number in run.labelled.items():
        count(Metric.ANSWERS_LABELLED, number, reason=signal)
    logger.info("taps judged", answers=run.answers, labelled=dict(run.labelled), waiting=run.waiting)


def _compute(now: datetime) -> None:
    counting = _integrity.count_unconfirmed
    computed = compute_nps(_scores, now, uuid.uuid4().hex, _zone, RETENTION, count_unconfirmed=counting)
    logger.info("scores computed", outcome=computed.outcome, days=computed.days)
    for row in _scores.scores("all", "30d"):
        if (value := score(row.tally)) is not None:
            count(Metric.SCORE, value)


def _watch(now: datetime) -> None:
    """Stopped, the metric is written in every run: the alarm must last even where no survey is due."""
    watched = watch_reputation(_scores, _switch, _limits, now, _zone)
    if watched.outcome is Outcome.STOPPED:
        logger.error("sending stopped", reason=watched.reason)
    if watched.reason:
        count(Metric.SENDING_HALTED)
