"""Everything is checked again when a survey is due, and when its reminder is."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from afterbill.model.billing import Touchpoint
from afterbill.model.channels import Channel
from afterbill.model.consent import Legal, Need
from afterbill.model.customer import Customer, Suppression, Waiting
from afterbill.model.invitation import Answer, Deferral, Delivery, Invitation, SkipReason, State
from afterbill.model.visits import Kind, Visit
from afterbill.model.webhooks import Source
from afterbill.outreach.eligibility import Verdict, postponed, recheck, recheck_again, remind_at
from afterbill.outreach.policy import LATE_FACT_GRACE, Policy, Situation, Stops, decide
from afterbill.outreach.sending_window import SendingWindow, is_open
from afterbill.settings.almanac import load_almanac
from tests.factories import (
    COUNTRIES,
    DAY,
    HOUR,
    MINUTE,
    NOON,
    OFFICE,
    SECOND,
    customer,
    event,
    invitation,
    policy,
)
from tests.places import PLACES, WINDOWS

MOMENTS = st.timedeltas(-300 * DAY, 300 * DAY).map(NOON.__add__)
DURATIONS = st.timedeltas(timedelta(0), 100 * DAY)
DUE = NOON + 3 * DAY
"""A Wednesday, noon in London and 21:00 in Tokyo."""

TOMORROW_IN_TOKYO = (datetime(2026, 11, 26, 0, tzinfo=UTC), datetime(2026, 11, 26, 8, tzinfo=UTC))
OFFICE_HOURS = policy(window=OFFICE, almanac=COUNTRIES)
CONSENT = {"consent_at": "2026-11-01", "consent_text": "Yes, ask me."}


def rechecked(one: Invitation | None = None, person: Customer | None = None, **known: Any) -> Verdict:
    """When it is due, by the rules of everybody."""
    situation = Situation(person or customer(), known.get("stopped", False), known.get("problem"))
    return recheck(one or invitation(), situation, known.get("rules", policy()), known.get("now", DUE))


def better(due_at: datetime = DUE + DAY, **changes: Any) -> Customer:
    """Waiting for a survey that says more than a payment's."""
    defaults = {"priority": 80, "due_at": due_at, "until": due_at + 30 * DAY}
    return customer(waiting={"better": Waiting(**defaults | changes)})


def test_a_due_invitation_goes_out_when_nothing_has_happened() -> None:
    assert rechecked() is Channel.MAIL


@pytest.mark.parametrize(
    ("reason", "circumstances"),
    [
        (SkipReason.CUSTOMER_DELETED, {"person": customer(deleted=True)}),
        (SkipReason.SUPPRESSED, {"person": customer(suppressed="unsubscribed")}),
        (SkipReason.NO_ADDRESS, {"person": customer(address=None)}),
        (SkipReason.BAD_ADDRESS, {"problem": SkipReason.BAD_ADDRESS}),
        (SkipReason.ROLE_ADDRESS, {"problem": SkipReason.ROLE_ADDRESS}),
        (SkipReason.NO_BASIS, {"rules": policy(legal=Legal(Need.CUSTOMER))}),
        (SkipReason.STOPPED, {"stopped": True}),
        (SkipReason.STOPPED, {"person": customer(last_adverse_at=NOON + HOUR)}),
        (SkipReason.EXPIRED, {"now": DUE + 30 * DAY + SECOND}),
        (SkipReason.COOLDOWN, {"person": customer(last_asked_at=DUE - 60 * DAY + SECOND)}),
        (SkipReason.SUPERSEDED, {"person": better(DUE + 31 * DAY), "now": DUE + 30 * DAY}),
    ],
)
def test_it_does_not_go_out_when(reason: SkipReason, circumstances: dict[str, Any]) -> None:
    assert rechecked(**circumstances) is reason


def test_it_does_not_go_out_when_its_customer_is_gone() -> None:
    assert recheck(invitation(), Situation(None), policy(), DUE) is SkipReason.NO_CUSTOMER


