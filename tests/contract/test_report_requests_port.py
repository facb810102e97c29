"""ReportRequests, in memory and over SQS and DynamoDB."""

import json
from datetime import date, timedelta

import pytest

from afterbill.adapters.aws.report_requests import SqsReportRequests
from afterbill.insight.periods import rolling
from afterbill.insight.ports import Asking
from afterbill.insight.reports.reading import MOST_ASKED
from afterbill.insight.reports.requested import ReportRequest
from afterbill.model.errors import TransientError
from afterbill_cli.memory.reports import MemoryReportRequests
from tests.contract.conftest import TABLE
from tests.contract.template import table_definition
from tests.factories import HOUR, MINUTE, NOON

TODAY = date(2026, 11, 22)


class InAws:
    def __init__(self, aws):
        self.dynamodb, self.sqs = aws("dynamodb"), aws("sqs")
        self.dynamodb.create_table(**table_definition(TABLE))
        self.url = self.sqs.create_queue(QueueName="report-requests")["QueueUrl"]
        self.port = SqsReportRequests(self.sqs, self.url, self.dynamodb, TABLE)

    def asked(self):
        found = self.sqs.receive_message(QueueUrl=self.url, MaxNumberOfMessages=10).get("Messages", [])
        return [json.loads(message["Body"]) for message in found]


class InMemory:
    def __init__(self):
        self.port = MemoryReportRequests()

    def asked(self):
        return [{"kind": "asked", "request": request.payload()} for request in self.port.asked]


@pytest.fixture(params=["memory", "aws"])
def world(request):
    return InMemory() if request.param == "memory" else InAws(request.getfixturevalue("aws"))


def trend(days):
    return ReportRequest("trend", rolling(days, TODAY))


def test_a_report_is_asked_for_once_in_ten_minutes(world):
    asked = [world.port.ask(trend(45), NOON + minutes * MINUTE) for minutes in (0, 0, 9)]

    assert asked == [Asking.ASKED, Asking.WAITING, Asking.WAITING]
    assert world.asked() == [{"kind": "asked", "request": trend(45).payload()}]


def test_one_that_did_not_come_is_asked_for_again_later(world):
    assert [world.port.ask(trend(45), NOON + minutes * MINUTE) for minutes in (0, 10)] == [Asking.ASKED] * 2


def test_another_report_is_asked_for_beside_it(world):
    assert [world.port.ask(trend(days), NOON) for days in (45, 46)] == [Asking.ASKED] * 2


def test_an_hour_has_a_limit_and_the_next_one_its_own(world):
    first = [world.port.ask(trend(days), NOON) for days in range(1, MOST_ASKED + 2)]

    assert first == [Asking.ASKED] * MOST_ASKED + [Asking.LIMITED]
    assert world.port.ask(trend(1), NOON) is Asking.WAITING
    assert world.port.ask(trend(MOST_ASKED + 1), NOON + HOUR) is Asking.ASKED


def test_what_could_not_be_asked_for_is_not_counted(aws, monkeypatch):
    world = InAws(aws)
    monkeypatch.setattr(world.sqs, "send_message", failing)
    with pytest.raises(TransientError):
        world.port.ask(trend(45), NOON)

    monkeypatch.undo()
    assert world.port.ask(trend(45), NOON + timedelta(seconds=1)) is Asking.ASKED


def failing(**_):
    raise TransientError("the queue is away")
