from dataclasses import dataclass, replace
from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from afterbill.model.errors import TransientError
from afterbill.model.invitation import Invitation, SkipReason, State
from afterbill.model.visits import Kind, Visit
from afterbill.outreach.sweep import Finding, SweepDeps, sweep
from afterbill_cli.memory.table import MemoryTable
from tests.factories import DAY, HOUR, MINUTE, NOON, SECOND, customer, day_of, invitation
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
    assert world.queued.messages == [(ID, 1, timedelta(0))]


def test_while_sending_is_halted_it_is_not_queued_for_it_goes_round_in_the_queue(world: World) -> None:
    world.now += DAY
    sweeping = SweepDeps(world.table, world.queue, timedelta(0), day_of)
    assert sweep(sweeping, world.now, paused=True) == {Finding.WAITING: 1}
    assert world.queued.messages == []
    assert sweep(sweeping, world.now) == {Finding.OVERDUE: 1}


def test_a_claim_without_an_end_is_called_unknown_while_sending_is_halted_too(world: World) -> None:
    claimed(world)
    world.now += 15 * MINUTE + SECOND
    sweeping = SweepDeps(world.table, world.queue, timedelta(0), day_of)
    assert sweep(sweeping, world.now, paused=True) == {Finding.UNKNOWN: 1}


def test_before_that_its_timer_may_still_be_on_its_way(world: World) -> None:
    world.now += 20 * MINUTE
    assert world.sweep() == {Finding.WAITING: 1}
    assert world.queued.messages == []


def test_the_flexible_window_of_timers_is_waited_for(world: World) -> None:
    world.now += 30 * MINUTE
    assert sweep(SweepDeps(world.table, world.queue, 15 * MINUTE, day_of), world.now) == {Finding.WAITING: 1}


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
    world.now += MINUTE
    assert world.sweep() == {Finding.CONFIRMED_SENT: 1}
    assert (state_of(world), world.stored.invitations[ID].sent_at) == (State.SENT, NOON)


def test_what_was_deferred_is_overdue_only_after_that(world: World) -> None:
    world.change(ID, deferred_until=NOON + HOUR)
    world.now += HOUR
    assert world.sweep() == {Finding.WAITING: 1}
    world.now += HOUR
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

    def not_sent(self, hour: str) -> list[str]:
        return [ID, "gone"] if hour == "2026-11-22T12" else []


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

    def invitation(self, invitation_id: str) -> Invitation | None:
        raise TransientError(invitation_id)


def test_what_was_in_sight_of_the_first_stays_so_however_many_fail(world: World) -> None:
    world.table = Dying(world.stored.invitations)
    world.now += HOUR
    with pytest.raises(TransientError):
        world.sweep()
    world.stored.set_swept_until(str(world.table.swept_until()))
    world.table = world.stored
    world.now += 9 * DAY
    assert world.sweep() == {Finding.OVERDUE: 1}


def test_the_next_one_starts_where_something_was_left(world: World) -> None:
    world.now += 5 * HOUR
    world.sweep()
    assert world.stored.swept_until() == "2026-11-22T12"


def test_or_an_hour_ago_when_nothing_was(world: World) -> None:
    world.stored.invitations.clear()
    world.now += 5 * HOUR
    world.sweep()
    assert world.stored.swept_until() == "2026-11-22T16"


def test_what_waits_in_this_hour_does_not_hide_what_the_index_shows_late_of_the_last(world: World) -> None:
    world.now += MINUTE
    world.sweep()
    assert world.stored.swept_until() == "2026-11-22T11"


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
        until = world.stored.swept_until()
        assert until is not None
        due = [one.due_at for one in world.stored.invitations.values() if one.state in OPEN]
        assert all(at.strftime("%Y-%m-%dT%H") >= until for at in due)
