"""A process that dies, or a service that does not answer, at one port call; and what happens afterwards."""

from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from afterbill.model.errors import TransientError
from afterbill.outreach.sweep import Finding
from tests.factories import DAY, MINUTE
from tests.world import World


class SimulatedCrash(BaseException):
    """The process is gone: nothing in the product may catch this."""


FAULTS = (SimulatedCrash, TransientError)


@dataclass
class Saboteur:
    """Raises `fault` before or after the call number `at`, once; `hit` tells whether it came to that."""

    at: int
    after: bool
    fault: type[BaseException]
    calls: int = 0
    hit: bool = False

    def call(self, method: Callable[..., Any], *arguments: Any) -> Any:
        self.calls += 1
        if self.calls != self.at:
            return method(*arguments)
        self.hit = True
        if self.after:
            method(*arguments)
        raise self.fault

    def spoil(self, world: World) -> None:
        """Stand between every port and its caller."""
        world.table = Spoiled(world.table, self)
        world.timer = Spoiled(world.timer, self)
        world.queue = Spoiled(world.queue, self)
        world.caps = Spoiled(world.caps, self)
        world.apis = Spoiled(world.apis, self)
        world.inbox = Spoiled(world.inbox, self)
        world.dead_letters = Spoiled(world.dead_letters, self)
        world.evidence = world.evidence and Spoiled(world.evidence, self)
        if self.fault is SimulatedCrash:  # handing over a mail never raises: what happened is the receipt
            world.mailer = Spoiled(world.mailer, self)


@dataclass
class Spoiled:
    """A port on which every call is the saboteur's to ruin."""

    port: Any
    saboteur: Saboteur

    def __getattr__(self, name: str) -> Callable[..., Any]:
        method = getattr(self.port, name)
        return lambda *arguments: self.saboteur.call(method, *arguments)


def every_fault(prepare: Callable[[], World], act: Callable[[World], object]) -> Iterator[World]:
    """The world of `prepare` after `act` was ruined, once for every way to ruin it."""
    for fault in FAULTS:
        for after in (False, True):
            saboteurs = (Saboteur(at, after, fault) for at in range(1, 100))
            for saboteur in saboteurs:
                world = prepare()
                saboteur.spoil(world)
                try:
                    act(world)
                except (SimulatedCrash, TransientError):
                    yield world
                if not saboteur.hit:
                    break


def pass_days(world: World, days: float = 1, every: timedelta = 15 * MINUTE) -> Counter[Finding]:
    """Timers fire, messages arrive and sweeps run every quarter of an hour; all that they found, added up."""
    found: Counter[Finding] = Counter()
    for _ in range(int(days * DAY / every)):
        world.pass_time(every)
        found.update(world.sweep())
    return found
