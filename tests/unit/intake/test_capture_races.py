"""Several captures at the same items at the same time."""

import itertools
from dataclasses import dataclass

import pytest

from afterbill.intake.capture_fact import Outcome
from afterbill.intake.ports import FactWrites
from afterbill.model.billing import CustomerRef
from afterbill.model.errors import TransientError
from afterbill.model.invitation import SkipReason
from afterbill_cli.memory.table import MemoryTable
from tests.factories import ADA, DAY, MINUTE, event, news, ref, refund
from tests.world import World


@dataclass
class Contested(MemoryTable):
    """Before each of the next commits somebody else is faster."""

    rivals: int = 0
    attempts: int = 0

    def commit(self, change: FactWrites) -> bool:
        self.attempts += 1
        if self.attempts <= self.rivals:
            return False
        return super().commit(change)


def test_whoever_comes_second_reads_again() -> None:
    world = World(table=Contested(rivals=4))
    assert world.capture(event()).outcome is Outcome.SCHEDULED


def test_after_five_lost_races_the_inbox_tries_later() -> None:
    world = World(table=Contested(rivals=5))
    with pytest.raises(TransientError, match="evt_payment_succeeded_1"):
        world.capture(event())
    assert not world.stored.invitations


@dataclass
class Interleaved(MemoryTable):
    """While one capture is about to commit, the same event is captured once more from the start."""

    world: World | None = None
    depth: int = 0

    def commit(self, change: FactWrites) -> bool:
        if self.world and self.depth:
            self.depth -= 1
            self.world.capture(event())
        return super().commit(change)


def test_the_same_event_ten_times_at_once_is_one_invitation() -> None:
    table = Interleaved(depth=9)
    world = table.world = World(table=table)
    assert world.capture(event()).outcome is Outcome.DUPLICATE
    world.pass_time(3 * DAY)
    assert (len(table.invitations), len(table.people), len(world.outbox)) == (1, 1, 1)


@pytest.mark.parametrize("order", list(itertools.permutations(range(3))))
def test_payment_news_and_refund_come_to_the_same_in_any_order(world: World, order: tuple[int, ...]) -> None:
    events = (event(customer=CustomerRef("cus_1")), news(ref()), refund(customer=CustomerRef("cus_1")))
    world.capture(*(events[index] for index in order))
    world.pass_time(3 * DAY + MINUTE)
    assert world.invitation(event()).reason == SkipReason.STOPPED
    assert not world.outbox
    assert world.person().address == ADA
