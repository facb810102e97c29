"""Every limit of the model names its source, and what goes beyond it is refused, throttled or late."""

import json
import random
from pathlib import Path

import pytest
from botocore.exceptions import ClientError, ReadTimeoutError

from afterbill.adapters.aws.send_queue import SqsSendQueue
from afterbill.model.errors import TransientError
from afterbill_dev.load import limits
from afterbill_dev.load.clock import Clock
from afterbill_dev.load.dynamodb import DynamoDb
from afterbill_dev.load.gateway import Route
from afterbill_dev.load.lambdas import Account, Function, Mapping
from afterbill_dev.load.limits import Limit
from afterbill_dev.load.metrics import Metrics, named
from afterbill_dev.load.scheduler import Scheduler
from afterbill_dev.load.secret_store import SecretsManager
from afterbill_dev.load.ses import Ses
from afterbill_dev.load.sqs import Queue, Sqs

SECONDS = {
    "SES_CALL",
    "SQS_CALL",
    "SCHEDULER_CALL",
    "SECRET_CALL",
    "DYNAMODB_CALL",
    "DYNAMODB_TRANSACTION",
    "CODE_OF_A_RECORD",
}
DEFAULTS = {"SES_SANDBOX_DAY", "SES_SANDBOX_RATE", "LAMBDA_ACCOUNT", "DYNAMODB_NEW_TABLE_WRITES", "API_ROUTE"}
"""Values that a run may choose for a limit which is broken by another name."""
MAIL = {"EmailTags": [], "Destination": {"ToAddresses": ["ada@example.org"]}}


def code(raised: pytest.ExceptionInfo[ClientError]) -> str:
    return f"{raised.value.response['Error']['Code']}: {raised.value.response['Error']['Message']}"


def function(clock: Clock, account: Account, handler=lambda _event, _context: {}, timeout: float = 10) -> Function:
    return Function(clock, account, Metrics(), "Fn", timeout, handler)


def schedule(scheduler: Scheduler, name: str, at: str = "2027-01-01T01:00:00", window: int = 0) -> None:
    scheduler.create_schedule(
        Name=name,
        ScheduleExpression=f"at({at})",
        FlexibleTimeWindow={"Mode": "FLEXIBLE", "MaximumWindowInMinutes": window} if window else {"Mode": "OFF"},
        Target={"Input": name},
    )


def test_every_limit_names_its_source():
    found = {name: one for name, one in vars(limits).items() if isinstance(one, Limit)}

    assert len(found) > 20
    assert [name for name, one in found.items() if not one.source.startswith(("https://", "(believed)"))] == []


def test_a_test_of_this_file_breaks_every_limit():
    text = Path(__file__).read_text(encoding="utf-8")
    names = {name for name, one in vars(limits).items() if isinstance(one, Limit)} - SECONDS - DEFAULTS

    assert sorted(name for name in names if f"limits.{name}" not in text) == []


# SQS


def test_a_message_cannot_be_delayed_for_longer():
    queue = Queue(Clock(), "q")
    queue.put("", delay=limits.SQS_DELAY.value)

    with pytest.raises(ClientError) as raised:
        queue.put("", delay=limits.SQS_DELAY.value + 1)
    assert code(raised).startswith("InvalidParameterValue")


def test_no_receive_gives_more_messages():
    queue = Queue(Clock(), "q")
    for _ in range(20):
        queue.put("")

    assert len(queue.receive(20)) == limits.SQS_BATCH.value


def test_a_message_that_is_not_deleted_comes_back_and_ends_among_the_dead_letters():
    clock = Clock()
    dead = Queue(clock, "dead")
    queue = Queue(clock, "q", visibility=60, most_receives=2, dead_letters=dead)
    queue.put("poison")
    for _ in range(2):
        assert queue.receive(10)
        assert queue.receive(10) == []
        clock.run(clock.now + 60)

    assert queue.receive(10) == []
    assert (queue.visible, queue.in_flight, dead.visible) == (0, 0, 1)


def test_a_poison_pill_leaves_the_age_of_the_oldest_message_at_its_third_receive():
    clock = Clock()
    queue = Queue(clock, "q", visibility=60)
    queue.put("poison")
    ages = []
    for _ in range(5):
        queue.receive(1)
        clock.run(clock.now + 60)
        ages.append(queue.age())

    assert ages == [60, 120, 0, 0, 0]
    assert limits.SQS_LEAVES_AGE.value == 3


