"""Responses as actions read them, in memory and in DynamoDB."""

from dataclasses import replace
from datetime import timedelta

import pytest

from afterbill.adapters.dynamodb import keys
from afterbill.adapters.dynamodb.items import customer_item, encode, invitation_item
from afterbill.model.customer import Customer
from afterbill.model.invitation import Answer, SkipReason, State
from afterbill_actions.adapters.effects import EffectsTable
from afterbill_actions.adapters.responses import ActionResponsesTable
from afterbill_actions.effects import Effects, Written
from afterbill_actions.ports import Snapshot
from afterbill_cli.memory.actions.effects import MemoryEffects
from afterbill_cli.memory.actions.responses import MemoryActionResponses
from afterbill_cli.memory.table import MemoryTable
from tests.contract.conftest import TABLE
from tests.contract.people import NOW
from tests.factories import invitation

HOUR = timedelta(hours=1)
HASH = "0123456789abcdef0123456789abcdef"
ADA = Customer("ada", version=1, address="ada@example.com", address_hash=HASH)
WRITTEN = Written("shop", "tags", "v1", NOW, {"order": "7"})


def answered(id_="invitation-1", at=NOW, **changes):
    defaults = {
        "customer_id": "ada",
        "source": "shop",
        "channel": "mail",
        "address_hashes": (HASH,),
        "state": State.SENT,
        "sent_at": NOW - HOUR,
        "sent_day": "2026-11-22",
        "answer": Answer(3, "late again"),
        "answered_at": at,
        "answered_day": "2026-11-22",
        "objects": {"order": "o-7"},
    }
    return replace(invitation(id=id_), **defaults | changes)


@pytest.fixture(params=["memory", "aws"])
def given(request):
    """Stores invitations, a customer and their names; returns what reads and the effects beside."""
    if request.param == "memory":
        return in_memory
    dynamodb = request.getfixturevalue("aws_world").dynamodb
    return lambda *invitations, aliases=(): in_aws(dynamodb, invitations, aliases)


def in_memory(*invitations, aliases=()):
    table, effects = MemoryTable(), MemoryEffects()
    table.invitations |= {one.id: one for one in invitations}
    table.people["ada"] = ADA
    table.aliases |= dict.fromkeys(aliases, "ada")
    return MemoryActionResponses(table, effects), effects


def in_aws(dynamodb, invitations, aliases):
    items = [*map(invitation_item, invitations), customer_item(replace(ADA, version=0))]
    items += [keys.alias(name) | encode(keys.of("ada")) for name in aliases]
    for item in items:
        dynamodb.put_item(TableName=TABLE, Item=item)
    return ActionResponsesTable(dynamodb, TABLE, clock=NOW.timestamp), EffectsTable(
        dynamodb, TABLE, clock=NOW.timestamp
    )


def test_a_response_is_read_with_its_customer_and_its_effects(given):
    responses, effects = given(answered())
    effects.mark_published("invitation-1", "v1", NOW, NOW + HOUR)
    effects.keep_written("invitation-1", "unhappy/shop.tags", WRITTEN)

    snapshot = responses.snapshot("invitation-1")

    expected = Effects("invitation-1", "v1", NOW, 1, written={"unhappy/shop.tags": WRITTEN})
    assert snapshot == Snapshot(answered(), ADA, expected, (), addressed=True, earlier=())


def test_a_response_that_set_nothing_in_motion_has_no_effects(given):
    responses, _ = given(answered())

    assert responses.snapshot("invitation-1").effects == Effects("invitation-1")


def test_of_a_response_that_is_gone_nothing_is_left(given):
    removed = answered("removed", reason=SkipReason.ERASED, state=State.CLOSED)
    responses, _ = given(answered(), removed)

    assert responses.snapshot("invitation-2") is None
    assert responses.snapshot("removed") is None


def test_a_response_of_nobody_has_no_customer(given):
    responses, _ = given(answered(customer_id="", address_hashes=()))

    snapshot = responses.snapshot("invitation-1", with_earlier=True)

    assert (snapshot.customer, snapshot.customer_ids, snapshot.addressed, snapshot.earlier) == (None, (), False, ())


def test_the_sources_id_of_the_customer_is_among_the_objects(given):
    responses, _ = given(answered(objects={"customer": "cus_1"}), aliases=["shop#cus_2"])

    assert list(responses.snapshot("invitation-1").customer_ids) == ["cus_1"]


def test_or_among_the_names_by_which_that_source_knows_them(given):
    responses, _ = given(answered(), aliases=["shop#cus_2", f"shop@{HASH}", "other#cus_3"])

    assert list(responses.snapshot("invitation-1").customer_ids) == ["cus_2"]


@pytest.mark.parametrize(
    "changes",
    [
        {"channel": "sms"},
        {"address_hashes": (HASH, "f" * 32)},
        {"address_hashes": ()},
    ],
)
def test_a_response_is_not_addressed_where_its_newest_mail_did_not_go_there(given, changes):
    responses, _ = given(answered(**changes))

    assert not responses.snapshot("invitation-1").addressed


def test_earlier_answers_to_the_same_question_are_read_when_they_are_wanted(given):
    older, old = answered("older", NOW - 2 * HOUR), answered("old", NOW - HOUR)
    others = [
        answered("later", NOW + HOUR),
        answered("other question", NOW - HOUR, segments={"question": "csat"}),
        answered("unanswered", None, answer=None, answered_day=""),
        answered("removed", NOW - HOUR, reason=SkipReason.ERASED),
        answered("somebody", NOW - HOUR, customer_id="bo"),
    ]
    responses, _ = given(answered(), older, old, *others)

    assert list(responses.snapshot("invitation-1", with_earlier=True).earlier) == [old, older]
    assert responses.snapshot("invitation-1").earlier == ()
