"""What the template makes, as far as the functions touch it, in moto."""

import io
import json
import os
import shutil
import sys
from collections.abc import Iterator
from contextlib import contextmanager, redirect_stdout
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any
from unittest.mock import patch

import boto3

from benchmarks.configuration import read_anew
from benchmarks.layers import ROOT
from benchmarks.meter import Meter
from benchmarks.schema import ledger_definition, table_definition

TABLE, LEDGER, REGION = "afterbill", "ledger", "eu-central-1"
SIGNING = "whsec_of_a_benchmark"
IDENTITY = "0" * 64
_ENVIRONMENT = {
    "AWS_DEFAULT_REGION": REGION,
    "TABLE": TABLE,
    "LEDGER": LEDGER,
    "EVIDENCE_DAYS": "0",
    "RECOVERY_DAYS": "7",
    "CONSOLE_URL": "https://console.example.com",
    "CONSOLE_USERS": "eu-central-1_Abc",
    "CONSOLE_CLIENT": "client",
    "CONSOLE_ISSUER": "https://cognito-idp.eu-central-1.amazonaws.com/eu-central-1_Abc",
    "SIGN_IN_URL": "https://login.example.com",
    "LOG_DAYS": "30",
    "SCHEDULE_GROUP": TABLE,
    "SCHEDULE_ROLE": "arn:aws:iam::123456789012:role/schedule",
    "SCHEDULE_DLQ_ARN": f"arn:aws:sqs:{REGION}:123456789012:dead",
    "SEND_QUEUE_ARN": f"arn:aws:sqs:{REGION}:123456789012:send",
    "FLEXIBLE_WINDOW_MINUTES": "15",
    "PERIOD_MINUTES": "60",
    "EVENT_BUS": "afterbill-events",
    "SENT_EVENTS": "false",
    "STACK": "afterbill",
    "ARCHIVE": "archive",
    "CONFIGURATION_SET": TABLE,
    "SENDER": "survey@example.com",
    "PUBLIC_URL": "https://nps.example.com",
    "POWERTOOLS_SERVICE_NAME": "afterbill",
    "POWERTOOLS_METRICS_NAMESPACE": "afterbill",
}


@contextmanager
def world(actions: str = "") -> Iterator[Meter]:
    """The resources of the template that handlers touch; `actions` is the text of actions.toml."""
    made = boto3.Session(region_name=REGION, aws_access_key_id="none", aws_secret_access_key="none")  # noqa: S106  # opens nothing
    secrets = made.client("secretsmanager")
    sources = secrets.create_secret(Name="sources", SecretString=json.dumps({"stripe": [SIGNING]}))
    keys = secrets.create_secret(Name="keys", SecretString=json.dumps({"identity": IDENTITY, "links": {}}))
    empty = secrets.create_secret(Name="empty", SecretString="{}")
    connections = secrets.create_secret(Name="connections", SecretString="{}")
    queues = ("inbox", "send", "dead", "unsigned")
    urls = [made.client("sqs").create_queue(QueueName=name)["QueueUrl"] for name in queues]
    made.client("scheduler").create_schedule_group(Name=TABLE)
    made.client("events").create_event_bus(Name=_ENVIRONMENT["EVENT_BUS"])
    made.client("ses").verify_email_identity(EmailAddress="survey@example.com")
    table: Any = made.client("dynamodb")
    definition = table_definition(TABLE)
    table.create_table(**definition)
    table.create_table(**ledger_definition(LEDGER))
    meter = Meter(table, TABLE, definition["GlobalSecondaryIndexes"])
    own = {
        "SOURCES_SECRET": sources["ARN"],
        "KEYS_SECRET": keys["ARN"],
        "APIS_SECRET": empty["ARN"],
        "TOKENS_SECRET": empty["ARN"],
        "INBOX_URL": urls[0],
        "INBOX_DEAD_LETTERS_URL": urls[2],
        "UNSIGNED_INBOX_URL": urls[3],
        "UNSIGNED_INBOX_DEAD_LETTERS_URL": urls[2],
        "UNSIGNED_PER_MINUTE": "60",
        "SEND_QUEUE_URL": urls[1],
        "REPORT_REQUESTS_URL": urls[1],
        "ACTIONS_QUEUE_URL": urls[1],
        "CONNECTIONS_SECRET": connections["ARN"],
    }
    folder = TemporaryDirectory()
    paths = [str(_configured(Path(folder.name), actions)), *sys.path]
    session = boto3.Session(region_name=REGION)
    meter.listen(session.events)
    with (
        folder,
        read_anew(),
        patch.dict(os.environ, _ENVIRONMENT | own),
        patch.object(sys, "path", paths),
        patch.object(boto3, "DEFAULT_SESSION", session),
        redirect_stdout(io.StringIO()),
    ):
        yield meter


def _configured(folder: Path, actions: str) -> Path:
    """The shipped configuration, but for the law: the samples bear no consent; and for workflows, where there are."""
    shutil.copytree(ROOT / "layers" / "config", folder, dirs_exist_ok=True)
    surveys = folder / "surveys.toml"
    surveys.write_text(surveys.read_text("utf-8").replace('preset = "strict"', 'preset = "relaxed"'), "utf-8")
    if actions:
        (folder / "actions.toml").write_text(actions, "utf-8")
    return folder
