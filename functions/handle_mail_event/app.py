"""SQS, fed by SES through SNS: delivery, bounces and complaints of mails."""

import json
from datetime import UTC, datetime
from typing import Any

from afterbill.adapters.aws.clients import batch_client, begin_batch
from afterbill.adapters.aws.secret_keys import secret_keys
from afterbill.adapters.dynamodb.responses import ResponsesTable
from afterbill.outreach.delivery_reports import Outcome
from afterbill.outreach.handle_mail_event import MailEventDeps, handle_mail_event
from afterbill.runtime.batch import process
from afterbill.runtime.notifications import message_in, published_at
from afterbill.runtime.observability import Metric, count, logger
from afterbill.settings import config

_GREETING = "Successfully validated SNS topic"
"""The start of the message in plain words that SES writes when its event destination is made."""

_keys = secret_keys(config.setting("KEYS_SECRET"))
_handling = MailEventDeps(
    events=ResponsesTable(batch_client("dynamodb"), config.setting("TABLE")),
    hash_address=_keys.hash_address,
    day_of=config.day_of(),
    link_keys=_keys.current,
    sender=config.setting("SENDER"),
)


def handler(event: dict[str, Any], context: Any) -> Any:  # noqa: ANN401  # Lambda's own
    """Each message succeeds or fails alone."""
    begin_batch(context)
    return process(event, context, _handle_record)


def _handle_record(record: dict[str, Any]) -> None:
    message = message_in(record["body"])
    if message.startswith(_GREETING):
        return
    mail_event = json.loads(message)
    outcome = handle_mail_event(mail_event, _handling, published_at(record, datetime.now(UTC)))
    kind = mail_event.get("eventType") or mail_event.get("notificationType")
    logger.info("mail event", outcome=outcome, kind=str(kind))
    if outcome is Outcome.SUPPRESSED:
        count(Metric.ADDRESSES_SUPPRESSED)
