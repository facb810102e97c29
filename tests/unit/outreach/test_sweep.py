from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from afterbill.model.errors import TransientError, UnreadableError
from afterbill.model.invitation import SkipReason, State, StoredInvitation
from afterbill.model.visits import Kind, Visit
from afterbill.outreach.ports import AGAIN, Place, SweepProgress, UnsentPage
from afterbill.outreach.sweep import MOST_TOLD, Finding, SweepDeps, sweep
from afterbill_cli.memory.table import MemoryTable
from tests.factories import DAY, HOUR, MINUTE, NOON, SECOND, customer, day_of, invitation
from tests.unit.mortal import KilledError, Mortal
from tests.world import World

ID = invitation().id
OPEN = {State.PENDING, State.SENDING, State.UNKNOWN}


@pytest.fixture
def world() -> World:
    """One invitation is due at noon."""
    world = World()
    world.stored.invitations[ID] = invitation(due_at=NOON)
    world.stored.people["ada"] = customer()
    return world


def claimed(world: World, state: State = State.SENDING) -> None:
    world.change(ID, state=state, attempt="a", claimed_at=NOON)


def state_of(world: World) -> State:
    return world.stored.invitations[ID].state


def test_what_should_have_gone_out_twenty_minutes_ago_is_queued(world: World) -> None:
    world.now += 20 * MINUTE + SECOND
    assert world.sweep() == {Finding.OVERDUE: 1}
    assert world.queued.messages == [(ID, AGAIN, timedelta(0))]


def test_while_sending_is_halted_it_is_not_queued_for_it_goes_round_in_the_queue(world: World) -> None:
    world.now += DAY
    sweeping = SweepDeps(world.table, world.queue, timedelta(0), day_of)
    assert sweep(sweeping, world.now, paused=True).found == {Finding.WAITING: 1}
    assert world.queued.messages == []
    assert sweep(sweeping, world.now).found == {Finding.OVERDUE: 1}


def test_a_claim_without_an_end_is_called_unknown_while_sending_is_halted_too(world: World) -> None:
    claimed(world)
    world.now += 15 * MINUTE + SECOND
    sweeping = SweepDeps(world.table, world.queue, timedelta(0), day_of)
    assert sweep(sweeping, world.now, paused=True).found == {Finding.UNKNOWN: 1}


def test_before_that_its_timer_may_still_be_on_its_way(world: World) -> None:
    world.now += 20 * MINUTE
    assert world.sweep() == {Finding.WAITING: 1}
    assert world.queued.messages == []


def test_what_was_ready_a_moment_ago_is_not_even_looked_at(world: World) -> None:
    world.now += 15 * MINUTE - SECOND
    assert world.sweep() == {}


def test_the_flexible_window_of_timers_is_waited_for(world: World) -> None:
    world.now += 30 * MINUTE
    assert sweep(SweepDeps(world.table, world.queue, 15 * MINUTE, day_of), world.now).found == {Finding.WAITING: 1}


def test_what_is_due_later_is_left_alone(world: World) -> None:
    world.now -= HOUR
    assert world.sweep() == {}
    world.now = NOON - SECOND
    assert world.sweep() == {}


def test_a_claim_without_an_end_is_called_unknown_after_a_quarter_of_an_hour(world: World) -> None:
    claimed(world)
    world.now += 15 * MINUTE
    assert world.sweep() == {Finding.WAITING: 1}
    world.now += SECOND
    assert world.sweep() == {Finding.UNKNOWN: 1}
    assert state_of(world) is State.UNKNOWN


def test_an_offer_in_the_product_lies_ready_since_its_claim_whatever_became_of_its_sender(world: World) -> None:
    claimed(world)
    world.change(ID, channel="in_app")
    claimed_at = world.stored.invitations[ID].claimed_at
    assert claimed_at is not None
    world.now = claimed_at + 15 * MINUTE
    assert world.sweep() == {Finding.WAITING: 1}
    world.now += MINUTE
    assert world.sweep() == {Finding.CONFIRMED_SENT: 1}
    assert (state_of(world), world.stored.invitations[ID].sent_at) == (State.SENT, claimed_at)


def test_nobody_sends_again_by_himself_what_is_unknown(world: World) -> None:
    claimed(world, State.UNKNOWN)
    world.now += DAY
    assert world.sweep() == {Finding.UNKNOWN: 1}
    assert world.queued.messages == []


def test_a_day_after_the_claim_it_has_failed(world: World) -> None:
    claimed(world, State.UNKNOWN)
    world.now += DAY + SECOND
    assert world.sweep() == {Finding.FAILED: 1}
    assert (state_of(world), world.stored.invitations[ID].reason) == (State.CLOSED, SkipReason.FAILED)


