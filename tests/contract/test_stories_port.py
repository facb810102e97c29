"""The stories of customers and the tasks about them, in memory and in DynamoDB."""

from dataclasses import replace
from datetime import timedelta

import pytest

from afterbill.adapters.dynamodb.people import PeopleTable
from afterbill.intake.ports import FactWrites
from afterbill.model.billing import CROWDED, CustomerRef, OperatorTask
from afterbill.model.privacy import DEADLINE
from afterbill.model.short_links import ShortLink
from afterbill_cli.memory.handled import MemoryStories, MemoryTasks
from afterbill_console.adapters.stories import StoriesTable
from afterbill_console.adapters.tasks import TasksOfOperators
from afterbill_console.people.ports import Task
from tests.contract.conftest import TABLE
from tests.contract.people import ADDRESS, ID, NOW, OTHER_ID, customer, invitation

NUMBER = "b" * 32
ADA = replace(customer(), version=0)


@pytest.fixture
def tasks(world):
    return TasksOfOperators(PeopleTable(world.dynamodb, TABLE)) if world.dynamodb else MemoryTasks(world.facts)


@pytest.fixture
def stories(world, tasks):
    if world.dynamodb:
        return StoriesTable(PeopleTable(world.dynamodb, TABLE), part=2)
    return MemoryStories(world.facts, tasks, part=2)


def kept(world, number, who=ADA.id, **changes):
    at = NOW + timedelta(minutes=number)
    one = invitation(f"{number:032x}", customer_id=who, created_at=at, occurred_at=at, objects={}, **changes)
    assert world.facts.commit(FactWrites(one))
    return one.id


def ids(told):
    return [one.response.id for one in told.answers]


def test_a_story_is_told_in_parts_the_newest_first(world, stories):
    world.facts.commit(FactWrites(customers=(ADA,)))
    one, two, three = (kept(world, number) for number in (1, 2, 3))
    kept(world, 4, who="somebody-else")

    first = stories.story(ADA.id)
    assert ids(first) == [three, two]
    assert first.customer == replace(ADA, version=first.customer.version)
    second = stories.story(ADA.id, first.next)
    assert (ids(second), second.next) == ([one], "")


def test_of_nobody_there_is_no_story(stories):
    told = stories.story("f" * 32)

    assert (told.customer, ids(told), told.tasks, told.next) == (None, [], [], "")


def test_a_place_that_is_none_of_ours_is_refused(stories):
    with pytest.raises(ValueError, match="none of ours"):
        stories.story(ADA.id, "'; DROP TABLE")


def test_a_story_has_the_tasks_about_the_customer(world, stories):
    ref = CustomerRef("cus_1", own_id=ADA.id)
    kept(world, 1)
    for number in (1, 2):
        world.facts.keep_task(OperatorTask("shop", CROWDED, f"id-{number}", NOW, ref), "", NOW)
    world.facts.keep_task(OperatorTask("shop", CROWDED, "other", NOW), "", NOW)

    assert sorted(task.id for task in stories.story(ADA.id).tasks) == ["id-1", "id-2"]


def test_an_invitation_tells_whose_it_is(world, stories):
    world.facts.commit(FactWrites(invitation(ID, customer_id=ADA.id, objects={})))
    world.facts.commit(
        FactWrites(invitation(OTHER_ID, customer_id="", objects={}, fact="stripe|acct|another|renewed|"))
    )

    assert [stories.owner(id_) for id_ in (ID, OTHER_ID, "f" * 32)] == [ADA.id, "", None]


def test_customers_are_found_by_what_sources_call_them(world, stories):
    world.facts.commit(FactWrites(customers=(ADA,), aliases={"stripe#cus_1": (ADA.id, None)}))

    assert stories.called(["stripe#cus_1", "shop#cus_1"]) == [ADA.id]
    assert set(stories.known([ADA.id, "f" * 32])) == {ADA.id}


def test_customers_are_found_by_their_address(world, stories):
    world.facts.commit(FactWrites(customers=(replace(ADA, address_hash=ADDRESS),)))

    assert list(stories.holding(ADDRESS)) == [ADA.id]
    assert list(stories.holding("0" * 32)) == []


def test_customers_are_found_by_the_number_a_text_message_went_to(world, stories):
    assert world.codes.keep(ShortLink("abcdefg", ID, NOW, NUMBER, ADA.id))

    assert list(stories.holding(NUMBER)) == [ADA.id]


REQUEST = OperatorTask("shop", "privacy", "request-1", NOW, CustomerRef("cus_1"), {"shop_id": "7"})


def test_open_tasks_of_all_sources_stand_in_their_order(world, tasks):
    for number, source in ((2, "stripe"), (1, "shop")):
        at = NOW + timedelta(days=number)
        world.facts.keep_task(replace(REQUEST, source=source, occurred_at=at), "hash", NOW)

    assert [(task.source, task.occurred_at, task.due_at) for task in tasks.open_tasks()] == [
        ("shop", NOW + timedelta(days=1), NOW + timedelta(days=1) + DEADLINE),
        ("stripe", NOW + timedelta(days=2), NOW + timedelta(days=2) + DEADLINE),
    ]
    assert tasks.task("shop", "privacy", "request-1").details == {"shop_id": "7"}


def test_a_task_that_is_done_is_open_no_more(world, tasks):
    world.facts.keep_task(REQUEST, "hash", NOW)

    assert tasks.finish("shop", "privacy", "request-1", NOW)
    assert not tasks.finish("shop", "privacy", "request-1", NOW)
    assert tasks.open_tasks() == []
    done = Task("shop", "privacy", "request-1", NOW, NOW + DEADLINE, "cus_1", done_at=NOW)
    assert tasks.task("shop", "privacy", "request-1") == done


def test_a_task_that_does_not_exist_is_not_done(tasks):
    assert not tasks.finish("shop", "privacy", "request-1", NOW)
    assert tasks.task("shop", "privacy", "request-1") is None


def test_the_secret_of_a_verifier_is_never_handed_out(world, tasks):
    secret = replace(REQUEST, kind="verifier", details={"verifier": "zq7-secret"})
    world.facts.keep_task(secret, "", NOW)

    (task,) = tasks.open_tasks()
    assert (task.details, task.due_at) == ({}, None)
