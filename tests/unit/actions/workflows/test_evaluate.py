"""Evaluation: when answers fire, what they put into the outbox, and which never fire."""

from dataclasses import replace
from datetime import timedelta

import pytest

from afterbill.model.channels import Channel
from afterbill.model.invitation import NO_DAY, Answer, Invitation, SkipReason
from afterbill_actions.events import Event, EventType
from afterbill_actions.exemptions import SEEN_WITHIN, exempt, fires_nothing
from afterbill_actions.outbox import Operation
from afterbill_actions.outcome import TaskKind
from afterbill_actions.version import version_of
from afterbill_actions.wake import Settle, Tell
from afterbill_actions.workflow import MOST_VERSIONS, ActionOf, Occurrence, When, Workflow
from tests.factories import DAY, HOUR, MINUTE, NOON, SECOND
from tests.unit.actions.workflows.workflow_world import ID, NOW, QUIET, World, answered, asked

LOW = Workflow("unhappy", When(ratings=frozenset(range(7))), [ActionOf("helpdesk", "note"), ActionOf("chat", "note")])
HIGH = Workflow("happy", When(ratings=frozenset({9, 10})), [ActionOf("chat", "note")])


@pytest.fixture
def world() -> World:
    return World({"unhappy": LOW, "happy": HIGH})


def put(world: World, invitation: Invitation) -> str:
    """Publish a survey as it stands, look at it, and return why nothing came of it."""
    world.publish(world.stands(invitation))
    answer = invitation.answer
    evaluated = world.deliver(Settle(ID, version_of(answer), world.now))
    assert evaluated is not None
    return evaluated.reason


# When


def test_an_answer_fires_after_thirty_quiet_seconds(world: World) -> None:
    world.publish(world.answer(Answer(3)))
    ((due, message),) = world.queue.messages

    assert due - world.now == QUIET
    world.deliver(message)
    assert {entry.due_at for entry in world.outbox.held.values()} == {due}


def test_who_corrects_themselves_within_it_fires_only_what_they_meant(world: World) -> None:
    world.publish(world.answer(Answer(3)))
    world.now += 20 * SECOND
    world.publish(world.answer(Answer(9)))
    world.rest()

    assert world.entries() == [("write", "happy/chat.note")]


def test_a_connection_of_another_source_is_none_of_its_business(world: World) -> None:
    shop = replace(world.configuration.connections["helpdesk"], source="another", exclusive=True)
    world.configuration = replace(
        world.configuration, connections={**world.configuration.connections, "helpdesk": shop}
    )
    world.publish(world.answer(Answer(3)))
    world.rest()

    assert world.entries() == [("write", "unhappy/chat.note")]


def test_a_click_that_was_not_confirmed_fires_when_its_review_is_over(world: World) -> None:
    world.publish(world.stands(asked(label="hurried")))
    assert world.queue.messages == []

    world.publish(world.answer(Answer(3, confirmed=False)))
    ((due, _),) = world.queue.messages
    assert due == world.now
    world.rest()
    assert world.written() == {"helpdesk": ["3"], "chat": ["3"]}


# What


def test_another_answer_updates_what_still_holds_and_takes_back_the_rest_first(world: World) -> None:
    world.publish(world.answer(Answer(3)))
    world.rest()
    world.publish(world.answer(Answer(9)))
    world.rest()

    undone = [("undo", "unhappy/chat.note"), ("undo", "unhappy/helpdesk.note")]
    assert world.entries()[2:] == [*undone, ("write", "happy/chat.note")]
    assert world.written() == {"helpdesk": [], "chat": ["9"]}


def test_an_answer_that_a_machine_gave_is_taken_back_everywhere(world: World) -> None:
    world.publish(world.answer(Answer(3)))
    world.rest()
    world.publish(world.answer(None))
    world.rest()

    assert world.written() == {"helpdesk": [], "chat": []}
    assert world.effects.held[ID].written == {}


def test_entries_hold_ids_and_no_words(world: World) -> None:
    world.publish(world.answer(Answer(3, "zq7-words")))
    world.rest()

    assert "zq7-words" not in repr(world.outbox.held)
    assert "ada@example.com" not in repr(world.outbox.held)


