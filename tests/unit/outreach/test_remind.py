"""A customer who does not answer is reminded once: in the window, and never after an objection."""

from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from afterbill.model.billing import Touchpoint
from afterbill.model.customer import Customer
from afterbill.model.errors import TransientError
from afterbill.model.invitation import REMINDER, Answer, Delivery, Invitation, SkipReason, State
from afterbill.model.messages import Deferred, Mail, Rejected, Unknown
from afterbill.outreach.caps import SendingCaps
from afterbill.outreach.delivery import PAUSE_CHECKED_AFTER, Outcome, SendResult
from afterbill_cli.memory.table import MemoryTable
from tests.factories import (
    ADA,
    COUNTRIES,
    DAY,
    HOUR,
    MINUTE,
    NOON,
    OFFICE,
    SECOND,
    compose,
    event,
    hash_address,
    invitation,
    policy,
    ref,
    refund,
    rule,
    ses_event,
)
from tests.world import World, due_survey

ID = invitation().id
REMINDING = policy(reminder=7 * DAY, almanac=COUNTRIES)
LATER = 7 * DAY
THROTTLED = Deferred("TooManyRequestsException", MINUTE, paused=False)
PAUSED = Deferred("AccountSuspendedException", 15 * MINUTE, paused=True)


@pytest.fixture
def world() -> World:
    """Ada was asked this moment, and is to be reminded in a week."""
    world = due_survey()
    world.policy = REMINDING
    assert world.send(ID) == SendResult(Outcome.SENT)
    return world


def stored(world: World) -> Invitation:
    return world.stored.invitations[ID]


def outcomes(happened: list[SendResult]) -> list[SendResult]:
    return [sent for sent in happened if sent.outcome is not Outcome.EARLY]


def test_who_does_not_answer_is_reminded_after_a_week(world: World) -> None:
    assert world.live(LATER - SECOND) == []
    assert world.live(SECOND) == [SendResult(Outcome.REMINDED)]
    assert [mail.to for mail in world.outbox] == [ADA, ADA]


def test_the_reminder_is_remembered_and_the_survey_stays_as_it_was_sent(world: World) -> None:
    before = stored(world)
    world.live(LATER)
    assert stored(world) == replace(before, delivery_number=REMINDER, reminded_at=world.now)


def test_an_objection_will_be_about_the_address_that_the_reminder_went_to_as_well(world: World) -> None:
    world.change_person("ada", address="new@example.com", address_hash=hash_address("new@example.com"))
    world.live(LATER)
    assert world.outbox[-1].to == "new@example.com"
    assert stored(world).address_hashes == (hash_address(ADA), hash_address("new@example.com"))


def test_the_mail_is_written_for_a_reminder(world: World) -> None:
    written = []

    def composing(one: Invitation, person: Any) -> Mail:
        written.append((one.delivery_number, one.reminded_at))
        return compose(one, person)

    world.compose = composing
    world.live(LATER)
    assert written == [(REMINDER, world.now)]


def test_nobody_is_reminded_twice(world: World) -> None:
    world.live(LATER)
    assert world.send(ID, REMINDER) == SendResult(Outcome.NOT_PENDING)
    world.live(100 * DAY)
    assert len(world.outbox) == 2


def test_where_no_reminder_is_wanted_no_timer_is_set() -> None:
    world = due_survey()
    world.send(ID)
    assert world.set_timers.schedules == {}


def test_nor_where_the_survey_is_closed_by_then() -> None:
    world = due_survey()
    world.policy = policy(reminder=31 * DAY)
    world.send(ID)
    assert world.set_timers.schedules == {}


@pytest.mark.parametrize("state", sorted(set(State) - {State.SENT}))
def test_only_of_a_survey_that_went_out_anybody_is_reminded(world: World, state: State) -> None:
    world.change(ID, state=state)
    world.now += LATER
    assert world.send(ID, REMINDER) == SendResult(Outcome.NOT_PENDING)


def test_what_comes_early_is_looked_at_again_in_time(world: World) -> None:
    world.set_timers.schedules.clear()
    world.now += DAY
    assert world.send(ID, REMINDER) == SendResult(Outcome.EARLY)
    assert world.live(LATER) == [SendResult(Outcome.REMINDED)]


def test_an_answer_makes_it_needless(world: World) -> None:
    world.live(DAY)
    world.answer(stored(world), rating="9")
    assert world.live(30 * DAY) == [SendResult(Outcome.NOT_REMINDED, SkipReason.ANSWERED)]
    assert len(world.outbox) == 1


