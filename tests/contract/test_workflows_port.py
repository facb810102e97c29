"""WorkflowsSeen: the same promises in memory and over DynamoDB."""

import pytest
from botocore.exceptions import ClientError

from afterbill.model.errors import TransientError
from afterbill_actions.adapters.workflows import WorkflowsTable
from afterbill_cli.memory.actions.workflows import MemoryWorkflowsSeen
from tests.contract.conftest import TABLE
from tests.factories import DAY, NOON


@pytest.fixture
def seen(world):
    return WorkflowsTable(world.dynamodb, TABLE) if world.dynamodb else MemoryWorkflowsSeen()


def test_a_workflow_counts_from_the_moment_it_is_seen_first(seen):
    assert seen.seen(["unhappy", "promoters"], NOON) == {"unhappy": NOON, "promoters": NOON}
    assert seen.seen(["unhappy"], NOON + DAY) == {"unhappy": NOON}


def test_one_that_is_new_changes_nothing_for_the_others(seen):
    seen.seen(["unhappy"], NOON)

    assert seen.seen(["unhappy", "a name with 40 signs"], NOON + DAY) == {
        "unhappy": NOON,
        "a name with 40 signs": NOON + DAY,
    }


def test_without_workflows_nothing_is_asked(seen):
    assert seen.seen([], NOON) == {}


def test_another_process_knows_it_too_and_of_two_at_once_the_first_counts(aws_world):
    one, other = (WorkflowsTable(aws_world.dynamodb, TABLE) for _ in range(2))
    one.seen(["unhappy"], NOON)

    assert other.seen(["unhappy"], NOON + DAY) == {"unhappy": NOON}
    late = WorkflowsTable(aws_world.dynamodb, TABLE)
    late.since = dict  # it looked before the first one wrote
    assert late.seen(["unhappy"], NOON + DAY) == {"unhappy": NOON}


@pytest.mark.parametrize("call", ["get_item", "update_item"])
def test_a_table_that_throttles_is_asked_again_later(aws_world, call, monkeypatch):
    def throttled(**_request):
        error = {"Error": {"Code": "ProvisionedThroughputExceededException"}}
        raise ClientError(error, call)

    monkeypatch.setattr(aws_world.dynamodb, call, throttled)
    with pytest.raises(TransientError):
        WorkflowsTable(aws_world.dynamodb, TABLE).seen(["unhappy"], NOON)
