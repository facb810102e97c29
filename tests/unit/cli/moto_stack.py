"""A deployed stack whose AWS is moto's: secrets, queues, the table, a bucket, and the shipped configuration."""

import json
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from pathlib import Path
from typing import Any

import boto3
from moto import mock_aws

from afterbill_cli.deployed import Deployed
from tests.contract.scores_table import TABLE
from tests.contract.template import ledger_definition, table_definition

ROOT = Path(__file__).resolve().parents[3]
LEDGER = "ledger"
SOURCES = """
[sources.paddle]
provider = "paddle"
test_mode = true

[sources.books]
provider = "freshbooks"
account = "A1"

[sources.ledger]
provider = "xero"

[sources.paypal]
provider = "paypal"
webhook_id = "WH-1"

[sources.fetched]
provider = "runmyaccounts"
account = "acme"
"""


def folder_in(place: Path) -> Path:
    """Make a folder with the shipped configuration, and with sources of every kind."""
    folder = place / "config"
    shutil.copytree(ROOT / "layers/config", folder)
    with (folder / "surveys.toml").open("a", encoding="utf-8") as surveys:
        surveys.write(SOURCES)
    return folder


@cache
def client(service: str) -> Any:
    """Made once for all tests, for making one takes longer than most of them; what it talks to is new for each."""
    make: Any = boto3.client
    return make(service)


@contextmanager
def moto_stack(config: Path) -> Iterator[Deployed]:
    """Deploy it; AWS_DEFAULT_REGION names a region."""
    with mock_aws():
        client("dynamodb").create_table(**table_definition(TABLE))
        client("dynamodb").create_table(**ledger_definition(LEDGER))
        yield Deployed("test", _outputs(), client, config)


def _outputs() -> dict[str, str]:
    secrets = {"Sources": {}, "Apis": {}, "Tokens": {}, "Keys": {"identity": "x" * 64, "links": {}}}
    outputs = {
        f"{name}SecretArn": client("secretsmanager").create_secret(Name=name, SecretString=json.dumps(value))["ARN"]
        for name, value in secrets.items()
    }
    for queue in ("Inbox", "InboxDeadLetters", "UnsignedInbox", "UnsignedInboxDeadLetters", "ReportRequests"):
        outputs[f"{queue}Url"] = client("sqs").create_queue(QueueName=queue)["QueueUrl"]
    for bucket in ("evidence", "archive"):
        client("s3").create_bucket(Bucket=bucket)
    for function in ("receive_webhook", "capture_event"):
        client("logs").create_log_group(logGroupName=f"/aws/lambda/test-{function}")
    return outputs | {
        "ApiUrl": "https://api.example.com",
        "TableName": TABLE,
        "LedgerTableName": LEDGER,
        "EvidenceBucketName": "evidence",
        "ArchiveBucketName": "archive",
        "ReceiveWebhookFunctionName": "test-receive_webhook",
        "CaptureEventFunctionName": "test-capture_event",
    }
