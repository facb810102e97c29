"""Test surveys, in memory and in DynamoDB: stored like others, and counted, asked and found by nobody."""

from dataclasses import replace
from datetime import date, timedelta

import pytest

from afterbill.adapters.dynamodb import keys
from afterbill.adapters.dynamodb.campaigns import CampaignsTable
from afterbill.adapters.dynamodb.click_reviews import ReviewsTable
from afterbill.adapters.dynamodb.external_responses import ExternalResponsesTable
from afterbill.adapters.dynamodb.scores import ScoresTable
from afterbill.intake.ports import FactQuery, FactWrites
from afterbill.model.campaigns import slot_of
from afterbill.model.customer import NOBODY
from afterbill.model.invitation import NO_DAY, TEST_RETENTION, Answer, SkipReason, State
from afterbill.model.visits import Kind, Visit
from afterbill_cli.memory.scores import MemoryCampaigns, MemoryReviews, MemoryScores
from tests.contract.conftest import TABLE
from tests.contract.people import ADDRESS, ID, NOW, claimed, customer, invitation, mailed, stored

DAY = date(2026, 11, 22)
FORGOTTEN = NOW + timedelta(days=40)
SKIPPED = invitation(state=State.CLOSED, reason=SkipReason.TEST_MODE, customer_id="", address_hashes=())


def about_a_test(**changes):
    return invitation(answered_day=NO_DAY, cooldown=timedelta(0), **changes)


def sent(world):
    one, who = stored(world, about_a_test(), customer(forget_at=FORGOTTEN))
    assert world.invitations.claim(claimed(one), who, NOBODY)
    world.invitations.mark_sent(replace(mailed(claimed(one)), sent_day=NO_DAY))
    return world.invitations.invitation(ID)


def counted(world):
    scores = ScoresTable(world.dynamodb, TABLE) if world.dynamodb else MemoryScores(world.facts.invitations)
    return [one for page in (*scores.sends_of(DAY), *scores.answers_of(DAY)) for one in page.items]


def test_it_comes_back_as_a_test(world):
    one, _ = stored(world, about_a_test())
    assert one == about_a_test()
    assert one.test


def test_it_is_sent_and_answered_like_others_on_no_day(world):
    assert sent(world).sent_day == NO_DAY

    recorded = world.responses.record(ID, Answer(3), NOW, DAY.isoformat())

    assert recorded.stored
    assert (recorded.invitation.answer, recorded.invitation.answered_day) == (Answer(3), NO_DAY)
    assert counted(world) == []


def test_a_reviewed_click_is_on_no_day_either(world):
    sent(world)
    clicked = world.responses.visit(ID, Visit(NOW, Kind.SEEN, 9, "0badcafe", "safari"))
    reviews = ReviewsTable(world.dynamodb, TABLE) if world.dynamodb else MemoryReviews(world.facts.invitations)

    assert reviews.store_review(replace(clicked, answer=Answer(9, confirmed=False), answered_at=NOW), clicked)

    assert world.invitations.invitation(ID).answered_day == NO_DAY
    assert counted(world) == []


def test_what_proves_that_it_was_sent_counts_it_on_no_day(world):
    one, who = stored(world, about_a_test())
    assert world.invitations.claim(claimed(one), who, NOBODY)

    world.mail_events.confirm_sent(one, "message-1", NOW, one.day(DAY.isoformat()))

    assert world.invitations.invitation(ID).state is State.SENT
    assert counted(world) == []


def test_its_address_was_not_asked(world):
    sent(world)
    assert world.facts.look_up(FactQuery(address_hash=ADDRESS)).recipient.last_asked_at is None


def test_it_takes_the_place_of_the_same_fact_that_was_skipped_as_a_test(world):
    assert world.facts.commit(FactWrites(invitation=SKIPPED))

    assert world.facts.commit(FactWrites(invitation=about_a_test()))

    assert world.invitations.invitation(ID) == about_a_test()


@pytest.mark.parametrize(
    "there", [invitation(), about_a_test(), replace(SKIPPED, reason=SkipReason.SUPPRESSED)], ids=["real", "test", "no"]
)
def test_it_takes_the_place_of_nothing_else(world, there):
    world.facts.commit(FactWrites(invitation=there))

    assert not world.facts.commit(FactWrites(invitation=about_a_test(locale="fr")))
    assert world.invitations.invitation(ID) == there


def test_a_real_one_never_takes_the_place_of_a_skipped_test(world):
    world.facts.commit(FactWrites(invitation=SKIPPED))

    assert not world.facts.commit(FactWrites(invitation=invitation()))


def test_its_customer_comes_back_whole_with_their_address(world):
    _, who = stored(world, about_a_test(), customer(forget_at=FORGOTTEN))
    assert who == customer(forget_at=FORGOTTEN, version=1)


def test_its_customer_is_asked_by_no_campaign_and_holds_no_address(world):
    stored(world, about_a_test(), customer(forget_at=FORGOTTEN))
    stored(world, invitation("0d" * 16, customer_id="customer-2"), customer("customer-2"))
    if world.dynamodb:
        campaigns = CampaignsTable(world.dynamodb, TABLE)
        answers = ExternalResponsesTable(world.dynamodb, TABLE)
    else:
        campaigns, answers = MemoryCampaigns(world.facts.people), world.facts

    assert list(campaigns.customers_in(slot_of("customer-1"))) == []
    assert list(campaigns.customers_in(slot_of("customer-2"))) == ["customer-2"]
    assert list(answers.holders(ADDRESS)) == ["customer-2"]


def test_both_are_forgotten_soon(world):
    one, who = stored(world, about_a_test(), customer(forget_at=FORGOTTEN))
    ends = one.answer_until + one.patience + TEST_RETENTION
    assert (one.kept_until(), who.forget_at) == (ends, FORGOTTEN)
    if not world.dynamodb:
        return  # nothing expires in memory

    def forgotten(key):
        return int(world.dynamodb.get_item(TableName=TABLE, Key=key)["Item"][keys.TTL]["N"])

    assert forgotten(keys.customer("customer-1")) == int(FORGOTTEN.timestamp())
    assert forgotten(keys.invitation(ID)) == int(ends.timestamp())
