"""Log lines of the stack's functions about a source's webhooks."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from afterbill.model.webhooks import Source
from afterbill_cli.deployed import Deployed
from afterbill_console.adapters.health.last_webhooks import parsed_line
from afterbill_console.health.refusals import NOT_WEBHOOKS, remedy

_PAUSE_SECONDS = 5


@dataclass(frozen=True, slots=True)
class EventLog:
    """Lines that receive_webhook and capture_event logged about one source since a moment."""

    deployed: Deployed
    source: Source
    since: datetime

    def refusals(self) -> list[str]:
        """Return the reasons for which webhooks were refused."""
        reasons = [line["reason"] for line in self._lines("ReceiveWebhookFunctionName") if "reason" in line]
        return [reason for reason in reasons if reason not in NOT_WEBHOOKS]

    def captured(self) -> Mapping[str, Any] | None:
        """Return the first captured event, with its `outcome` and `reason`."""
        return next((line for line in self._lines("CaptureEventFunctionName") if "outcome" in line), None)

    def _lines(self, function: str) -> Iterator[Mapping[str, Any]]:
        pages = self.deployed.client("logs").get_paginator("filter_log_events")
        events = pages.paginate(
            logGroupName=f"/aws/lambda/{self.deployed.output(function)}",
            startTime=int(self.since.timestamp() * 1000),
            filterPattern=f'{{ $.source = "{self.source.name}" }}',
        )
        for page in events:
            for event in page["events"]:
                line = parsed_line(event["message"])
                if line.get("source") == self.source.name:  # emulators pass over the pattern
                    yield line


def first_event(
    log: EventLog, patience: timedelta, show: Callable[[str], None], sleep: Callable[[float], None]
) -> Mapping[str, Any] | None:
    """Wait until an event was captured, and say of each kind of refusal that it happened; None when time is up."""
    shown: set[str] = set()
    for _ in range(max(1, int(patience.total_seconds()) // _PAUSE_SECONDS)):
        if captured := log.captured():
            return captured
        for reason in log.refusals():
            if reason not in shown:
                show(f"A webhook came and was refused ({reason}): {remedy(log.source, reason)}.")
            shown.add(reason)
        sleep(_PAUSE_SECONDS)
    return None
