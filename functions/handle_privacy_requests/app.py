"""On a schedule: do what privacy requests ask for, and look once more at what was removed."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

from afterbill.adapters.aws.clients import client
from afterbill.adapters.aws.evidence import S3Copies
from afterbill.adapters.aws.secret_keys import SecretKeys
from afterbill.adapters.aws.secrets import Secret
from afterbill.adapters.aws.timer import Schedules
from afterbill.adapters.dynamodb.campaigns import CampaignsTable
from afterbill.adapters.dynamodb.erasing import Stores, erasing
from afterbill.adapters.dynamodb.ledger import LedgerTable
from afterbill.adapters.dynamodb.people import PeopleTable
from afterbill.adapters.dynamodb.privacy_requests import PrivacyRequestsTable
from afterbill.adapters.dynamodb.restrictions import RestrictionsTable
from afterbill.model.privacy import PrivacyRequest
from afterbill.privacy.erase import erase
from afterbill.privacy.restrict import RestrictDeps, restrict
from afterbill.privacy.serve_requests import ServeDeps, serve_requests
from afterbill.runtime.observability import Metric, count, count_unreadable, logger
from afterbill.runtime.remaining import goes_on
from afterbill.settings import config
from afterbill_actions.adapters.erasing import elsewhere
from afterbill_actions.adapters.wakes import SqsWakes
from afterbill_actions.publishing import publishing

_RESERVE = timedelta(seconds=90)
"""Time for the customers of one request, where the table is slow."""
_dynamodb, _table, _bucket = client("dynamodb"), config.setting("TABLE"), config.choice("EVIDENCE_BUCKET")
_keys = SecretKeys(Secret(client("secretsmanager"), config.setting("KEYS_SECRET")))
_people, _requests = PeopleTable(_dynamodb, _table), PrivacyRequestsTable(_dynamodb, _table)
_ledger = LedgerTable(_dynamodb, config.setting("LEDGER"), _table)
_erasing = erasing(
    Stores(
        people=_people,
        ledger=_ledger,
        schedules=Schedules(client("scheduler"), config.setting("SCHEDULE_GROUP")),
        copies=S3Copies(client("s3"), _bucket) if _bucket else None,
        keys=_keys,
        sources=config.source_names(),
    )
)
_erasing = replace(
    _erasing,
    elsewhere=elsewhere(
        _dynamodb, _table, SqsWakes(client("sqs"), config.setting("ACTIONS_QUEUE_URL")), publishing().connections
    ),
)
_restricting = RestrictDeps(RestrictionsTable(_dynamodb, _table), _requests, _ledger, _keys.hash_alias)


def _erase(request: PrivacyRequest, now: datetime) -> PrivacyRequest:
    return erase(request, _erasing, now)


def _restrict(request: PrivacyRequest, now: datetime) -> PrivacyRequest:
    return restrict(request, _restricting, now)


_serving = ServeDeps(
    requests=_requests,
    people=_people,
    groups=CampaignsTable(_dynamodb, _table),
    erase=_erase,
    restrict=_restrict,
    hash_alias=_keys.hash_alias,
)


def handler(_event: dict[str, Any], context: Any) -> None:  # noqa: ANN401  # Lambda's
    """A request that fails holds up no other, is tried again by the next run, and fails this one at its end."""
    run = serve_requests(_serving, datetime.now(UTC), goes_on(context, _RESERVE))
    for id_ in run.served:
        logger.info("privacy request served", id=id_)
    for id_, error in run.failed:
        logger.error("privacy request failed", id=id_, error=f"{type(error).__name__}: {error}")
    count_unreadable("handle_privacy_requests", run.unreadable)
    if run.due_soon:
        count(Metric.PRIVACY_OVERDUE, run.due_soon)
    if run.waiting:
        logger.warning("privacy requests wait for the next run", number=run.waiting)
    if run.failed:
        raise run.failed[-1][1]
    count(Metric.PRIVACY_FINISHED)
