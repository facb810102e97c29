"""Faults on demand, of whichever system."""

from typing import Any

import pytest

from afterbill_dev.local.connections import accounts
from afterbill_dev.local.connections.kit import UNANSWERED, FakeSystem, LaggingIndex, Request, as_json
from afterbill_dev.local.forwarding import Answer
from tests.unit.dev.connections.callers import Caller, Clock


class Counter(FakeSystem):
    """Counts what was written."""

    written = 0

    def serve(self, request: Request) -> Answer:
        self.written += request.method == "POST"
        return as_json(200, {"written": self.written})

    def state(self) -> dict[str, Any]:
        return {"written": self.written}


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def caller(clock: Clock) -> Caller:
    return Caller(Counter(clock, clock.wait))


def test_so_many_calls_fail_as_were_ordered(caller: Caller) -> None:
    assert caller.fail(status=503, count=2).status == 204

    assert [caller.call("POST", "/").status for _ in range(3)] == [503, 503, 200]
    assert caller.state == {"calls": 3, "written": 1}


def test_an_order_of_none_clears_the_one_before(caller: Caller) -> None:
    caller.fail(status=503, count=5)
    caller.fail(count=0)

    assert caller.call("POST", "/").status == 200


def test_a_fault_after_the_write_hides_what_was_done(caller: Caller) -> None:
    caller.fail(status=500, after_write=True)

    assert caller.call("POST", "/").status == 500
    assert caller.state["written"] == 1


def test_nothing_is_answered(caller: Caller) -> None:
    caller.fail(status=0)

    assert caller.system.answer(Request("POST", "/")) == UNANSWERED


def test_a_slow_call_ends_in_a_time_out_that_wrote_nothing(caller: Caller, clock: Clock) -> None:
    caller.fail(status="slow")

    assert caller.call("POST", "/").status == 504
    assert (clock.waited, caller.state["written"]) == ([20.0], 0)


def test_a_slow_call_that_wrote_answers_late(caller: Caller, clock: Clock) -> None:
    caller.fail(status="slow", after_write=True, seconds=3)

    assert caller.call("POST", "/").content == {"written": 1}
    assert clock.waited == [3]


def test_a_page_is_answered_in_place_of_json(caller: Caller) -> None:
    caller.fail(status="html")

    reply = caller.call("POST", "/")
    assert (reply.status, reply.headers["Content-Type"]) == (200, "text/html")


def test_a_fault_may_say_when_to_come_again(caller: Caller) -> None:
    caller.fail(status=429, retry_after=1.2)

    assert caller.call("POST", "/").headers["Retry-After"] == "2"


def test_a_fault_by_the_vendors_name(caller: Caller) -> None:
    caller.fail(error="rate_limited")

    assert caller.call("POST", "/").content == {"error": "rate_limited"}


@pytest.mark.parametrize(
    "order", [{"status": "broken"}, {"status": 99}, {"count": "2"}, {"after": True}, [503]], ids=str
)
def test_an_order_that_means_nothing_is_refused(caller: Caller, order: Any) -> None:
    assert caller.call("POST", accounts.FAULT, order).status == 400
    assert caller.call("POST", "/").status == 200


def test_an_index_knows_a_record_as_it_was_some_time_ago(clock: Clock) -> None:
    index = LaggingIndex(60)
    index.put(1, {"tag": "old"}, clock())
    clock.turn(seconds=59)
    index.put(1, {"tag": "new"}, clock())

    assert index.all(clock()) == []
    clock.turn(seconds=1)
    assert index.all(clock()) == [{"tag": "old"}]
    clock.turn(seconds=59)
    assert index.all(clock()) == [{"tag": "new"}]
