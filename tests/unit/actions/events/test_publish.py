"""The publisher: all events, marks and messages, whatever fails in between, and nothing twice but under one id."""

from datetime import timedelta

import pytest

from afterbill.model.errors import TransientError, UnreadableError
from afterbill.model.invitation import NO_DAY, RETENTION, Answer
from afterbill_actions.events import EventType, Objection
from afterbill_actions.publish import publish
from afterbill_actions.version import version_of
from afterbill_cli.memory.actions.workflows import MemoryWorkflowsSeen
from tests.factories import ADA, DAY, HOUR, MINUTE, NOON, customer, invitation
from tests.unit.actions.events.stream_world import GIVEN, WORDS, World, answered, change, check, sent
from tests.unit.mortal import KilledError, Mortal

ID = "ab" * 16
QUIET = timedelta(seconds=30)
THREE, NINE = version_of(Answer(3, WORDS)), version_of(Answer(9, WORDS))


@pytest.fixture
def world():
    return World()


def test_an_answer_is_published_marked_and_settled_after_thirty_quiet_seconds(world):
    result = world.publish(change(sent(), answered(3)))

    assert not result.failed
    assert world.types() == ["ResponseRecorded"]
    assert world.effects.held[ID].published == THREE
    assert world.effects.held[ID].published_at == GIVEN
    assert world.wakes.settled == [(ID, THREE, GIVEN, QUIET)]


def test_an_answer_of_a_review_settles_at_once(world):
    world.publish(change(sent(), answered(9, "", confirmed=False)))

    assert world.wakes.settled == [(ID, version_of(Answer(9, confirmed=False)), GIVEN, timedelta(0))]


def test_an_answer_that_is_taken_back_is_settled_as_none(world):
    world.publish(change(answered(9, "", confirmed=False), sent(label="burst")))

    assert world.effects.held[ID].published == ""
    assert world.wakes.settled == [(ID, "", GIVEN, timedelta(0))]


def test_the_mark_ends_with_the_response(world):
    world.publish(change(sent(), answered(3)), kept=400 * DAY)

    assert world.effects.ends[ID] == answered(3).kept_until(400 * DAY)
    assert world.effects.ends[ID] < answered(3).kept_until(RETENTION)


def test_without_workflows_nothing_is_woken_and_the_mark_stands(world):
    world.publish(change(sent(), answered(3)), wakes=None)

    assert world.effects.held[ID].published == THREE
    assert not world.wakes.settled


def test_the_newest_of_several_versions_of_one_batch_is_marked_and_settled(world):
    world.publish(change(sent(), answered(3)), change(answered(3), answered(9), GIVEN + MINUTE))

    assert world.types() == ["ResponseRecorded", "ResponseChanged", "CategoryChanged"]
    assert world.effects.held[ID].versions == 1
    assert world.wakes.settled == [(ID, NINE, GIVEN + MINUTE, QUIET)]


def test_what_is_no_news_costs_no_call(world):
    no_calls = World(bus=None, effects=None, wakes=None)

    assert not publish({"1": "a record"}, lambda _: None, no_calls.deps()).failed
    assert not world.publish(change(sent(), sent(referred=1))).failed
    assert world.silent


@pytest.mark.parametrize(
    "after",
    [answered(answered_day=NO_DAY, sent_day=NO_DAY), answered(channel="import")],
    ids=["a test", "imported"],
)
def test_tests_and_imports_are_neither_published_nor_marked(world, after):
    world.publish(change(None, after))

    assert world.silent


@pytest.mark.parametrize(
    "after",
    [answered(customer_id=""), answered(answered_at=GIVEN - DAY - HOUR)],
    ids=["anonymous", "replayed"],
)
def test_what_fires_nothing_is_an_event_all_the_same(world, after):
    world.publish(change(sent(), after))

    assert world.types() == ["ResponseRecorded"]
    assert world.effects.held[ID].published == THREE
    assert not world.wakes.settled


def test_an_old_answer_that_changes_today_fires(world):
    later = GIVEN + 9 * DAY
    world.publish(change(answered(3), answered(9), later))

    assert world.wakes.settled == [(ID, NINE, later, QUIET)]


def test_nothing_is_told_of_somebody_whose_data_are_restricted(world):
    world.table.people["ada"] = customer(restricted_at=NOON)
    world.publish(change(sent(), answered(3)), Objection(GIVEN, "ada", "unsubscribed"))

    assert world.silent


def test_only_what_the_operator_wants_goes_onto_the_bus(world):
    world.publish(change(invitation(), sent()), change(sent(), answered(3)), types={EventType.SURVEY_SENT})

    assert world.types() == ["SurveySent"]
    assert world.wakes.settled


def test_an_objection_is_told_to_the_workflows_that_name_it(world):
    objection = Objection(GIVEN, "ada", "unsubscribed")
    world.publish(objection)
    world.publish(objection, asked=frozenset())

    assert [event.id for event in world.wakes.told] == [world.bus.taken[0].id]


