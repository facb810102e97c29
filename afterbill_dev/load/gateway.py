"""API Gateway: a throttle for each route, and what a caller is answered."""

from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from afterbill_dev.load.clock import Bucket, Clock
from afterbill_dev.load.lambdas import Function
from afterbill_dev.load.metrics import Metrics, Name, named

_TOO_MANY, _UNAVAILABLE, _SERVER_ERROR, _CLIENT_ERROR = 429, 503, 500, 400


@dataclass
class Route:
    """One route of the HTTP API; `turned_away` are the metrics that its 429s are counted in, besides AWS's own."""

    clock: Clock
    metrics: Metrics
    function: Function
    rate: float
    burst: float
    turned_away: tuple[Name, ...] = ()
    answers: Counter[int] = field(default_factory=Counter)

    def __post_init__(self) -> None:
        self._bucket = Bucket(self.rate, self.burst)

    def request(self, event: dict[str, Any], done: Callable[[int], object]) -> None:
        """Hand the request to the function; `done` gets the status at the end."""
        if not self._bucket.take(self.clock.now):
            self.clock.first("ThrottleRate")
            for name in self.turned_away:
                self.metrics.put(name, 1, self.clock.now)
            self._answer(_TOO_MANY, done)
        elif not self.function.invoke(event, lambda answer: self._answer(_status(answer), done)):
            self._answer(_UNAVAILABLE, done)

    def _answer(self, status: int, done: Callable[[int], object]) -> None:
        self.answers[status] += 1
        if status >= _CLIENT_ERROR:
            kind = "5xx" if status >= _SERVER_ERROR else "4xx"
            self.metrics.put(named("AWS/ApiGateway", kind, {"ApiId": "HttpApi"}), 1, self.clock.now)
        done(status)


def _status(answer: Any) -> int:  # noqa: ANN401  # a handler's, None for an error
    return _SERVER_ERROR if answer is None else int(answer["statusCode"])
