"""Progress on stderr: a bar on a terminal, a line every tenth elsewhere."""

import sys
from dataclasses import dataclass, field
from typing import TextIO

_WIDTH = 30
_STEPS = 10


@dataclass
class Progress:
    """Shows on stderr how much of `total` is done; `what` names the work."""

    what: str
    total: int
    stream: TextIO = field(default_factory=lambda: sys.stderr)
    _told: int = 0

    def at(self, done: int) -> None:
        """Show that `done` things are done, only where the percentage changes."""
        percent = min(100, 100 * done // self.total) if self.total else 100
        watched = self.stream.isatty()
        step = 1 if watched else _STEPS
        if percent // step == self._told // step:
            return
        self._told = percent
        filled = _WIDTH * percent // 100
        bar = f"\r{self.what} [{'#' * filled}{' ' * (_WIDTH - filled)}] {percent:3} %"
        self.stream.write(bar if watched else f"{self.what} {percent // step * step} %\n")
        self.stream.flush()

    def end(self) -> None:
        """Show the end of the progress."""
        self.at(self.total)
        if self.stream.isatty():
            self.stream.write("\n")
