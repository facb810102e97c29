"""Progress messages of the demo, and waiting with a time limit."""

import time
from collections.abc import Callable

PAUSE_SECONDS = 0.5
SAY_EVERY_SECONDS = 5.0
_began = time.monotonic()


class DemoError(Exception):
    """The demo cannot go on; the message says what was awaited, what was seen and where to look."""


def say(text: str) -> None:
    """One line, with the seconds since the start in front."""
    print(f"[{time.monotonic() - _began:4.0f} s] {text}", flush=True)


def wait_for(what: str, count: Callable[[], int], wanted: int, seconds: float) -> None:
    """Wait until `count()` reaches `wanted`, and now and then say how far it is."""
    deadline = time.monotonic() + seconds
    shown, shown_at = 0, time.monotonic()
    while (seen := count()) < wanted:
        now = time.monotonic()
        if now > deadline:
            raise DemoError(f"Waited {seconds:.0f} s for {what}: {wanted} were expected, {seen} are there.")
        if seen != shown and now - shown_at >= SAY_EVERY_SECONDS:
            say(f"  {what}: {seen} of {wanted}")
            shown, shown_at = seen, now
        time.sleep(PAUSE_SECONDS)
    say(f"  {what}: all {wanted}")
