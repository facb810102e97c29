"""What responses set in motion: the same promises in memory and over DynamoDB."""

from datetime import timedelta

import pytest

from afterbill.adapters.dynamodb.items import encode
from afterbill.model.errors import UnreadableError
from afterbill_actions.adapters import keys
from afterbill_actions.adapters.effects import EffectsTable
from afterbill_actions.effects import Effects, Written, effect_name
from afterbill_cli.memory.actions.effects import MemoryEffects
from tests.contract.conftest import TABLE, clock
from tests.factories import DAY, NOON, SECOND

ID, OTHER = "0f1e2d3c4b5a69788796a5b4c3d2e1f0", "ffffffffffffffffffffffffffffffff"
END = NOON + 700 * DAY
TICKET, TAG = effect_name("unhappy", "helpdesk", "ticket"), effect_name("unhappy", "shop", "tags")
WRITTEN = Written(
    "helpdesk", "ticket", "0123456789ab", NOON + timedelta(microseconds=7), {"ticket": "4711", "tags": "NPS 3"}
)


@pytest.fixture
def effects(world):
    return EffectsTable(world.dynamodb, TABLE, clock=clock) if world.dynamodb else MemoryEffects()


@pytest.fixture
def marked(effects):
    effects.mark_published(ID, "0123456789ab", NOON, END)
    return effects


def test_a_response_that_was_never_published_has_no_effects(effects):
    assert effects.effects([ID, OTHER]) == {}
    assert effects.effects([]) == {}


def test_a_version_is_marked_and_counted(marked):
    assert marked.effects([ID, OTHER]) == {ID: Effects(ID, "0123456789ab", NOON, 1)}


def test_the_same_version_again_changes_nothing(marked):
    marked.mark_published(ID, "0123456789ab", NOON + SECOND, END)

    assert marked.effects([ID])[ID] == Effects(ID, "0123456789ab", NOON, 1)


def test_another_version_takes_its_place_and_no_answer_is_one(marked):
    marked.mark_published(ID, "", NOON + SECOND, END)

    assert marked.effects([ID])[ID] == Effects(ID, "", NOON + SECOND, 2)


def test_the_rating_that_was_published_first_stays(marked):
    marked.mark_published(ID, "ba9876543210", NOON + SECOND, END, 3)
    marked.mark_published(ID, "cd9876543210", NOON + SECOND, END, 9)

    assert marked.effects([ID])[ID].first_rating == 3


def test_what_was_written_stands_by_its_effect(marked):
    tag = Written("shop", "tags", "0123456789ab", NOON)
    marked.keep_written(ID, TICKET, WRITTEN)
    marked.keep_written(ID, TAG, tag)

    assert marked.effects([ID])[ID].written == {TICKET: WRITTEN, TAG: tag}


def test_what_is_written_anew_takes_the_place_of_what_was_before(marked):
    marked.keep_written(ID, TICKET, Written("helpdesk", "ticket", "an older one", NOON, {"ticket": "1"}))
    marked.keep_written(ID, TICKET, WRITTEN)

    assert marked.effects([ID])[ID].written == {TICKET: WRITTEN}


def test_a_new_version_keeps_what_was_written(marked):
    marked.keep_written(ID, TICKET, WRITTEN)
    marked.mark_published(ID, "ba9876543210", NOON + SECOND, END)

    assert marked.effects([ID])[ID] == Effects(ID, "ba9876543210", NOON + SECOND, 2, {TICKET: WRITTEN})


def test_what_was_taken_back_is_forgotten_and_the_rest_stays(marked):
    marked.keep_written(ID, TICKET, WRITTEN)
    marked.keep_written(ID, TAG, WRITTEN)
    for _ in range(2):
        marked.forget_written(ID, TAG)

    assert marked.effects([ID])[ID].written == {TICKET: WRITTEN}


def test_after_an_erasure_nothing_is_kept_of_what_was_on_its_way(marked):
    marked.forget([ID, OTHER])
    marked.keep_written(ID, TICKET, WRITTEN)
    marked.forget_written(ID, TICKET)

    assert marked.effects([ID]) == {}


def test_those_of_hundreds_are_read_and_forgotten(effects):
    ids = [f"{number:032x}" for number in range(130)]
    for id_ in ids:
        effects.mark_published(id_, "0123456789ab", NOON, END)

    assert effects.effects(ids).keys() == set(ids)
    effects.forget(ids[:30])
    assert effects.effects(ids).keys() == set(ids[30:])


def test_an_item_ends_with_its_response(aws_world):
    effects = EffectsTable(aws_world.dynamodb, TABLE)
    effects.mark_published(ID, "0123456789ab", NOON, END)
    item = aws_world.dynamodb.get_item(TableName=TABLE, Key=keys.effects(ID))["Item"]

    assert item["expires_at"] == {"N": str(int(END.timestamp()))}


def test_an_item_of_another_version_of_afterbill_is_named(aws_world):
    effects = EffectsTable(aws_world.dynamodb, TABLE)
    strange = keys.effects(ID) | encode({"published": "x", f"written/{TICKET}": "a word"})
    aws_world.dynamodb.put_item(TableName=TABLE, Item=strange)

    with pytest.raises(UnreadableError, match=ID):
        effects.effects([ID])
