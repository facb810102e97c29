"""check_health: on its schedule, a look at the whole stack, of which a document stays."""

import json
from gzip import decompress

import pytest
from botocore.exceptions import ReadTimeoutError

from afterbill.adapters.aws.report_files import S3Reports
from afterbill.adapters.dynamodb.sending_switch import SendingSwitchTable
from afterbill.outreach.reputation import SendingPause
from afterbill_console.health.document import PLACE
from tests.integration.deploying import described, finished, logs, rings
from tests.integration.logs import counted, lines
from tests.integration.samples import now, sample
from tests.integration.stack import Context

EVENT = sample("schedule/compute_nps")


class Patient(Context):
    remaining = 120_000


@pytest.fixture
def parameters():
    return {"AlarmEmail": "ops@acme.com"}


@pytest.fixture
def check(stack):
    """The function in a stack that CloudFormation knows."""
    described(stack)
    return stack.load("check_health")


def document(stack):
    return json.loads(decompress(stack.s3.get_object(Bucket="archive", Key=PLACE)["Body"].read()))


def verdicts(found):
    return {one["check"]: one["verdict"] for one in found["findings"]}


def test_a_look_leaves_one_document_of_everything(stack, check, capsys):
    rings(stack, "InboxDeadLettersAlarm")
    logs(stack, "receive_webhook", {"source": "events", "outcome": "accepted", "WebhooksAccepted": [1.0]})
    finished(stack, "SweepFinished")
    stack.sqs.send_message(QueueUrl=stack.resolver.made["InboxDeadLetters"]["Ref"], MessageBody="{}")

    check(EVENT, Patient())

    found = document(stack)
    assert [one["name"] for one in found["alarms"]] == ["InboxDeadLettersAlarm"]
    assert {one["name"]: one["waiting"] for one in found["queues"] if one["waiting"]} == {"InboxDeadLetters": 1}
    assert {one["name"]: bool(one["accepted_at"]) for one in found["sources"]} == {"stripe": False, "events": True}
    assert [one["name"] for one in found["steps"] if one["finished_at"]] == ["sweep_invitations"]
    assert found["sending"] == {"halted": False, "reason": "", "waits": {}}
    assert found["skips"] is None
    assert "AssertionError" not in json.dumps(found)  # which is how a call that is not granted ends here
    assert found["parameters"]["ComputeRate"] == "rate(15 minutes)"
    assert verdicts(found)["queues"] == "ok"  # its last finding tells what waits
    assert {one["code"] for one in found["findings"]} >= {"dead_letters", "alarm"}
    assert counted(capsys.readouterr().out, "HealthFinished") == [1]


def test_the_document_names_no_person(stack, check):
    check(EVENT, Patient())

    assert "ops@acme.com" not in json.dumps(document(stack))


def test_no_secret_is_read(stack, check):
    check(EVENT, Patient())

    assert not {call.service for call in stack.calls if call.caller == "check_health"} & {"secretsmanager", "lambda"}


def test_the_next_look_reads_the_log_from_the_last_one_on_and_keeps_what_it_knew(stack, check):
    logs(stack, "receive_webhook", {"source": "events", "outcome": "accepted"})
    check(EVENT, Patient())
    before = document(stack)
    stack.calls.clear()

    check(EVENT, Patient())

    read = [call.params["startTime"] for call in stack.calls if call.operation == "FilterLogEvents"]
    assert min(read) > (now().timestamp() - 600) * 1000
    assert document(stack)["sources"][1]["accepted_at"] == before["sources"][1]["accepted_at"]


def test_stopped_sending_is_told(stack, check):
    SendingSwitchTable(stack.dynamodb, "afterbill").stop(SendingPause("too many bounces", since=now()))

    check(EVENT, Patient())

    found = document(stack)
    assert found["sending"]["reason"] == "too many bounces"
    assert verdicts(found)["circuit breaker"] == "fail"