@pytest.mark.parametrize(
    "circumstances",
    [
        {"one": invitation(stoppable=False), "stopped": True},
        {"one": invitation(stoppable=False), "person": customer(last_adverse_at=NOON + HOUR)},
        {"person": customer(last_adverse_at=NOON - SECOND)},
        {"now": DUE + 30 * DAY},
        {"person": customer(last_asked_at=DUE - 90 * DAY)},
        {"one": invitation(cooldown=timedelta(0)), "person": customer(last_asked_at=DUE)},
    ],
)
def test_it_goes_out_although(circumstances: dict[str, Any]) -> None:
    assert rechecked(**circumstances) is Channel.MAIL


def test_what_no_waiting_mends_is_told_before_what_it_might_wait_for() -> None:
    person = customer(suppressed="unsubscribed", last_asked_at=DUE - DAY)
    assert rechecked(person=person, now=DUE + 300 * DAY) is SkipReason.SUPPRESSED


# The legal basis


@pytest.mark.parametrize(
    ("need", "attributes", "lawful"),
    [
        (Need.NOTHING, {}, True),
        (Need.NOTHING, {"consent_withdrawn_at": "2026-11-02"}, False),
        (Need.NOTHING, {**CONSENT, "consent_withdrawn_at": "2026-10-02"}, True),
        (Need.CUSTOMER, {}, False),
        (Need.CUSTOMER, {"notice_at": "2026-11-01"}, True),
        (Need.CUSTOMER, {"notice_at": "2026-11-01", "consent_withdrawn_at": "2026-11-02"}, False),
        (Need.CONSENT, {"notice_at": "2026-11-01"}, False),
        (Need.CONSENT, CONSENT, True),
        (Need.CONSENT, {**CONSENT, "consent_at": "2026-11-30"}, False),
    ],
)
def test_only_who_may_be_asked_by_law_is(need: Need, attributes: dict[str, str], lawful: bool) -> None:  # a column
    found = rechecked(person=customer(attributes=attributes), rules=policy(legal=Legal(need)))
    assert found is (Channel.MAIL if lawful else SkipReason.NO_BASIS)


def test_each_country_has_its_law() -> None:
    rules = policy(legal=Legal(Need.NOTHING, {"DE": Need.CONSENT}))
    assert rechecked(person=customer(country="DE"), rules=rules) is SkipReason.NO_BASIS
    assert rechecked(person=customer(country="CH"), rules=rules) is Channel.MAIL


# The cooldown


def test_in_a_cooldown_it_waits_for_its_end() -> None:
    asked = DUE - 60 * DAY
    assert rechecked(person=customer(last_asked_at=asked)) == Deferral(DUE, SkipReason.COOLDOWN, asked + 90 * DAY)


def test_and_then_for_the_next_opening() -> None:
    """The cooldown ends on Saturday the 28th."""
    person = customer(country="CH", last_asked_at=DUE - 87 * DAY)
    found = rechecked(person=person, rules=OFFICE_HOURS)
    assert isinstance(found, Deferral)
    assert found.reason is SkipReason.COOLDOWN
    assert datetime(2026, 11, 30, 8, tzinfo=UTC) <= found.until < datetime(2026, 11, 30, 16, tzinfo=UTC)


# A better survey of the same customer


def test_it_lets_a_better_survey_go_first_until_an_hour_after_its_due_moment() -> None:
    assert rechecked(person=better()) == Deferral(DUE, SkipReason.SUPERSEDED, DUE + DAY + LATE_FACT_GRACE)


def test_of_several_better_ones_it_waits_for_the_last() -> None:
    more = {f"{days}": Waiting(80, DUE + days * DAY, DUE + 90 * DAY) for days in (2, 5, 3)}
    assert rechecked(person=customer(waiting=more)) == Deferral(
        DUE, SkipReason.SUPERSEDED, DUE + 5 * DAY + LATE_FACT_GRACE
    )


def test_a_better_one_that_should_be_gone_is_given_an_hour_from_now() -> None:
    assert rechecked(person=better(DUE - HOUR)) == Deferral(DUE, SkipReason.SUPERSEDED, DUE + LATE_FACT_GRACE)


def test_a_cooldown_is_waited_for_before_a_better_one_is() -> None:
    found = rechecked(person=replace(better(), last_asked_at=DUE - 80 * DAY))
    assert found == Deferral(DUE, SkipReason.COOLDOWN, DUE + 10 * DAY)


