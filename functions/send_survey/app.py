"""SQS send queue: check again, claim, send once, mark."""

import json
import uuid
from datetime import UTC, datetime
from time import monotonic
from typing import Any

from afterbill.adapters.addresses import address_problem
from afterbill.adapters.aws.clients import batch_client, begin_batch
from afterbill.adapters.aws.secret_keys import secret_keys
from afterbill.adapters.aws.send_queue import SqsSendQueue, refusal_in
from afterbill.adapters.aws.ses import SesMailer
from afterbill.adapters.aws.sms import text_mailer
from afterbill.adapters.aws.timer import EventBridgeTimer, ScheduleTarget
from afterbill.adapters.dynamodb.caps import CapsTable
from afterbill.adapters.dynamodb.invitations import InvitationsTable
from afterbill.adapters.dynamodb.ledger import LedgerTable
from afterbill.adapters.dynamodb.sending_switch import CachedSendingStatus
from afterbill.adapters.dynamodb.short_links import ShortLinksTable
from afterbill.adapters.dynamodb.tasks import TasksTable
from afterbill.adapters.phones import mobile_number
from afterbill.content.mail.compose import composer
from afterbill.content.sms import text_composer
from afterbill.model.billing import OperatorTask
from afterbill.model.invitation import SkipReason
from afterbill.outreach.delivery import Outcome, SendDeps
from afterbill.outreach.first_skips import FirstSkips
from afterbill.outreach.send_survey import send_survey
from afterbill.outreach.text_messages import Texting
from afterbill.runtime.batch import process
from afterbill.runtime.observability import Metric, count, logger
from afterbill.runtime.pauses import Pauses
from afterbill.settings import config
from afterbill.settings.surveys import load_policy

_METRICS = {
    Outcome.SENT: Metric.SURVEYS_SENT,
    Outcome.SENT_ANOTHER_WAY: Metric.REMINDERS_SENT,
    Outcome.REMINDED: Metric.REMINDERS_SENT,
    Outcome.SKIPPED: Metric.FACTS_SKIPPED,
    Outcome.HALTED: Metric.SENDING_HALTED,
    Outcome.THROTTLED: Metric.SENDING_THROTTLED,
    Outcome.PAUSED: Metric.SENDING_PAUSED,
    Outcome.REJECTED: Metric.FAILED_DELIVERIES,
    Outcome.UNKNOWN: Metric.UNKNOWN_DELIVERIES,
}
_COUNTED_BY_REASON = frozenset({Outcome.SKIPPED, Outcome.UNKNOWN})

_pauses = Pauses(first=0.5)
_ses = batch_client("sesv2", attempts=1)
_keys = secret_keys(config.setting("KEYS_SECRET"))
_policy = load_policy()
_kept = _policy.retention.responses
_invitations = InvitationsTable(batch_client("dynamodb"), config.setting("TABLE"), config.day_of(), _kept)
_ledger = LedgerTable(_invitations.dynamodb, config.setting("LEDGER"), _invitations.table)


_sms = text_mailer(
    config.choice("SMS_SERVICE"),
    config.choice("SMS_ORIGINATION"),
    config.choice("SMS_CONFIGURATION_SET"),
    _policy.sms.max_price,
)


def _texting() -> Texting | None:
    """None where the stack sends no text messages."""
    if _sms is None:
        return None
    public_url = config.setting("PUBLIC_URL")
    table = ShortLinksTable(_invitations.dynamodb, _invitations.table, kept=_kept)
    compose = text_composer(public_url, config.brand(), config.catalogs(), _policy.sms)
    return Texting(_sms, compose, mobile_number, table, table, _keys.hash_address, _keys.current)


class _Tasks(TasksTable):
    """Tasks that are told in the log as well, and by the alarm."""

    def keep_task(self, task: OperatorTask, address_hash: str, now: datetime) -> bool:
        """Remember it; False for one that is known."""
        is_new = super().keep_task(task, address_hash, now)
        if is_new:
            logger.warning(
                "surveys of this source are skipped: see docs/legal-basis.md", source=task.source, reason=task.kind
            )
            count(Metric.TASKS_RECORDED)
        return is_new


_sending = SendDeps(
    invitations=_invitations,
    caps=CapsTable(_invitations.dynamodb, _invitations.table),
    status=CachedSendingStatus(_invitations, monotonic, _ledger),
    timer=EventBridgeTimer(batch_client("scheduler"), ScheduleTarget(**config.schedule_target())),
    queue=SqsSendQueue(batch_client("sqs"), config.setting("SEND_QUEUE_URL")),
    mailer=SesMailer(_ses, config.setting("CONFIGURATION_SET"), _pauses),
    policy=_policy,
    address_problem=address_problem,
    compose=composer(
        config.setting("PUBLIC_URL"),
        config.setting("SENDER"),
        _keys.current,
        config.brand(),
        config.catalogs(),
        templates=config.templates(),
        zone=config.time_zone(),
        kept=_kept,
    ),
    day_of=config.day_of(),
    new_id=lambda: uuid.uuid4().hex,
    texting=_texting(),
    first_skips=FirstSkips(_Tasks(_invitations.dynamodb, _invitations.table)),
)


def handler(event: dict[str, Any], context: Any) -> Any:  # noqa: ANN401  # Lambda's own
    """Each message succeeds or fails alone."""
    _pauses.context = context
    _reconnect()
    begin_batch(context)
    return process(event, context, _send_record)


def _reconnect() -> None:
    """Close connections that may have died while the function was frozen: a message that meets one has no receipt.

    Nothing else is sent with a single attempt; a new connection costs one handshake per invocation.
    """
    for one in (_ses, _sms.client if _sms else None):
        if one:
            one.close()


def _send_record(record: dict[str, Any]) -> None:
    message = json.loads(record["body"])
    refusal = refusal_in(message)
    sent = send_survey(message["invitation_id"], message["delivery"], _sending, datetime.now(UTC), refusal)
    logger.info("survey due", invitation_id=message["invitation_id"], outcome=sent.outcome, reason=sent.reason)
    if metric := _METRICS.get(sent.outcome):
        count(metric, reason=sent.reason if sent.outcome in _COUNTED_BY_REASON else "")
    if sent.reason == SkipReason.SERVICE_QUOTA:
        count(Metric.SENDING_QUOTA_USED_UP)
