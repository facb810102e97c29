"""Invitations: claim, mark, release, close, in memory and in DynamoDB."""

from dataclasses import replace
from datetime import timedelta

import pytest

from afterbill.intake.ports import FactQuery, FactWrites
from afterbill.model.billing import Money
from afterbill.model.customer import NOBODY, Recipient
from afterbill.model.invitation import Answer, Deferral, Delivery, FollowUp, SkipReason, State
from afterbill.model.recurring import Recurring
from afterbill.outreach.policy import Situation
from tests.contract.people import (
    ADA,
    ADDRESS,
    DUE,
    ID,
    LINK,
    NOW,
    OTHER_ID,
    claimed,
    customer,
    invitation,
    mailed,
    sending,
    sent,
    stored,
    unsent,
    waiting,
)

EARLIER = NOW - timedelta(days=100)
LATER = DUE + timedelta(hours=2)


NEW_ADDRESS = "ad0e" * 8


def recipient(world, address_hash=ADDRESS):
    return world.facts.look_up(FactQuery(address_hash=address_hash)).recipient


def claim_for_another_customer_of_the_address(world, at=NOW):
    """The same person as a customer of another source, say."""
    other, who = stored(world, invitation(OTHER_ID, objects={}), customer("customer-2"))
    return world.invitations.claim(claimed(other, at=at), who, ADA)


def person(world, id_="customer-1"):
    return world.facts.customers([id_])[id_]


def found(world):
    return world.invitations.invitation(ID)


def test_an_unknown_invitation_is_none(world):
    assert world.invitations.invitation(ID) is None


def test_the_situation_is_the_customer_as_they_are_now(world):
    asked, who = stored(world)

    assert world.invitations.situation(asked) == Situation(who, stopped=False, recipient=ADA)


def test_a_customer_who_was_erased_is_nobody(world):
    assert world.invitations.situation(invitation()) == Situation(None, stopped=False)
    assert world.invitations.situation(invitation(customer_id="")) == Situation(None, stopped=False)


def test_the_situation_tells_when_the_address_was_asked_and_what_its_holder_said(world):
    asked, who = stored(world)
    claim_for_another_customer_of_the_address(world)
    world.responses.suppress(ADDRESS, "complained", NOW, None)

    assert world.invitations.situation(asked) == Situation(who, recipient=Recipient(ADDRESS, NOW, "complained"))


def test_the_situation_is_about_the_address_that_the_customer_has_by_now(world):
    asked, who = stored(world)
    world.facts.commit(FactWrites(customers=(replace(who, address="a@example.com", address_hash=NEW_ADDRESS),)))
    world.responses.suppress(ADDRESS, "bounced", NOW, None)
    world.responses.suppress(NEW_ADDRESS, "complained", NOW, None)

    assert world.invitations.situation(asked).recipient == Recipient(NEW_ADDRESS, suppressed="complained")


def test_who_has_no_address_is_no_recipient(world):
    asked, who = stored(world, who=customer(address=None, address_hash=""))

    assert world.invitations.situation(asked) == Situation(who, recipient=NOBODY)


def test_a_payment_taken_back_by_another_fact_is_stopped(world):
    asked, _ = stored(world)
    world.facts.commit(FactWrites(stops={LINK: OTHER_ID}))

    assert world.invitations.situation(asked).stopped


def test_what_takes_a_payment_back_does_not_stop_itself(world):
    asked, _ = stored(world)
    world.facts.commit(FactWrites(stops={LINK: ID}))

    assert not world.invitations.situation(asked).stopped


@pytest.mark.parametrize(
    ("touchpoint", "hours", "stopped"),
    [
        ("payment_succeeded", 0, True),
        ("payment_succeeded", 1, True),
        ("payment_succeeded", -1, False),
        ("payment_failed", 1, False),
    ],
    ids=["failed at the same moment", "failed later", "succeeded later", "about the failure itself"],
)
def test_a_payment_that_failed_after_its_success_is_stopped(world, touchpoint, hours, stopped):
    asked, _ = stored(world, invitation(touchpoint=touchpoint))
    world.facts.commit(FactWrites(failed={LINK: asked.occurred_at + timedelta(hours=hours)}))

    assert world.invitations.situation(asked).stopped is stopped


