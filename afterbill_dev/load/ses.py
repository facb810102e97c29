"""SES: a rate, a quota over any 24 hours, and an account that may be paused."""

from collections import Counter, deque
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from afterbill_dev.load import limits
from afterbill_dev.load.clock import Bucket, Clock
from afterbill_dev.load.errors import refusal


@dataclass
class Ses:
    """A client of SES v2; `deliver` gets each mail that is taken, as it was asked for."""

    clock: Clock
    quota: float = limits.SES_DAY.value
    rate: float = limits.SES_RATE.value
    deliver: Callable[[dict[str, Any]], object] = lambda _mail: None
    paused: bool = False

    def __post_init__(self) -> None:
        self._taken: deque[float] = deque()
        self._rate = Bucket(self.rate)
        self.calls: Counter[str] = Counter()

    def send_email(self, **mail: Any) -> dict[str, Any]:  # noqa: ANN401  # as boto3
        """SendEmail; raises what SES raises."""
        self.clock.spend(limits.SES_CALL.value)
        now = self.clock.time
        while self._taken and self._taken[0] <= now - limits.SES_WINDOW.value:
            self._taken.popleft()
        if self.paused:
            self._refuse("SendingPausedException", "Email sending is disabled for this account.")
        if len(self._taken) >= self.quota:
            self._refuse("ThrottlingException", limits.DAILY_QUOTA_TEXT)
        if not self._rate.take(now):
            self._refuse("ThrottlingException", limits.RATE_TEXT)
        self._taken.append(now)
        self.calls["taken"] += 1
        self.deliver(mail)
        return {"MessageId": f"m-{self.calls['taken']}"}

    def close(self) -> None:
        """Close connections, of which there are none."""

    def _refuse(self, code: str, message: str) -> None:
        self.calls[message] += 1
        self.clock.first(message)
        raise refusal(code, message, "SendEmail")