@pytest.mark.parametrize(
    ("one", "person"),
    [
        (invitation(), customer(waiting={invitation().id: Waiting(99, DUE, DUE + 30 * DAY)})),
        (invitation(), better(priority=50)),
        (invitation(), better(priority=49)),
        (invitation(), better(DUE + 90 * DAY)),
        (invitation(), better(DUE - DAY, until=DUE - SECOND)),
        (invitation(cooldown=timedelta(0)), better()),
    ],
    ids=["itself", "as good", "worse", "after the cooldown", "given up", "no cooldown"],
)
def test_it_waits_for_no_other_that_is(one: Invitation, person: Customer) -> None:
    assert rechecked(one, person) is Channel.MAIL


# The window


def test_at_night_it_waits_for_the_morning() -> None:
    found = rechecked(person=customer(country="JP"), rules=OFFICE_HOURS)
    assert isinstance(found, Deferral)
    assert (found.at, found.reason) == (DUE, SkipReason.WINDOW)
    assert TOMORROW_IN_TOKYO[0] <= found.until < TOMORROW_IN_TOKYO[1]


def test_during_the_day_it_goes_out() -> None:
    assert rechecked(person=customer(country="CH"), rules=OFFICE_HOURS) is Channel.MAIL


def test_those_that_wait_for_the_same_morning_are_spread_over_it() -> None:
    waits = [
        rechecked(invitation(id=f"{number:032}"), customer(country="JP"), rules=OFFICE_HOURS) for number in range(200)
    ]
    moments = sorted(wait.until for wait in waits if isinstance(wait, Deferral))
    assert len(set(moments)) > 190
    assert moments[0] < TOMORROW_IN_TOKYO[0] + 15 * MINUTE
    assert moments[-1] > TOMORROW_IN_TOKYO[1] - 35 * MINUTE


def test_a_morning_that_comes_too_late_is_not_waited_for() -> None:
    one = invitation(patience=11 * HOUR)
    assert rechecked(one, customer(country="JP"), rules=OFFICE_HOURS) is SkipReason.WINDOW


# What holds for all


PEOPLE = st.builds(
    lambda place, **fields: customer(**place | fields),
    PLACES,
    deleted=st.booleans(),
    suppressed=st.sampled_from([None, Suppression.BOUNCED, Suppression.UNSUBSCRIBED]),
    last_asked_at=st.none() | MOMENTS,
    last_adverse_at=st.none() | MOMENTS,
    waiting=st.dictionaries(
        st.sampled_from(["a", "b", "c"]), st.builds(Waiting, st.integers(0, 100), MOMENTS, MOMENTS, st.booleans())
    ),
)


@given(PEOPLE, st.booleans(), MOMENTS, st.sampled_from(Stops), st.none() | WINDOWS)
def test_what_is_planned_is_not_refused_later_unless_something_better_came(
    person: Customer,
    stopped: bool,  # drawn
    now: datetime,
    stops: Stops,
    window: SendingWindow | None,
) -> None:
    """Nothing is scheduled that the check before sending would refuse although nothing happened in between."""
    one, rules = event(occurred_at=now), policy(stops=stops, window=window, almanac=load_almanac())
    decision = decide(one, Source("shop", "test"), Situation(person, stopped), rules, now)
    if decision.invitation.state is State.PENDING:
        alone = replace(decision.customer or person, waiting={})
        ready_at = decision.invitation.ready_at
        assert recheck(decision.invitation, Situation(alone, stopped), rules, ready_at) is Channel.MAIL


@given(PEOPLE, MOMENTS, st.timedeltas(-DAY, 40 * DAY), st.none() | WINDOWS, st.tuples(DURATIONS, DURATIONS))
def test_every_wait_ends_later_in_the_window_and_within_the_patience(
    person: Customer, due_at: datetime, late: timedelta, window: SendingWindow | None, durations: tuple[timedelta, ...]
) -> None:
    cooldown, patience = durations
    rules, now = policy(window=window, almanac=load_almanac()), due_at + late
    one = invitation(occurred_at=due_at, due_at=due_at, cooldown=cooldown, patience=patience)
    found = recheck(one, Situation(person), rules, now)
    if isinstance(found, Deferral):
        assert (found.at, now < found.until <= due_at + patience) == (now, True)
        assert window is None or is_open(window, rules.place(person), rules.almanac, found.until)
    if found is Channel.MAIL:
        assert window is None or is_open(window, rules.place(person), rules.almanac, now)
        assert person.last_asked_at is None or now >= person.last_asked_at + cooldown


