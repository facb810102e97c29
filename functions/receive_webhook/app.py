"""ANY /webhooks/{source}: verify, keep, answer."""

from datetime import UTC, datetime
from time import monotonic
from typing import Any

from afterbill.adapters.aws.clients import begin_request, http_client
from afterbill.adapters.aws.inbox import SqsInbox
from afterbill.adapters.aws.secrets import Secret, SourceSecrets
from afterbill.answers.rate_limit import RateLimiter
from afterbill.connectors import registry
from afterbill.intake.receive_webhook import Answer, Inboxes, Received, receive_webhook
from afterbill.model.errors import TransientError
from afterbill.model.webhooks import TEST_HEADER, Refusal, Reply, Webhook
from afterbill.runtime import http
from afterbill.runtime.observability import Metric, count, logger
from afterbill.settings import config

_WINDOW_MINUTES = 5
"""Webhooks that prove nothing are counted over so many: more than a minute's worth may come at once."""
_REPLIES = {
    Answer.UNKNOWN_SOURCE: Reply(404),
    Answer.TOO_LARGE: Reply(413),
    Answer.TOO_MANY: Reply(429, headers={"Retry-After": "300"}),
}
_PLAIN = {"Content-Type": "text/plain; charset=utf-8", "Cache-Control": "no-store", "X-Content-Type-Options": "nosniff"}

_sources = config.sources()
_secrets = SourceSecrets(Secret(http_client("secretsmanager", attempts=1), config.setting("SOURCES_SECRET")))
_sqs, _per_minute = http_client("sqs"), int(config.setting("UNSIGNED_PER_MINUTE"))
_limiter = RateLimiter(_WINDOW_MINUTES * _per_minute, _WINDOW_MINUTES * 60)
_inboxes = Inboxes(
    SqsInbox(_sqs, config.setting("INBOX_URL")),
    SqsInbox(_sqs, config.setting("UNSIGNED_INBOX_URL")),
    lambda source: _limiter.admits(source, monotonic()),
)


def handler(event: dict[str, Any], _context: object) -> dict[str, Any]:
    """202 once the signed bytes are durable; 503 makes the provider come back."""
    begin_request()
    request = http.request_of(event)
    source = request.parameters.get("source", "")
    webhook = Webhook(source, request.headers, request.body, datetime.now(UTC), request.method, request.query)
    try:
        received = receive_webhook(webhook, sources=_sources, load=registry.load, secrets=_secrets, inboxes=_inboxes)
    except TransientError as error:
        logger.error("webhook not taken", source=source, error=str(error))
        return http.json_response(503, {"error": "try_again"}, {"Retry-After": "30"})
    return _answer(received, source, {"test": "yes"} if TEST_HEADER in webhook.headers else {})


def _answer(received: Received, source: str, noted: dict[str, str]) -> dict[str, Any]:
    reply = received.reply or _REPLIES[received.answer]
    if received.answer is Answer.HANDSHAKE:
        return http.response(reply.status, reply.body or "", {**_PLAIN, **reply.headers})
    if received.answer is Answer.ACCEPTED:
        count(Metric.WEBHOOKS_ACCEPTED, noted={"source": source, "outcome": received.answer, **noted})
        return _reply(reply, {"accepted": 1})
    if received.answer is Answer.TOO_MANY:
        # One line for each, and no more: a flood writes as many.
        count(Metric.UNSIGNED_DROPPED, noted={"source": source, **noted})
        return _reply(reply, {"error": received.answer})
    reason = received.refusal or received.answer
    # A wrong signature is counted apart: an alarm watches it, and what strangers try has none at all.
    count(Metric.WEBHOOKS_REFUSED, reason=reason if received.refusal is Refusal.MISMATCH else "")
    logger.warning("webhook refused", extra={"source": source[:40], "reason": reason, **noted})
    if received.refusal is Refusal.MISMATCH and not _secrets.of(source):
        logger.error("source has no signing secret: store one under its name in the secret `sources`", source=source)
    limit = {"limit_bytes": received.limit_bytes} if received.answer is Answer.TOO_LARGE else {}
    return _reply(reply, {"error": reason, **limit})


def _reply(reply: Reply, body: dict[str, Any]) -> dict[str, Any]:
    """The body that the provider asks for, else ours as JSON."""
    if reply.body is None:
        return http.json_response(reply.status, body, reply.headers)
    return http.response(reply.status, reply.body, {**_PLAIN, **reply.headers})