def test_a_message_that_comes_twice_puts_nothing_twice(world: World) -> None:
    world.publish(world.answer(Answer(3)))
    ((_, message),) = world.queue.messages
    for _ in range(3):
        world.deliver(message)

    assert len(world.outbox.held) == 2


def test_an_action_that_a_workflow_no_longer_has_is_taken_back(world: World) -> None:
    world.publish(world.answer(Answer(3)))
    world.rest()
    fewer = {"unhappy": replace(LOW, do=LOW.do[:1])}
    world.configuration = replace(world.configuration, workflows=fewer)
    world.publish(world.answer(Answer(2)))
    world.rest()

    assert world.written() == {"helpdesk": ["2"], "chat": []}


def test_what_was_written_to_a_connection_that_is_gone_stays(world: World) -> None:
    world.publish(world.answer(Answer(3)))
    world.rest()
    rest = {"chat": world.configuration.connections["chat"]}
    world.configuration = replace(world.configuration, connections=rest, workflows={})
    world.publish(world.answer(Answer(9)))
    world.rest()

    assert world.written() == {"helpdesk": ["3"], "chat": []}


def test_an_answer_that_no_workflow_wants_says_so(world: World) -> None:
    assert put(world, answered(7)) == "no workflow wants anything that is not done"


def test_earlier_answers_are_read_only_for_workflows_that_look_at_them(world: World) -> None:
    put(world, answered(7))
    assert world.queries == [False]

    repeated = Workflow("again", When(low_score=Occurrence.REPEATED), [ActionOf("chat", "note")])
    curious = World({"again": repeated})
    earlier = answered(2, id="01" * 16, answered_at=NOW - 30 * DAY)
    curious.table.invitations[earlier.id] = earlier
    curious.publish(curious.answer(Answer(3)))
    curious.rest()
    assert curious.written()["chat"] == ["3"]
    assert curious.queries[0] is True


# What fires nothing


def test_a_response_of_which_nothing_is_left(world: World) -> None:
    evaluated = world.deliver(Settle("00" * 16, "", NOW))
    assert evaluated
    assert evaluated.reason == "nothing is left of the response"


def test_a_message_about_an_older_version(world: World) -> None:
    world.publish(world.answer(Answer(3)))
    evaluated = world.deliver(Settle(ID, "0123456789ab", NOW))
    assert evaluated
    assert evaluated.reason == "the answer changed since: a later message looks at it"


def test_a_customer_who_is_restricted(world: World) -> None:
    world.table.people["ada"] = replace(world.table.people["ada"], restricted_at=NOW)
    world.stands(answered(3))
    evaluated = world.deliver(Settle(ID, version_of(Answer(3)), NOW))
    assert evaluated
    assert evaluated.reason == "the use of its customer's data is restricted"


def test_a_customer_who_is_erased(world: World) -> None:
    del world.table.people["ada"]
    assert put(world, answered(3)) == "its customer is erased, or not known any more"


def test_an_answer_that_is_published_a_day_after_it_was_given(world: World) -> None:
    late = answered(3, answered_at=NOW - DAY - MINUTE)
    assert put(world, late) == "it was answered more than a day before it was published, as after a replay"


def test_who_changes_their_answer_days_later_is_heard(world: World) -> None:
    world.publish(world.answer(Answer(9)))
    world.now += 3 * DAY
    world.publish(world.answer(Answer(3)))
    world.rest()

    assert world.written()["helpdesk"] == ["3"]


@pytest.mark.parametrize(
    ("invitation", "reason"),
    [
        (answered(answered_day=NO_DAY), "it is a test survey"),
        (answered(channel=Channel.IMPORT), "it was imported"),
        (answered(customer_id=""), "it is anonymous: nobody knows whose it is"),
        (answered(reason=SkipReason.ERASED), "its customer is erased"),
        (answered(channel=Channel.API), ""),
        (answered(channel=Channel.LINK), ""),
    ],
)
def test_an_invitation_says_itself_whether_it_may_fire(world: World, invitation: Invitation, reason: str) -> None:
    assert exempt(invitation) == reason
    world.stands(invitation)
    snapshot = world.snapshot(ID)
    assert (fires_nothing(snapshot, NOW) if snapshot else reason) == reason