# The reminder

SENT_AT = DUE
SENT = invitation(state=State.SENT, sent_at=SENT_AT, delivery=Delivery.DELIVERED)
REMINDING = policy(reminder=7 * DAY, almanac=COUNTRIES)
LATER = SENT_AT + 7 * DAY


def rechecked_reminder(one: Invitation = SENT, person: Customer | None = None, **known: Any) -> Verdict:
    """When it is due, of somebody who was asked about nothing else."""
    asked = person or customer(last_asked_at=SENT_AT)
    situation = Situation(asked, known.get("stopped", False), known.get("problem"))
    return recheck_again(one, situation, known.get("rules", REMINDING), known.get("now", LATER))


def test_who_did_not_answer_is_reminded() -> None:
    assert rechecked_reminder() is Channel.MAIL


@pytest.mark.parametrize(
    ("reason", "circumstances"),
    [
        (SkipReason.ANSWERED, {"one": replace(SENT, answer=Answer(9))}),
        (SkipReason.SUPPRESSED, {"one": replace(SENT, delivery=Delivery.BOUNCED)}),
        (SkipReason.SUPPRESSED, {"one": replace(SENT, delivery=Delivery.COMPLAINED)}),
        (SkipReason.SUPPRESSED, {"person": customer(suppressed="unsubscribed")}),
        (SkipReason.CUSTOMER_DELETED, {"person": customer(deleted=True)}),
        (SkipReason.NO_ADDRESS, {"person": customer(address=None)}),
        (SkipReason.BAD_ADDRESS, {"problem": SkipReason.BAD_ADDRESS}),
        (SkipReason.NO_BASIS, {"person": customer(attributes={"consent_withdrawn_at": "2026-11-26"})}),
        (SkipReason.STOPPED, {"stopped": True}),
        (SkipReason.STOPPED, {"person": customer(last_adverse_at=NOON + 4 * DAY)}),
        (SkipReason.EXPIRED, {"now": SENT_AT + 30 * DAY}),
        (SkipReason.NOT_ASKED, {"rules": policy()}),
        (SkipReason.SUPERSEDED, {"person": customer(last_asked_at=SENT_AT + DAY)}),
    ],
)
def test_nobody_is_reminded_when(reason: SkipReason, circumstances: dict[str, Any]) -> None:
    assert rechecked_reminder(**circumstances) is reason


def test_nobody_erased_is_reminded() -> None:
    assert recheck_again(SENT, Situation(None), REMINDING, LATER) is SkipReason.NO_CUSTOMER


@pytest.mark.parametrize("delivery", [None, Delivery.ACCEPTED, Delivery.DELIVERED])
def test_a_mail_that_has_not_come_back_is_followed_by_a_reminder(delivery: Delivery | None) -> None:
    assert rechecked_reminder(replace(SENT, delivery=delivery)) is Channel.MAIL


def test_a_claim_and_its_sending_a_moment_apart_are_one_and_the_same_survey() -> None:
    assert rechecked_reminder(person=customer(last_asked_at=SENT_AT + MINUTE)) is Channel.MAIL
    assert rechecked_reminder(person=customer(last_asked_at=SENT_AT - MINUTE)) is Channel.MAIL


def tapped(ago: timedelta, kind: Kind = Kind.SEEN, **changes: Any) -> Invitation:
    return replace(SENT, visits=(Visit(LATER - DAY, Kind.SEEN, 3), Visit(LATER - ago, kind, 9)), **changes)


def test_nobody_is_reminded_whose_tap_waits_to_be_judged() -> None:
    judged_at = LATER + REMINDING.integrity.settling + 30 * MINUTE - HOUR / 4
    assert rechecked_reminder(tapped(HOUR / 4)) == Deferral(LATER, SkipReason.ANSWERED, judged_at)


