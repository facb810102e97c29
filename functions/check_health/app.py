"""On a schedule: look at the stack as the doctor does, and store what was found for the page of health."""

from datetime import UTC, datetime, timedelta
from functools import cache
from typing import Any

from afterbill.adapters.aws.clients import begin_request, client, http_client
from afterbill.adapters.aws.report_files import S3Reports
from afterbill.model.errors import TransientError, UnreadableError
from afterbill.runtime.observability import Metric, count, logger
from afterbill.runtime.remaining import goes_on
from afterbill.settings import config
from afterbill.settings.surveys import load_policy
from afterbill_console.adapters.health.snapshot import Beside, snapshot
from afterbill_console.adapters.health.stack import OwnStack, RunningStack
from afterbill_console.health.document import PLACE, Look

_RESERVE = timedelta(seconds=35)
"""A part takes 8 seconds at most: none of its calls begins after five, and one takes three. Storing takes up to 24."""

_stored = S3Reports(client("s3"), config.setting("ARCHIVE"))
_stack = config.setting("STACK")
_client = cache(lambda service: http_client(service, attempts=1))


def handler(_event: dict[str, Any], context: Any) -> None:  # noqa: ANN401  # Lambda's
    """Store what was found, whatever could not be looked at."""
    now = datetime.now(UTC)
    stack = OwnStack(RunningStack(_stack, _client, load_policy), now)
    beside = Beside(_stored, config.report_rules(), config.time_zone())
    look = Look(begin_request, goes_on(context, _RESERVE))
    document = snapshot(stack, beside, _before(), look)
    _stored.store(PLACE, document)
    logger.info("health checked", findings=len(document["findings"]), missing=sorted(look.missing))
    count(Metric.HEALTH_FINISHED)


def _before() -> Any:  # noqa: ANN401  # JSON
    """Return the document of the last look; None where there is none that can be read."""
    try:
        return _stored.load(PLACE)
    except (TransientError, UnreadableError) as error:
        logger.warning("the last check cannot be read", detail=str(error))
        return None