@pytest.mark.parametrize("kind", ["bounce_permanent", "complaint"])
def test_a_mail_that_came_back_or_annoyed_is_not_followed_by_another(world: World, kind: str) -> None:
    world.report(ses_event(kind, ID))
    assert world.live(30 * DAY) == [SendResult(Outcome.NOT_REMINDED, SkipReason.SUPPRESSED)]


@pytest.mark.parametrize(
    ("reason", "changes"),
    [
        (SkipReason.SUPPRESSED, {"suppressed": "unsubscribed"}),
        (SkipReason.CUSTOMER_DELETED, {"deleted": True}),
        (SkipReason.NO_ADDRESS, {"address": None}),
        (SkipReason.STOPPED, {"last_adverse_at": NOON + 4 * DAY}),
        (SkipReason.SUPERSEDED, {"last_asked_at": NOON + 5 * DAY}),
        (SkipReason.NO_BASIS, {"attributes": {"consent_withdrawn_at": "2026-11-26"}}),
    ],
)
def test_what_was_learned_since_is_heard(world: World, reason: SkipReason, changes: dict[str, Any]) -> None:
    world.change_person("ada", **changes)
    before = stored(world)
    assert world.live(30 * DAY) == [SendResult(Outcome.NOT_REMINDED, reason)]
    assert stored(world) == before, "the survey itself went out, and can be answered"


def test_nobody_is_reminded_of_a_payment_since_refunded() -> None:
    world = World(policy(reminder=DAY))
    world.sent()
    world.capture(refund(at=world.now))
    assert world.live(30 * DAY) == [SendResult(Outcome.NOT_REMINDED, SkipReason.STOPPED)]


def test_nor_of_a_survey_another_has_followed() -> None:
    world = World(policy(reminder=9 * DAY, cooldown=timedelta(0)))
    world.capture(event("1"))
    world.now += 5 * DAY
    world.capture(event("2", occurred_at=world.now))
    world.live(40 * DAY)
    first, second = world.invitation(event("1")), world.invitation(event("2"))
    assert (first.reminded_at, second.reminded_at is not None) == (None, True)
    assert len(world.outbox) == 3


def test_a_reminder_that_comes_when_the_survey_is_closed_is_dropped(world: World) -> None:
    world.now += 30 * DAY
    assert world.send(ID, REMINDER) == SendResult(Outcome.NOT_REMINDED, SkipReason.EXPIRED)


def test_a_reminder_the_operator_no_longer_wants_is_dropped(world: World) -> None:
    world.policy = policy()
    world.now += LATER
    assert world.send(ID, REMINDER) == SendResult(Outcome.NOT_REMINDED, SkipReason.NOT_ASKED)


# The window

OFFICE_HOURS = policy(reminder=7 * DAY, window=OFFICE, almanac=COUNTRIES)
MORNING = (datetime(2026, 12, 3, 0, tzinfo=UTC), datetime(2026, 12, 3, 8, tzinfo=UTC))
"""A Thursday's office hours in Tokyo."""


def test_a_reminder_goes_out_when_people_read_mail() -> None:
    world = World(OFFICE_HOURS)
    world.capture(event(customer=ref(country="JP")))
    world.live(20 * DAY)
    sent, reminded = world.invitation(event()).sent_at, world.invitation(event()).reminded_at
    assert sent is not None
    assert reminded is not None
    assert datetime(2026, 11, 26, 0, tzinfo=UTC) <= sent < datetime(2026, 11, 26, 8, tzinfo=UTC)
    assert MORNING[0] <= reminded < MORNING[1]
    assert reminded - sent >= 7 * DAY


def test_one_that_comes_at_night_is_put_off_to_the_morning(world: World) -> None:
    """Sent on Wednesday at noon, which is 21:00 in Tokyo, where Ada is now."""
    world.policy = OFFICE_HOURS
    world.change_person("ada", time_zone="Asia/Tokyo")
    assert world.live(LATER) == [SendResult(Outcome.DEFERRED, SkipReason.WINDOW)]
    assert stored(world).state is State.SENT
    assert [wait.reason for wait in stored(world).deferrals] == [SkipReason.WINDOW]
    assert world.live(DAY) == [SendResult(Outcome.REMINDED)]
    reminded = stored(world).reminded_at
    assert reminded is not None
    assert MORNING[0] <= reminded < MORNING[1]


# What the mail system answers


