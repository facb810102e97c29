"""Troubles of a random world, and the watchers over it."""

import random
from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from afterbill.intake.ports import FactWrites
from afterbill.model.customer import Customer, Recipient
from afterbill.model.errors import TransientError
from afterbill.model.invitation import TRANSITIONS, Invitation
from afterbill.outreach.sending_window import SendingWindow
from afterbill_cli.memory.table import MemoryTable
from tests.factories import DAY, HOUR
from tests.unit.loop.crashes import SimulatedCrash

COOLDOWN = 3 * DAY
LONGEST_WAY = 8 * HOUR
"""How late a webhook, a report of the mail system or an answer arrives at most."""

DAYTIME = SendingWindow("daytime", frozenset(range(7)), ((8 * 60, 20 * 60),), weekends=True, holidays=True)


class Watched(dict[str, Invitation]):
    """No invitation ever changes in a way that is not allowed."""

    def __setitem__(self, id_: str, new: Invitation) -> None:
        old = self.get(id_)
        if old:
            assert new.state is old.state or new.state in TRANSITIONS[old.state]
            assert (new.delivery or 0) >= (old.delivery or 0)
            assert not old.answer or (new.answer and new.answered_at == old.answered_at)
            assert not old.sent_day or new.sent_day == old.sent_day
        super().__setitem__(id_, new)


@dataclass
class BusyTable(MemoryTable):
    """Others are at work between the reading and the writing of a use case."""

    between: Callable[[], None] = lambda: None

    def commit(self, change: FactWrites) -> bool:
        self.between()
        return super().commit(change)

    def claim(self, invitation: Invitation, customer: Customer, recipient: Recipient) -> bool:
        self.between()
        return super().claim(invitation, customer, recipient)

    def defer(self, invitation: Invitation, customer: Customer) -> bool:
        self.between()
        return super().defer(invitation, customer)

    def claim_reminder(self, invitation: Invitation, customer: Customer) -> bool:
        self.between()
        return super().claim_reminder(invitation, customer)


@dataclass
class Randomness:
    """How bad this world is; drawn once, so that some worlds are calm and some are not."""

    chance: random.Random
    faults: float
    refusals: float
    silences: float
    busy: float
    cooldown: timedelta
    reminder: timedelta
    window: SendingWindow | None
    per_hour: int

    @classmethod
    def of(cls, seed: int) -> "Randomness":
        chance = random.Random(seed)
        return cls(
            chance,
            faults=chance.choice([0, 0.01, 0.05]),
            refusals=chance.choice([0, 0.3]),
            silences=chance.choice([0, 0.2]),
            busy=chance.choice([0, 0.3]),
            cooldown=chance.choice([timedelta(0), COOLDOWN]),
            reminder=chance.choice([timedelta(0), DAY]),
            window=chance.choice([None, DAYTIME]),
            per_hour=chance.choice([0, 1]),
        )

    def often(self, share: float) -> bool:
        return self.chance.random() < share

    def soon(self, most: timedelta = LONGEST_WAY) -> timedelta:
        return self.chance.random() ** 3 * most


@dataclass
class Flaky:
    """A port that now and then kills its caller or does not answer, before or after the call."""

    port: Any
    luck: Randomness
    faults: tuple[type[BaseException], ...] = (SimulatedCrash, TransientError)

    def __getattr__(self, name: str) -> Callable[..., Any]:
        method = getattr(self.port, name)

        def call(*arguments: Any) -> Any:
            self.perhaps()
            result = method(*arguments)
            self.perhaps()
            return result

        return call

    def perhaps(self) -> None:
        if self.luck.often(self.luck.faults):
            raise self.luck.chance.choice(self.faults)
