"""SQS send queue: check again, claim, send once, mark."""

import json
import uuid
from datetime import UTC, datetime
from time import monotonic
from typing import Any

from afterbill import config
from afterbill.adapters.aws.clients import client
from afterbill.adapters.aws.invitations import InvitationsTable
from afterbill.adapters.aws.queues import SqsSendQueue
from afterbill.adapters.aws.secret_keys import SecretKeys
from afterbill.adapters.aws.secrets import Secret
from afterbill.adapters.aws.ses import SesMailer
from afterbill.batch import process
from afterbill.mail.compose import composer
from afterbill.observability import Metric, count, logger
from afterbill.services.send_survey import Outcome, Sending, send_survey

_METRICS = {
    Outcome.SENT: Metric.SURVEYS_SENT,
    Outcome.SKIPPED: Metric.FACTS_SKIPPED,
    Outcome.THROTTLED: Metric.SENDING_THROTTLED,
    Outcome.PAUSED: Metric.SENDING_PAUSED,
    Outcome.REJECTED: Metric.FAILED_DELIVERIES,
    Outcome.UNKNOWN: Metric.UNKNOWN_DELIVERIES,
}

_keys = SecretKeys(Secret(client("secretsmanager"), config.setting("KEYS_SECRET"), monotonic))
_sending = Sending(
    invitations=InvitationsTable(client("dynamodb"), config.setting("TABLE")),
    queue=SqsSendQueue(client("sqs"), config.setting("SEND_QUEUE_URL")),
    mailer=SesMailer(client("sesv2", attempts=1), config.setting("CONFIGURATION_SET")),
    compose=composer(
        config.setting("PUBLIC_URL"), config.setting("SENDER"), _keys.current, config.brand(), config.catalogs()
    ),
    day_of=config.day_of(),
    new_id=lambda: uuid.uuid4().hex,
)


def handler(event: dict[str, Any], context: object) -> Any:  # noqa: ANN401  # the batch answer of Lambda
    """Each message succeeds or fails alone."""
    return process(event, context, _send_record)


def _send_record(record: dict[str, Any]) -> None:
    message = json.loads(record["body"])
    sent = send_survey(message["invitation_id"], message["delivery"], _sending, datetime.now(UTC))
    logger.info("survey due", invitation_id=message["invitation_id"], outcome=sent.outcome, reason=sent.reason)
    if metric := _METRICS.get(sent.outcome):
        count(metric)
