"""Tasks that capture_event leaves for a person to decide, in memory and in DynamoDB."""

from dataclasses import replace
from datetime import timedelta

import pytest
from boto3.dynamodb.types import TypeDeserializer

from afterbill.model.billing import CustomerRef, OperatorTask
from afterbill_cli.memory.table import MemoryTable
from tests.contract.conftest import TABLE
from tests.contract.people import NOW

TASK = OperatorTask(
    "shop", "privacy", "request-1", NOW, CustomerRef("cus_1", "ada@example.com"), {"shop_id": "7"}, timedelta(days=1)
)


@pytest.fixture(params=["memory", "aws"])
def keep(request):
    """Keeps a task and gives back every one that is kept, with the hash of its address."""
    if request.param == "memory":
        return keep_in_memory(MemoryTable())
    return keep_in_aws(request.getfixturevalue("aws_world"))


def keep_in_memory(table):
    def keep(task, address_hash=""):
        table.keep_task(task, address_hash, NOW)
        return [(one.source, one.kind, one.id, hashed) for one, hashed in table.tasks.values()]

    return keep


def keep_in_aws(world):
    def keep(task, address_hash=""):
        world.facts.keep_task(task, address_hash, NOW)
        return [(task["source"], task["kind"], task["id"], task.get("address_hash", "")) for task in items(world)]

    return keep


def items(world):
    decode = TypeDeserializer().deserialize
    found = world.dynamodb.scan(TableName=TABLE)["Items"]
    return [{name: decode(value) for name, value in item.items()} for item in found]


def test_a_task_is_kept_with_the_hash_of_its_address(keep):
    assert keep(TASK, "hash") == [("shop", "privacy", "request-1", "hash")]


def test_the_same_task_again_is_one_task(keep):
    keep(TASK, "hash")

    assert keep(TASK, "hash") == [("shop", "privacy", "request-1", "hash")]


def test_whether_a_task_is_new_is_told(request):
    for facts in (MemoryTable(), request.getfixturevalue("aws_world").facts):
        assert [facts.keep_task(TASK, "hash", NOW) for _ in range(2)] == [True, False]


def test_those_that_wait_are_counted_by_source_and_kind(request):
    others = [replace(TASK, kind="verifier"), replace(TASK, id="request-2"), replace(TASK, source="other")]
    for facts in (MemoryTable(), request.getfixturevalue("aws_world").facts):
        assert facts.tasks_waiting("shop", "privacy", NOW) == 0
        for task in (TASK, TASK, *others):
            facts.keep_task(task, "", NOW)

        assert facts.tasks_waiting("shop", "privacy", NOW) == 2


def test_one_that_expired_or_is_done_waits_no_more(aws_world):
    aws_world.facts.keep_task(TASK, "", NOW)
    aws_world.facts.keep_task(replace(TASK, id="request-2", lives=timedelta(days=9)), "", NOW)
    aws_world.facts.keep_task(replace(TASK, id="request-3", lives=timedelta(days=9)), "", NOW)
    aws_world.dynamodb.update_item(
        TableName=TABLE,
        Key={"pk": {"S": "TASK#shop"}, "sk": {"S": "privacy#request-3"}},
        UpdateExpression="SET done_at = :now",
        ExpressionAttributeValues={":now": {"S": NOW.isoformat()}},
    )

    assert aws_world.facts.tasks_waiting("shop", "privacy", NOW + timedelta(days=2)) == 1


def test_one_that_expired_is_new_again_though_it_is_still_there(aws_world):
    aws_world.facts.keep_task(TASK, "hash", NOW)

    assert aws_world.facts.keep_task(TASK, "hash", NOW + timedelta(days=1))


def test_another_kind_id_or_source_is_another_task(keep):
    for other in (replace(TASK, kind="verifier"), replace(TASK, id="request-2"), replace(TASK, source="other")):
        keep(other)

    assert len(keep(TASK)) == 4


def test_the_item_holds_ids_and_a_time_to_be_forgotten_and_no_address(aws_world):
    aws_world.facts.keep_task(TASK, "hash", NOW)

    (item,) = items(aws_world)
    assert (item["pk"], item["sk"]) == ("TASK#shop", "privacy#request-1")
    assert (item["customer"], item["details"]) == ("cus_1", {"shop_id": "7"})
    assert item["expires_at"] == int((NOW + timedelta(days=1)).timestamp())
    assert "ada@example.com" not in str(item)