def test_a_deleted_message_does_not_come_back():
    clock = Clock()
    queue = Queue(clock, "q", visibility=60)
    queue.put("")
    queue.delete(queue.receive(1)[0])
    clock.run(1000)

    assert (queue.visible, queue.in_flight) == (0, 0)


def test_the_client_puts_attributes_as_lambda_gives_them():
    clock = Clock()
    sqs = Sqs(clock, {"q": Queue(clock, "q")})
    sqs.send_message(
        QueueUrl="q",
        MessageBody="b",
        DelaySeconds=5,
        MessageAttributes={"a": {"StringValue": "1", "DataType": "String"}},
    )

    assert (sqs.queues["q"].visible, sqs.queues["q"].delayed) == (0, 1)
    clock.run(10)
    assert sqs.queues["q"].receive(1)[0].attributes["a"]["stringValue"] == "1"


def test_the_client_counts_messages_as_the_sweep_asks_for_them():
    clock = Clock()
    sqs = Sqs(clock, {"q": Queue(clock, "q", visibility=60)})
    for delay in (0, 0, 0, 5):
        sqs.send_message(QueueUrl="q", MessageBody="b", DelaySeconds=delay)
    sqs.queues["q"].receive(1)

    assert SqsSendQueue(sqs, "q").waiting() == 4


def test_a_batch_is_no_larger_than_a_receive():
    clock = Clock()
    sqs = Sqs(clock, {"q": Queue(clock, "q")})
    entries = [{"Id": str(number), "MessageBody": ""} for number in range(11)]

    assert len(sqs.send_message_batch(QueueUrl="q", Entries=entries[:10])["Successful"]) == 10
    with pytest.raises(ClientError, match="TooManyEntries"):
        sqs.send_message_batch(QueueUrl="q", Entries=entries)


# Lambda


def test_a_mapping_never_runs_more_batches_at_once():
    clock = Clock()
    queue, account = Queue(clock, "q", visibility=600), Account(clock, 100)
    mapping = Mapping(clock, queue, function(clock, account, lambda _event, _context: clock.spend(1)), 2, 1)
    for _ in range(10):
        queue.put("")

    assert (mapping.running, account.in_use) == (2, 2)
    clock.run(60)
    assert (queue.visible, account.most) == (0, 2)


def test_a_mapping_may_not_have_less():
    clock = Clock()

    with pytest.raises(ValueError, match="at least"):
        Mapping(clock, Queue(clock, "q"), function(clock, Account(clock)), int(limits.MAPPING_LEAST.value) - 1)


def test_only_the_messages_that_failed_come_back():
    clock = Clock()
    queue = Queue(clock, "q", visibility=60)
    answer = {"batchItemFailures": [{"itemIdentifier": "q-1"}]}
    Mapping(clock, queue, function(clock, Account(clock), lambda _event, _context: answer), 2)
    clock.at(0, lambda: [queue.put("good"), queue.put("bad")])
    clock.run(59)

    assert (queue.visible, queue.in_flight) == (0, 1)


def test_a_new_account_runs_no_more_functions_and_the_messages_of_a_mapping_come_back_later():
    clock = Clock()
    account, queue = Account(clock), Queue(clock, "q", visibility=60)
    busy = function(clock, account, lambda _event, _context: clock.spend(5))
    for _ in range(int(limits.LAMBDA_NEW_ACCOUNT.value)):
        assert busy.invoke({}, lambda _answer: None)
    reader = function(clock, account)
    Mapping(clock, queue, reader, 2)
    queue.put("")

    assert reader.ended["Throttles"] == 1
    assert reader.metrics.total(named("AWS/Lambda", "Throttles", {"FunctionName": "Fn"})) == 1
    clock.run(59)
    assert queue.in_flight == 1
    clock.run(120)
    assert (queue.visible, queue.in_flight, reader.ended["Invocations"]) == (0, 0, 1)


def test_an_invocation_ends_at_its_timeout_and_nothing_after_it_happens():
    clock, answers, after = Clock(), [], []

    def slow(_event, context):
        assert context.get_remaining_time_in_millis() < 10_000
        clock.spend(11)
        after.append("too late")

    one = function(clock, Account(clock), slow)
    one.invoke({}, answers.append)
    clock.run(20)

    assert (answers, after, one.ended["time-out"], one.ended["Errors"]) == ([None], [], 1, 1)


