"""Scores in DynamoDB alone: limits, pages, batches put back, calls lost half way."""

from dataclasses import replace

import boto3
import pytest
from botocore.exceptions import ClientError, ReadTimeoutError
from moto import mock_aws

from afterbill.adapters.dynamodb import keys
from afterbill.adapters.dynamodb.items import invitation_item
from afterbill.adapters.dynamodb.scores import ScoresTable
from afterbill.adapters.dynamodb.tallies import tally_item
from afterbill.insight.compute_nps import LEASE, Outcome
from afterbill.insight.measures import OTHER_GROUPS
from afterbill.insight.ports import Progress
from afterbill.model.errors import TransientError, UnreadableError
from tests.contract.scores_table import TABLE, create_table
from tests.contract.test_scores_port import NOW, TODAY, greatest_tallies, ratings, row
from tests.unit.insight.score_world import World


@pytest.fixture
def client():
    with mock_aws():
        dynamodb = boto3.client("dynamodb", region_name="eu-central-1")
        create_table(dynamodb)
        yield dynamodb


def refusal(code, status):
    return ClientError({"Error": {"Code": code}, "ResponseMetadata": {"HTTPStatusCode": status}}, "Query")


class Client:
    """A client that does something else on every call: raises what is an error, answers what is an answer."""

    def __init__(self, *answers):
        self.answers = list(answers)
        self.requests = []

    def batch_write_item(self, **request):
        self.requests.append(request["RequestItems"][TABLE])
        answer = self.answers.pop(0) if self.answers else 0
        if isinstance(answer, Exception):
            raise answer
        return {"UnprocessedItems": {TABLE: self.requests[-1][:answer]}} if answer else {}

    update_item = put_item = batch_write_item


def test_the_greatest_tally_is_below_the_limit_of_an_item():
    assert size(tally_item("touchpoint", TODAY, greatest_tallies())) < 400 * 1024 / 2


def test_scores_that_cannot_be_read_are_told_and_cost_themselves(client):
    table = ScoresTable(client, TABLE)
    table.replace_scores("plan", {"30d": [row("pro"), row("basic")]})
    client.update_item(TableName=TABLE, Key=keys.score("plan", "30d", "pro"), UpdateExpression="REMOVE computed_at")
    told = []

    assert [one.value for one in table.scores("plan", "30d", told.append)] == ["basic"]
    assert list(map(str, told)) == ["SCORE#plan 30d#pro: no computed_at"]
    with pytest.raises(UnreadableError):
        table.scores("plan", "30d")


def test_the_unconfirmed_are_stored_only_where_there_are_any():
    (plain,) = tally_item("all", TODAY, {"all": ratings(9)})["tallies"]["M"].values()
    doubtful = replace(ratings(9), unconfirmed=ratings(9).ratings)
    (longer,) = tally_item("all", TODAY, {"all": doubtful})["tallies"]["M"].values()

    assert (len(plain["L"]), len(longer["L"])) == (15, 26)


def test_the_removed_are_stored_only_where_there_are_any():
    (counts,) = tally_item("all", TODAY, {"all": replace(ratings(9), removed=1)})["tallies"]["M"].values()

    assert [one["N"] for one in counts["L"][-2:]] == ["1", "0"]
    assert len(counts["L"]) == 28


def test_a_score_can_be_read_without_this_code(client):
    table = ScoresTable(client, TABLE)
    tally = replace(ratings(5, 4, 1), removed=1)
    table.replace_scores("csat:plan", {"30d": [row("pro", dimension="csat:plan", tally=tally)]})

    item = client.get_item(TableName=TABLE, Key={"pk": {"S": "SCORE#csat:plan"}, "sk": {"S": "30d#pro"}})["Item"]

    assert {name: float(item[name]["N"]) for name in ("n", "unconfirmed", "removed", *OTHER_GROUPS)} == {
        "n": 3,
        "unconfirmed": 0,
        "removed": 1,
        "favourable": 2,
        "neutral": 0,
        "unfavourable": 1,
    }
    assert float(item["score"]["N"]) == pytest.approx(200 / 3)
    assert float(item["mean"]["N"]) == pytest.approx(10 / 3)


def size(value):
    """Bytes as DynamoDB counts them, numbers at their longest (Developer Guide, "DynamoDB item sizes")."""
    match value:
        case {"S": text}:
            return len(text.encode())
        case {"N": digits}:
            return len(digits) // 2 + 2
        case {"L": values}:
            return 3 + sum(1 + size(each) for each in values)
        case {"M": values}:
            return 3 + sum(1 + len(name.encode()) + size(each) for name, each in values.items())
    return sum(len(name.encode()) + size(each) for name, each in value.items())


