"""On a schedule: let the campaigns of surveys.toml go on."""

from datetime import UTC, datetime, timedelta
from typing import Any

from afterbill.adapters.aws.clients import client
from afterbill.adapters.aws.inbox import SqsInbox
from afterbill.adapters.dynamodb.campaigns import CampaignsTable
from afterbill.intake.run_campaigns import CampaignDeps, run_campaigns
from afterbill.runtime.observability import logger
from afterbill.runtime.remaining import goes_on
from afterbill.settings import config
from afterbill.settings.surveys import load_policy

_RESERVE = timedelta(seconds=15)
"""No group is begun in these: one of a million customers takes a few seconds."""

_running = CampaignDeps(
    policy=load_policy(),
    campaigns=CampaignsTable(client("dynamodb"), config.setting("TABLE")),
    inbox=SqsInbox(client("sqs"), config.setting("INBOX_URL")),
)


def handler(_event: dict[str, Any], context: Any) -> None:  # noqa: ANN401  # Lambda's own
    """Run every campaign in turn; groups there is no time for are left to the next run."""
    for ran in run_campaigns(_running, datetime.now(UTC), goes_on(context, _RESERVE)):
        done = ran.done
        logger.info(
            "campaign run", campaign=ran.campaign, customers=ran.customers, day=done.day.isoformat(), slots=done.slots
        )