def test_answers_from_before_a_workflow_was_seen_first_fire_nothing(world: World) -> None:
    new = Workflow("new", When(), [ActionOf("chat", "note")])
    world.configuration = replace(world.configuration, workflows={"new": new})
    world.seen.since["new"] = NOW + HOUR
    assert put(world, answered(3)) == "no workflow wants anything that is not done"

    world.now += 2 * HOUR
    assert put(world, answered(3, answered_at=world.now)) == ""


def test_the_first_answer_after_a_deployment_fires_though_nobody_saw_the_workflow_before(world: World) -> None:
    world.seen.since.clear()
    world.publish(world.answer(Answer(3)))
    world.rest()

    assert world.written()["helpdesk"] == ["3"]
    assert set(world.seen.since) == {"unhappy", "happy"}


def test_an_answer_that_was_given_long_before_anybody_saw_the_workflow_does_not(world: World) -> None:
    world.seen.since.clear()
    assert (
        put(world, answered(3, answered_at=NOW - SEEN_WITHIN - MINUTE)) == "no workflow wants anything that is not done"
    )


def test_a_workflow_that_fires_on_what_it_wrote_is_cut_and_told_once(world: World) -> None:
    for number in range(MOST_VERSIONS + 5):
        world.publish(world.answer(Answer(3, f"as the helpdesk wrote: {number}")))
        world.rest()
        world.now += MINUTE

    writes = [entry for entry in world.outbox.held.values() if entry.connection == "helpdesk"]
    assert len(writes) == MOST_VERSIONS
    ((task, _),) = world.table.tasks.values()
    assert (task.kind, task.id, task.source) == (TaskKind.WORKFLOW_LOOP, ID, "shop")
    assert task.details["written"] == "unhappy/chat.note, unhappy/helpdesk.note"
    assert "wrote" not in repr(task)


# Events about no response

SILENT = Event("e1", EventType.SOURCE_SILENT, NOW, {"source": "shop", "silent_since": NOON.isoformat()})
QUIETLY = Workflow("silence", When(events=(EventType.SOURCE_SILENT,)), [ActionOf("chat", "note", {"language": "de"})])


def test_an_event_about_no_response_is_told_once() -> None:
    world = World({"silence": QUIETLY, "unhappy": LOW})
    for _ in range(2):
        world.deliver(Tell(SILENT))
    world.rest()

    (entry,) = world.outbox.held.values()
    assert (entry.operation, entry.effect, entry.due_at) == (Operation.TELL, "silence/chat.note", NOW)
    assert world.written() == {"helpdesk": [], "chat": ["Keine Ereignisse von shop"]}


@pytest.mark.parametrize(
    ("event", "title", "text"),
    [
        (SILENT, "No events from shop", "The source shop sent nothing for longer than usual. Check its webhook."),
        (
            Event("e2", EventType.CUSTOMER_OBJECTED, NOW, {"customer": "ada", "reason": "complained"}),
            "A customer objected to surveys",
            "Nobody writes to them any more. Their id here: ada.",
        ),
        (
            Event("e3", EventType.SURVEY_SENT, NOW, {"touchpoint": "renewed", "invitation": ID}),
            "A survey was sent",
            f"Touchpoint: renewed. Its id here: {ID}.",
        ),
    ],
)
def test_what_is_told_has_a_title_a_sentence_and_the_detail(event: Event, title: str, text: str) -> None:
    workflow = Workflow("tell", When(events=(event.type,)), [ActionOf("chat", "note")])
    evaluated = World({"tell": workflow}).deliver(Tell(event))
    assert evaluated
    (entry,) = evaluated.entries
    assert entry.content["title"] == title
    assert entry.content["text"] == text
    assert entry.content["detail"] == event.detail
    assert (entry.content["id"], entry.content["type"]) == (event.id, event.type)
    assert entry.customer_id == event.detail.get("customer", "")


def test_an_event_from_before_its_workflow_is_told_to_nobody() -> None:
    world = World({"silence": QUIETLY})
    world.seen.since["silence"] = NOW + timedelta(seconds=1)
    evaluated = world.deliver(Tell(SILENT))
    assert evaluated
    assert evaluated.entries == ()
