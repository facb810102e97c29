"""Test surveys: what an operator's own addresses get, and that it counts nowhere."""

from dataclasses import replace
from datetime import date, timedelta

import pytest

from afterbill.answers.record_response import Outcome as Used
from afterbill.intake.capture_fact import Captured, Outcome
from afterbill.intake.connector import Api, Login
from afterbill.model.billing import BillingEvent, CustomerRef, Money, Touchpoint, fact_key
from afterbill.model.channels import Channel
from afterbill.model.consent import PRESETS
from afterbill.model.customer import Recipient, Suppression
from afterbill.model.invitation import NO_DAY, Delivery, Invitation, SkipReason, State
from afterbill.model.messages import Rejected
from afterbill.model.survey_tests import SEND_TEST, SurveyTests
from afterbill.outreach.caps import SendingCaps
from afterbill.outreach.delivery import Outcome as Sending
from afterbill.outreach.policy import Policy
from afterbill.outreach.sweep import Finding
from afterbill_cli.memory.scores import MemoryCampaigns, MemoryScores
from tests.factories import ADA, DAY, HOUR, MINUTE, NOON, OFFICE, event, hash_address, policy, ref, rule, ses_event
from tests.unit.loop.crashes import every_fault
from tests.world import World

ME = "me@example.com"


def own_event(**changes: object) -> BillingEvent:
    """A test payment of the operator's own."""
    return event(test=True, customer=ref(email=ME, name="Me", locale="de"), **changes)


def eager_policy(**changes: object) -> Policy:
    return policy(
        legal=PRESETS["strict"],
        sending=SendingCaps(per_hour=1, per_day=1),
        test=SurveyTests(frozenset({ME}), 2 * MINUTE),
        **{"window": OFFICE, "sampling": 0.0, "reminder": DAY, "quota": 1} | changes,
    )


@pytest.fixture
def world() -> World:
    """Sunday noon, and a policy by which nobody is asked now: strict, outside the window, not sampled."""
    return World(eager_policy())


def captured(world: World, one: BillingEvent | None = None) -> Invitation:
    result = world.capture(one or own_event())
    assert result.invitation is not None
    return result.invitation


def sent(world: World) -> Invitation:
    id_ = captured(world).id
    assert [one.outcome for one in world.pass_time(2 * MINUTE)] == [Sending.TEST_SENT]
    return world.stored.invitations[id_]


class TestWhoIsAsked:
    def test_a_test_event_about_an_own_address_is_asked_about_after_the_delay_of_tests(self, world: World) -> None:
        one = captured(world)
        assert (one.test, one.state, one.due_at) == (True, State.PENDING, NOON + 2 * MINUTE)
        world.pass_time(2 * MINUTE)
        assert [mail.to for mail in world.outbox] == [ME]

    def test_minutes_are_kept_by_the_queue_for_the_timer_may_be_late(self, world: World) -> None:
        one = captured(world)
        assert world.queued.messages == [(one.id, 1, 2 * MINUTE)]

    def test_a_longer_delay_has_a_timer(self, world: World) -> None:
        world.policy = replace(world.policy, test=SurveyTests(frozenset({ME}), HOUR))
        one = captured(world)
        assert world.set_timers.schedules[one.schedule_name(1)][0] == NOON + HOUR

    @pytest.mark.parametrize("spelled", ["ME@Example.COM", " me@example.com "])
    def test_an_address_is_the_same_however_it_is_spelled(self, world: World, spelled: str) -> None:
        assert captured(world, event(test=True, customer=ref(email=spelled))).test

    @pytest.mark.parametrize("who", [ref(), CustomerRef("cus_1"), CustomerRef()])
    def test_nobody_else_is(self, world: World, who: CustomerRef) -> None:
        one = captured(world, event(test=True, customer=who))
        assert (one.test, one.reason) == (False, SkipReason.TEST_MODE)
        assert not world.stored.people

    def test_a_real_event_about_an_own_address_is_a_real_fact(self, world: World) -> None:
        one = captured(world, event(customer=ref(email=ME)))
        assert (one.test, one.reason) == (False, SkipReason.NOT_SAMPLED)

    def test_where_test_mode_is_real_it_stays_so(self, world: World) -> None:
        world.policy = eager_policy(sampling=1.0)
        result = world.capture(own_event(), source="sandbox")
        assert result.invitation is not None
        assert not result.invitation.test

    @pytest.mark.parametrize(
        ("reason", "changes", "more"),
        [
            (SkipReason.NOT_ASKED, {"ask": False}, {}),
            (SkipReason.NOT_PAID, {"paid_only": True}, {"money": Money(0, "EUR")}),
        ],
    )
    def test_what_the_touchpoint_never_asks_about_is_not_tested(
        self, world: World, reason: SkipReason, changes: dict[str, object], more: dict[str, object]
    ) -> None:
        world.policy = eager_policy(**changes)
        one = captured(world, own_event(**more))
        assert (one.test, one.state, one.reason) == (True, State.CLOSED, reason)

    @pytest.mark.parametrize("reason", Suppression)
    def test_never_one_that_is_suppressed(self, world: World, reason: Suppression) -> None:
        world.stored.recipients[hash_address(ME)] = Recipient(hash_address(ME), suppressed=reason)
        assert captured(world).reason == SkipReason.SUPPRESSED
        assert not world.pass_time(DAY)

    def test_an_event_that_names_no_address_is_asked_about_at_the_api(self, world: World) -> None:
        world.abilities = {
            "API": Api("https://api.example.com", Login.KEY),
            "find_customer": lambda one, _source, _call: replace(one, customer=ref(email=ME)),
        }
        assert captured(world, event(test=True, customer=CustomerRef("cus_1"))).test


