"""An erased person stays erased, whatever comes again; only a new fact makes a new person."""

from collections.abc import Sequence
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from afterbill.intake.capture_fact import Outcome
from afterbill.model.billing import UNMATCHED, BillingEvent, CustomerRef, OperatorTask, SubscriptionState, Touchpoint
from afterbill.model.errors import PayloadError
from afterbill.model.invitation import SkipReason
from afterbill.outreach.delivery import Outcome as Sending
from afterbill_cli.importing.import_customers import CustomerImportDeps, import_customers
from afterbill_cli.memory.queues import MemoryEvidence
from tests.erased import erase
from tests.factories import (
    ADA,
    DAY,
    HOUR,
    NOBODY,
    NOON,
    SECOND,
    cancellation,
    event,
    hash_address,
    hash_alias,
    news,
    ref,
    refund,
)
from tests.world import World

ERASED_AT = NOON + DAY
GUEST = CustomerRef(email=ADA)
OLD: Sequence[BillingEvent] = (
    event(),
    event("2"),
    event("3", customer=GUEST),
    replace(event(), event_id="evt_twin", customer=CustomerRef("cus_1")),
    replace(event(), event_id="evt_of_nobody", customer=NOBODY),
    news(ref(name="Ada")),
    news(ref(name="Ada", deleted=True)),
    news(GUEST, subscription_state=SubscriptionState.RUNNING, objects={"subscription": "sub_1"}),
    refund(),
    refund("9"),
    cancellation(),
    event("4", touchpoint=Touchpoint.PAYMENT_FAILED),
)


def known(*events: BillingEvent) -> World:
    """Ada is known by her id and as a guest, with copies of her webhooks."""
    world = World()
    world.evidence = MemoryEvidence(remembered=world.stored.copies)
    for one in (event(), event("3", customer=GUEST), *events):
        world.capture(one)
    return world


def erased(*events: BillingEvent) -> World:
    """The same, and she was erased a day later, by both of her names."""
    world = known(*events)
    for customer_id in list(world.stored.people):
        erase(world.stored, customer_id, ERASED_AT)
    world.evidence.webhooks.clear()
    world.now = ERASED_AT + HOUR
    return world


@pytest.fixture
def world() -> World:
    return erased()


def traces(world: World) -> list[object]:
    """Everything that leads to a person."""
    table = world.stored
    told = [one for one in table.invitations.values() if one.reason != SkipReason.ERASED]
    return [*table.people, *table.aliases, *table.events, *table.tasks, *table.copies, *told, *table.stops]


def test_an_event_of_before_teaches_nothing(world: World) -> None:
    assert world.capture(event("2")).outcome is Outcome.ERASED
    assert traces(world) == []


def test_an_event_of_that_very_moment_is_one_of_before(world: World) -> None:
    assert world.capture(event("2", occurred_at=ERASED_AT)).outcome is Outcome.ERASED


def test_a_fact_that_happens_later_makes_a_new_person(world: World) -> None:
    assert world.capture(event("2", occurred_at=ERASED_AT + SECOND)).outcome is Outcome.SCHEDULED
    assert world.person().address == ADA


def test_a_profile_that_is_told_later_makes_nobody(world: World) -> None:
    assert world.capture(news(ref(name="Ada"), ERASED_AT + HOUR)).outcome is Outcome.ERASED
    assert traces(world) == []


def test_a_new_person_learns_from_new_profiles_and_not_from_old_ones(world: World) -> None:
    world.capture(event("2", occurred_at=ERASED_AT + SECOND))

    assert world.capture(news(ref(country="DE"), NOON)).outcome is Outcome.ERASED
    assert world.capture(news(ref(name="Ada"), ERASED_AT + HOUR)).outcome is Outcome.LEARNED
    assert (world.person().country, world.person().name) == (None, "Ada")


def test_a_guest_is_recognised_by_the_address(world: World) -> None:
    assert world.capture(event("2", customer=GUEST)).outcome is Outcome.ERASED


def test_a_namesake_at_another_source_is_another_person(world: World) -> None:
    assert world.capture(event("2", source="sandbox"), source="sandbox").outcome is Outcome.SCHEDULED


def test_the_fact_of_an_erased_customer_is_recognised_without_a_name(world: World) -> None:
    nameless = replace(event(), event_id="evt_other", customer=NOBODY)

    assert world.capture(nameless).outcome is Outcome.ERASED
    assert traces(world) == []


def test_the_customer_of_a_thin_event_is_recognised_once_the_api_named_them(world: World) -> None:
    world.abilities |= {"API": object(), "find_customer": lambda one, *_: replace(one, customer=ref())}

    assert world.capture(event("2", customer=NOBODY)).outcome is Outcome.ERASED
    assert traces(world) == []


@pytest.mark.parametrize("at", [NOON, ERASED_AT + HOUR])
def test_no_task_is_kept_of_who_was_erased(world: World, at: object) -> None:
    task = OperatorTask("shop", UNMATCHED, "re_1", at, ref())  # type: ignore[arg-type]  # a moment

    assert [one.outcome for one in world.understand(lambda *_: (task,))] == [Outcome.ERASED]
    assert traces(world) == []


