"""The circuit breaker: it stops once, stands until somebody resumes, and never undoes what a person did."""

from dataclasses import dataclass, field
from datetime import date, timedelta

import pytest

from afterbill.insight.nps import Tally
from afterbill.insight.ports import Progress
from afterbill.model.errors import UnreadableError
from afterbill.model.invitation import Delivery
from afterbill.outreach.caps import SendingCaps
from afterbill.outreach.reputation import Figures, SendingPause
from afterbill.outreach.watch_reputation import Outcome, Watched, watch_reputation
from afterbill_cli.memory.keys import MemorySendingSwitch
from afterbill_cli.memory.scores import MemoryScores
from tests.unit.insight.score_world import NOON, ZONE, World

TODAY = date(2026, 11, 22)
DAY = timedelta(days=1)
BAD = Tally(sent=100, bounced=60)


@dataclass
class Watch:
    """A table of tallies, a switch and a clock."""

    now: object = NOON
    scores: MemoryScores = field(default_factory=MemoryScores)
    switch: MemorySendingSwitch = field(default_factory=MemorySendingSwitch)

    def mails(self, tally: Tally, day: date = TODAY) -> None:
        self.scores.put_tallies(day, {"channel": {"mail": tally}, "mail_origin": {"shop/renewed": tally}})

    def look(self) -> Watched:
        return watch_reputation(self.scores, self.switch, SendingCaps(), self.now, ZONE)


@pytest.fixture
def watch() -> Watch:
    return Watch()


def test_good_mails_go_on(watch):
    watch.mails(Tally(sent=100, bounced=1))

    assert watch.look() == Watched(Outcome.GOES_ON, figures=Figures(100, 1, 0))
    assert watch.switch.pause_reason() == ""


def test_mails_that_ask_another_question_count_as_well(watch):
    watch.mails(Tally(sent=100, bounced=3))
    watch.scores.put_tallies(TODAY, {"csat:channel": {"mail": Tally(sent=100, bounced=4)}})
    watch.scores.store_progress(Progress(TODAY, frozenset({"csat", "ces"})))

    assert watch.look() == Watched(Outcome.GOES_ON, figures=Figures(200, 7, 0))


def test_a_tally_that_cannot_be_read_is_told_and_the_others_stop_sending(watch):
    strange = UnreadableError("TALLY#channel 2026-11-21: ValueError")
    watch.mails(BAD)
    watch.scores.tallied["channel"][TODAY - DAY] = strange
    watch.scores.tallied["mail_origin"][TODAY - DAY] = strange

    looked = watch.look()

    assert (looked.outcome, looked.figures) == (Outcome.STOPPED, Figures(100, 60, 0))
    assert looked.unreadable == (str(strange),) * 2


def test_it_is_told_too_where_sending_goes_on_or_somebody_turned_the_switch(watch, monkeypatch):
    watch.mails(Tally(sent=1))
    watch.scores.tallied["channel"][TODAY - DAY] = UnreadableError("TALLY")
    assert watch.look() == Watched(Outcome.GOES_ON, figures=Figures(1, 0, 0), unreadable=("TALLY",))

    watch.mails(BAD)
    monkeypatch.setattr(watch.switch, "stop", lambda _: False)
    assert watch.look() == Watched(Outcome.OVERTAKEN, unreadable=("TALLY",))


def test_mails_that_asked_a_question_that_nobody_knows_count_as_well(watch):
    watch.scores.put_tallies(TODAY, {"mood:channel": {"mail": Tally(sent=100, bounced=4)}})
    watch.scores.store_progress(Progress(TODAY, frozenset({"mood"})))

    assert watch.look() == Watched(Outcome.GOES_ON, figures=Figures(100, 4, 0))


def test_where_nobody_can_read_what_was_asked_all_questions_count(watch):
    watch.scores.put_tallies(TODAY, {"csat:channel": {"mail": BAD}})
    watch.scores.kept = UnreadableError("STATE compute: ValueError")

    looked = watch.look()

    assert (looked.outcome, looked.unreadable) == (Outcome.STOPPED, ("STATE compute: ValueError",))


def test_text_messages_that_fail_stop_nothing_and_offers_in_the_product_hide_nothing(watch):
    ways = {"mail": BAD, "sms": Tally(sent=50, bounced=50), "in_app": Tally(sent=9000)}
    watch.scores.put_tallies(TODAY, {"channel": ways, "all": {"all": Tally(sent=9150, bounced=110)}})

    assert watch.look().figures == Figures(100, 60, 0)


def test_a_few_bounces_of_a_small_sender_go_on_with_a_warning(watch):
    watch.mails(Tally(sent=60, bounced=5))

    looked = watch.look()

    assert (looked.outcome, looked.reason, watch.switch.pause_reason()) == (Outcome.GOES_ON, "", "")
    assert looked.risk.startswith("5 of 60 mails bounced (8.33 %, the limit is 4.00 %): 5 of 60 about renewed of")