def test_a_first_answer_is_compared_with_the_newest_before_it(world):
    def earlier(number, rating, days):
        id_ = f"{number:032x}"
        world.table.invitations[id_] = answered(rating, id=id_, answered_at=GIVEN - days * DAY)

    earlier(1, 3, 200)
    earlier(2, 9, 100)
    world.publish(change(sent(), answered(3)))

    turned = world.bus.taken[-1]
    check(turned)
    assert turned.detail["turn"] == "worse"
    assert turned.detail["earlier_response_id"] == f"{2:032x}"


def test_where_nobody_wants_to_hear_of_turns_no_answer_before_is_read(world):
    class Unasked:
        def restricted(self):
            return ()

    world.publish(change(sent(), answered(3)), known=Unasked(), types={EventType.RESPONSE_RECORDED})

    assert world.types() == ["ResponseRecorded"]


def test_a_record_that_nobody_can_read_costs_itself_alone(world):
    def read(record):
        if record == "strange":
            raise UnreadableError("INVITATION#1")
        return record

    result = publish({"1": "strange", "2": change(sent(), answered(3))}, read, world.deps())

    assert not result.failed
    assert [str(error) for error in result.unreadable] == ["INVITATION#1"]
    assert world.effects.held[ID].published == THREE


def test_the_first_answer_that_a_workflow_meets_is_not_from_before_it(world):
    seen, one = MemoryWorkflowsSeen(), answered(3)
    world.publish(a_second_later(one), seen=seen, workflows={"unhappy"})

    assert seen.seen({"unhappy"}, GIVEN + DAY)["unhappy"] <= one.answered_at


def a_second_later(one):
    """The change by which the stream tells of an answer."""
    return change(sent(), one, one.answered_at + timedelta(seconds=1))


# Faults


def test_an_event_that_is_not_taken_fails_its_record_and_leaves_no_mark(world):
    first, other = change(sent(), answered(3)), change(sent(id="cd" * 16), answered(9, id="cd" * 16))
    world.publish(first)
    refused = world.bus.taken[0].id
    again = World(table=world.table)
    again.bus.refused = {refused}

    result = again.publish(first, other)

    assert result.failed == ["1"]
    assert again.effects.held.keys() == {"cd" * 16}
    again.bus.refused.clear()
    assert not again.publish(first, other).failed
    assert again.effects.held.keys() == {ID, "cd" * 16}


class Down:
    """A service that does not answer a call of this name."""

    def __init__(self, over, name):
        self.over, self.name = over, name

    def __getattr__(self, name):
        def call(*_arguments):
            raise TransientError(name)

        return call if name == self.name else getattr(self.over, name)


@pytest.mark.parametrize(
    ("part", "call"),
    [
        ("known", "restricted"),
        ("known", "earlier"),
        ("effects", "mark_published"),
        ("wakes", "settle"),
        ("seen", "seen"),
    ],
)
def test_a_service_that_does_not_answer_fails_what_needs_it(world, part, call):
    deps = world.deps(seen=MemoryWorkflowsSeen(), workflows={"unhappy"})
    down = {part: Down(getattr(deps, part), call)}
    result = world.publish(change(sent(), answered(3)), **{"workflows": {"unhappy"}, **down})

    assert result.failed == ["1"]


def test_a_failed_message_about_an_objection_fails_its_record_alone(world):
    result = world.publish(
        Objection(GIVEN, "bob", "complained"), change(sent(), answered(3)), wakes=Down(world.wakes, "tell")
    )

    assert result.failed == ["1"]
    assert world.effects.held[ID].published == THREE


BATCH = (
    change(invitation(id="cd" * 16), sent(id="cd" * 16)),
    change(sent(), answered(3)),
    change(answered(3), answered(9), GIVEN + MINUTE),
    Objection(GIVEN, "bob", "unsubscribed"),
)


def outcome(world):
    return (
        {(event.id, event.type, repr(event.detail)) for event in world.bus.taken},
        {id_: one.published for id_, one in world.effects.held.items()},
        set(world.wakes.settled),
        {event.id for event in world.wakes.told},
    )


@pytest.mark.parametrize("part", ["bus", "effects", "wakes"])
@pytest.mark.parametrize("calls", range(1, 7))
def test_killed_at_any_call_a_repeat_makes_it_whole_under_the_same_ids(part, calls):
    whole, world = World(), World()
    whole.publish(*BATCH)
    try:
        world.publish(*BATCH, **{part: Mortal(getattr(world, part), calls)})
    except KilledError:
        world.publish(*BATCH)

    assert outcome(world) == outcome(whole)
    assert world.effects.held[ID].versions == 1


@pytest.mark.parametrize("cut", range(5))
def test_a_batch_that_comes_again_in_two_halves_ends_the_same(cut):
    whole, world = World(), World()
    whole.publish(*BATCH)
    world.publish(*BATCH)
    world.publish(*BATCH[:cut])
    world.publish(*BATCH[cut:])

    assert outcome(world)[:2] == outcome(whole)[:2]
    assert world.wakes.settled[-1] == whole.wakes.settled[-1]


def test_no_event_mark_or_message_holds_an_address_or_a_word(world):
    world.table.people["ada"] = customer()
    world.publish(*BATCH)

    for event in world.bus.taken:
        check(event)
    everything = repr((world.bus.taken, world.effects, world.wakes))
    assert WORDS not in everything
    assert ADA not in everything
    assert answered().address_hashes[0] not in everything
