"""One drain: what is called, what ends without a call, and what is left for the next."""

from dataclasses import replace
from datetime import timedelta

import pytest

from afterbill.model.invitation import Answer
from afterbill_actions import drain as draining
from afterbill_actions import rate
from afterbill_actions.connector import Action
from afterbill_actions.drain import LEASE, drain
from afterbill_actions.exchange import NOT_SENT, Reply, Request
from afterbill_actions.operate import OperateDeps, drop, retry
from afterbill_actions.outbox import LATE, Entry, EntryState, Operation, place_of
from afterbill_actions.outcome import Done, GoesOn, Later, NeedsPerson, TaskKind
from afterbill_actions.sweep_connections import wake_connections
from afterbill_actions.version import version_of
from afterbill_actions.workflow import Configuration
from tests.simulation.action_systems import CONNECTORS, Nothing
from tests.simulation.action_town import HOUR, MINUTE, SECOND, Town, configuration

ID = "invitation-0001"
EFFECT = "low/helpdesk.put"


def entry(town, operation=Operation.WRITE, **changes):
    stored = town.table.invitations.get(ID)
    version = version_of(stored.answer) if stored else ""
    place = place_of(town.now, f"{ID}:{version}", EFFECT)
    one = Entry("helpdesk", place, EFFECT, operation, town.now, ID, version, "customer-01")
    return replace(one, **changes)


@pytest.fixture
def town():
    """A low answer that is published, and nothing put."""
    made = Town()
    made.answer(ID, Answer(3, "turn 0"))
    made.stream.clear()
    version = version_of(made.table.invitations[ID].answer)
    made.effects.mark_published(ID, version, made.now, made.now + HOUR)
    return made


def drained(town, *entries, goes_on=lambda: True, **deps):
    town.outbox.put(entries)
    return drain("helpdesk", replace(town.draining(), **deps), goes_on)


def ended(town):
    (one,) = town.outbox.held.values()
    return one.state, one.reason


def connector(write, *, repeatable=True, secrets=(), tell=None):
    action = Action(Nothing, write, write, write, tell, repeatable=repeatable)
    return lambda _name: replace(CONNECTORS["helpdesk"], actions={"put": action}, secrets=secrets)


def test_there_is_nothing_to_drain_without_a_connection(town):
    assert drain("nowhere", town.draining(), lambda: True).reason == "there is no such connection"


def test_one_drain_at_a_time_works_on_a_connection(town):
    town.connections.take("helpdesk", "somebody", town.now, town.now + HOUR)

    assert drained(town, entry(town)).reason == "somebody else is at it, and was told"


def test_who_rests_and_will_be_woken_is_not_taken(town):
    town.systems["helpdesk"].send = lambda _request: Reply(429, b"", {"retry-after": "60"})
    drained(town, entry(town))

    assert drained(town).reason == "it rests"


def test_without_time_the_rest_is_left_to_the_next_message(town):
    drained(town, entry(town), goes_on=lambda: False)

    assert [at <= town.now for at, _ in town.wakes.messages] == [True]
    assert ended(town)[0] is EntryState.OPEN


def test_an_action_that_the_connector_no_longer_has_is_dropped(town):
    drained(town, entry(town, effect="low/helpdesk.gone"))

    assert ended(town) == (EntryState.DROPPED, "the connection has no such action any more")


def test_what_no_workflow_wants_any_more_is_dropped(town):
    drained(town, entry(town), configuration=Configuration(configuration().connections))

    assert ended(town) == (EntryState.DROPPED, "no workflow has this action any more")


def test_nothing_is_written_about_who_is_restricted(town):
    town.table.people["customer-01"] = replace(town.table.people["customer-01"], restricted_at=town.now)
    drained(town, entry(town))

    assert ended(town) == (EntryState.SUPERSEDED, "the customer's data are restricted")


def test_of_what_is_gone_nothing_is_written(town):
    one = entry(town)
    del town.table.invitations[ID]
    drained(town, one)

    assert ended(town) == (EntryState.DROPPED, "nothing is left of the response")


def test_an_attempt_about_what_is_gone_is_looked_for_and_removed(town):
    town.systems["helpdesk"].held["helpdesk-0"] = (f"afterbill-{ID}", "3 turn 0")
    one = entry(town, attempts=1, claimed_at=town.now)
    del town.table.invitations[ID]
    drained(town, one)
    town.run()

    assert town.systems["helpdesk"].held == {}


