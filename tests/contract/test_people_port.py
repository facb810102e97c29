"""People: everything that leads to one customer, by one query and batches."""

from datetime import timedelta

import pytest
from botocore.stub import Stubber

from afterbill.adapters.dynamodb import keys
from afterbill.adapters.dynamodb.batches import write_batches
from afterbill.adapters.dynamodb.items import invitation_item
from afterbill.adapters.dynamodb.people import PeopleTable
from afterbill.intake.ports import FactWrites
from afterbill.model.errors import TransientError, UnreadableError
from afterbill.model.privacy import Person
from tests.contract.conftest import TABLE
from tests.contract.erasing import ALIAS, CODE, EVENT, NUMBER, WHO, in_memory, name_of_copy, on_aws, plant
from tests.contract.people import ID, NOW, OTHER_ID, THIRD_ID, customer, invitation, stored
from tests.contract.test_unreadable_items import spoil


@pytest.fixture
def privacy(world, request):
    return on_aws(world, request.getfixturevalue("aws")) if world.dynamodb else in_memory(world)


def test_a_person_is_all_that_leads_to_them(privacy):
    plant(privacy)

    person = privacy.people.person(WHO)

    assert person.customer_id == WHO
    assert person.customer == privacy.world.facts.customers([WHO])[WHO]
    assert person.invitations == privacy.world.sweeps.read_invitations([ID, OTHER_ID, THIRD_ID])
    assert person.aliases == {ALIAS}
    assert EVENT in person.events
    assert person.codes == {CODE}
    assert person.phones == {NUMBER}
    assert person.copies == {name_of_copy(privacy)}
    assert person.tasks == {("stripe", "crowded", "task-1")}


def test_somebody_else_is_another_person(privacy):
    plant(privacy)
    stored(privacy.world, invitation("0d" * 16, customer_id="customer-2"), customer("customer-2"))

    assert privacy.people.person("customer-2").invitations.keys() == {"0d" * 16}
    assert "0d" * 16 not in privacy.people.person(WHO).invitations


@pytest.mark.parametrize("who", ["nobody", ""])
def test_who_never_was_is_a_person_without_anything(privacy, who):
    plant(privacy)

    assert privacy.people.person(who) == Person(who)


def test_an_invitation_that_cannot_be_read_belongs_to_its_person(privacy):
    plant(privacy)
    spoil(privacy.world, state="archived")

    assert isinstance(privacy.people.person(WHO).invitations[ID], UnreadableError)


def test_invitations_of_nobody_are_those_that_exist(privacy):
    privacy.world.facts.commit(FactWrites(invitation=invitation(customer_id="")))

    person = privacy.people.invitations_of_nobody([ID, OTHER_ID])

    assert person == Person("", invitations=privacy.world.sweeps.read_invitations([ID]))


def test_what_stays_of_a_removed_invitation_is_nobodys(privacy):
    plant(privacy)
    privacy.forget()

    assert privacy.people.person(WHO) == Person(WHO)
    assert privacy.people.invitations_of_nobody([ID, OTHER_ID, THIRD_ID]) == Person("")


def erased_at(privacy, alias_hash):
    if not privacy.world.dynamodb:
        return privacy.world.facts.erased[alias_hash].isoformat(timespec="microseconds")
    item = privacy.world.dynamodb.get_item(TableName=TABLE, Key=keys.erased(alias_hash))["Item"]
    return item["erased_at"]["S"]


@pytest.mark.parametrize("other", [timedelta(0), timedelta(microseconds=1), -timedelta(microseconds=1)])
def test_of_two_erasures_of_a_name_the_later_one_counts(privacy, other):
    privacy.people.mark_erased(["hash of a name"], NOW)
    privacy.people.mark_erased(["hash of a name"], NOW + other)

    assert erased_at(privacy, "hash of a name") == max(NOW, NOW + other).isoformat(timespec="microseconds")


def test_names_are_forgotten_alone_and_only_their_own(privacy):
    plant(privacy)

    assert privacy.people.forget_names("customer-2", [ALIAS]) == 0
    assert privacy.people.forget_names(WHO, [ALIAS, "stripe#unknown"]) == 1

    left = privacy.people.person(WHO)
    assert (left.aliases, bool(left.customer), bool(left.invitations)) == (frozenset(), True, True)


def test_a_person_with_more_than_a_batch_is_read_whole(aws_world, aws):
    privacy = on_aws(aws_world, aws)
    ids = [f"{number:032x}" for number in range(120)]
    items = (invitation_item(invitation(id_)) for id_ in ids)
    write_batches(aws_world.dynamodb, TABLE, [{"PutRequest": {"Item": item}} for item in items])

    assert privacy.people.person(WHO).invitations.keys() == set(ids)


LEFT = {TABLE: {"Keys": [keys.invitation(ID)]}}


def test_what_a_batch_leaves_unread_is_read_again(aws):
    """A call gives 16 MB at most."""
    client = aws("dynamodb")
    found = keys.invitation(ID) | {"state": {"S": "archived"}}
    with Stubber(client) as stub:
        stub.add_response("batch_get_item", {"Responses": {}, "UnprocessedKeys": LEFT})
        stub.add_response("batch_get_item", {"Responses": {TABLE: [found]}, "UnprocessedKeys": {}})

        assert PeopleTable(client, TABLE).invitations_of_nobody([ID]).invitations.keys() == {ID}


def test_what_is_left_unread_time_after_time_is_transient(aws):
    client = aws("dynamodb")
    with Stubber(client) as stub:
        for _ in range(8):
            stub.add_response("batch_get_item", {"Responses": {}, "UnprocessedKeys": LEFT})
        with pytest.raises(TransientError, match="throttling"):
            PeopleTable(client, TABLE).invitations_of_nobody([ID])


def test_a_customer_who_cannot_be_read_is_a_person_all_the_same(aws_world, aws):
    privacy = on_aws(aws_world, aws)
    plant(privacy)
    aws_world.dynamodb.update_item(TableName=TABLE, Key=keys.customer(WHO), UpdateExpression="REMOVE version")

    person = privacy.people.person(WHO)

    assert person.customer is None
    assert person.aliases == {ALIAS}