class TestRepeats:
    def test_the_same_event_again_is_a_duplicate(self, world: World) -> None:
        captured(world)
        assert world.capture(own_event()).outcome is Outcome.DUPLICATE
        assert len(world.stored.people) == 1

    def test_another_event_about_the_same_fact_asks_no_second_time(self, world: World) -> None:
        captured(world)
        assert world.capture(own_event(event_id="evt_twin")).outcome is Outcome.DUPLICATE
        assert len(world.stored.people) == 1

    def test_a_fact_that_was_skipped_as_a_test_is_asked_about_when_it_comes_again(self, world: World) -> None:
        """The operator enters an address, and has the billing system send the event once more."""
        entered = world.policy
        world.policy = policy()
        assert captured(world).reason == SkipReason.TEST_MODE
        world.policy = entered
        assert world.capture(own_event()).outcome is Outcome.SCHEDULED
        assert [one.outcome for one in world.pass_time(2 * MINUTE)] == [Sending.TEST_SENT]

    def test_and_when_another_event_names_the_address(self, world: World) -> None:
        captured(world, event(test=True, customer=CustomerRef("cus_1")))
        assert captured(world, own_event(event_id="evt_twin")).test


class TestDue:
    def test_an_address_that_was_taken_off_meanwhile_gets_nothing(self, world: World) -> None:
        one = captured(world)
        world.policy = replace(world.policy, test=SurveyTests())
        world.pass_time(2 * MINUTE)
        assert world.stored.invitations[one.id].reason == SkipReason.TEST_MODE

    def test_an_objection_that_came_meanwhile_counts(self, world: World) -> None:
        one = captured(world)
        world.stored.suppress(hash_address(ME), Suppression.UNSUBSCRIBED, NOON, None)
        world.pass_time(2 * MINUTE)
        assert world.stored.invitations[one.id].reason == SkipReason.SUPPRESSED

    def test_a_touchpoint_that_was_switched_off_meanwhile_is_not_tested(self, world: World) -> None:
        one = captured(world)
        world.policy = eager_policy(ask=False)
        world.pass_time(2 * MINUTE)
        assert world.stored.invitations[one.id].reason == SkipReason.NOT_ASKED

    @pytest.mark.parametrize(("problem", "mails"), [(SkipReason.BAD_ADDRESS, 0), (SkipReason.ROLE_ADDRESS, 1)])
    def test_an_own_address_may_be_a_roles(self, world: World, problem: SkipReason, mails: int) -> None:
        world.address_problem = lambda _address: problem
        captured(world)
        world.pass_time(2 * MINUTE)
        assert len(world.outbox) == mails

    def test_a_customer_that_is_gone_is_nobody(self, world: World) -> None:
        one = captured(world)
        world.stored.people.clear()
        world.pass_time(2 * MINUTE)
        assert world.stored.invitations[one.id].reason == SkipReason.NO_CUSTOMER

    def test_one_that_waited_for_more_than_a_day_is_not_sent(self, world: World) -> None:
        one = captured(world)
        world.pass_time(2 * DAY)
        assert world.stored.invitations[one.id].reason == SkipReason.EXPIRED

    def test_a_sending_pause_holds_it_too(self, world: World) -> None:
        captured(world)
        world.counters.pause = "stopped by hand"
        assert [one.outcome for one in world.pass_time(2 * MINUTE)] == [Sending.HALTED]

    def test_a_rejection_ends_it(self, world: World) -> None:
        one = captured(world)
        world.mailer.receipts = [Rejected("MessageRejected")]
        world.pass_time(2 * MINUTE)
        assert world.stored.invitations[one.id].reason == SkipReason.REJECTED