@pytest.mark.parametrize(("receipt", "outcome"), [(THROTTLED, Outcome.THROTTLED), (PAUSED, Outcome.PAUSED)])
def test_a_refusal_gives_the_reminder_back_and_tries_later(world: World, receipt: Deferred, outcome: Outcome) -> None:
    world.mailer.receipts = [receipt]
    assert world.live(LATER) == [SendResult(outcome, receipt.reason)]
    assert (stored(world).delivery_number, stored(world).reminded_at) == (1, None)
    assert world.live(receipt.retry_after) == [SendResult(Outcome.REMINDED)]
    assert len(world.outbox) == 2


def test_a_retry_that_nobody_waited_for_is_early(world: World) -> None:
    world.mailer.receipts = [PAUSED]
    world.live(LATER)
    world.now += MINUTE
    assert world.send(ID, REMINDER) == SendResult(Outcome.EARLY)


@pytest.mark.parametrize(
    ("receipt", "outcome"), [(Rejected("no"), Outcome.REJECTED), (Unknown("silence"), Outcome.UNKNOWN)]
)
def test_after_a_no_or_silence_nobody_tries_again(world: World, receipt: Rejected | Unknown, outcome: Outcome) -> None:
    world.mailer.receipts = [receipt]
    assert world.live(LATER) == [SendResult(outcome, receipt.reason)]
    assert world.live(20 * DAY) == []
    assert (stored(world).state, stored(world).delivery_number) == (State.SENT, REMINDER)


# The switch and the caps


def test_while_everything_is_halted_nobody_is_reminded(world: World) -> None:
    world.caps.pause = "too many bounces"
    assert world.live(LATER) == [SendResult(Outcome.HALTED, "too many bounces")]
    assert world.live(PAUSE_CHECKED_AFTER) == [SendResult(Outcome.HALTED, "too many bounces")]
    world.caps.pause = ""
    assert world.live(PAUSE_CHECKED_AFTER) == [SendResult(Outcome.REMINDED)]


def test_a_reminder_counts_against_the_caps_but_not_against_the_quota(world: World) -> None:
    asking = {Touchpoint.PAYMENT_SUCCEEDED: rule(reminder=7 * DAY, quota=1)}
    world.policy = policy(asking, sending=SendingCaps(per_hour=9, per_day=9))
    world.live(LATER)
    assert dict(world.caps.used) == {"hour#2026-12-02T12": 1, "day#2026-12-02": 1}


def test_a_reminder_waits_for_a_cap(world: World) -> None:
    world.policy = replace(world.policy, sending=SendingCaps(per_hour=1))
    world.caps.used["hour#2026-12-02T12"] = 1
    assert world.live(LATER) == [SendResult(Outcome.DEFERRED, SkipReason.LIMIT)]
    end_of_the_hour = NOON + 10 * DAY + HOUR
    assert end_of_the_hour <= stored(world).ready_at < end_of_the_hour + HOUR
    assert world.live(2 * HOUR) == [SendResult(Outcome.REMINDED)]
    assert stored(world).reminded_at == stored(world).ready_at


def test_but_not_longer_than_the_survey_is_open(world: World) -> None:
    world.policy = policy(reminder=30 * DAY - MINUTE, sending=SendingCaps(per_day=1))
    world.caps.used["day#2026-12-25"] = 1
    world.now += 30 * DAY - MINUTE
    assert world.send(ID, REMINDER) == SendResult(Outcome.NOT_REMINDED, SkipReason.LIMIT)


@pytest.mark.parametrize(("receipt", "used"), [(THROTTLED, 0), (Rejected("no"), 0), (Unknown("silence"), 1)])
def test_what_was_not_sent_is_not_counted(world: World, receipt: Any, used: int) -> None:
    world.policy = replace(world.policy, sending=SendingCaps(per_hour=9))
    world.mailer.receipts = [receipt]
    world.live(LATER)
    assert world.caps.used["hour#2026-12-02T12"] == used


# Between the check and the claim


@dataclass
class Contested(MemoryTable):
    """Something happens between the check and the claim."""

    meanwhile: Any = None

    def claim_reminder(self, invitation: Invitation, customer: Customer) -> bool:
        meanwhile, self.meanwhile = self.meanwhile, None
        if meanwhile:
            meanwhile()
        return super().claim_reminder(invitation, customer)


def contested(world: World) -> Contested:
    table = Contested(invitations=world.stored.invitations, people=world.stored.people)
    world.table = world.stored = table
    world.policy = replace(world.policy, sending=SendingCaps(per_hour=9))
    return table


def interrupted(world: World, meanwhile: Any) -> None:
    """The reminder is due, and this happens before it is claimed: its message will come again."""
    contested(world).meanwhile = meanwhile
    world.now += LATER
    with pytest.raises(TransientError, match=ID):
        world.send(ID, REMINDER)


