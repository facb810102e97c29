"""SQS queue of actions: look at what changed, and carry out what is due in other systems."""

import random
import uuid
from datetime import UTC, datetime, timedelta
from typing import Any

from afterbill.adapters.aws.clients import batch_client, begin_batch
from afterbill.adapters.aws.secrets import Secret
from afterbill.adapters.aws.ses import SesMailer
from afterbill.adapters.dynamodb.tasks import TasksTable
from afterbill.model.billing import OperatorTask
from afterbill.runtime.batch import process
from afterbill.runtime.observability import Metric, count, logger
from afterbill.runtime.pauses import Pauses
from afterbill.runtime.remaining import goes_on
from afterbill.settings import config
from afterbill_actions.adapters.connections import ConnectionsTable
from afterbill_actions.adapters.effects import EffectsTable
from afterbill_actions.adapters.http import HttpExchange
from afterbill_actions.adapters.mail import MailExchange
from afterbill_actions.adapters.outbox import OutboxTable
from afterbill_actions.adapters.responses import ActionResponsesTable
from afterbill_actions.adapters.secrets import ConnectionSecrets
from afterbill_actions.adapters.wakes import SqsWakes
from afterbill_actions.adapters.workflows import WorkflowsTable
from afterbill_actions.connectors import registry
from afterbill_actions.drain import drain
from afterbill_actions.drain_deps import DrainDeps
from afterbill_actions.evaluate import Evaluated, EvaluateDeps, evaluate, evaluate_event
from afterbill_actions.operator_sender import console_sender
from afterbill_actions.outbox import EntryState
from afterbill_actions.settings import load_actions
from afterbill_actions.wake import Drain, Settle, Tell, wake_in

_RESERVE = timedelta(seconds=80)
"""The time of one action's requests, and of what is written down of them."""
_TURN = timedelta(seconds=30)
"""The time of one connection, after which it queues again: systems that are slow take turns with the others."""
_dynamodb, _table = batch_client("dynamodb"), config.setting("TABLE")
_console = config.choice("CONSOLE_URL")
_configuration = load_actions()
_pauses = Pauses(first=0.5)
_ses = batch_client("sesv2", attempts=1)


class _Tasks(TasksTable):
    """Tasks that are told by the alarm as well."""

    def keep_task(self, task: OperatorTask, address_hash: str, now: datetime) -> bool:
        """Remember it; False for one that is known."""
        is_new = super().keep_task(task, address_hash, now)
        if is_new:
            logger.warning("actions wait for a person", source=task.source, reason=task.kind)
            count(Metric.TASKS_RECORDED)
        return is_new


_outbox, _responses = OutboxTable(_dynamodb, _table), ActionResponsesTable(_dynamodb, _table)
_wakes = SqsWakes(batch_client("sqs"), config.setting("ACTIONS_QUEUE_URL"))
_tasks, _seen = _Tasks(_dynamodb, _table), WorkflowsTable(_dynamodb, _table)
_draining = DrainDeps(
    configuration=_configuration,
    connector=registry.load,
    connections=ConnectionsTable(_dynamodb, _table),
    outbox=_outbox,
    effects=EffectsTable(_dynamodb, _table),
    responses=_responses,
    wakes=_wakes,
    tasks=_tasks,
    secrets=ConnectionSecrets(Secret(batch_client("secretsmanager"), config.setting("CONNECTIONS_SECRET"))),
    send=MailExchange(
        SesMailer(_ses, config.setting("CONFIGURATION_SET"), _pauses),
        console_sender(config.setting("SENDER")),
        HttpExchange(),
    ),
    clock=lambda: datetime.now(UTC),
    chance=random.SystemRandom().random,
    new_id=lambda: uuid.uuid4().hex,
    link=lambda invitation_id: f"{_console}/app/responses/{invitation_id}" if _console and invitation_id else "",
)


def handler(event: dict[str, Any], context: Any) -> Any:  # noqa: ANN401  # Lambda's own
    """One message at a time: a system that is slow holds up no other."""
    _pauses.context = context
    begin_batch(context)
    return process(event, context, lambda record: _wake(record, context))


def _wake(record: dict[str, Any], context: Any) -> None:  # noqa: ANN401  # Lambda's own
    match wake_in(record["body"]):
        case Settle() as settled:
            _log(evaluate(settled, _evaluating()), settled.invitation_id)
        case Tell() as told:
            _log(evaluate_event(told, _evaluating()), told.event.id)
        case Drain(connection):
            _drain(connection, context)


def _evaluating() -> EvaluateDeps:
    return EvaluateDeps(_configuration, _responses, _outbox, _wakes, _seen, _tasks, datetime.now(UTC))


def _log(evaluated: Evaluated, about: str) -> None:
    logger.info("looked at", id=about, entries=len(evaluated.entries), reason=evaluated.reason)


def _drain(connection: str, context: Any) -> None:  # noqa: ANN401  # Lambda's own
    ends, in_time = datetime.now(UTC) + _TURN, goes_on(context, _RESERVE)
    drained = drain(connection, _draining, lambda: in_time() and datetime.now(UTC) < ends)
    ended = {str(state): number for state, number in drained.ended.items()}
    logger.info("drained", connection=connection, calls=drained.calls, reason=drained.reason, ended=ended)
    if parked := drained.ended[EntryState.PARKED]:
        count(Metric.ACTIONS_PARKED, parked)
    if drained.denied:
        logger.warning("a connection is refused: afterbill connect stores new credentials", connection=connection)
        count(Metric.CONNECTION_DENIED)
