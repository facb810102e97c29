from dataclasses import replace

import pytest

from afterbill.model.invitation import ASKED, MOST_DEFERRALS, TRANSITIONS, Answer, Deferral, Delivery, SkipReason, State
from tests.factories import DAY, HOUR, MINUTE, NOON, SECOND, invitation


def test_a_closed_invitation_stays_closed() -> None:
    assert not TRANSITIONS[State.CLOSED]


def test_every_state_can_be_reached() -> None:
    assert {State.PENDING}.union(*TRANSITIONS.values()) == set(State)


def test_nothing_becomes_pending_again_once_a_mail_is_out() -> None:
    assert State.PENDING not in TRANSITIONS[State.SENT]


def test_delivery_ranks_rise_from_accepted_to_complained() -> None:
    assert sorted(Delivery) == [Delivery.ACCEPTED, Delivery.DELIVERED, Delivery.BOUNCED, Delivery.COMPLAINED]


def test_the_schedule_of_a_later_generation_or_delivery_has_another_name() -> None:
    first = invitation(id="a" * 32)
    names = [first.schedule_name(1), first.schedule_name(2), replace(first, generation=2).schedule_name(1)]
    assert names == ["a" * 32 + end for end in ("-g1-d1", "-d2", "-g2-d1")]


def test_a_schedule_name_fits_what_the_scheduler_takes() -> None:
    assert len(invitation(generation=10**13).schedule_name(10**13)) <= 64


def test_the_answer_window_counts_from_sending() -> None:
    sent = invitation(claimed_at=NOON + 4 * DAY, sent_at=NOON + 5 * DAY)
    assert sent.answer_until == NOON + 35 * DAY


def test_until_sending_is_proved_it_counts_from_the_claim() -> None:
    assert invitation(claimed_at=NOON + 4 * DAY).answer_until == NOON + 34 * DAY


def test_before_that_it_counts_from_the_due_moment() -> None:
    assert invitation().answer_until == NOON + 33 * DAY


@pytest.mark.parametrize("state", State)
def test_an_answer_counts_while_a_mail_may_be_in_somebodys_hands(state: State) -> None:
    one = invitation(state=state, claimed_at=NOON)
    assert one.answerable(NOON + MINUTE) == (state in ASKED)


def test_the_window_includes_its_last_moment_and_nothing_later() -> None:
    one = invitation(state=State.SENT, sent_at=NOON)
    assert one.answerable(NOON + 30 * DAY)
    assert not one.answerable(NOON + 30 * DAY + SECOND)


def test_an_answered_invitation_can_be_answered_again_while_it_is_open() -> None:
    assert invitation(state=State.SENT, sent_at=NOON, answer=Answer(0)).answerable(NOON + DAY)


def test_an_invitation_is_ready_when_it_is_due_or_where_it_was_deferred_after_that() -> None:
    assert invitation().ready_at == NOON + 3 * DAY
    assert invitation(deferred_until=NOON + 4 * DAY).ready_at == NOON + 4 * DAY


def test_it_waits_for_its_turn_as_long_as_its_patience_lasts_from_the_due_moment_on() -> None:
    one = invitation(patience=DAY, deferred_until=NOON + 90 * DAY)
    assert one.patient_until == NOON + 4 * DAY


def test_a_follow_up_has_one_name_however_often_its_survey_was_tried() -> None:
    assert invitation(generation=121, sent_at=NOON).schedule_name(2) == f"{invitation().id}-d2"


def test_one_that_was_put_off_has_another_for_the_schedule_that_fired_may_still_be_there() -> None:
    sent = invitation(sent_at=NOON)
    again = sent.defer(Deferral(NOON + 7 * DAY, SkipReason.WINDOW, NOON + 7 * DAY + 9 * HOUR))
    later = again.defer(Deferral(NOON + 8 * DAY, SkipReason.LIMIT, NOON + 9 * DAY))
    names = [again.schedule_name(2), later.schedule_name(2)]
    assert names == [f"{sent.id}-d2-20261129T210000", f"{sent.id}-d2-20261201T120000"]


def test_how_long_the_survey_itself_waited_does_not_name_its_follow_up() -> None:
    waited = invitation().defer(Deferral(NOON, SkipReason.WINDOW, NOON + HOUR))
    assert replace(waited, sent_at=NOON + HOUR).schedule_name(2) == f"{invitation().id}-d2"


WAIT = Deferral(NOON, SkipReason.WINDOW, NOON + 4 * DAY)


def test_what_is_put_off_has_a_timer_of_its_own_and_tells_why() -> None:
    first = invitation()
    again = first.defer(WAIT)
    assert (again.ready_at, again.deferrals, again.due_at) == (NOON + 4 * DAY, (WAIT,), first.due_at)
    assert again.schedule_name(1) != first.schedule_name(1)


def test_every_wait_is_remembered_in_order_but_only_so_many() -> None:
    one = invitation()
    waits = tuple(Deferral(NOON, SkipReason.LIMIT, NOON + hours * HOUR) for hours in range(1, MOST_DEFERRALS + 3))
    for wait in waits:
        one = one.defer(wait)
    assert one.deferrals == waits[2:]
    assert one.generation == len(waits) + 1
