"""The first channel that can be used; and what follows it while nobody answers."""

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from afterbill.model.channels import Channel
from afterbill.model.consent import Legal, Need
from afterbill.model.customer import NOBODY, Recipient, Suppression
from afterbill.model.invitation import Deferral, Delivery, FollowUp, Invitation, SkipReason, State
from afterbill.model.webhooks import Source
from afterbill.outreach.eligibility import Verdict, choose, following, follows_at, recheck, recheck_again
from afterbill.outreach.policy import Policy, Situation, decide
from tests.factories import (
    ADA,
    COUNTRIES,
    DAY,
    HOUR,
    MINUTE,
    NOON,
    OFFICE,
    SECOND,
    customer,
    event,
    hash_address,
    invitation,
    policy,
    rule,
)

APP, MAIL, SMS = Channel.IN_APP, Channel.MAIL, Channel.SMS
ALL = (APP, MAIL, SMS)
DUE = NOON + 3 * DAY
"""A Wednesday; noon in London, 21:00 in Tokyo."""
SEEN: dict[str, Any] = {"last_seen_at": DUE - 5 * DAY}
PHONE: dict[str, Any] = {"phone": "+81312345678"}
WEEK = timedelta(days=7)


BOUNCED = Recipient(hash_address(ADA), suppressed=Suppression.BOUNCED)


def chosen(
    *channels: Channel, problem: SkipReason | None = None, bounced: bool = False, **person: Any
) -> Channel | SkipReason:
    recipient = BOUNCED if bounced else NOBODY
    situation = Situation(customer(**person), phone_problem=problem, recipient=recipient)
    return choose(channels or ALL, WEEK, situation, policy(), DUE)


@pytest.mark.parametrize(
    ("channels", "person", "expected"),
    [
        (ALL, {**SEEN, **PHONE}, APP),
        (ALL, PHONE, MAIL),
        (ALL, {**PHONE, "address": None}, SMS),
        ((SMS, MAIL, APP), {**SEEN, **PHONE}, SMS),
        ((MAIL,), {**SEEN, **PHONE}, MAIL),
        ((APP, SMS), {"last_seen_at": DUE - WEEK}, APP),
        ((APP, SMS), {"last_seen_at": DUE - WEEK - SECOND, **PHONE}, SMS),
    ],
)
def test_the_first_that_can_be_used_is_taken(channels: Any, person: Any, expected: Channel) -> None:
    assert chosen(*channels, **person) is expected


@pytest.mark.parametrize(
    ("channels", "person", "reason"),
    [
        ((APP,), {}, SkipReason.NOT_SEEN),
        ((SMS,), {}, SkipReason.NO_PHONE),
        ((MAIL, APP), {"address": None}, SkipReason.NO_ADDRESS),
        ((MAIL, SMS), {"address": None}, SkipReason.NO_PHONE),
        ((SMS, MAIL), {"address": None}, SkipReason.NO_ADDRESS),
        ((MAIL, APP), {"bounced": True}, SkipReason.SUPPRESSED),
    ],
)
def test_where_none_can_be_the_last_of_mail_and_text_messages_says_why(
    channels: Any, person: Any, reason: SkipReason
) -> None:
    assert chosen(*channels, **person) is reason


def test_a_number_that_gets_no_text_messages_is_passed_over() -> None:
    assert chosen(SMS, MAIL, problem=SkipReason.BAD_PHONE, **PHONE) is MAIL
    assert chosen(SMS, problem=SkipReason.BAD_PHONE, **PHONE) is SkipReason.BAD_PHONE


def test_nobody_is_asked_any_way() -> None:
    assert choose(ALL, WEEK, Situation(None), policy(), DUE) is SkipReason.NO_CUSTOMER


def test_mail_and_text_messages_need_a_legal_basis_and_the_product_none() -> None:
    strict = policy(legal=Legal(Need.CONSENT))
    person = customer(**SEEN, **PHONE)
    assert choose((MAIL, SMS), WEEK, Situation(person), strict, DUE) is SkipReason.NO_BASIS
    assert choose((MAIL, SMS, APP), WEEK, Situation(person), strict, DUE) is APP


# When it is due

EVERYWHERE = policy(channels=ALL, seen_within=WEEK, fallback=2 * DAY, reminder=5 * DAY)


def rechecked(
    rules: Policy = EVERYWHERE, now: Any = DUE, one: Invitation | None = None, *, bounced: bool = False, **person: Any
) -> Verdict:
    situation = Situation(customer(**person), recipient=BOUNCED if bounced else NOBODY)
    return recheck(one or invitation(), situation, rules, now)


@pytest.mark.parametrize("suppressed", ["unsubscribed", "complained"])
def test_an_objection_closes_every_channel(suppressed: str) -> None:
    assert rechecked(suppressed=suppressed, **SEEN, **PHONE) is SkipReason.SUPPRESSED


def test_a_bounce_closes_mail_only() -> None:
    assert rechecked(bounced=True, **PHONE) is SMS
    assert rechecked(bounced=True, **SEEN) is APP


def test_a_bounce_known_at_capture_keeps_no_other_channel_from_being_tried() -> None:
    bounced = Situation(customer(), recipient=BOUNCED)
    found = decide(event(), Source("shop", "test"), bounced, EVERYWHERE, NOON)
    assert (found.invitation.ready_at, found.invitation.reason) == (DUE, "")


@pytest.mark.parametrize(("seen", "expected"), [({}, Deferral), (SEEN, Channel)])
def test_quiet_hours_hold_for_messages_and_not_inside_the_product(seen: Any, expected: type) -> None:
    rules = policy(channels=ALL, seen_within=WEEK, window=OFFICE, almanac=COUNTRIES)
    assert isinstance(rechecked(rules, time_zone="Asia/Tokyo", **seen), expected)