def test_a_claim_is_an_attempt_of_its_own_and_customer_and_address_were_asked(world):
    asked, who = stored(world)

    assert world.invitations.claim(claimed(asked), who, ADA)

    assert found(world) == claimed(asked)
    assert person(world) == replace(who, last_asked_at=NOW, version=2)
    assert recipient(world) == Recipient(ADDRESS, NOW)


def test_a_claimed_survey_is_waited_for_no_longer(world):
    asked, who = stored(world, who=customer(waiting=waiting(ID, OTHER_ID)))

    assert world.invitations.claim(claimed(asked), who, ADA)

    assert person(world).waiting == waiting(OTHER_ID)


def test_a_claim_gives_the_invitation_to_the_customer_it_names(world):
    asked, _ = stored(world)
    world.facts.commit(FactWrites(customers=(customer("customer-2"),)))

    other = person(world, "customer-2")
    assert world.invitations.claim(claimed(replace(asked, customer_id="customer-2")), other, ADA)

    assert found(world).customer_id == "customer-2"
    assert person(world, "customer-2").last_asked_at == NOW
    assert person(world).last_asked_at is None


def test_a_claim_keeps_what_the_mail_was_sent_with(world):
    """Only so does a mail whose fate stays unknown count in the right segments once it is settled."""
    asked, who = stored(world)
    segments = {"touchpoint": "payment_succeeded", "plan": "max", "country": "DE"}
    ours = replace(
        claimed(asked), segments=segments, locale="de-AT", zone="Europe/Vienna", address_hashes=(NEW_ADDRESS,)
    )
    ours = replace(ours, recurring=Recurring(Money(4900, "EUR"), 1, "month"))

    assert world.invitations.claim(ours, who, ADA)

    assert found(world) == ours


def test_of_two_claims_one_wins(world):
    asked, who = stored(world)

    assert world.invitations.claim(claimed(asked, "first"), who, ADA)
    assert not world.invitations.claim(claimed(asked, "second", NOW + timedelta(seconds=1)), who, ADA)

    assert found(world) == claimed(asked, "first")
    assert person(world).last_asked_at == NOW


def test_two_invitations_to_one_customer_are_not_claimed_at_once(world):
    """The cooldown was read before either claim: the customer's version tells the second that it has changed."""
    asked, who = stored(world)
    other = replace(invitation(OTHER_ID), objects={})
    world.facts.commit(FactWrites(invitation=other))

    assert world.invitations.claim(claimed(asked), who, ADA)
    assert not world.invitations.claim(claimed(other), who, ADA)

    assert world.invitations.invitation(OTHER_ID) == other


@pytest.mark.parametrize(
    "change",
    [{"suppressed": "complained"}, {"deleted": True}, {"last_asked_at": EARLIER}],
    ids=["suppressed", "deleted", "asked"],
)
def test_a_customer_changed_since_it_was_read_is_not_asked(world, change):
    asked, who = stored(world)
    world.facts.commit(FactWrites(customers=(replace(who, **change),)))

    assert not world.invitations.claim(claimed(asked), who, ADA)

    assert found(world) == asked


def test_a_customer_erased_since_it_was_read_is_not_asked(world):
    asked = invitation()
    world.facts.commit(FactWrites(invitation=asked))

    assert not world.invitations.claim(claimed(asked), customer(version=1), ADA)
    assert found(world) == asked


def test_a_closed_invitation_is_not_claimed(world):
    asked, who = stored(world, invitation(state=State.CLOSED, reason="cooldown"))

    assert not world.invitations.claim(claimed(asked), who, ADA)
    assert person(world) == who


def test_two_customers_with_one_address_are_not_asked_at_once(world):
    asked, who = stored(world)
    assert claim_for_another_customer_of_the_address(world)

    assert not world.invitations.claim(claimed(asked), who, ADA)

    assert found(world) == asked
    assert person(world) == who
    assert recipient(world).last_asked_at == NOW


def test_an_address_that_was_asked_before_is_asked_again(world):
    asked, who = stored(world)
    claim_for_another_customer_of_the_address(world, EARLIER)

    assert world.invitations.claim(claimed(asked), who, Recipient(ADDRESS, EARLIER))
    assert recipient(world).last_asked_at == NOW