@pytest.mark.parametrize(
    ("changes", "found"),
    [
        ({"answer": Answer(3), "answered_at": NOON}, SendResult(Outcome.NOT_REMINDED, SkipReason.ANSWERED)),
        ({"delivery": Delivery.BOUNCED}, SendResult(Outcome.NOT_REMINDED, SkipReason.SUPPRESSED)),
        ({"delivery": Delivery.COMPLAINED}, SendResult(Outcome.NOT_REMINDED, SkipReason.SUPPRESSED)),
        ({"delivery_number": REMINDER}, SendResult(Outcome.NOT_PENDING)),
        ({"state": State.CLOSED}, SendResult(Outcome.NOT_PENDING)),
    ],
)
def test_what_happens_in_between_is_heard_and_nothing_is_counted(
    world: World, changes: dict[str, Any], found: SendResult
) -> None:
    interrupted(world, lambda: world.change(ID, **changes))
    assert world.caps.used.total() == 0
    assert world.send(ID, REMINDER) == found
    assert len(world.outbox) == 1


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"suppressed": "unsubscribed"}, SkipReason.SUPPRESSED),
        ({"deleted": True}, SkipReason.CUSTOMER_DELETED),
        ({"last_adverse_at": NOON + 4 * DAY}, SkipReason.STOPPED),
    ],
)
def test_so_is_what_is_learned_of_the_customer(world: World, changes: dict[str, Any], reason: SkipReason) -> None:
    known = world.stored.people["ada"].version
    interrupted(world, lambda: world.change_person("ada", version=known + 1, **changes))
    assert world.caps.used.total() == 0
    assert world.send(ID, REMINDER) == SendResult(Outcome.NOT_REMINDED, reason)
    assert len(world.outbox) == 1


def test_what_changes_nothing_about_it_only_delays_it(world: World) -> None:
    known = world.stored.people["ada"].version
    interrupted(world, lambda: world.change_person("ada", version=known + 1, name="Ada King"))
    assert world.send(ID, REMINDER) == SendResult(Outcome.REMINDED)
    assert world.caps.used.total() == 1


def test_a_survey_erased_in_between_is_not_reminded_of(world: World) -> None:
    interrupted(world, world.stored.invitations.clear)
    assert world.send(ID, REMINDER) == SendResult(Outcome.NOT_PENDING)


def test_nor_is_somebody_erased_in_between_written_to(world: World) -> None:
    interrupted(world, world.stored.people.clear)
    assert world.send(ID, REMINDER) == SendResult(Outcome.NOT_REMINDED, SkipReason.NO_CUSTOMER)
    assert world.caps.used.total() == 0


def test_of_two_messages_at_once_one_reminds(world: World) -> None:
    interrupted(world, lambda: world.send(ID, REMINDER))
    assert world.send(ID, REMINDER) == SendResult(Outcome.NOT_PENDING)
    assert len(world.outbox) == 2
    assert world.caps.used.total() == 1


def test_a_service_that_does_not_answer_uses_no_limit_up(world: World) -> None:
    def silent() -> None:
        raise TransientError(ID)

    contested(world).meanwhile = silent
    world.now += LATER
    with pytest.raises(TransientError):
        world.send(ID, REMINDER)
    assert world.caps.used.total() == 0
    assert world.send(ID, REMINDER) == SendResult(Outcome.REMINDED)


def test_a_reminder_that_was_taken_by_another_since_is_not_given_back_by_the_first(world: World) -> None:
    mine = replace(stored(world), delivery_number=REMINDER, reminded_at=world.now, generation=2)
    world.change(ID, delivery_number=REMINDER, reminded_at=world.now + SECOND)
    world.stored.release_reminder(mine)
    assert (stored(world).delivery_number, stored(world).generation) == (REMINDER, 1)
    world.stored.invitations.clear()
    world.stored.release_reminder(mine)
    assert world.stored.invitations == {}


def test_a_survey_refused_and_sent_later_is_followed_by_one_reminder_a_week_after_it_went_out() -> None:
    world = due_survey()
    world.policy = REMINDING
    world.mailer.receipts = [PAUSED]
    world.send(ID)
    happened = world.live(20 * DAY)
    assert outcomes(happened) == [SendResult(Outcome.SENT), SendResult(Outcome.REMINDED)]
    sent_at, reminded_at = stored(world).sent_at, stored(world).reminded_at
    assert sent_at is not None
    assert reminded_at is not None
    assert reminded_at - sent_at >= LATER