@pytest.mark.parametrize("state", [State.SENDING, State.UNKNOWN])
def test_whoever_answered_got_the_mail(world: World, state: State) -> None:
    claimed(world, state)
    world.answer(world.stored.invitations[ID], rating="9")
    world.now += DAY + SECOND
    assert world.sweep() == {Finding.CONFIRMED_SENT: 1}
    settled = world.stored.invitations[ID]
    assert (settled.state, settled.sent_at, settled.sent_day) == (State.SENT, NOON, "2026-11-22")


@pytest.mark.parametrize("state", [State.SENDING, State.UNKNOWN])
@pytest.mark.parametrize("kind", Kind)
def test_whoever_used_its_link_got_the_mail(world: World, state: State, kind: Kind) -> None:
    claimed(world, state)
    world.change(ID, visits=(Visit(NOON + MINUTE, kind, 9),))
    world.now += 15 * MINUTE
    assert world.sweep() == {Finding.CONFIRMED_SENT: 1}
    assert (state_of(world), world.stored.invitations[ID].sent_at) == (State.SENT, NOON)


def test_what_was_deferred_is_overdue_only_after_that(world: World) -> None:
    world.change(ID, deferred_until=NOON + HOUR)
    world.now += HOUR + 20 * MINUTE
    assert world.sweep() == {Finding.WAITING: 1}
    world.now += SECOND
    assert world.sweep() == {Finding.OVERDUE: 1}


def test_a_failure_is_counted_once(world: World) -> None:
    claimed(world, State.UNKNOWN)
    world.now += DAY + SECOND
    world.sweep()
    assert world.sweep() == {}


@pytest.mark.parametrize("state", sorted(set(State) - OPEN))
def test_what_is_done_is_not_found(world: World, state: State) -> None:
    world.change(ID, state=state)
    world.now += HOUR
    assert world.sweep() == {}


class Lagging(MemoryTable):
    """The index still holds what the table has settled, and what no longer exists."""

    def not_sent(self, day: str, since: datetime, until: datetime, after: Place | None = None) -> UnsentPage:  # noqa: ARG002  # as in the port
        return UnsentPage([Place(day, NOON, id_) for id_ in (ID, "gone") if day == "2026-11-22"], None)


@pytest.mark.parametrize("state", sorted(set(State) - OPEN))
def test_an_index_that_lags_behind_is_not_believed(world: World, state: State) -> None:
    world.table = Lagging(invitations={ID: invitation(state=state, due_at=NOON)})
    world.now += HOUR
    assert world.sweep() == {}


def test_the_first_sweep_looks_two_days_back(world: World) -> None:
    world.now += 47 * HOUR
    assert world.sweep() == {Finding.OVERDUE: 1}


@dataclass
class Dying(MemoryTable):
    """No sweep comes to its end."""

    def read_invitations(self, ids: Sequence[str]) -> Mapping[str, StoredInvitation]:
        raise TransientError(*ids)


def test_what_was_in_sight_of_the_first_stays_so_however_many_fail(world: World) -> None:
    world.table = Dying(world.stored.invitations)
    world.now += HOUR
    with pytest.raises(TransientError):
        world.sweep()
    world.stored.swept = world.table.swept
    world.table = world.stored
    world.now += 9 * DAY
    assert world.sweep() == {Finding.OVERDUE: 1}


def test_the_next_one_starts_where_something_was_left(world: World) -> None:
    world.now += 5 * HOUR
    world.sweep()
    assert since(world) == NOON


def test_or_an_hour_before_the_end_of_the_last_when_nothing_was(world: World) -> None:
    """The index may show late what the table holds since then."""
    world.stored.invitations.clear()
    world.now += 5 * HOUR
    world.sweep()
    assert since(world) == world.now - 15 * MINUTE - HOUR


def test_what_was_left_just_now_does_not_hide_what_the_index_shows_late(world: World) -> None:
    world.now += 16 * MINUTE
    assert world.sweep() == {Finding.WAITING: 1}
    assert since(world) == world.now - 15 * MINUTE - HOUR


def progress(world: World) -> SweepProgress:
    assert isinstance(world.stored.swept, SweepProgress)
    return world.stored.swept


def since(world: World) -> datetime:
    assert progress(world).place is None
    return progress(world).since


def test_what_was_left_is_found_however_long_nobody_swept(world: World) -> None:
    world.sweep()
    world.now += 100 * DAY
    assert world.sweep() == {Finding.OVERDUE: 1}


