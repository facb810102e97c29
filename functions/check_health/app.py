"""On a schedule: look at the stack as the doctor does, and store what was found for the page of health."""

from datetime import UTC, datetime, timedelta
from functools import cache
from typing import Any

from afterbill.adapters.aws.clients import begin_request, client, http_client
from afterbill.adapters.aws.report_files import S3Reports
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
_beside = Beside(_stored, config.report_rules(), config.time_zone())
_policy = cache(load_policy)
_client = cache(lambda service: http_client(service, attempts=1))


def handler(_event: dict[str, Any], context: Any) -> None:  # noqa: ANN401  # Lambda's
    """Store what was found, whatever could not be looked at."""
    stack = OwnStack(RunningStack(_stack, _client, _policy), datetime.now(UTC))
    look = Look(begin_request, goes_on(context, _RESERVE))
    before = look.at("last check", lambda: _stored.load(PLACE))
    document = snapshot(stack, _beside, before, look)
    _stored.store(PLACE, document)
    logger.info("health checked", findings=len(document["findings"]), missing=sorted(look.missing))
    count(Metric.HEALTH_FINISHED)