def test_a_task_belongs_to_the_customer_who_is_known() -> None:
    world = known()
    task = OperatorTask("shop", UNMATCHED, "re_1", NOON, ref())
    (captured,) = world.understand(lambda *_: (task,))

    ((kept, _),) = world.stored.tasks.values()
    assert kept.customer.own_id == captured.customer_id == world.stored.aliases["shop#cus_1"]


def test_too_many_attributes_are_a_task_of_their_customer() -> None:
    world = World()
    world.capture(news(ref(attributes={f"a{number}": "x" for number in range(60)})))

    ((task, _),) = world.stored.tasks.values()
    assert task.customer.own_id == world.person().id


@pytest.mark.parametrize("number", [1, 2, 0])
def test_a_timer_that_was_set_before_sends_nothing_and_sets_no_other(world: World, number: int) -> None:
    world.set_timers.schedules.clear()

    for id_ in list(world.stored.invitations):
        assert world.send(id_, number).outcome is Sending.NOT_PENDING
    assert (world.set_timers.schedules, world.outbox, traces(world)) == ({}, [], [])


# Copies of webhooks


def test_a_copy_is_remembered_for_everybody_it_is_about() -> None:
    world = known()
    world.stored.copies.clear()
    world.understand(lambda *_: (event("5"), event("6", customer=GUEST), event("7", customer=NOBODY)))

    assert {owner for _, owner in world.stored.copies} == set(world.stored.people)


def test_a_duplicate_is_about_its_customer_too() -> None:
    """The process may have died between the fact and this."""
    world = known()
    before = set(world.stored.copies)
    world.stored.copies.clear()
    for one in (event(), replace(event(), event_id="evt_twin", customer=NOBODY), event("3", customer=GUEST)):
        world.capture(one)

    assert world.stored.copies == before


def test_a_repeated_lesson_is_about_its_customer_too() -> None:
    world = known()
    lesson = news(ref(), subscription_state=SubscriptionState.RUNNING, objects={"subscription": "sub_1"})
    world.capture(lesson)
    world.stored.copies.clear()
    assert world.capture(lesson).outcome is Outcome.LEARNED

    assert {owner for _, owner in world.stored.copies} == {world.stored.aliases["shop#cus_1"]}


def test_a_copy_is_remembered_although_an_event_of_it_failed() -> None:
    world = known()
    world.stored.copies.clear()

    def reading(*_: object) -> tuple[object, ...]:
        return event("5"), object()

    with pytest.raises(AttributeError):
        world.understand(reading)

    assert len(world.stored.copies) == 1


def test_a_slice_is_remembered_by_the_copy_of_the_whole() -> None:
    world = known()
    world.stored.copies.clear()
    many = tuple(event(str(number)) for number in range(20))
    world.understand(lambda *_: many)
    world.understand(lambda *_: many, part=0)

    (webhook,) = [one for one in world.evidence.webhooks if one.received_at == world.now]
    assert {name for name, _ in world.stored.copies} == {world.evidence.name_of(webhook)}


def test_nothing_is_remembered_where_no_copies_are_kept() -> None:
    world = known()
    world.stored.copies.clear()
    world.abilities["is_unsigned"] = lambda _webhook: True
    world.capture(event("5"))
    world.evidence = None
    world.capture(event("6"))

    assert world.stored.copies == set()


def test_no_copy_stays_of_what_is_about_the_erased_alone(world: World) -> None:
    world.understand(lambda *_: (event("2"), news(ref())))

    assert world.evidence.webhooks == []


def test_no_copy_stays_of_what_teaches_nothing(world: World) -> None:
    """It may name somebody all the same, whom nothing would lead to it."""
    world.understand(lambda *_: ())

    assert world.evidence.webhooks == []


def test_a_copy_stays_of_what_is_about_others_as_well(world: World) -> None:
    world.understand(lambda *_: (event("2"), event("5", customer=CustomerRef("cus_2"))))

    assert len(world.evidence.webhooks) == 1


def test_a_copy_stays_of_what_nobody_can_read(world: World) -> None:
    world.understand(lambda *_: (event("2"), PayloadError("bad")))

    assert len(world.evidence.webhooks) == 1


def test_without_copies_there_is_none_to_delete(world: World) -> None:
    world.evidence = None

    assert world.capture(event("2")).outcome is Outcome.ERASED


# In whatever order


@given(st.lists(st.sampled_from(["again", "import", "live", *OLD]), max_size=12), st.sets(st.sampled_from(range(12))))
def test_nothing_of_before_comes_back(words: Sequence[object], before: set[int]) -> None:
    """Old events, retries, syncs, imports and timers, in any order, whatever was known before."""
    world = erased(*(OLD[number] for number in sorted(before)))
    deps = CustomerImportDeps(world.table, hash_address, hash_alias, world.new_customer, world.now)
    for word in words:
        if isinstance(word, BillingEvent):
            world.capture(word)
        elif word == "import":
            import_customers([news(ref(name="Ada"), world.now), news(GUEST, world.now)], deps)
        elif word == "live":
            world.live(HOUR)
        else:
            world.capture(*OLD)

    assert [one for one in traces(world) if one not in world.stored.stops] == []
    assert world.outbox == []
