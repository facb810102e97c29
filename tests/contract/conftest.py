"""Each suite runs twice: over the twin in memory, and over the AWS adapters on moto with the template's own table."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import boto3
import pytest
from moto import mock_aws

from afterbill.adapters.dynamodb import keys
from afterbill.adapters.dynamodb.caps import CapsTable
from afterbill.adapters.dynamodb.facts import FactsTable
from afterbill.adapters.dynamodb.invitations import InvitationsTable
from afterbill.adapters.dynamodb.items import encode
from afterbill.adapters.dynamodb.responses import ResponsesTable
from afterbill.adapters.dynamodb.sending_switch import CachedSendingStatus
from afterbill.adapters.dynamodb.short_links import ShortLinksTable
from afterbill.adapters.dynamodb.sweeps import SweepsTable
from afterbill.answers.ports import Responses
from afterbill.intake.ports import Facts
from afterbill.outreach.ports import Caps, Invitations, MailEvents, SendingStatus, Sweeps
from afterbill_cli.memory.keys import MemoryCaps
from afterbill_cli.memory.table import MemoryTable
from tests.contract.template import table_definition
from tests.factories import NOON

TABLE = "afterbill"
REGION = "eu-central-1"
SESSION = boto3.Session(region_name=REGION)
"""One for all: it reads the models of the services once."""


@dataclass
class World:
    """The table through the eyes of every use case; `dynamodb` is None in memory."""

    facts: Facts
    invitations: Invitations
    responses: Responses
    mail_events: MailEvents
    sweeps: Sweeps
    caps: Caps
    status: SendingStatus
    codes: Any
    dynamodb: Any = None


def mark_erased(table: Any, alias_hash: str, at: datetime) -> None:
    """Store that a customer of this name was erased, as privacy does."""
    if isinstance(table, MemoryTable):
        table.erased[alias_hash] = at
    else:
        item = keys.erased(alias_hash) | encode({"erased_at": at.isoformat(timespec="microseconds")})
        table.dynamodb.put_item(TableName=TABLE, Item=item)


@pytest.fixture(params=["memory", "aws"])
def world(request):
    if request.param == "memory":
        table, limits = MemoryTable(), MemoryCaps()
        return World(table, table, table, table, table, limits, limits, table)
    return request.getfixturevalue("aws_world")


@pytest.fixture
def aws_world(aws):
    dynamodb = aws("dynamodb")
    dynamodb.create_table(**table_definition(TABLE))
    return over(dynamodb)


def clock() -> float:
    """Before anything of the suites expires."""
    return (NOON - timedelta(days=1)).timestamp()


def over(dynamodb) -> World:
    responses, invitations = ResponsesTable(dynamodb, TABLE), InvitationsTable(dynamodb, TABLE, clock=clock)
    return World(
        facts=FactsTable(dynamodb, TABLE, clock=clock),
        invitations=invitations,
        responses=responses,
        mail_events=responses,
        sweeps=SweepsTable(dynamodb, TABLE),
        caps=CapsTable(dynamodb, TABLE),
        status=CachedSendingStatus(invitations, lambda: 0.0),
        codes=ShortLinksTable(dynamodb, TABLE, clock=clock),
        dynamodb=dynamodb,
    )


@pytest.fixture
def aws():
    """Makes clients of an AWS that is empty at the start of each test."""
    with mock_aws():
        yield SESSION.client
