"""A report that is read, or asked for and waited for."""

import sys
import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import click

from afterbill.insight.ports import Asking, ReportRequests, StoredReports
from afterbill.insight.reports.reading import MOST_ASKED, WAIT_SECONDS, read_report
from afterbill.insight.reports.requested import ReportRequest
from afterbill.model.errors import AfterbillError

_PAUSE_SECONDS = 1.5
_LOOK_AGAIN = (
    f"the report was asked for and is not there after {WAIT_SECONDS} seconds: give the same command again in a minute. "
    "The log of compute_reports says what it is doing"
)


@dataclass(frozen=True, slots=True)
class Reader:
    """The places at which reports lie and are asked for; `sleep` takes seconds, `clock` counts them."""

    files: StoredReports
    requests: ReportRequests
    sleep: Callable[[float], None] = time.sleep
    clock: Callable[[], float] = time.monotonic

    def read(self, request: ReportRequest) -> dict[str, Any]:
        """Return the report, asking for it if need be; AfterbillError where it does not come in time."""
        now = datetime.now(UTC)
        if found := read_report(request, self.files, now):
            return found
        if self.requests.ask(request, now) is Asking.LIMITED:
            raise AfterbillError(f"{MOST_ASKED} reports were computed on demand in this hour: try again in the next")
        return self._wait(request)

    def _wait(self, request: ReportRequest) -> dict[str, Any]:
        began, line = self.clock(), _Line()
        try:
            while (passed := self.clock() - began) < WAIT_SECONDS:
                line.show(f"computing {request.name}, {passed:.0f} seconds")
                self.sleep(_PAUSE_SECONDS)
                if found := read_report(request, self.files, datetime.now(UTC)):
                    return found
        finally:
            line.end()
        raise AfterbillError(_LOOK_AGAIN)


class _Line:
    """One line on stderr that is written again and again at a terminal, and once elsewhere."""

    def __init__(self) -> None:
        self._shown = 0

    def show(self, text: str) -> None:
        if sys.stderr.isatty():
            click.echo(f"\r{text.ljust(self._shown)}", err=True, nl=False)
        elif not self._shown:
            click.echo(text.partition(",")[0], err=True)
        self._shown = len(text)

    def end(self) -> None:
        if self._shown and sys.stderr.isatty():
            click.echo(f"\r{' ' * self._shown}\r", err=True, nl=False)