def test_who_has_no_address_is_asked_without_one(world):
    asked, who = stored(world, who=customer(address=None, address_hash=""))
    claim_for_another_customer_of_the_address(world)

    assert world.invitations.claim(claimed(asked), who, NOBODY)


@pytest.mark.parametrize("read", [None, "bounced"], ids=["of which nothing was known", "that had bounced"])
def test_an_address_of_which_an_objection_came_since_it_was_read_is_not_asked(world, read):
    asked, who = stored(world)
    world.responses.suppress(ADDRESS, "unsubscribed", NOW, None)

    assert not world.invitations.claim(claimed(asked), who, Recipient(ADDRESS, suppressed=read))

    assert found(world) == asked


def test_who_has_an_address_that_bounced_is_asked_by_another_channel(world):
    asked, who = stored(world)
    world.responses.suppress(ADDRESS, "bounced", NOW, None)

    assert world.invitations.claim(claimed(asked).by("sms"), who, Recipient(ADDRESS, suppressed="bounced"))
    assert recipient(world) == Recipient(ADDRESS, NOW, "bounced")


@pytest.mark.parametrize("before", [None, EARLIER], ids=["never asked", "asked before"])
def test_a_released_claim_gives_the_address_back(world, before):
    asked, who = stored(world)
    if before:
        claim_for_another_customer_of_the_address(world, before)
    world.invitations.claim(claimed(asked), who, Recipient(ADDRESS, before))

    world.invitations.release(replace(claimed(asked), generation=2), who, Recipient(ADDRESS, before))

    assert recipient(world) == Recipient(ADDRESS, before)


def test_a_release_leaves_a_later_ask_at_the_address_alone(world):
    ours, who = sending(world)
    other, another = stored(world, invitation(OTHER_ID, objects={}), customer("customer-2"))
    world.invitations.claim(claimed(other, at=LATER), another, Recipient(ADDRESS, NOW))

    world.invitations.release(replace(ours, generation=2), who, ADA)

    assert recipient(world).last_asked_at == LATER


def test_a_release_keeps_what_was_said_of_the_address_meanwhile(world):
    ours, who = sending(world)
    world.responses.suppress(ADDRESS, "unsubscribed", NOW, None)

    world.invitations.release(replace(ours, generation=2), who, ADA)

    assert recipient(world) == Recipient(ADDRESS, suppressed="unsubscribed")


@pytest.mark.parametrize("before", [None, EARLIER], ids=["never asked", "asked before"])
def test_a_released_claim_waits_again_as_if_nobody_had_been_asked(world, before):
    asked, who = stored(world, who=customer(last_asked_at=before))
    ours = replace(claimed(asked), previously_asked_at=before)
    world.invitations.claim(ours, who, ADA)

    world.invitations.release(replace(ours, deferred_until=LATER, generation=2), who, ADA)

    assert found(world) == replace(asked, deferred_until=LATER, generation=2)
    assert person(world) == replace(who, version=3)


def test_a_released_invitation_competes_again(world):
    asked, who = stored(world, who=customer(waiting=waiting(ID, OTHER_ID)))
    world.invitations.claim(claimed(asked), who, ADA)

    world.invitations.release(replace(claimed(asked), deferred_until=LATER, generation=2), who, ADA)

    assert person(world).waiting == waiting(OTHER_ID) | {ID: replace(waiting()[ID], due_at=LATER)}


def test_a_released_invitation_can_be_claimed_again(world):
    ours, who = sending(world)
    later = replace(ours, deferred_until=LATER, generation=2)
    world.invitations.release(later, who, ADA)

    assert world.invitations.claim(claimed(later, "second", LATER), person(world), ADA)
    assert found(world).attempt == "second"


def test_only_the_attempt_itself_is_released(world):
    ours, who = sending(world)

    world.invitations.release(replace(ours, attempt="other", claimed_at=LATER, deferred_until=LATER), who, ADA)

    assert found(world) == ours
    assert person(world).last_asked_at == NOW


def test_an_attempt_that_was_given_up_as_unknown_is_released_too(world):
    ours, who = sending(world)
    world.invitations.mark_unknown(ours)

    world.invitations.release(replace(ours, deferred_until=LATER, generation=2), who, ADA)

    assert (found(world).state, found(world).attempt, found(world).ready_at) == (State.PENDING, "", LATER)


