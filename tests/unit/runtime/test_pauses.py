"""Pauses between tries: longer each time, partly random, and none without time left."""

from types import SimpleNamespace

from afterbill.runtime.pauses import Pauses


def left(seconds: float) -> SimpleNamespace:
    return SimpleNamespace(get_remaining_time_in_millis=lambda: seconds * 1000)


def test_each_pause_is_longer_up_to_four_seconds() -> None:
    waited: list[float] = []
    pauses = Pauses(0.5, left(30), waited.append)
    assert all(pauses(tries) for tries in range(5))
    assert not pauses(5)
    for pause, most in zip(waited, (0.5, 1, 2, 4, 4), strict=True):
        assert most / 2 <= pause <= most


def test_two_that_met_do_not_pause_alike() -> None:
    waited: list[float] = []
    pauses = Pauses(0.05, left(30), waited.append)
    for _ in range(20):
        pauses(3)
    assert len(set(waited)) > 10


def test_without_time_for_what_follows_there_is_no_pause() -> None:
    waited: list[float] = []
    assert not Pauses(0.5, left(15.4), waited.append)(0)
    assert not Pauses(0.5, wait=waited.append)(0), "outside an invocation there is none either"
    assert waited == []