def test_the_origins_of_all_days_are_added_up(watch):
    for ago, touchpoint in enumerate(("renewed", "renewed", "signed_up")):
        day = {"channel": {"mail": BAD}, "mail_origin": {f"shop/{touchpoint}": BAD}}
        watch.scores.put_tallies(TODAY - ago * DAY, day)

    looked = watch.look()

    assert looked.figures == Figures(300, 180, 0, free_bounced=60)
    assert "120 of 200 about renewed of source shop, 60 of 100 about signed_up of source shop" in looked.reason


def test_before_any_mail_there_is_nothing_to_stop(watch):
    watch.scores.put_tallies(TODAY, {"channel": {}})

    assert watch.look() == Watched(Outcome.GOES_ON, figures=Figures())


def test_bad_mails_stop_with_the_reason_and_the_figures(watch):
    watch.mails(BAD)

    looked = watch.look()

    assert looked == Watched(
        Outcome.STOPPED,
        "60 of 100 mails bounced (60.00 %, the limit is 4.00 %): 60 of 100 about renewed of source shop",
        Figures(100, 60, 0),
    )
    assert watch.switch.state() == SendingPause(looked.reason, NOON, looked.figures)
    assert watch.switch.pause_reason() == looked.reason


def test_seven_days_are_added_up_and_the_eighth_is_not(watch):
    for ago in range(7):
        watch.mails(Tally(sent=10, bounced=1), TODAY - ago * DAY)
    watch.mails(Tally(sent=1000, bounced=1000), TODAY - 7 * DAY)

    assert watch.look().figures == Figures(70, 7, 0)


def test_the_days_are_the_operators(watch):
    watch.mails(BAD, TODAY + DAY)
    assert watch.look().outcome is Outcome.GOES_ON

    watch.now = NOON.replace(hour=23)  # 00:00 in Berlin

    assert watch.look().outcome is Outcome.STOPPED


def test_it_stands_until_somebody_resumes_though_the_bad_days_pass(watch):
    watch.mails(BAD)
    stopped = watch.look()
    watch.now += 30 * DAY

    assert watch.look() == Watched(Outcome.STANDS, stopped.reason, stopped.figures)
    assert watch.switch.state().since == NOON


def test_the_same_days_never_stop_it_again_after_a_resume(watch):
    watch.mails(BAD)
    watch.look()
    watch.switch.resume(TODAY)

    assert watch.look() == Watched(Outcome.GOES_ON, figures=Figures())
    watch.mails(Tally(sent=200, bounced=50))  # bounces of mails from before keep coming in
    watch.now += DAY
    assert watch.look() == Watched(Outcome.GOES_ON, figures=Figures())


def test_bad_days_after_the_resume_stop_it_again(watch):
    watch.mails(BAD)
    watch.look()
    watch.switch.resume(TODAY)
    watch.now += DAY
    watch.mails(BAD, TODAY + DAY)

    assert watch.look().outcome is Outcome.STOPPED
    assert watch.switch.state().resumed_on == TODAY


def test_a_stop_by_hand_keeps_its_reason(watch):
    watch.mails(BAD)
    by_hand = SendingPause("wrong prices", NOON - DAY)
    watch.switch.stop(by_hand)

    assert watch.look() == Watched(Outcome.STANDS, "wrong prices")
    assert watch.switch.state() == by_hand


@dataclass
class Overtaken(MemorySendingSwitch):
    """Somebody does something between the look at it and the stop."""

    meanwhile: tuple[str, object] = ("stop", SendingPause("wrong prices", NOON - DAY))

    def state(self) -> SendingPause:
        seen = super().state()
        name, argument = self.meanwhile
        getattr(self, name)(argument)
        return seen


def test_a_stop_by_hand_in_the_very_moment_keeps_its_reason(watch):
    watch.mails(BAD)
    watch.switch = Overtaken()

    assert watch.look() == Watched(Outcome.OVERTAKEN)
    assert watch.switch.pause_reason() == "wrong prices"


def test_a_look_from_before_a_resume_does_not_stop_again(watch):
    """Another run stopped it, an operator resumed, and only then this one comes to its write."""
    watch.mails(BAD)

    class Resumed(MemorySendingSwitch):
        def stop(self, halt):
            super().stop(SendingPause("by another run", NOON - DAY))
            self.resume(TODAY)
            return super().stop(halt)

    watch.switch = Resumed()

    assert watch.look() == Watched(Outcome.OVERTAKEN)
    assert watch.switch.state() == SendingPause(resumed_on=TODAY)


def test_bounces_become_figures_by_the_recount():
    world = World()
    for number in range(50):
        delivery = Delivery.BOUNCED if number < 40 else Delivery.DELIVERED
        world.mark(*world.send(str(number), channel="mail", source="shop", touchpoint="order_paid"))
        world.mark(*world.deliver(str(number), delivery))
    world.settled_run()

    looked = watch_reputation(world.table, MemorySendingSwitch(), SendingCaps(), world.now, ZONE)

    assert (looked.outcome, looked.figures) == (Outcome.STOPPED, Figures(50, 40, 0))
    assert looked.reason.endswith(": 40 of 50 about order_paid of source shop")