@given(
    st.lists(st.tuples(st.integers(0, 60 * 60), st.sampled_from(State)), max_size=12),
    st.lists(st.integers(1, 60 * 12), min_size=1, max_size=12),
    st.randoms(use_true_random=False),
)
def test_no_sweep_leaves_an_hour_behind_that_holds_open_work(
    asked: list[tuple[int, State]], steps: list[int], fate: object
) -> None:
    """Invitations appear before they are due, are settled whenever, and sweeps run at any distance."""
    world = World()
    for number, (minutes, state) in enumerate(asked):
        id_ = f"{number:032}"
        due_at = NOON + minutes * MINUTE
        world.stored.invitations[id_] = invitation(id=id_, due_at=due_at, claimed_at=due_at, state=state)
    for minutes in steps:
        world.now += minutes * MINUTE
        for id_, one in world.stored.invitations.items():
            if fate.random() < 0.2:
                world.stored.invitations[id_] = replace(one, state=State.SENT)
        world.sweep()
        due = [one.due_at for one in world.stored.invitations.values() if one.state in OPEN]
        assert all(at >= since(world) for at in due)


# Many at once


def crowd(number: int, state: State = State.PENDING) -> World:
    """So many are due within an hour after noon, and a day later nothing has gone out."""
    world = World(now=NOON + DAY)
    for index in range(number):
        due_at = NOON + index * HOUR / number
        one = invitation(id=f"{index:032}", due_at=due_at, claimed_at=due_at - DAY, attempt="a", state=state)
        world.stored.invitations[one.id] = one
    return world


def run(world: World, batches: int) -> Mapping[Finding, int]:
    """One run that is told to stop after so many batches."""
    left = iter(range(batches - 1, -1, -1))
    deps = SweepDeps(world.table, world.queue, timedelta(0), day_of)
    return sweep(deps, world.now, goes_on=lambda: next(left) > 0).found


def test_all_that_is_read_together_is_queued_together(world: World) -> None:
    world = crowd(250)
    batches: list[int] = []
    world.queue.put_all = lambda deliveries: batches.append(len(deliveries))
    assert world.sweep() == {Finding.OVERDUE: 250}
    assert batches == [100, 100, 50]


def test_runs_with_a_tenth_of_the_time_find_everything_once_in_ten_runs() -> None:
    world = crowd(1990)
    found, queued = [], list[str]()
    for _ in range(10):
        found.append(run(world, 2))
        queued += [id_ for id_, _, _ in world.queued.messages]
        world.queued.messages.clear()
    assert [sum(one.values()) for one in found] == [200] * 9 + [190]
    assert len(set(queued)) == len(queued) == 1990


def test_the_run_after_the_end_begins_anew_at_the_first_that_is_open() -> None:
    world = crowd(300)
    for id_ in sorted(world.stored.invitations)[:120]:
        world.change(id_, state=State.SENT)
    assert [run(world, 1)[Finding.OVERDUE] for _ in range(4)] == [100, 80, 100, 80]


def test_each_run_gets_on_by_one_batch_however_little_time_it_has() -> None:
    world = crowd(250, State.UNKNOWN)
    for left in (150, 50, 0):
        run(world, 1)
        assert len([one for one in world.stored.invitations.values() if one.state is State.UNKNOWN]) == left


def test_pages_without_anything_are_a_step_too(world: World) -> None:
    """A day of many surveys that went out fills pages of the index in which nothing is open."""

    def pages(day: str, _since: datetime, _until: datetime, after: Place | None = None) -> UnsentPage:
        number = int(after.id) + 1 if after else 1
        return UnsentPage((), Place(day, NOON, str(number)) if day == "2026-11-22" and number < 5 else None)

    world.stored.not_sent = pages  # type: ignore[method-assign]  # of this world alone
    world.now += DAY
    for number in range(1, 4):
        run(world, 1)
        assert progress(world).place == Place("2026-11-22", NOON, str(number))


def test_what_cannot_be_read_is_counted_and_stops_nothing(world: World) -> None:
    world = crowd(150)
    bad = sorted(world.stored.invitations)[3]
    world.stored.unreadable.add(bad)
    assert world.sweep() == {Finding.OVERDUE: 149, Finding.UNREADABLE: 1}
    assert bad not in {id_ for id_, _, _ in world.queued.messages}