@pytest.mark.parametrize(
    "one",
    [
        tapped(HOUR),
        tapped(REMINDING.integrity.settling + 30 * MINUTE),
        tapped(MINUTE, label="hidden_link"),
        tapped(MINUTE, Kind.OPENED),
    ],
    ids=["judged by now", "this very moment", "a machine's", "no tap"],
)
def test_any_other_visit_keeps_no_reminder_back(one: Invitation) -> None:
    assert rechecked_reminder(one) is Channel.MAIL


def test_a_survey_that_closes_before_its_tap_is_judged_is_left_alone() -> None:
    assert rechecked_reminder(tapped(MINUTE, expiry=7 * DAY + MINUTE)) is SkipReason.ANSWERED


def test_a_reminder_waits_for_the_window_too() -> None:
    found = rechecked_reminder(
        person=customer(country="JP"), rules=policy(reminder=7 * DAY, window=OFFICE, almanac=COUNTRIES)
    )
    assert isinstance(found, Deferral)
    assert found.reason is SkipReason.WINDOW
    assert TOMORROW_IN_TOKYO[0] + 7 * DAY <= found.until < TOMORROW_IN_TOKYO[1] + 7 * DAY


def test_but_not_longer_than_the_survey_can_be_answered() -> None:
    one = replace(SENT, expiry=7 * DAY + 2 * HOUR)
    rules = policy(reminder=7 * DAY, window=OFFICE, almanac=COUNTRIES)
    assert rechecked_reminder(one, customer(country="JP"), rules=rules) is SkipReason.WINDOW


def reminded_at(one: Invitation, rules: Policy, person: Customer) -> datetime | None:
    return remind_at(one, rules.rules[Touchpoint.PAYMENT_SUCCEEDED], person, rules, SENT_AT)


def test_a_reminder_is_due_its_days_after_the_survey() -> None:
    assert reminded_at(invitation(), REMINDING, customer()) == LATER


def test_in_the_window() -> None:
    moment = reminded_at(
        invitation(), policy(reminder=7 * DAY, window=OFFICE, almanac=COUNTRIES), customer(country="JP")
    )
    assert moment is not None
    assert TOMORROW_IN_TOKYO[0] + 7 * DAY <= moment < TOMORROW_IN_TOKYO[1] + 7 * DAY


def test_none_is_due_where_nobody_is_reminded_or_the_survey_is_closed_by_then() -> None:
    assert reminded_at(invitation(), policy(), customer()) is None
    assert reminded_at(invitation(expiry=6 * DAY), REMINDING, customer()) is None


@given(PEOPLE, MOMENTS, st.timedeltas(timedelta(0), 40 * DAY), WINDOWS)
def test_a_reminder_goes_out_in_the_window_or_waits_for_it(
    person: Customer, sent_at: datetime, late: timedelta, window: SendingWindow
) -> None:
    rules, one, now = policy(reminder=DAY, window=window, almanac=load_almanac()), SENT, sent_at + late
    found = recheck_again(replace(one, occurred_at=sent_at - DAY, sent_at=sent_at), Situation(person), rules, now)
    at = found.until if isinstance(found, Deferral) else now
    if not isinstance(found, SkipReason):
        assert is_open(window, rules.place(person), rules.almanac, at)
        assert now <= at <= sent_at + one.expiry


# What keeps everybody waiting


def test_a_wait_for_anything_else_ends_in_the_window_too() -> None:
    wait = Deferral(DUE, SkipReason.LIMIT, DUE + HOUR)
    found = postponed(invitation(), customer(country="JP"), OFFICE_HOURS, wait)
    assert isinstance(found, Deferral)
    assert (found.at, found.reason) == (DUE, SkipReason.LIMIT)
    assert TOMORROW_IN_TOKYO[0] <= found.until < TOMORROW_IN_TOKYO[1]


def test_and_is_a_reason_where_the_patience_is_shorter() -> None:
    wait = Deferral(DUE, SkipReason.QUOTA, DUE + 30 * DAY + SECOND)
    assert postponed(invitation(), customer(), policy(), wait) is SkipReason.QUOTA
