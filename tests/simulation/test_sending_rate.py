"""Copies of send_survey against the sending rate of SES: the alarm rings where it holds them up, and only there.

Here calls of copies that run at once meet half-way, as they do not in the model of the month: each copy is a thread,
and the one whose turn comes next runs alone.
"""

import random
from collections.abc import Callable
from threading import Condition, Thread, get_ident
from typing import Any

import pytest

from afterbill.adapters.aws.ses import SesMailer
from afterbill.model.messages import Deferred, Mail
from afterbill.runtime.pauses import Pauses
from afterbill_dev.load import limits
from afterbill_dev.load.alarms import Alarm, alarms_of
from afterbill_dev.load.metrics import Metrics, named
from afterbill_dev.load.ses import Ses
from afterbill_dev.load.template import STACK, Template

TEMPLATE = Template({})
LASTS = 3600
AROUND = 2 * limits.DYNAMODB_TRANSACTION.value + 4 * limits.DYNAMODB_CALL.value
"""Seconds of what stands around the mail of one survey: it is read, claimed, and stored as sent."""
THROTTLED = named("afterbill", "SendingThrottled", {"service": STACK})
MAIL = Mail("ada@example.com", "survey@example.com", None, "Hello", "Hello", "<p>Hello</p>", {}, {})


class Turns:
    """Simulated time that several threads spend: the one that wakes first goes on, alone."""

    def __init__(self, threads: int) -> None:
        self.time, self._threads, self._wakes, self._turn = 0.0, threads, dict[int, float](), Condition()

    def spend(self, seconds: float) -> None:
        me = get_ident()
        with self._turn:
            self._wakes[me] = self.time + seconds
            self._turn.notify_all()
            self._turn.wait_for(lambda: len(self._wakes) == self._threads and min(self._wakes.items(), key=at)[0] == me)
            self.time = self._wakes.pop(me)

    def leave(self) -> None:
        with self._turn:
            self._threads -= 1
            self._turn.notify_all()

    def first(self, what: str) -> None:
        """As the clock of the model; nobody asks here."""


def at(wake: tuple[int, float]) -> float:
    return wake[1]


class Invocation:
    """The context of one run, with the time-out of the template."""

    def __init__(self, turns: Turns, timeout: float) -> None:
        self._turns, self._ends = turns, turns.time + timeout

    def get_remaining_time_in_millis(self) -> int:
        return int((self._ends - self._turns.time) * 1000)


def held_up(copies: int, rate: float) -> Metrics:
    """What so many copies write within an hour in which more surveys are due than they can send."""
    random.seed(2027)
    metrics, turns = Metrics(), Turns(copies)
    ses: Any = Ses(turns, quota=1e9, rate=rate)  # type: ignore[arg-type]  # as much of a clock as it needs
    send = dict(TEMPLATE.of_type("AWS::Serverless::Function"))["SendSurveyFunction"]
    batch = int(send["Events"]["SendQueue"]["Properties"]["BatchSize"])

    def run(number: int) -> None:
        pauses = Pauses(first=0.5, wait=turns.spend)
        mailer = SesMailer(ses, "afterbill", pauses)
        turns.spend(number / 10)
        while turns.time < LASTS:
            pauses.context = Invocation(turns, TEMPLATE.timeout(send))
            for _ in range(batch):
                turns.spend(AROUND)
                if isinstance(mailer.send(MAIL), Deferred):
                    metrics.put(THROTTLED, 1, turns.time)
        turns.leave()

    _together([lambda number=number: run(number) for number in range(copies)])  # type: ignore[misc]  # the default binds the number
    return metrics


def _together(works: list[Callable[[], None]]) -> None:
    threads = [Thread(target=work) for work in works]
    for one in threads:
        one.start()
    for one in threads:
        one.join()


def the_alarm() -> Alarm:
    (found,) = [one for one in alarms_of(TEMPLATE) if THROTTLED in {source.name for source in one.sources}]
    return found


def shipped() -> int:
    return int(TEMPLATE.parameters["SendConcurrency"])


@pytest.mark.parametrize("rate", [limits.SES_SANDBOX_RATE.value, 2])
def test_senders_that_ses_holds_up_ring_within_half_an_hour(rate: float):
    """At one mail a second, the sandbox's, and at two."""
    (first, *_) = the_alarm().rings(held_up(shipped(), rate), LASTS)

    assert first[0] <= 1800


def test_with_the_rate_outside_the_sandbox_the_shipped_copies_never_wait_for_long():
    assert held_up(shipped(), limits.SES_RATE.value).total(THROTTLED) == 0


def test_one_survey_that_is_refused_every_minute_rings():
    refused = Metrics()
    for minute in range(60):
        refused.put(THROTTLED, 1, minute * 60)

    assert the_alarm().rings(refused, LASTS)


def test_some_refusals_in_an_hour_do_not():
    refused = Metrics()
    for minute in range(0, 60, 10):
        refused.put(THROTTLED, 4, minute * 60)

    assert the_alarm().rings(refused, LASTS) == []