def test_an_error_of_a_handler_is_counted_and_answered_by_nothing():
    clock, answers = Clock(), []
    one = function(clock, Account(clock), lambda _event, _context: 1 / 0)
    one.invoke({}, answers.append)
    clock.run(1)

    assert (answers, one.ended["Errors"], one.ended["ZeroDivisionError"]) == ([None], 1, 1)


# Scheduler


def test_scheduler_takes_no_more_schedules_than_its_quota():
    scheduler = Scheduler(Clock(), random.Random(1), lambda _text: None, most=1)
    schedule(scheduler, "a")

    with pytest.raises(ClientError) as raised:
        schedule(scheduler, "b")
    assert code(raised).startswith("ServiceQuotaExceededException")
    assert limits.SCHEDULER_SCHEDULES.value == Scheduler(Clock(), random.Random(1), lambda _text: None).most


def test_scheduler_takes_no_more_schedules_a_second():
    clock = Clock()
    scheduler = Scheduler(clock, random.Random(1), lambda _text: None)
    clock.spend = lambda _seconds: None  # all in the same moment
    for number in range(int(limits.SCHEDULER_CREATES.value)):
        schedule(scheduler, str(number))

    with pytest.raises(ClientError) as raised:
        schedule(scheduler, "one more")
    assert code(raised) == "ThrottlingException: Rate exceeded"


def test_a_schedule_of_the_same_name_is_a_conflict():
    scheduler = Scheduler(Clock(), random.Random(1), lambda _text: None)
    schedule(scheduler, "a")

    with pytest.raises(ClientError) as raised:
        schedule(scheduler, "a")
    assert code(raised).startswith("ConflictException")


def test_a_schedule_fires_within_its_minute_or_window_and_is_deleted():
    clock, fired = Clock(), []
    scheduler = Scheduler(clock, random.Random(1), lambda text: fired.append((text, clock.now)), twice=0)
    for number in range(200):
        schedule(scheduler, f"exact-{number}")
        schedule(scheduler, f"wide-{number}", window=15)
    clock.run(7200)
    exact = [at - 3600 for text, at in fired if text.startswith("exact")]
    wide = [at - 3600 for text, at in fired if text.startswith("wide")]

    assert scheduler.schedules == {}
    assert 0 <= min(exact) < max(exact) <= limits.SCHEDULER_PRECISION.value
    assert 600 < max(wide) <= 900


def test_the_name_of_a_schedule_that_fired_is_taken_until_it_is_deleted():
    clock, met = Clock(), []

    def again(_text: str) -> None:
        with pytest.raises(ClientError) as raised:
            schedule(scheduler, "a", "2027-01-01T02:00:00")
        met.append(code(raised))

    scheduler = Scheduler(clock, random.Random(1), again, twice=0)
    schedule(scheduler, "a")
    clock.run(3600 + limits.SCHEDULER_PRECISION.value + limits.SCHEDULER_DELETES.value)
    schedule(scheduler, "a", "2027-01-01T02:00:00")

    assert [one.partition(":")[0] for one in met] == ["ConflictException"]
    assert scheduler.fired == set()


def test_a_schedule_may_fire_twice():
    clock, fired = Clock(), []
    schedule(Scheduler(clock, random.Random(1), fired.append, twice=1), "a")
    clock.run(7200)

    assert fired == ["a", "a"]


def test_schedules_of_one_moment_fire_at_a_limited_rate():
    clock, fired = Clock(), []
    scheduler = Scheduler(clock, random.Random(1), lambda _text: fired.append(clock.now), twice=0)
    scheduler.luck.uniform = lambda _least, most: 0  # noqa: ARG005  # called as random.uniform is
    for number in range(3 * int(limits.SCHEDULER_FIRES.value)):
        schedule(scheduler, str(number))
    clock.run(7200)

    assert len(fired) == 3 * limits.SCHEDULER_FIRES.value
    assert max(fired) - min(fired) >= 2


# SES