def test_a_connection_without_a_secret_waits_for_somebody(town):
    told = drained(town, entry(town), connector=connector(lambda *_: Done(), secrets=(frozenset({"key"}),)))

    assert told.denied
    assert "afterbill connect" in town.connections.state("helpdesk").denied


def test_a_fault_of_a_connector_is_tried_later_and_holds_up_nobody(town):
    def broken(_job, _opened):
        raise KeyError(ID)

    drained(town, entry(town), connector=connector(broken))

    assert ended(town) == (EntryState.OPEN, "a fault of the connector: KeyError")


def test_a_fault_after_something_was_sent_that_nobody_can_look_up_is_unclear(town):
    def broken(_job, opened):
        opened.send(Request("GET", "https://helpdesk.example/x"))
        raise KeyError(ID)

    drained(town, entry(town), connector=connector(broken, repeatable=False))

    assert ended(town)[0] is EntryState.PARKED
    assert town.effects.held[ID].written[EFFECT].version == "?"


def test_what_nobody_can_look_up_is_not_tried_again_after_it_was_cut_off(town):
    drained(
        town, entry(town, attempts=1, claimed_at=town.now), connector=connector(lambda *_: Done(), repeatable=False)
    )

    assert ended(town) == (EntryState.PARKED, "an attempt was cut off, and nobody can look it up")


def test_a_fourth_request_of_a_step_does_not_leave(town):
    seen = []

    def greedy(_job, opened):
        seen.extend(opened.send(Request("GET", "https://helpdesk.example/x")).status for _ in range(4))
        return Done()

    assert drained(town, entry(town), connector=connector(greedy)).calls == 3
    assert seen == [200, 200, 200, NOT_SENT]


def test_an_action_in_parts_goes_on_from_what_it_wrote(town):
    records = []

    def parts(job, _opened):
        records.append(dict(job.written.record) if job.written else {})
        return GoesOn({"part": "1"}) if len(records) == 1 else Done({"part": "2"})

    drained(town, entry(town), connector=connector(parts))

    assert records == [{}, {"part": "1"}]
    assert town.effects.held[ID].written[EFFECT].record == {"part": "2"}


def test_an_action_of_many_parts_lets_others_go_first(town):
    drained(town, entry(town), connector=connector(lambda *_: GoesOn({"part": "1"})))

    assert ended(town) == (EntryState.OPEN, "the rest of it follows")


def test_a_text_is_told_once_and_not_kept(town):
    told = []
    tell = connector(lambda *_: Done(), tell=lambda job, _opened: told.append(job.text) or Done())

    drained(town, entry(town, Operation.TELL, content={"title": "silent"}), connector=tell)

    assert told == [{"title": "silent"}]
    assert next(iter(town.outbox.held.values())).content == {}


def test_where_a_system_has_no_place_for_a_text_it_is_dropped(town):
    drained(town, entry(town, Operation.TELL, content={"title": "silent"}))

    assert ended(town)[0] is EntryState.DROPPED


def test_what_has_to_be_removed_by_hand_is_a_task_that_names_nobody(town):
    by_hand = connector(lambda *_: NeedsPerson(TaskKind.ERASE_BY_HAND, "delete the ticket", {"ticket": "7"}))

    drained(town, entry(town, Operation.ERASE, content={"id": "7"}, customer_id=""), connector=by_hand)

    assert ended(town) == (EntryState.DONE, "delete the ticket")
    ((task, _),) = town.table.tasks.values()
    assert (task.kind, task.customer.own_id, task.details["ticket"]) == ("erase_by_hand", None, "7")


def test_what_somebody_dropped_meanwhile_is_not_called(town):
    one = entry(town)
    town.outbox.put([one])
    deps = town.draining()
    snapshot = deps.responses.snapshot

    def dropping(*arguments, **named):
        drop(one, operating(town), town.now)
        return snapshot(*arguments, **named)

    drain("helpdesk", replace(deps, responses=type("R", (), {"snapshot": staticmethod(dropping)})()), lambda: True)

    assert town.systems["helpdesk"].asked == []


def operating(town):
    return OperateDeps(town.outbox, town.connections, town.responses, town.wakes)


