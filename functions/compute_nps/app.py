"""On a schedule: sweep what is overdue, review clicks, recount marked days, compute scores, watch bounce rates."""

import uuid
from datetime import UTC, datetime, timedelta
from typing import Any

from afterbill.adapters.aws.clients import client
from afterbill.adapters.aws.send_queue import SqsSendQueue
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
_reviews, _integrity = ReviewsTable(_dynamodb, _table), config.integrity()
_zone = config.time_zone()
_caps = config.sending()


def handler(_event: dict[str, Any], _context: object) -> None:
    """Run every step, whatever became of those before it; the first error is raised at the end.

    The sweep comes first, for a long recount must not keep surveys waiting; clicks are reviewed before answers count.
    """
    now, errors = datetime.now(UTC), list[Exception]()
    for step in (_sweep, _review, _compute, _watch):
        try:
            step(now)
        except Exception as error:  # noqa: BLE001  # raised below, after the other steps
            logger.error("step failed", step=step.__name__.strip("_"), error=type(error).__name__)
            errors.append(error)
    if errors:
        raise errors[0]


def _sweep(now: datetime) -> None:
    findings = sweep(_sweeping, now, paused=bool(_switch.state().reason))
    for finding, number in findings.items():
        if metric := _METRICS.get(finding):
            count(metric, number)
    logger.info("swept", found=dict(findings))


def _review(now: datetime) -> None:
    run = review_clicks(_reviews, _integrity, now, config.day_of())
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
    """While sending is stopped, write the metric in every run: the alarm must last even where no survey is due."""
    reputation = watch_reputation(_scores, _switch, _caps, now, _zone)
    if reputation.outcome is Outcome.STOPPED:
        logger.error("sending stopped", reason=reputation.reason)
    if reputation.reason:
        count(Metric.SENDING_HALTED)
    if reputation.risk:
        logger.warning("sending at risk", reason=reputation.risk)
        count(Metric.SENDING_AT_RISK)
