"""Queue batches: every record succeeds or fails alone, and a failure is logged with its reason, and counted.

Lambda counts no error where single records fail, and the age of the oldest message forgets one that was received three
times: without a metric of their own, failures would ring only as dead letters.
"""

from collections.abc import Callable
from datetime import timedelta
from typing import Any

from aws_lambda_powertools.utilities.batch import BatchProcessor, EventType, process_partial_response

from afterbill.model.errors import TransientError
from afterbill.runtime.observability import count_failed, logger

_ENOUGH = timedelta(seconds=25)
"""Longer than a call of AWS that gets no answer takes (PATIENCE_SECONDS in adapters/aws/clients.py)."""


def process(
    event: dict[str, Any],
    context: Any,  # noqa: ANN401  # Lambda's
    handle: Callable[[dict[str, Any]], None],
    enough: timedelta = _ENOUGH,
) -> Any:  # noqa: ANN401  # the answer Lambda wants
    """Hand each record to `handle`; those it raises on are reported back and come again.

    None is begun with less than `enough` time left: a function that is cut off would get all of them again. Those that
    are not begun come again too, and did not fail.
    """
    failed: list[str] = []

    def logged(record: dict[str, Any]) -> None:
        try:
            _check_time(context, enough)
            handle(record)
        except Exception as error:
            # No traceback and no record: either may hold an address. The message itself is kept by the queue.
            name, message_id = type(error).__name__, record.get("messageId", "")
            logger.error("record failed", message_id=message_id, error=name, detail=str(error)[:300])
            if not isinstance(error, _NotBegunError):
                failed.append(message_id)
            raise

    processor = BatchProcessor(event_type=EventType.SQS, raise_on_entire_batch_failure=False)
    answer = process_partial_response(event, logged, processor, context)
    count_failed(len(failed), context)
    return answer


class _NotBegunError(TransientError):
    """There was no time for a record."""


def _check_time(context: Any, enough: timedelta) -> None:  # noqa: ANN401  # Lambda's
    if enough and timedelta(milliseconds=context.get_remaining_time_in_millis()) < enough:
        raise _NotBegunError("no time is left for this one")