def test_a_range_of_many_pages_is_read_whole(client):
    """DynamoDB answers in pages of 1 MB; pages of two items show the same."""
    client.meta.events.register("provide-client-params.dynamodb.Query", lambda params, **_: params | {"Limit": 2})
    table = ScoresTable(client, TABLE)
    days = [TODAY.replace(day=day) for day in range(1, 9)]
    for day in days:
        table.put_tallies(day, {"plan": {"pro": ratings(9)}})
    pages = client.query(
        TableName=TABLE, KeyConditionExpression="pk = :pk", ExpressionAttributeValues={":pk": {"S": "TALLY#plan"}}
    )

    assert "LastEvaluatedKey" in pages
    assert [day for day, _ in table.tallies("plan", days[0], days[-1])] == days


def test_writes_that_were_put_back_are_tried_again_after_a_pause():
    pauses = []
    client = Client(20, 3)

    ScoresTable(client, TABLE, pauses.append).put_tallies(TODAY, {str(number): {} for number in range(30)})

    assert [len(batch) for batch in client.requests] == [25, 25, 3]
    assert pauses == [0.1, 0.2]


def test_a_batch_that_goes_through_starts_the_pauses_afresh():
    pauses = []
    client = Client(1, 0, 1)

    ScoresTable(client, TABLE, pauses.append).put_tallies(TODAY, {str(number): {} for number in range(60)})

    assert sum(map(len, client.requests)) == 62
    assert pauses == [0.1, 0.1]


def test_a_table_that_keeps_putting_writes_back_ends_the_run():
    pauses = []
    table = ScoresTable(Client(*[1] * 7), TABLE, pauses.append)

    with pytest.raises(TransientError, match="throttling"):
        table.put_tallies(TODAY, {"all": {}})

    assert len(pauses) == 6


@pytest.mark.parametrize(
    "error",
    [
        refusal("ProvisionedThroughputExceededException", 400),
        refusal("ThrottlingException", 400),
        refusal("InternalServerError", 500),
        refusal("Anything", 503),
        ReadTimeoutError(endpoint_url="https://dynamodb.example"),
    ],
    ids=["throughput", "throttling", "server", "unavailable", "timeout"],
)
def test_what_may_pass_by_itself_is_told_as_transient(error):
    class Unwell:
        def __getattr__(self, name):
            def call(*_, **__):
                raise error

            return call

    table = ScoresTable(Unwell(), TABLE)
    for call in (
        lambda: table.mark(TODAY, NOW),
        lambda: table.take_lease("one", NOW, NOW + LEASE),
        table.marks,
        lambda: table.put_tallies(TODAY, {"all": {}}),
        table.progress,
        lambda: table.store_progress(Progress(TODAY)),
    ):
        with pytest.raises(TransientError):
            call()


def test_a_bug_is_not_called_transient(client):
    with pytest.raises(ClientError, match="ResourceNotFoundException"):
        ScoresTable(client, "another table").release_lease("one")


class KilledError(BaseException):
    """The process is gone."""


class MortalClient:
    """Lets so many calls through; the next one takes effect and its answer is never seen."""

    def __init__(self, client, calls):
        self.client = client
        self.left = calls

    def get_paginator(self, name):
        paginator = self.client.get_paginator(name)
        return type("Pages", (), {"paginate": lambda _, **query: self.last(lambda: paginator.paginate(**query))})()

    def __getattr__(self, name):
        return lambda **request: self.last(lambda: getattr(self.client, name)(**request))

    def last(self, call):
        if self.left < 0:
            raise KilledError
        self.left -= 1
        answer = call()
        if self.left < 0:
            raise KilledError
        return answer


@pytest.mark.parametrize("calls", [*range(6), 12, 30, 59, 60, 61, 62, 63])
def test_a_run_killed_at_a_call_to_dynamodb_is_made_good_by_the_next(client, calls):
    world = World()
    world.answered("a", 9, plan="pro")
    world.answered("b", 2, plan="basic")
    world.table = ScoresTable(client, TABLE)
    for one in world.invitations.values():
        client.put_item(TableName=TABLE, Item=invitation_item(one))
    world.mark(TODAY)
    world.wait(seconds=20)

    with pytest.raises(KilledError):
        world.run(ScoresTable(MortalClient(client, calls), TABLE))
    world.wait(seconds=LEASE.total_seconds())

    assert world.run().outcome in {Outcome.COMPUTED, Outcome.UNCHANGED}
    assert list(world.table.marks().items) == []
    for (dimension, window), rows in world.recount().items():
        assert world.tallies(dimension, window) == rows


def test_replacing_scores_killed_half_way_is_completed_by_the_same_call(client):
    table = ScoresTable(client, TABLE)
    table.replace_scores("plan", {"30d": [row(f"old {number}") for number in range(30)]})
    new = {"30d": [row(f"new {number}", tally=ratings(0)) for number in range(30)]}

    with pytest.raises(KilledError):
        ScoresTable(MortalClient(client, 1), TABLE).replace_scores("plan", new)
    table.replace_scores("plan", new)

    assert {each.value for each in table.scores("plan", "30d")} == {f"new {number}" for number in range(30)}