def test_a_release_leaves_a_later_ask_alone(world):
    ours, who = sending(world)
    world.facts.commit(FactWrites(customers=(replace(person(world), last_asked_at=LATER),)))

    world.invitations.release(replace(ours, deferred_until=LATER, generation=2), who, ADA)

    assert found(world).state is State.PENDING
    assert person(world).last_asked_at == LATER


def test_a_sent_mail_is_marked_with_its_message_and_day(world):
    ours, _ = sending(world)

    world.invitations.mark_sent(mailed(ours))

    marked = replace(mailed(ours), state=State.SENT, delivery=Delivery.ACCEPTED)
    # The claim is over, and every byte of an item is paid for again with each write.
    assert found(world) == replace(marked, attempt="", claimed_at=None)


def test_a_mark_repeats_harmlessly(world):
    ours, _ = sending(world)
    world.invitations.mark_sent(mailed(ours))
    world.invitations.mark_sent(mailed(ours, LATER))

    assert found(world).sent_at == NOW


def test_a_mark_does_not_lower_what_was_reported_before_it(world):
    ours, _ = sending(world)
    world.mail_events.deliver(ID, Delivery.DELIVERED)

    world.invitations.mark_sent(mailed(ours))

    assert found(world).delivery is Delivery.DELIVERED


@pytest.mark.parametrize("mark", ["mark_sent", "mark_unknown"])
def test_only_the_attempt_itself_is_marked(world, mark):
    ours, _ = sending(world)

    getattr(world.invitations, mark)(mailed(replace(ours, attempt="other")))

    assert found(world) == ours


def test_silence_is_marked_as_unknown(world):
    ours, _ = sending(world)

    world.invitations.mark_unknown(ours)

    assert found(world) == replace(ours, state=State.UNKNOWN)


def test_a_mail_that_was_proven_sent_does_not_become_unknown(world):
    ours, _ = sending(world)
    world.invitations.mark_sent(mailed(ours))

    world.invitations.mark_unknown(ours)

    assert found(world).state is State.SENT


def test_closing_says_why_and_the_customer_waits_no_longer(world):
    asked, who = stored(world, who=customer(waiting=waiting(ID, OTHER_ID)))

    world.invitations.close(replace(asked, closed_at=LATER), SkipReason.STOPPED)

    assert found(world) == replace(asked, state=State.CLOSED, reason="stopped", closed_at=LATER)
    assert person(world) == replace(who, waiting=waiting(OTHER_ID), version=2)
    assert unsent(world, 13) == []


def test_closing_leaves_a_customer_who_waits_for_another_survey(world):
    asked, who = stored(world, who=customer(waiting=waiting(OTHER_ID)))

    world.invitations.close(asked, SkipReason.SUPERSEDED)

    assert person(world) == who


def test_closing_needs_no_customer(world):
    bare = invitation(customer_id="")
    world.facts.commit(FactWrites(invitation=bare))

    world.invitations.close(bare, SkipReason.NO_CUSTOMER)

    assert found(world).reason == "no_customer"


def test_a_rejected_attempt_is_closed(world):
    ours, _ = sending(world)

    world.invitations.close(ours, SkipReason.REJECTED)

    assert found(world) == replace(ours, state=State.CLOSED, reason="rejected")


def test_what_has_moved_on_since_it_was_read_is_not_closed(world):
    asked, who = stored(world)
    world.invitations.claim(claimed(asked), who, ADA)

    world.invitations.close(asked, SkipReason.EXPIRED)

    assert found(world) == claimed(asked)


def test_what_was_erased_since_it_was_read_stays_erased(world):
    """An update that finds nothing must not make an item of the few attributes it sets."""
    ours = mailed(claimed(invitation()))

    world.invitations.release(ours, customer(version=1), ADA)
    world.invitations.mark_sent(ours)
    world.invitations.mark_unknown(ours)
    world.invitations.close(ours, SkipReason.REJECTED)

    assert found(world) is None
    assert world.facts.customers(["customer-1"]) == {}


def test_a_sent_survey_is_no_longer_unsettled(world):
    sent(world)

    assert unsent(world, 13) == []


def deferred(asked, until=LATER):
    return asked.defer(Deferral(NOW, SkipReason.COOLDOWN, until))