def test_what_cannot_be_read_holds_back_no_pass_and_is_told_in_each(world: World) -> None:
    """Else every pass would read the index from there on, for as long as it lies there."""
    world = crowd(150)
    bad = sorted(world.stored.invitations)[3]
    world.stored.unreadable.add(bad)
    for id_ in sorted(world.stored.invitations):
        world.change(id_, state=State.PENDING if id_ == bad else State.SENT)
    for _ in range(3):
        assert world.sweep() == {Finding.UNREADABLE: 1}
        assert since(world) == world.now - 15 * MINUTE - HOUR
        world.now += 10 * DAY


def test_a_version_that_can_read_it_queues_it_and_forgets_its_place(world: World) -> None:
    world = crowd(150)
    bad = sorted(world.stored.invitations)[3]
    world.stored.unreadable.add(bad)
    for id_ in sorted(world.stored.invitations):
        world.change(id_, state=State.PENDING if id_ == bad else State.SENT)
    world.sweep()
    world.now += 10 * DAY
    world.stored.unreadable.clear()
    assert world.sweep() == {Finding.OVERDUE: 1}
    assert since(world) == NOON + 3 * HOUR / 150
    assert progress(world).unreadable == ()


def test_what_cannot_be_read_and_is_gone_is_told_no_more(world: World) -> None:
    world.stored.unreadable.add(ID)
    world.now += HOUR
    assert world.sweep() == {Finding.UNREADABLE: 1}
    world.stored.invitations.clear()
    assert world.sweep() == {}
    assert progress(world).unreadable == ()


def test_beyond_a_hundred_the_next_pass_begins_at_the_first_that_cannot_be_read(world: World) -> None:
    world = crowd(250)
    world.stored.unreadable |= world.stored.invitations.keys()
    for _ in range(2):
        swept = sweep(SweepDeps(world.table, world.queue, timedelta(0), day_of), world.now)
        assert swept.found == {Finding.UNREADABLE: 250}
        assert swept.unreadable == [f"INVITATION#{number:032}" for number in range(MOST_TOLD)]
        assert len(progress(world).unreadable) == 100
        assert since(world) == NOON + 100 * HOUR / 250
        world.now += HOUR
    world.stored.unreadable.clear()
    assert world.sweep() == {Finding.OVERDUE: 250}


def test_a_run_with_no_time_looks_at_what_could_not_be_read_and_at_a_batch(world: World) -> None:
    world = crowd(250)
    world.stored.unreadable |= set(sorted(world.stored.invitations)[:100])
    world.sweep()
    assert run(world, 1) == {Finding.UNREADABLE: 100, Finding.OVERDUE: 100}
    assert run(world, 1) == {Finding.OVERDUE: 50}


def test_a_progress_that_cannot_be_read_is_told_and_everything_looked_at_again(world: World) -> None:
    world.sweep()
    world.stored.swept = UnreadableError("STATE sweep: no until")
    world.now += 100 * DAY
    swept = sweep(SweepDeps(world.table, world.queue, timedelta(0), day_of), world.now)
    assert (swept.found, swept.unreadable) == (
        {Finding.UNREADABLE: 1, Finding.OVERDUE: 1},
        ["STATE sweep: no until"],
    )
    assert world.sweep() == {Finding.OVERDUE: 1}


def test_what_cannot_be_read_is_found_again_when_all_others_are_done(world: World) -> None:
    world = crowd(150)
    bad = sorted(world.stored.invitations)[3]
    world.stored.unreadable.add(bad)
    world.sweep()
    for id_ in sorted(world.stored.invitations):
        world.change(id_, state=State.PENDING if id_ == bad else State.SENT)
    world.now += DAY
    assert [world.sweep(), world.sweep()] == [{Finding.UNREADABLE: 1}] * 2


def test_killed_after_any_call_the_next_run_finds_the_rest() -> None:
    calls = 1
    while True:
        world = crowd(250, State.UNKNOWN)
        world.table = Mortal(world.stored, calls)
        try:
            world.sweep()
        except KilledError:
            world.table = world.stored
            while any(one.state is State.UNKNOWN for one in world.stored.invitations.values()):
                before = sum(one.state is State.CLOSED for one in world.stored.invitations.values())
                run(world, 1)
                assert sum(one.state is State.CLOSED for one in world.stored.invitations.values()) > before
            calls += 37
        else:
            break
    assert calls > 37 * 10


def test_a_run_that_is_killed_late_has_not_worked_for_nothing() -> None:
    world = crowd(5150)
    # Its place is stored after 45 batches and the ends of four pages.
    world.table = Mortal(world.stored, 2 * (2 + 2 + 5 + 49 + 1))
    with pytest.raises(KilledError):
        world.sweep()
    place = progress(world).place
    assert place is not None
    assert place.id == f"{4499:032}"
