"""The open tickets of a customer with a low score become more urgent."""

from dataclasses import replace

import pytest

from afterbill.model.invitation import Answer
from afterbill_actions.connectors.freshdesk import priority
from afterbill_actions.exchange import NO_REPLY, Reply
from afterbill_actions.outcome import Denied, Done, Later, NeedsPerson
from tests.unit.actions.answers import Desk, Wire, again, job
from tests.unit.actions.freshdesk.helpdesk import Helpdesk


@pytest.fixture
def helpdesk() -> Helpdesk:
    return Helpdesk()


@pytest.fixture
def desk(helpdesk: Helpdesk) -> Desk:
    return Desk(Wire(helpdesk))


def priorities(helpdesk: Helpdesk) -> list[int]:
    return [ticket["priority"] for ticket in helpdesk.tickets.values()]


def test_open_tickets_that_are_less_urgent_are_raised(helpdesk: Helpdesk, desk: Desk) -> None:
    helpdesk.add(priority=1)
    helpdesk.add(priority=4)
    helpdesk.add(priority=2, status=6)  # a status of their own

    assert desk.run(priority.write, job()) == Done({"1": "1", "3": "2"})
    assert priorities(helpdesk) == [4, 4, 4]


@pytest.mark.parametrize("kept", [{"status": 4}, {"status": 5}, {"tags": ["afterbill"]}, {"email": "b@example.com"}])
def test_those_that_are_over_or_ours_or_anothers_are_not(
    helpdesk: Helpdesk, desk: Desk, kept: dict[str, object]
) -> None:
    helpdesk.add(**kept)

    assert desk.run(priority.write, job()) == Done()
    assert priorities(helpdesk) == [1]


def test_a_workflow_can_ask_for_less(helpdesk: Helpdesk, desk: Desk) -> None:
    helpdesk.add()
    helpdesk.add(priority=3)

    desk.done(priority.write, job(settings={"priority": "high"}))

    assert priorities(helpdesk) == [3, 3]


def test_many_are_raised_in_steps_of_three_requests(helpdesk: Helpdesk, desk: Desk) -> None:
    for _ in range(7):
        helpdesk.add()

    record = desk.done(priority.write, job())

    assert priorities(helpdesk) == [4] * 7
    assert record == {str(number): "1" for number in range(1, 8)}
    assert desk.most == 3


def test_what_was_raised_is_given_back_unless_somebody_set_another(helpdesk: Helpdesk, desk: Desk) -> None:
    for number in (1, 2, 1):
        helpdesk.add(priority=number)
    record = desk.done(priority.write, job())
    helpdesk.tickets[1]["priority"] = 3
    helpdesk.tickets[3]["deleted"] = True

    assert desk.run(priority.undo, again(job(), record)) == Done()
    assert priorities(helpdesk) == [3, 2, 4]
    assert desk.most <= 3


def test_a_customer_without_tickets_or_unknown_there_has_none_to_raise(desk: Desk) -> None:
    assert desk.run(priority.write, job()) == Done()
    assert desk.run(priority.undo, job()) == Done()
    assert desk.run(priority.erase, job()) == Done()


def test_somebody_whom_nothing_names_is_a_persons_task(desk: Desk) -> None:
    assert isinstance(desk.run(priority.write, job(mail_address="", customer_ids=())), NeedsPerson)


def test_nothing_is_raised_for_an_answer_that_is_gone(desk: Desk) -> None:
    assert desk.run(priority.write, job(None)) == Done()
    assert desk.wire.sent == []


@pytest.mark.parametrize("number", [1, 2])
@pytest.mark.parametrize(
    ("fault", "expected"), [(Reply(NO_REPLY), Later("no reply came")), (Reply(401), Denied)], ids=["lost", "401"]
)
def test_a_fault_is_told_and_a_retry_goes_on(
    helpdesk: Helpdesk, desk: Desk, number: int, fault: Reply, expected: object
) -> None:
    helpdesk.add()
    desk.wire.faults, desk.wire.after = {number: fault}, True

    outcome = desk.run(priority.write, job())
    assert outcome == expected or isinstance(outcome, Denied)
    desk.wire.faults = {}
    desk.done(priority.write, job(maybe=True))

    assert priorities(helpdesk) == [4]


@pytest.mark.parametrize("number", [1, 2])
def test_giving_back_is_tried_again_too(helpdesk: Helpdesk, desk: Desk, number: int) -> None:
    helpdesk.add()
    record = desk.done(priority.write, job())
    taken = again(job(), record)
    desk.wire.faults = {len(desk.wire.sent) + number: Reply(500)}

    assert desk.run(priority.undo, taken) == Later("status 500")
    assert desk.run(priority.undo, replace(taken, maybe=True)) == Done()
    assert priorities(helpdesk) == [1]


def test_a_ticket_that_goes_away_meanwhile_is_passed_over(helpdesk: Helpdesk, desk: Desk) -> None:
    helpdesk.add()
    desk.wire.faults = {2: Reply(404)}

    assert isinstance(desk.run(priority.write, job(Answer(1))), Done)
