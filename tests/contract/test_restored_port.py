"""RestoredTable, in memory and in DynamoDB."""

from datetime import timedelta

import pytest

from afterbill.adapters.dynamodb import keys
from afterbill.intake.ports import FactWrites
from afterbill.model.customer import Suppression
from afterbill.model.privacy import Objection, Standing
from afterbill.model.short_links import ShortLink
from afterbill_cli.memory.ledger import MemoryRestored
from afterbill_cli.privacy.restored_table import RestoredItems
from tests.contract.conftest import TABLE
from tests.contract.people import ID, NOW, customer, invitation

HASHED, NUMBER = "5e1f0c2b7a9d4e63815fb0a4d2c6e7f9", "77aa0c2b7a9d4e63815fb0a4d2c6e7f9"
SAID = Objection(HASHED, NOW, Suppression.UNSUBSCRIBED)
LATER = NOW + timedelta(minutes=1)


@pytest.fixture
def restored(world):
    return RestoredItems(world.dynamodb, TABLE) if world.dynamodb else MemoryRestored(world.facts)


def known(world, address_hash=HASHED):
    """A customer with this address, and one invitation of theirs."""
    aliases = {"shop#cus_1": ("customer-1", None)}
    world.facts.commit(FactWrites(invitation(), (customer(address_hash=address_hash),), aliases))


def suppressed(world):
    return world.mail_events.customer("customer-1").suppressed


def test_an_empty_table_has_no_ids(restored):
    assert list(restored.standing()) == []


def test_customers_invitations_and_names_are_told(world, restored):
    known(world)
    world.mail_events.suppress(NUMBER, Suppression.BOUNCED, NOW, None)

    assert set(restored.standing()) == {
        Standing("customer-1"),
        Standing("customer-1", invitation_id=ID),
        Standing("customer-1", alias="shop#cus_1"),
    }


def test_a_word_counts_for_the_address_and_whoever_holds_it(world, restored):
    known(world)

    restored.object_again(SAID)

    assert world.codes.suppressed(HASHED)
    assert suppressed(world) is Suppression.UNSUBSCRIBED


def test_a_word_about_a_number_counts_for_whoever_it_belonged_to(world, restored):
    known(world)
    world.codes.keep(ShortLink("0123456789", ID, LATER, NUMBER, "customer-1"))

    restored.object_again(Objection(NUMBER, NOW, Suppression.UNSUBSCRIBED))

    assert suppressed(world) is Suppression.UNSUBSCRIBED


def test_a_word_about_an_address_of_nobody_is_kept(world, restored):
    restored.object_again(SAID)

    assert world.codes.suppressed(HASHED)


def test_a_lifting_ends_what_was_said_before(world, restored):
    restored.object_again(SAID)
    restored.object_again(Objection(HASHED, LATER))

    assert not world.codes.suppressed(HASHED)
    restored.object_again(SAID)
    assert not world.codes.suppressed(HASHED)


def test_what_was_lifted_again_is_forgotten_like_everything_else(aws_world):
    restored = RestoredItems(aws_world.dynamodb, TABLE, kept=timedelta(days=10))
    for said in (SAID, Objection(HASHED, LATER)):
        restored.object_again(said)

    item = restored.item(keys.address(HASHED))
    assert int(item[keys.TTL]["N"]) == int((LATER + timedelta(days=10)).timestamp())


def test_a_lifting_of_what_nobody_said_changes_nothing(world, restored):
    restored.object_again(Objection(HASHED, LATER))

    assert not world.codes.suppressed(HASHED)