def test_a_survey_put_off_waits_in_the_table_too(world):
    asked, who = stored(world, who=customer(waiting=waiting(ID, OTHER_ID)))

    assert world.invitations.defer(deferred(asked), who)

    assert found(world) == deferred(asked)
    assert person(world).waiting[ID] == replace(waiting()[ID], due_at=LATER)
    assert person(world).waiting[OTHER_ID] == waiting(OTHER_ID)[OTHER_ID]


def test_whom_an_announced_end_holds_back_does_not_wait_for_it(world):
    """Somebody may take the end back in months: no other survey is to wait as long."""
    asked, who = stored(world, who=customer(waiting=waiting(ID, OTHER_ID)))
    held = asked.defer(Deferral(NOW, SkipReason.STOPPED, LATER))

    assert world.invitations.defer(held, who)

    assert (found(world), found(world).held) == (held, True)
    assert person(world) == replace(who, waiting=waiting(OTHER_ID), version=2)


def test_a_survey_put_off_is_overdue_only_after_that(world):
    asked, who = stored(world)

    world.invitations.defer(deferred(asked), who)

    assert unsent(world, 13) == []
    assert unsent(world, 15) == [ID]


def test_of_two_who_put_it_off_one_wins(world):
    asked, who = stored(world)

    assert world.invitations.defer(deferred(asked), who)
    assert not world.invitations.defer(deferred(asked, LATER + timedelta(days=1)), who)

    assert found(world).ready_at == LATER


def test_what_was_claimed_or_erased_since_it_was_read_is_not_put_off(world):
    asked, who = stored(world)
    world.invitations.claim(claimed(asked), who, ADA)

    assert not world.invitations.defer(deferred(asked), who)
    assert not world.invitations.defer(deferred(invitation(OTHER_ID)), who)

    assert found(world) == claimed(asked)
    assert world.invitations.invitation(OTHER_ID) is None


def reminded(asked, at=LATER):
    return replace(asked, delivery_number=2, reminded_at=at)


def test_a_reminder_is_claimed_once(world):
    asked = sent(world)

    assert world.invitations.claim_reminder(reminded(asked), person(world))
    assert not world.invitations.claim_reminder(reminded(asked, LATER + timedelta(hours=1)), person(world))

    assert found(world) == reminded(asked)


def test_a_reminder_that_goes_to_another_address_adds_it(world):
    asked = sent(world)
    elsewhere = replace(reminded(asked), address_hashes=(*asked.address_hashes, NEW_ADDRESS))

    assert world.invitations.claim_reminder(elsewhere, person(world))

    assert found(world).address_hashes == elsewhere.address_hashes


def test_a_customer_changed_since_it_was_read_is_not_reminded(world):
    asked, who = sent(world), person(world)
    world.facts.commit(FactWrites(customers=(replace(who, suppressed="unsubscribed"),)))

    assert not world.invitations.claim_reminder(reminded(asked), who)

    assert found(world).reminded_at is None


@pytest.mark.parametrize("delivery", [Delivery.BOUNCED, Delivery.COMPLAINED])
def test_nobody_is_reminded_of_a_mail_that_did_harm(world, delivery):
    asked = sent(world)
    world.mail_events.deliver(ID, delivery)

    assert not world.invitations.claim_reminder(reminded(asked), person(world))


def test_nobody_is_reminded_of_what_they_answered(world):
    asked = sent(world)
    world.responses.record(ID, Answer(0), NOW, "2026-11-22")

    assert not world.invitations.claim_reminder(reminded(asked), person(world))


def test_only_what_was_sent_is_reminded_of(world):
    asked, _ = stored(world)

    assert not world.invitations.claim_reminder(reminded(asked), person(world))
    assert not world.invitations.claim_reminder(reminded(invitation(OTHER_ID)), person(world))


def test_a_released_reminder_can_be_claimed_later(world):
    asked = sent(world)
    world.invitations.claim_reminder(reminded(asked), person(world))
    later = replace(reminded(asked), deferred_until=LATER + timedelta(hours=1), generation=2)

    world.invitations.release_reminder(later)

    assert found(world) == replace(later, delivery_number=1, reminded_at=None)
    assert world.invitations.claim_reminder(reminded(found(world)), person(world))