def test_a_lease_that_is_held_too_long_is_held_anew_and_one_that_was_lost_ends_the_drain(town):
    entries = [
        entry(town, place=place_of(town.now, f"{number}", EFFECT), operation=Operation.WRITE) for number in (1, 2)
    ]
    send = town.systems["helpdesk"].send

    def slowly(request):
        town.now += LEASE + SECOND
        town.connections.take("helpdesk", "another", town.now, town.now + HOUR)
        return send(request)

    town.systems["helpdesk"].send = slowly
    town.effects.held[ID] = replace(town.effects.held[ID], written={})

    assert drained(town, *entries).reason == "the lease was lost"


def test_an_entry_that_is_put_late_while_a_drain_is_at_work_is_found(town):
    late = entry(town, place=place_of(town.now - 2 * LATE, "late", EFFECT))
    send = town.systems["helpdesk"].send

    def putting(request):
        town.outbox.put([late])
        return send(request)

    town.systems["helpdesk"].send = putting
    drained(town, entry(town))

    assert all(one.over for one in town.outbox.held.values())
    assert len(town.outbox.held) == 2


def test_a_lease_is_held_longer_while_there_is_work(town, monkeypatch):
    monkeypatch.setattr(draining, "ENOUGH", LEASE + SECOND)

    drained(town, entry(town))

    assert ended(town)[0] is EntryState.DONE


def test_the_rate_lets_one_action_through_where_it_is_smaller_than_that():
    now = Town().now
    calls = rate.counted({}, now)

    assert rate.free_at({}, 1, now) == now
    assert rate.free_at(calls, 1, now) - now >= timedelta(seconds=60)
    assert rate.spent(calls, now + 2 * MINUTE) == 0


def test_the_sweep_wakes_who_has_something_to_do(town):
    over = replace(entry(town), state=EntryState.DONE, place=place_of(town.now - MINUTE, "over", EFFECT))
    town.outbox.put([over])
    assert wake_connections(["helpdesk", "shop"], town.connections, town.outbox, town.wakes) == []

    town.outbox.put([entry(town)])
    assert wake_connections(["helpdesk", "shop"], town.connections, town.outbox, town.wakes) == ["helpdesk"]

    town.systems["helpdesk"].revoked = True
    drained(town)
    assert wake_connections(["helpdesk"], town.connections, town.outbox, town.wakes) == []


def test_people_cannot_retry_what_is_superseded_gone_or_without_its_text(town):
    superseded, told = entry(town, state=EntryState.SUPERSEDED), entry(town, Operation.TELL, state=EntryState.DONE)
    parked = entry(town, state=EntryState.PARKED)
    assert retry(superseded, operating(town), town.now) is None
    assert retry(told, operating(town), town.now) is None
    assert retry(parked, operating(town), town.now) is None  # it is not there

    del town.table.invitations[ID]
    assert retry(parked, operating(town), town.now) is None


def test_what_is_done_can_be_done_once_more(town):
    drained(town, entry(town))
    (done,) = town.outbox.held.values()
    town.now += SECOND

    retry(done, operating(town), town.now)
    drained(town)

    assert len(town.systems["helpdesk"].log) == 2
    assert len(town.systems["helpdesk"].held) == 1


def test_parts_of_what_is_told_are_written_down_nowhere(town):
    outcomes = [GoesOn({"part": "1"}), Done()]
    tell = connector(lambda *_: Done(), tell=lambda *_: outcomes.pop(0))
    drained(town, entry(town, Operation.TELL, content={"title": "Silent"}), connector=tell)

    assert ended(town)[0] is EntryState.DONE
    assert town.effects.effects([ID])[ID].written == {}


def test_nothing_is_erased_where_nothing_was_recorded_about_who_is_gone_meanwhile(town):
    def write(*_):
        del town.table.invitations[ID]
        return Done()

    drained(town, entry(town), connector=connector(write))

    assert ended(town)[0] is EntryState.DONE


def test_a_message_that_surely_was_not_sent_for_a_day_is_parked_without_doubt(town):
    place = place_of(town.now - 25 * HOUR, f"{ID}:", EFFECT)
    one = entry(town, place=place, attempts=4)
    drained(town, one, connector=connector(lambda *_: Later("no connection"), repeatable=False))

    assert ended(town) == (EntryState.PARKED, "no connection")
    assert town.effects.effects([ID])[ID].written == {}
