"""On a schedule: ask the billing systems that send no webhooks."""

from datetime import UTC, datetime
from time import monotonic
from typing import Any

from afterbill.adapters.aws.clients import client
from afterbill.adapters.aws.inbox import SqsInbox
from afterbill.adapters.aws.secrets import Secret
from afterbill.adapters.aws.tokens import ApiCredentials
from afterbill.adapters.http.billing_api import HttpApis
from afterbill.connectors import registry
from afterbill.intake.poll_billing import PollDeps, poll_billing
from afterbill.runtime.observability import logger
from afterbill.settings import config

_credentials = ApiCredentials(Secret(client("secretsmanager"), config.setting("APIS_SECRET"), monotonic))
_polling = PollDeps(
    sources=config.sources(),
    load=registry.load,
    apis=HttpApis(_credentials),
    inbox=SqsInbox(client("sqs"), config.setting("INBOX_URL")),
)


def handler(_event: dict[str, Any], _context: object) -> None:
    """Every source in turn; the run fails if one of them did, so that its alarm rings."""
    problems = []
    for polled in poll_billing(_polling, datetime.now(UTC)):
        logger.info("source polled", source=polled.source, kept=polled.kept, problem=str(polled.problem or "")[:300])
        problems += [polled.problem] if polled.problem else []
    if problems:
        raise problems[0]
