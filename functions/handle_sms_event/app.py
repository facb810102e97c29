"""SQS, fed by End User Messaging through SNS: delivery of text messages, and replies to them."""

import json
from datetime import UTC, datetime
from typing import Any

from afterbill.adapters.aws.clients import batch_client, begin_batch
from afterbill.adapters.aws.secret_keys import secret_keys
from afterbill.adapters.dynamodb.short_links import ShortLinksTable
from afterbill.outreach.delivery_reports import Outcome
from afterbill.outreach.handle_sms_event import SmsEventDeps, handle_sms_event
from afterbill.runtime.batch import process
from afterbill.runtime.notifications import message_in, published_at
from afterbill.runtime.observability import Metric, count, logger
from afterbill.settings import config

_METRICS = {Outcome.SUPPRESSED: Metric.ADDRESSES_SUPPRESSED, Outcome.UNSUBSCRIBED: Metric.UNSUBSCRIBED}

_keys = secret_keys(config.setting("KEYS_SECRET"))
_handling = SmsEventDeps(
    events=ShortLinksTable(batch_client("dynamodb"), config.setting("TABLE")),
    hash_address=_keys.hash_address,
    day_of=config.day_of(),
)


def handler(event: dict[str, Any], context: Any) -> Any:  # noqa: ANN401  # Lambda's own
    """Each message succeeds or fails alone."""
    begin_batch(context)
    return process(event, context, _handle_record)


def _handle_record(record: dict[str, Any]) -> None:
    text_event = json.loads(message_in(record["body"]))
    outcome = handle_sms_event(text_event, _handling, published_at(record, datetime.now(UTC)))
    logger.info("text message event", outcome=outcome, kind=str(text_event.get("eventType", "inbound")))
    if metric := _METRICS.get(outcome):
        count(metric)
