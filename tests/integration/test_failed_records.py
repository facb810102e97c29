"""Records of a batch that fail are counted: for Lambda an invocation with failures is no error."""

import pytest

from tests.integration.logs import counted, lines
from tests.integration.samples import captured, payment
from tests.integration.stack import Context


@pytest.fixture
def configuration(asking_at_once):
    return asking_at_once


def test_they_are_counted_once_per_invocation_as_a_whole_and_by_function(stack, loop, capsys):
    records = [captured(payment(f"order-{number}"))["Records"][0] for number in range(3)]
    for number, record in enumerate(records):
        record["messageId"] = str(number)
    stack.failures["TransactWriteItems"] = "ThrottlingException"

    answer = loop.capture({"Records": records})
    log = capsys.readouterr().out

    assert len(answer["batchItemFailures"]) == 3
    (line,) = [line for line in lines(log) if "RecordsFailed" in line]
    (described,) = line["_aws"]["CloudWatchMetrics"]
    assert (line["RecordsFailed"], line["reason"]) == ([3], "capture_event")
    assert sorted(map(sorted, described["Dimensions"])) == [["reason", "service"], ["service"]]


def test_a_batch_without_failures_counts_none(loop, capsys):
    loop.capture(captured(payment("order-1")))

    assert counted(capsys.readouterr().out, "RecordsFailed") == []


def test_what_there_was_no_time_for_comes_again_and_did_not_fail(loop, capsys):
    class Late(Context):
        remaining = 1

    answer = loop.capture(captured(payment("order-1")), Late())

    assert len(answer["batchItemFailures"]) == 1
    assert counted(capsys.readouterr().out, "RecordsFailed") == []
