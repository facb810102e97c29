"""ANY /webhooks/{source}: verify, keep, answer."""

import time
from datetime import UTC, datetime
from typing import Any

from afterbill import config, gateway
from afterbill.adapters.aws.clients import client
from afterbill.adapters.aws.queues import SqsInbox
from afterbill.adapters.aws.secrets import Secret, SourceSecrets
from afterbill.domain.errors import TransientError
from afterbill.domain.webhooks import MAX_BODY_BYTES, Webhook
from afterbill.observability import Metric, count, logger
from afterbill.providers import registry
from afterbill.services.receive_webhook import Answer, receive_webhook

_STATUS = {Answer.ACCEPTED: 202, Answer.REFUSED: 401, Answer.UNKNOWN_SOURCE: 404, Answer.TOO_LARGE: 413}

_sources = config.sources()
_secrets = SourceSecrets(Secret(client("secretsmanager"), config.setting("SOURCES_SECRET"), time.monotonic))
_inbox = SqsInbox(client("sqs"), config.setting("INBOX_URL"))


def handler(event: dict[str, Any], _context: object) -> dict[str, Any]:
    """202 once the signed bytes are durable; 503 makes the provider come back."""
    request = gateway.request_of(event)
    source = request.parameters.get("source", "")
    webhook = Webhook(source, request.headers, request.body, datetime.now(UTC))
    try:
        received = receive_webhook(webhook, sources=_sources, load=registry.load, secrets=_secrets, inbox=_inbox)
    except TransientError as error:
        logger.error("webhook not taken", source=source, error=str(error))
        return gateway.json_response(503, {"error": "try_again"}, {"Retry-After": "30"})
    if received.answer is Answer.ACCEPTED:
        count(Metric.WEBHOOKS_ACCEPTED)
        return gateway.json_response(202, {"accepted": 1})
    count(Metric.WEBHOOKS_REFUSED)
    reason = received.refusal or received.answer
    logger.warning("webhook refused", source=source[:40], reason=reason)
    if received.refusal and not _secrets.of(source):
        logger.error("source has no signing secret: store one under its name in the secret `sources`", source=source)
    limit = {"limit_bytes": MAX_BODY_BYTES} if received.answer is Answer.TOO_LARGE else {}
    return gateway.json_response(_STATUS[received.answer], {"error": reason, **limit})
