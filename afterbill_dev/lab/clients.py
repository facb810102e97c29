"""The kinds of clients the laboratory knows, each as seeded traffic: how it uses the links of one mail."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from random import Random

from afterbill_dev.lab import people, robots
from afterbill_dev.lab.traffic import Mailing, Use, mailing

_UNTOLD = 0.2
"""The share of mails whose delivery nobody reports."""
_FEWER = 10
"""Kinds with hundreds of requests for one mail are played for so many times fewer mails."""


@dataclass(frozen=True, slots=True)
class ClientKind:
    """Makes one mail's traffic; `limit`: what is known not to hold, shown apart from what is expected.

    `crowd`: robots use the links of one mail hundreds of times.
    """

    name: str
    person: bool
    make: Callable[[Random], list[Use]]
    limit: bool = False
    crowd: bool = False

    def played(self, mails: int) -> int:
        """Return the number of mails to play of this kind, where `mails` are played of others."""
        return max(mails // _FEWER, 1) if self.crowd else mails

    def mail(self, chance: Random) -> Mailing:
        """One mail of this kind, delivered within seconds."""
        delivered = round(chance.uniform(0.3, 4.0), 3)
        uses = [replace(use, client=use.client or self.name, at=use.at + delivered) for use in self.make(chance)]
        untold = chance.random() < _UNTOLD and self.make is not robots.early  # it is about being told
        return mailing(self.name, uses, None if untold else delivered)


KINDS = (
    *(ClientKind(name, person=False, make=make) for name, make in robots.ROBOTS.items()),
    *(ClientKind(name, person=True, make=make) for name, make in {**people.PEOPLE, **people.MIXED}.items()),
    *(ClientKind(name, person=False, make=make, crowd=True) for name, make in robots.CROWDS.items()),
    *(ClientKind(name, person=True, make=make, crowd=True) for name, make in people.CROWDED.items()),
    *(ClientKind(name, person=False, make=make, limit=True) for name, make in robots.LIMITS.items()),
    *(ClientKind(name, person=True, make=make, limit=True) for name, make in people.LIMITS.items()),
)
NAMES: Mapping[str, bool] = {kind.name: kind.person for kind in KINDS} | {"person": True, "robot": False}
"""True for names of people, by name."""
