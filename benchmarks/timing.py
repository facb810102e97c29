"""Ratios that survive a busy machine: both sides take turns, and the median pair speaks."""

from collections.abc import Callable, Iterable
from statistics import median
from time import process_time


def seconds(work: Callable[[], object]) -> float:
    """How long one call takes, in processor time: others on the machine do not count."""
    started = process_time()
    work()
    return process_time() - started


def ratio(pairs: Iterable[tuple[float, float]]) -> float:
    """The median of measured to floor, pair by pair: what slows the machine down slows both of a pair."""
    return median(measured / floor for measured, floor in pairs)


def pairs(measured: Callable[[], object], floor: Callable[[], object], times: int) -> list[tuple[float, float]]:
    """Seconds of both, taken in turns, after one call each that does not count."""
    measured()
    floor()
    return [(seconds(measured), seconds(floor)) for _ in range(times)]


def repeated(work: Callable[[], object], times: int) -> Callable[[], None]:
    """The same work so many times, for what is too short to be timed once."""

    def loop() -> None:
        for _ in range(times):
            work()

    return loop