def test_only_the_claim_itself_of_a_reminder_is_released(world):
    asked = sent(world)
    world.invitations.claim_reminder(reminded(asked), person(world))

    world.invitations.release_reminder(replace(reminded(asked, NOW), deferred_until=LATER, generation=2))

    assert found(world) == reminded(asked)


def test_a_put_off_reminder_leaves_a_sent_survey_sent(world):
    asked = sent(world)

    assert world.invitations.defer(deferred(asked), customer())

    assert found(world) == deferred(asked)
    assert unsent(world, 15) == []


def test_a_release_finds_the_customer_whose_item_was_written_anew(world):
    """A lesson about the customer rewrites the whole item; the moment of the claim must still be recognised."""
    ours, who = sending(world)
    world.facts.commit(FactWrites(customers=(replace(person(world), name="Ada Lovelace"),)))

    world.invitations.release(replace(ours, deferred_until=LATER, generation=2), who, ADA)

    assert person(world).last_asked_at is None
    assert person(world).name == "Ada Lovelace"


def test_a_close_that_was_made_by_half_is_completed(aws_world):
    asked, who = stored(aws_world, who=customer(waiting=waiting()))
    aws_world.facts.commit(FactWrites(customers=(replace(who, waiting={}),)))

    aws_world.invitations.close(asked, SkipReason.EXPIRED)

    assert found(aws_world).reason == "expired"


# Other channels


def offered(asked, **changes):
    """The invitation as it is claimed for the product."""
    return replace(claimed(asked).by("in_app"), **changes)


def test_a_claim_keeps_its_channel_and_inside_the_product_offers_the_survey(world):
    asked, who = stored(world)

    assert world.invitations.claim(offered(asked), who, ADA)

    assert found(world) == offered(asked)
    assert person(world) == replace(who, last_asked_at=NOW, offered=ID, version=2)


def test_what_is_offered_is_marked_sent_without_a_message(world):
    asked, who = stored(world)
    world.invitations.claim(offered(asked), who, ADA)

    world.invitations.mark_sent(replace(offered(asked), sent_at=NOW, sent_day="2026-11-22"))

    assert (found(world).state, found(world).message_id, found(world).channel) == (State.SENT, "", "in_app")


def further(asked, channel="sms", at=LATER):
    ways = (*asked.follow_ups, FollowUp(NOW, asked.channel), FollowUp(at, channel))
    return replace(asked, delivery_number=2, follow_ups=ways, delivery=Delivery.ACCEPTED, delivered_at=None).by(channel)


@pytest.mark.parametrize(("channel", "offers"), [("sms", ""), ("in_app", ID)])
def test_a_further_delivery_is_claimed_once_by_its_channel(world, channel, offers):
    asked, before = sent(world), person(world)

    assert world.invitations.claim_follow_up(further(asked, channel), before)
    assert not world.invitations.claim_follow_up(further(asked, channel), person(world))

    assert found(world) == further(asked, channel)
    assert person(world) == replace(before, offered=offers, version=before.version + 1)


@pytest.mark.parametrize("rank", [Delivery.DELIVERED, Delivery.BOUNCED])
def test_what_was_proved_of_one_channel_is_not_true_of_the_next(world, rank):
    sent(world)
    world.mail_events.deliver(ID, rank, NOW)
    asked = found(world)
    world.invitations.claim_follow_up(further(asked), person(world))
    assert (found(world).delivery, found(world).delivered_at) == (Delivery.ACCEPTED, None)

    world.invitations.release_follow_up(replace(asked, deferred_until=LATER, generation=2))
    assert (found(world).delivery, found(world).delivered_at) == (rank, NOW)


def test_a_bounce_by_one_channel_does_not_keep_the_reminder_by_the_next_one_back(world):
    asked = sent(world)
    world.mail_events.deliver(ID, Delivery.BOUNCED)
    world.invitations.claim_follow_up(further(asked, "mail"), person(world))

    assert world.invitations.claim_reminder(replace(found(world), delivery_number=3, reminded_at=LATER), person(world))


def test_a_further_delivery_that_was_answered_is_not_given_back(world):
    asked = sent(world)
    world.invitations.claim_follow_up(further(asked), person(world))
    world.responses.record(ID, Answer(9), NOW, "2026-11-22")

    world.invitations.release_follow_up(replace(asked, deferred_until=LATER, generation=2))

    assert (found(world).channel, found(world).delivery_number, found(world).generation) == ("sms", 2, 1)


