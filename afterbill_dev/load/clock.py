"""Simulated time: an agenda of events, and the seconds that a running invocation spends."""

import gc
import heapq
import itertools
from collections.abc import Callable
from datetime import UTC, datetime, timedelta, tzinfo
from typing import ClassVar, Self

EPOCH = datetime(2027, 1, 1, tzinfo=UTC)


class Killed(BaseException):  # it is no error that anything may handle
    """The invocation reached its time-out: nothing after that call happens."""


class Clock:
    """`now` is the moment of the event at hand; `time` adds what the invocation at hand has spent. Both in seconds."""

    def __init__(self, begin: datetime = EPOCH) -> None:
        self.begin, self.start = begin, begin.timestamp()
        self.now, self.spent, self.deadline = 0.0, 0.0, float("inf")
        self.firsts: dict[str, float] = {}
        self._agenda: list[tuple[float, int, Callable[[], object]]] = []
        self._turns = itertools.count()

    @property
    def time(self) -> float:
        """Seconds since the start."""
        return self.now + self.spent

    def monotonic(self) -> float:
        """The same, as a function."""
        return self.time

    def first(self, what: str) -> None:
        """Remember when this happened for the first time."""
        self.firsts.setdefault(what, self.time)

    def moment(self) -> datetime:
        """The same, as an instant."""
        return self.begin + timedelta(seconds=self.time)

    def spend(self, seconds: float) -> None:
        """Let the running invocation wait for this long; raises Killed at its time-out."""
        self.spent += seconds
        if self.time > self.deadline:
            raise Killed

    def at(self, time: float, act: Callable[[], object]) -> None:
        """Do it then; never before now."""
        heapq.heappush(self._agenda, (max(time, self.now), next(self._turns), act))

    def after(self, seconds: float, act: Callable[[], object]) -> None:
        """Do it so many seconds after the present moment."""
        self.at(self.time + seconds, act)

    def run(self, until: float) -> None:
        """Do everything that is due by then."""
        # What is made here mostly stays: to look for garbage among it again and again would take most of the time.
        gc.disable()
        try:
            while self._agenda and self._agenda[0][0] <= until:
                self.now, _, act = heapq.heappop(self._agenda)
                act()
        finally:
            gc.enable()
        self.now = until

    def timed(self, work: Callable[[], object], timeout: float) -> float | None:
        """Run one invocation now; returns the seconds that it takes, None if it was killed at its time-out."""
        self.spent, self.deadline = 0.0, self.now + timeout
        try:
            work()
        except Killed:
            return None
        else:
            return self.spent
        finally:
            self.spent, self.deadline = 0.0, float("inf")

    def datetime(self) -> type[datetime]:
        """Return a stand-in for `datetime` whose `now` is ours."""

        class Told(datetime):
            clock: ClassVar[Clock] = self

            @classmethod
            def now(cls, tz: tzinfo | None = None) -> Self:
                at = cls.clock.moment().astimezone(tz)
                return cls(at.year, at.month, at.day, at.hour, at.minute, at.second, at.microsecond, at.tzinfo)

        return Told


class Bucket:
    """A token bucket: `rate` a second, at most `burst` at once."""

    def __init__(self, rate: float, burst: float = 0) -> None:
        self.rate, self.burst = rate, burst or rate
        self.left, self.at = self.burst, 0.0

    def take(self, time: float, units: float = 1) -> bool:
        """Return whether there are as many now; debts of one large request are paid by those after it."""
        if time > self.at:
            self.left, self.at = min(self.burst, self.left + (time - self.at) * self.rate), time
        if self.left <= 0 or (units <= self.burst and self.left < units):
            return False
        self.left -= units
        return True