class TestItCountsNowhere:
    def test_its_days_are_none(self, world: World) -> None:
        one = sent(world)
        assert world.answer(one, rating="3").outcome is Used.RECORDED
        answered = world.stored.invitations[one.id]
        assert answered.answer is not None
        assert (answered.answer.rating, answered.sent_day, answered.answered_day) == (3, NO_DAY, NO_DAY)

    def test_no_tally_holds_it_whatever_happens_to_it(self, world: World) -> None:
        one = sent(world)
        world.answer(one, rating="3")
        world.report(ses_event("bounce_permanent", one.id, ME))
        assert world.stored.invitations[one.id].delivery is Delivery.BOUNCED
        scores = MemoryScores(world.stored.invitations)
        days = [date(2026, 11, 1) + timedelta(days=number) for number in range(60)]
        pages = [page for day in days for page in (*scores.answers_of(day), *scores.sends_of(day))]
        assert not [entry for page in pages for entry in page.items]

    def test_no_cap_or_quota_is_used_up(self, world: World) -> None:
        sent(world)
        assert not world.counters.used

    def test_a_real_survey_to_the_same_address_keeps_its_turn(self, world: World) -> None:
        world.policy = replace(eager_policy(sampling=1.0), legal=PRESETS["relaxed"], sending=SendingCaps())
        sent(world)
        assert world.stored.recipient(hash_address(ME)).last_asked_at is None
        real = captured(world, event("2", customer=ref(email=ME)))
        assert (real.state, real.deferred_until and real.deferred_until < NOON + 4 * DAY) == (State.PENDING, True)

    def test_nothing_follows_it(self, world: World) -> None:
        world.policy = replace(
            world.policy,
            rules=eager_policy(channels=(Channel.MAIL, Channel.SMS), fallback=HOUR).rules,
        )
        sent(world)
        assert not world.live(30 * DAY)

    def test_a_second_look_asks_nothing(self, world: World) -> None:
        one = sent(world)
        world.now += 2 * DAY
        assert world.send(one.id, 2).outcome is Sending.NOT_REMINDED

    def test_it_goes_by_mail_even_where_the_product_comes_first(self, world: World) -> None:
        world.policy = eager_policy(channels=(Channel.IN_APP, Channel.MAIL), seen_within=DAY)
        assert sent(world).channel == Channel.MAIL

    def test_it_teaches_nothing_about_the_customer_it_names(self, world: World) -> None:
        world.policy = replace(eager_policy(), test=SurveyTests(frozenset({ME})))
        world.capture(event("2", customer=ref(email=ADA)))
        known = world.person()
        sent(world)
        assert world.stored.people[known.id] == known
        assert world.stored.aliases == {"shop#cus_1": known.id}

    def test_no_campaign_or_import_meets_its_customer(self, world: World) -> None:
        one = sent(world)
        assert world.stored.people[one.customer_id].forget_at == one.kept_until()
        assert not world.stored.holders(hash_address(ME))
        campaigns = MemoryCampaigns(world.stored.people)
        assert not [id_ for slot in range(1024) for id_ in campaigns.customers_in(slot)]

    def test_it_is_kept_for_weeks_and_not_for_years(self, world: World) -> None:
        assert sent(world).kept_until() == NOON + 2 * MINUTE + 38 * DAY

    @pytest.mark.parametrize("lost", [True, False])
    def test_a_sweep_that_proves_it_was_sent_counts_it_no_more(self, world: World, *, lost: bool) -> None:
        one = sent(world)
        world.change(one.id, state=State.SENDING, sent_day="", sent_at=None, claimed_at=world.now)
        if lost:
            world.report(ses_event("delivery", one.id, ME))
        else:
            world.answer(one, rating="9")
            world.now += 20 * MINUTE
            assert world.sweep()[Finding.CONFIRMED_SENT]
        assert world.stored.invitations[one.id].sent_day == NO_DAY


def by_command(address: str = "colleague@example.com") -> BillingEvent:
    who = CustomerRef(email=address)
    fact = fact_key(SEND_TEST, "", "1", Touchpoint.RENEWED)
    return event(source=SEND_TEST, fact=fact, touchpoint=Touchpoint.RENEWED, customer=who, money=None, test=True)


class TestByCommand:
    def test_it_goes_to_any_address_at_once(self, world: World) -> None:
        result: Captured = world.capture(by_command(), source=SEND_TEST)
        assert result.invitation is not None
        assert result.invitation.due_at == NOON
        world.pass_time(timedelta(0))
        assert [mail.to for mail in world.outbox] == ["colleague@example.com"]

    def test_the_source_is_ours_and_always_there(self) -> None:
        source = policy().source(SEND_TEST)
        assert source is not None
        assert (source.provider, source.test_mode) == ("send_test", False)


def test_without_recipients_no_api_is_asked_about_tests() -> None:
    world = World(policy(rules={Touchpoint.PAYMENT_SUCCEEDED: rule()}))
    world.abilities = {
        "API": Api("https://api.example.com", Login.KEY),
        "find_customer": lambda *_: pytest.fail("asked"),
    }
    assert captured(world, event(test=True, customer=CustomerRef("cus_1"))).reason == SkipReason.TEST_MODE


def test_killed_at_any_call_and_repeated_it_is_mailed_once_and_counts_nowhere() -> None:
    def through(world: World) -> None:
        world.capture(own_event())
        world.pass_time(2 * MINUTE)

    ruined = 0
    for world in every_fault(lambda: World(eager_policy()), through):
        ruined += 1
        world.capture(own_event())
        world.live(HOUR)
        world.sweep()
        world.live(2 * DAY)
        (one,) = world.stored.invitations.values()
        assert len(world.outbox) <= 1
        assert one.test
        assert one.sent_day in {"", NO_DAY}
        assert world.stored.recipient(hash_address(ME)).last_asked_at is None
    assert ruined > 10