def test_a_further_delivery_is_given_back_for_its_own_claim_only(world):
    asked = sent(world)
    world.invitations.claim_follow_up(further(asked), person(world))
    given_back = replace(asked, deferred_until=LATER, generation=2)
    world.invitations.release_follow_up(given_back)
    world.invitations.claim_follow_up(further(found(world)), person(world))
    again = found(world)

    world.invitations.release_follow_up(given_back)

    assert again.delivery_number == 2
    assert found(world) == again


def test_a_bounce_does_not_keep_another_channel_from_being_tried_but_a_complaint_does(world):
    asked = sent(world)
    world.mail_events.deliver(ID, Delivery.BOUNCED)
    assert world.invitations.claim_follow_up(further(asked), person(world))

    world.invitations.release_follow_up(replace(asked, deferred_until=LATER, generation=2))
    world.mail_events.deliver(ID, Delivery.COMPLAINED)
    assert not world.invitations.claim_follow_up(further(asked), person(world))


def test_nothing_follows_an_answer(world):
    asked = sent(world)
    world.responses.record(ID, Answer(0), NOW, "2026-11-22")

    assert not world.invitations.claim_follow_up(further(asked), person(world))


def test_nothing_follows_the_reminder_nor_what_was_not_sent(world):
    asked = sent(world)
    world.invitations.claim_reminder(reminded(asked), person(world))

    assert not world.invitations.claim_follow_up(replace(further(asked), delivery_number=3), person(world))
    assert not world.invitations.claim_follow_up(further(invitation(OTHER_ID)), person(world))


def test_a_customer_changed_since_it_was_read_gets_no_further_delivery(world):
    asked, who = sent(world), person(world)
    world.facts.commit(FactWrites(customers=(replace(who, suppressed="unsubscribed"),)))

    assert not world.invitations.claim_follow_up(further(asked), who)
    assert found(world) == asked


def test_a_released_further_delivery_leaves_all_as_it_was_but_for_its_moment(world):
    asked = sent(world)
    world.invitations.claim_follow_up(further(asked), person(world))
    later = replace(asked, deferred_until=LATER + timedelta(hours=1), generation=2)

    world.invitations.release_follow_up(later)
    world.invitations.release_follow_up(replace(later, generation=3))

    assert found(world) == later
    assert world.invitations.claim_follow_up(further(found(world)), person(world))


def test_the_reminder_comes_behind_further_deliveries(world):
    asked = sent(world)
    world.invitations.claim_follow_up(further(asked, "mail"), person(world))

    assert world.invitations.claim_reminder(
        replace(further(asked, "mail"), delivery_number=3, reminded_at=LATER), person(world)
    )
    assert found(world).delivery_number == 3


@pytest.mark.parametrize(
    "message_id",
    [
        "0107018e2a4b6c8d-1a2b3c4d-5e6f-7081-92a3-b4c5d6e7f809-000000",
        "0107018E2A4B6C8D-1a2b3c4d-5e6f-7081-92a3-b4c5d6e7f809-000000",
        "1a2b3c4d-5e6f-7081-92a3-b4c5d6e7f809",
        "message-1",
    ],
)
def test_a_message_keeps_its_id_whoever_gave_it(world, message_id):
    one, _ = sending(world)
    world.invitations.mark_sent(replace(mailed(one), message_id=message_id))

    assert found(world).message_id == message_id


def test_what_was_sent_waits_no_longer(world):
    one, _ = sending(world, invitation(deferred_until=NOW))
    world.invitations.mark_sent(mailed(one))

    assert (found(world).deferred_until, found(world).sent_at) == (None, NOW)


@pytest.mark.parametrize("objects", [{"invoice": "in_1"}, {"invoice": "in_1", "charge": "a|b"}, {"charge": "a|b"}])
@pytest.mark.parametrize("fact", ["stripe|acct|in_1|payment|", "stripe|acct|a%7Cb|payment|"])
def test_objects_are_kept_whether_the_fact_names_them_or_not(world, fact, objects):
    stored(world, invitation(fact=fact, objects=objects))

    assert found(world).objects == objects