def test_what_may_be_asked_inside_the_product_is_not_planned_around_the_hours_of_mail() -> None:
    rules = policy(channels=ALL, window=OFFICE, almanac=COUNTRIES)
    tokyo = Situation(customer(time_zone="Asia/Tokyo"))
    assert decide(event(), Source("shop", "test"), tokyo, rules, NOON).invitation.ready_at == DUE


def test_one_cooldown_holds_for_all_channels() -> None:
    rules = policy(channels=ALL, seen_within=WEEK, window=OFFICE, almanac=COUNTRIES)
    asked = DUE - 87 * DAY
    # The channel is chosen again on that Saturday; only then the hours of mail would count.
    assert rechecked(rules, last_asked_at=asked, **SEEN) == Deferral(DUE, SkipReason.COOLDOWN, asked + 90 * DAY)


# What follows

SENT = invitation(state=State.SENT, sent_at=DUE, channel="in_app", segments={"channel": "in_app"})
BY_MAIL = SENT.by("mail")
LATER = DUE + 2 * DAY


def again(one: Invitation = SENT, now: Any = LATER, rules: Policy = EVERYWHERE, **person: Any) -> Verdict:
    return recheck_again(one, Situation(customer(last_asked_at=DUE, **person)), rules, now)


def changed(one: Invitation = SENT, **changes: Any) -> Invitation:
    return replace(one, **changes)


@pytest.mark.parametrize(
    ("one", "person", "expected"),
    [(SENT, {}, MAIL), (SENT, {"address": None, **PHONE}, SMS), (BY_MAIL, PHONE, SMS), (BY_MAIL, SEEN, Deferral)],
)
def test_without_an_answer_the_next_channel_is_tried(one: Invitation, person: Any, expected: Any) -> None:
    found = again(one, **person)
    assert found is expected or isinstance(found, Deferral)
    assert isinstance(found, Deferral) == (expected is Deferral)


def test_where_no_other_channel_is_left_the_reminder_waits_for_its_day_and_says_why() -> None:
    assert again(BY_MAIL) == Deferral(LATER, SkipReason.NO_PHONE, DUE + 5 * DAY)
    assert again(BY_MAIL, DUE + 5 * DAY) is MAIL


def test_the_reminder_comes_after_the_last_channel() -> None:
    tried = changed(BY_MAIL, follow_ups=(FollowUp(DUE, "in_app"), FollowUp(LATER, "mail")))
    rules = policy(channels=(APP, MAIL), seen_within=WEEK, fallback=2 * DAY, reminder=5 * DAY)
    assert again(tried, LATER + 5 * DAY, rules) is MAIL
    assert follows_at(tried, customer(), rules, LATER) == LATER + 5 * DAY


@pytest.mark.parametrize("one", [SENT.by("sms"), SENT])
def test_only_mail_is_reminded_of(one: Invitation) -> None:
    rules = policy(channels=(Channel(one.channel),), reminder=5 * DAY)
    assert again(one, DUE + 5 * DAY, rules) is SkipReason.NOT_ASKED
    assert follows_at(one, customer(), rules, DUE) is None


@pytest.mark.parametrize(
    ("one", "reason"),
    [
        (changed(dismissed_at=LATER), SkipReason.DISMISSED),
        (changed(delivery=Delivery.COMPLAINED), SkipReason.SUPPRESSED),
        (changed(sent_at=DUE - 30 * DAY), SkipReason.EXPIRED),
    ],
)
def test_nothing_follows_a_no(one: Invitation, reason: SkipReason) -> None:
    assert again(one, **PHONE) is reason


def test_after_a_bounce_another_channel_is_tried_and_nobody_reminded() -> None:
    bounced = changed(BY_MAIL, delivery=Delivery.BOUNCED)
    assert again(bounced, **PHONE) is SMS
    assert again(bounced, DUE + 5 * DAY) is SkipReason.SUPPRESSED


def test_nobody_gets_a_further_delivery_of_a_survey_another_has_followed() -> None:
    found = recheck_again(SENT, Situation(customer(last_asked_at=DUE + HOUR)), EVERYWHERE, LATER)
    assert found is SkipReason.SUPERSEDED


def test_what_follows_leaves_in_the_hours_of_mail() -> None:
    rules = policy(channels=(APP, MAIL), window=OFFICE, almanac=COUNTRIES, fallback=DAY)
    found = recheck_again(SENT, Situation(customer(time_zone="Asia/Tokyo")), rules, DUE + DAY)
    assert isinstance(found, Deferral)
    assert found.reason is SkipReason.WINDOW


def test_with_no_time_for_it_nothing_falls_back() -> None:
    assert following(SENT, rule(channels=ALL)) == ()
    assert following(changed(channel="link"), rule(channels=ALL, fallback=DAY)) == ()
    assert following(SENT, rule(channels=ALL, fallback=DAY)) == (MAIL, SMS)


def test_the_timer_of_what_follows_is_the_fallback_else_the_reminder() -> None:
    assert follows_at(SENT, customer(), EVERYWHERE, DUE) == DUE + 2 * DAY
    assert follows_at(SENT.by("sms"), customer(), EVERYWHERE, DUE) is None
    short = policy(channels=ALL, fallback=31 * DAY, reminder=5 * DAY)
    assert follows_at(BY_MAIL, customer(), short, DUE) == DUE + 5 * DAY


def test_a_further_delivery_is_counted_from_the_one_before() -> None:
    tried = changed(BY_MAIL, follow_ups=(FollowUp(DUE, "in_app"), FollowUp(LATER + MINUTE, "mail")))
    assert tried.last_at == LATER + MINUTE
    assert SENT.last_at == DUE