def test_reasons_of_the_stored_report_are_taken_over(stack, check):
    rows = {"rows": [], "skips": [{"reason": "cooldown", "count": 4, "customers": ["c-1"]}]}
    scopes = {"scopes": {"": rows}, "fingerprint": "x", "computed_at": now().isoformat()}
    today = now().date().isoformat()
    window = {"name": "7d", "first": today, "last": today}
    S3Reports(stack.s3, "archive").store(
        "reports/coverage/nps/7d.json", {"name": "coverage", "question": "nps", "window": window, **scopes}
    )

    check(EVENT, Patient())

    assert document(stack)["skips"]["rows"] == [{"reason": "cooldown", "count": 4}]


OPERATIONS = [
    "BatchGetItem",
    "DescribeAlarms",
    "DescribeContinuousBackups",
    "DescribeStacks",
    "DescribeTable",
    "DescribeTimeToLive",
    "FilterLogEvents",
    "GetAccount",
    "GetConfigurationSet",
    "GetEmailIdentity",
    "GetItem",
    "GetMetricData",
    "GetObject",
    "GetQueueAttributes",
    "ListSchedules",
    "ListStackResources",
    "ListSubscriptionsByTopic",
    "Query",
]


@pytest.mark.parametrize("operation", OPERATIONS)
@pytest.mark.parametrize(
    "failure", ["AccessDeniedException", ReadTimeoutError(endpoint_url="https://aws.example")], ids=str
)
def test_a_call_that_is_refused_or_hangs_costs_what_it_asks_for_alone(stack, check, operation, failure, capsys):
    stack.failures[operation] = failure

    check(EVENT, Patient())

    found = document(stack)
    assert counted(capsys.readouterr().out, "HealthFinished") == [1]
    assert len({one["check"] for one in found["findings"]}) == 20
    if operation != "GetObject":
        unknown = {one["check"] for one in found["findings"] if one["verdict"] == "unknown"}
        assert unknown or found["missing"]


def test_where_time_runs_out_the_rest_says_so(stack, check):
    check(EVENT, Context())

    found = document(stack)
    assert set(verdicts(found).values()) == {"unknown"}
    assert {one["text"] for one in found["findings"]} == {"no time was left"}


def test_a_document_that_cannot_be_stored_is_a_failed_run(stack, check, capsys):
    stack.failures["PutObject"] = "AccessDenied"

    with pytest.raises(Exception, match="AccessDenied"):
        check(EVENT, Patient())

    assert counted(capsys.readouterr().out, "HealthFinished") == []


def test_what_was_known_stays_when_logs_cannot_be_read(stack, check, capsys):
    logs(stack, "receive_webhook", {"source": "events", "outcome": "accepted"})
    check(EVENT, Patient())
    before = document(stack)
    stack.failures["FilterLogEvents"] = "ThrottlingException"

    check(EVENT, Patient())

    after = document(stack)
    assert (after["sources"], after["sources_seen_at"]) == (before["sources"], before["sources_seen_at"])
    assert verdicts(after)["webhooks"] == "unknown"
    told = [one["missing"] for one in lines(capsys.readouterr().out) if one.get("message") == "health checked"]
    assert "sources" in told[-1]


def test_a_log_that_is_too_long_is_read_for_the_newest_hour(stack, check):
    logs(stack, "receive_webhook", {"source": "events", "outcome": "accepted"})
    spans = []

    def observe(call):
        if call.operation == "FilterLogEvents":
            spans.append(call.params["endTime"] - call.params["startTime"])
            stack.failures["FilterLogEvents"] = "ThrottlingException" if len(spans) == 2 else None

    stack.observe = observe
    check(EVENT, Patient())

    found = document(stack)
    assert {one["name"]: bool(one["accepted_at"]) for one in found["sources"]} == {"stripe": False, "events": True}
    assert found["sources_seen_at"] is None
