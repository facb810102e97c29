"""On a schedule: let the campaigns of surveys.toml go on."""

from datetime import UTC, datetime
from typing import Any

from afterbill.adapters.aws.clients import client
from afterbill.adapters.aws.inbox import SqsInbox
from afterbill.adapters.dynamodb.campaigns import CampaignsTable
from afterbill.intake.run_campaigns import CampaignDeps, run_campaigns
from afterbill.runtime.observability import logger
from afterbill.settings import config
from afterbill.settings.surveys import load_policy

_LAST_MILLISECONDS = 15_000
"""No group is begun in these: one of a million customers takes a few seconds."""

_running = CampaignDeps(
    policy=load_policy(),
    campaigns=CampaignsTable(client("dynamodb"), config.setting("TABLE")),
    inbox=SqsInbox(client("sqs"), config.setting("INBOX_URL")),
)


def handler(_event: dict[str, Any], context: Any) -> None:  # noqa: ANN401  # Lambda's own
    """Every campaign in turn; what there is no time for is taken by the next run."""

    def has_time() -> bool:
        return bool(context.get_remaining_time_in_millis() > _LAST_MILLISECONDS)

    for ran in run_campaigns(_running, datetime.now(UTC), has_time):
        done = ran.done
        logger.info(
            "campaign run", campaign=ran.campaign, customers=ran.customers, day=done.day.isoformat(), slots=done.slots
        )