def test_ses_sends_no_more_within_any_24_hours():
    clock = Clock()
    ses = Ses(clock, quota=2, rate=1000)
    ses.send_email(**MAIL)
    clock.run(1000)
    ses.send_email(**MAIL)

    with pytest.raises(ClientError) as raised:
        ses.send_email(**MAIL)
    assert code(raised) == f"ThrottlingException: {limits.DAILY_QUOTA_TEXT}"
    clock.run(limits.SES_WINDOW.value + 1)
    clock.spent = 0
    ses.send_email(**MAIL)
    with pytest.raises(ClientError, match="Daily message quota"):
        ses.send_email(**MAIL)
    assert Ses(clock).quota == limits.SES_DAY.value


def test_ses_sends_no_more_a_second():
    clock = Clock()
    ses = Ses(clock)
    clock.spend = lambda _seconds: None  # all in the same moment
    for _ in range(int(limits.SES_RATE.value)):
        ses.send_email(**MAIL)

    with pytest.raises(ClientError) as raised:
        ses.send_email(**MAIL)
    assert code(raised) == f"ThrottlingException: {limits.RATE_TEXT}"


def test_a_paused_account_sends_nothing():
    ses = Ses(Clock(), paused=True)

    with pytest.raises(ClientError) as raised:
        ses.send_email(**MAIL)
    assert code(raised).startswith("SendingPausedException")


# DynamoDB, Secrets Manager, API Gateway


def written(dynamodb: DynamoDb, call: str) -> int:
    """How many of these calls succeed in one moment."""
    dynamodb.clock.spend = lambda _seconds: None
    for number in range(10_000):
        try:
            dynamodb.spend(call)
        except TransientError:
            return number
    return 10_000


def test_a_table_takes_no_more_units_than_the_template_allows():
    dynamodb = DynamoDb(Clock(), writes=500, reads=10_000)

    assert written(dynamodb, "commit") == 50
    assert dynamodb.throttled == {"MaxWriteUnits": 3}


def test_a_table_gives_no_more_units_than_the_template_allows():
    dynamodb = DynamoDb(Clock(), writes=500, reads=1000)

    assert written(dynamodb, "invitation") == 1000
    assert dynamodb.throttled == {"MaxReadUnits": 3}


def test_a_partition_of_an_index_takes_no_more_however_large_the_table_is():
    dynamodb = DynamoDb(Clock(), writes=100_000, reads=100_000)

    assert written(dynamodb, "commit") == limits.DYNAMODB_PARTITION_WRITES.value
    assert dynamodb.throttled == {"partition": 3}


def test_throughput_comes_back_with_time():
    clock = Clock()
    dynamodb = DynamoDb(clock, writes=500, reads=10_000)
    written(dynamodb, "commit")
    clock.now += 1

    assert written(dynamodb, "commit") == 50


def test_secrets_manager_answers_unless_it_is_away():
    secrets = SecretsManager(Clock(), {"a": {"b": 1}})

    assert json.loads(secrets.client().get_secret_value(SecretId="a")["SecretString"]) == {"b": 1}


@pytest.mark.parametrize(("patience", "seconds"), [((3, 7), 21), ((2, 3), 6), ((3, 3, 5), 6)])
def test_secrets_manager_hangs_for_as_long_as_the_client_waits(patience, seconds):
    clock = Clock()
    client = SecretsManager(clock, {}, away=True).client(*patience)

    with pytest.raises(ReadTimeoutError):
        client.get_secret_value(SecretId="a")
    assert clock.time == seconds


def test_a_route_turns_away_what_is_beyond_its_throttle_and_counts_it():
    clock, answers = Clock(), []
    metrics, ours = Metrics(), named("afterbill", "WebhooksThrottled", {})
    account = Account(clock, 1000)
    one = function(clock, account, lambda _event, _context: {"statusCode": 202})
    route = Route(clock, metrics, one, 10, 20, (ours,))
    for _ in range(25):
        route.request({}, answers.append)
    clock.run(1)

    assert sorted(answers) == [202] * 20 + [429] * 5
    assert metrics.total(ours) == 5
    assert metrics.total(named("AWS/ApiGateway", "4xx", {"ApiId": "HttpApi"})) == 5


def test_a_route_answers_503_where_no_function_is_free_and_500_for_an_error():
    clock, answers = Clock(), []
    account = Account(clock, 1)
    route = Route(clock, Metrics(), function(clock, account, lambda _event, _context: 1 / 0), 10, 20)
    route.request({}, answers.append)
    route.request({}, answers.append)
    clock.run(1)

    assert answers == [503, 500]
