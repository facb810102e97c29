"""Preferences of operators, and the mails that the console sends them, in memory."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime

from afterbill_console.digest.ports import Recipient
from afterbill_console.digest.state import NoticeState
from afterbill_console.preferences import Choices


@dataclass
class MemoryPreferences:
    """Preferences over a dictionary."""

    choices: dict[str, Choices] = field(default_factory=dict)

    def load(self, operator: str) -> Choices:
        """Their choices."""
        return self.choices.get(operator, Choices())

    def store(self, operator: str, choices: Choices) -> None:
        """Keep them."""
        self.choices[operator] = choices


@dataclass
class MemoryClaims:
    """Claims over a dictionary; `handed` are those whose mail was taken."""

    held: dict[tuple[str, str], tuple[datetime, datetime]] = field(default_factory=dict)
    handed: set[tuple[str, str]] = field(default_factory=set)

    def claim(self, operator: str, name: str, now: datetime, until: datetime) -> bool:
        """Hold it, unless it is held."""
        claimed_at, held_until = self.held.get((operator, name), (now, now))
        free = held_until <= now or claimed_at == now
        if free:
            self.held[operator, name] = (now, until)
            self.handed.discard((operator, name))
        return free

    def hand(self, operator: str, names: Sequence[str]) -> None:
        """Note it."""
        self.handed |= {(operator, name) for name in names if (operator, name) in self.held}

    def release(self, operator: str, names: Sequence[str]) -> None:
        """Let go of what was not handed over."""
        for place in ((operator, name) for name in names):
            if place not in self.handed:
                self.held.pop(place, None)


@dataclass
class MemoryNotices:
    """The state of the step."""

    state: NoticeState = field(default_factory=NoticeState)

    def load(self) -> NoticeState:
        """It."""
        return self.state

    def store(self, state: NoticeState, before: NoticeState) -> bool:
        """Keep it, unless another run did."""
        current = self.state.version == before.version
        if current:
            self.state = state
        return current


@dataclass
class MemoryRecipients:
    """Operators by their ids."""

    people: dict[str, Recipient] = field(default_factory=dict)

    def recipients(self) -> Sequence[Recipient]:
        """All of them."""
        return list(self.people.values())


@dataclass
class MemoryTasks:
    """Open tasks by source."""

    waiting: Mapping[str, int] = field(default_factory=dict)

    def open_tasks(self, now: datetime) -> int:  # noqa: ARG002  # the port's
        """Their number."""
        return sum(self.waiting.values())
