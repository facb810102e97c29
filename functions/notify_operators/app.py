"""On a schedule: send operators the digests and alerts that are due."""

from datetime import UTC, datetime
from functools import partial
from typing import Any

from afterbill.adapters.aws.clients import client
from afterbill.adapters.aws.report_files import S3Reports
from afterbill.adapters.aws.report_requests import SqsReportRequests
from afterbill.adapters.aws.ses import SesMailer
from afterbill.adapters.dynamodb.answered import AnsweredTable
from afterbill.adapters.dynamodb.ledger import LedgerTable
from afterbill.answers.read_responses import ReadDeps
from afterbill.model.campaigns import CAMPAIGNS
from afterbill.model.retention import as_kept
from afterbill.runtime.observability import Metric, count, logger
from afterbill.settings import config
from afterbill_actions.adapters.bus import EventBridgeBus
from afterbill_actions.adapters.outbox import OutboxTable
from afterbill_actions.adapters.wakes import SqsWakes
from afterbill_actions.publishing import publishing
from afterbill_actions.silences import silence_deps
from afterbill_actions.texts import LANGUAGES
from afterbill_console.adapters.answers import AnswersTable
from afterbill_console.adapters.notices import ClaimsTable, NoticesTable, OpenTasksTable
from afterbill_console.adapters.preferences import PreferencesTable
from afterbill_console.adapters.recipients import CognitoRecipients
from afterbill_console.digest.channels import ChannelMailer
from afterbill_console.digest.compose import Composer
from afterbill_console.digest.hand_over import Outcome, Post
from afterbill_console.digest.notify import NoticeDeps, notify

_table, _brand, _zone = config.setting("TABLE"), config.brand(), config.time_zone()
_dynamodb = client("dynamodb")
_tongue = _brand.default_locale.partition("-")[0]
_language = _tongue if _tongue in LANGUAGES else LANGUAGES[0]
_wanted = publishing()
_wakes = SqsWakes(client("sqs"), config.setting("ACTIONS_QUEUE_URL"))
_bus = EventBridgeBus(client("events"), config.setting("EVENT_BUS"))
_deps = partial(
    NoticeDeps,
    silences=silence_deps(_bus, _wakes, _wanted.types, _wanted.asked),
    recipients=CognitoRecipients(client("cognito-idp"), config.setting("CONSOLE_USERS")),
    preferences=PreferencesTable(_dynamodb, _table),
    notices=NoticesTable(_dynamodb, _table),
    tasks=OpenTasksTable(_dynamodb, _table, [*sorted(config.source_names()), CAMPAIGNS]),
    post=Post(
        ClaimsTable(_dynamodb, _table),
        ChannelMailer(
            # A single attempt: botocore's own retry would send a mail twice after a read timeout.
            SesMailer(client("sesv2", attempts=1), config.setting("CONFIGURATION_SET")),
            OutboxTable(_dynamodb, _table),
            _wakes,
            _wanted.channels,
            f"{config.setting('CONSOLE_URL')}/app",
            _language,
        ),
    ),
    reports=S3Reports(client("s3"), config.setting("ARCHIVE")),
    requests=SqsReportRequests(client("sqs"), config.setting("REPORT_REQUESTS_URL"), _dynamodb, _table),
    audit=LedgerTable(_dynamodb, config.setting("LEDGER"), _table, config.retention().audit),
    composer=Composer(_brand, config.setting("CONSOLE_URL"), config.setting("SENDER"), _zone),
    rules=config.report_rules(),
    zone=_zone,
    earlier=AnswersTable(AnsweredTable(_dynamodb, _table)),
    language=_language,
    channels=tuple(_wanted.channels),
)
_answered = AnsweredTable(_dynamodb, _table)


def handler(_event: dict[str, Any], _context: object) -> None:
    """Run once; what failed is tried again by the next run, and the log names no address."""
    now = datetime.now(UTC)
    shown = partial(as_kept, periods=config.retention(), now=now)
    run = notify(_deps(answers=ReadDeps(_answered, shown)), now)
    ended: dict[str, Any] = {outcome.value: number for outcome, number in run.mails.items()}
    logger.info("operators notified", waiting=run.waiting, **ended)
    if run.mails[Outcome.GIVEN_UP]:
        logger.warning("mails given up", number=run.mails[Outcome.GIVEN_UP])
    for error in run.errors:
        logger.error("step failed", error=type(error).__name__, detail=str(error)[:300])
    if run.errors:
        raise run.errors[0]
    count(Metric.NOTIFY_FINISHED)
