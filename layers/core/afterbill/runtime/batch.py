"""Queue batches: every record succeeds or fails alone, and a failure is logged with its reason."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any

from aws_lambda_powertools.utilities.batch import BatchProcessor, EventType, process_partial_response

from afterbill.model.errors import TransientError
from afterbill.runtime.observability import logger


def process(
    event: dict[str, Any],
    context: Any,  # noqa: ANN401  # Lambda's
    handle: Callable[[dict[str, Any]], None],
    enough: timedelta = timedelta(0),
) -> Any:  # noqa: ANN401  # the answer Lambda wants
    """Hand each record to `handle`; those it raises on are reported back and come again.

    None is begun with less than `enough` time left: a function that is cut off would get all of them again.
    """

    def logged(record: dict[str, Any]) -> None:
        try:
            _check_time(context, enough)
            handle(record)
        except Exception as error:
            # No traceback and no record: either may hold an address. The message itself is kept by the queue.
            name, message_id = type(error).__name__, record.get("messageId", "")
            logger.error("record failed", message_id=message_id, error=name, detail=str(error)[:300])
            raise

    processor = BatchProcessor(event_type=EventType.SQS, raise_on_entire_batch_failure=False)
    return process_partial_response(event, logged, processor, context)


def _check_time(context: Any, enough: timedelta) -> None:  # noqa: ANN401  # Lambda's
    if enough and timedelta(milliseconds=context.get_remaining_time_in_millis()) < enough:
        raise TransientError("no time is left for this one")
