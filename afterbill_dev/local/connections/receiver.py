"""An endpoint for Standard Webhooks, which verifies them with the reference library.

Every path below its address is an endpoint; `/rotated` has had its secret changed already. Repeats are taken and told
apart by their id, as the scheme asks of a receiver.
"""

import json
import time
from collections import Counter
from collections.abc import Callable
from datetime import datetime
from http import HTTPStatus
from typing import Any

from standardwebhooks import Webhook, WebhookVerificationError

from afterbill_dev.local.connections.accounts import WEBHOOKS
from afterbill_dev.local.connections.kit import FakeSystem, Request, as_json, right_now
from afterbill_dev.local.forwarding import Answer

ROTATED = "/rotated"
_HEADERS = ("webhook-id", "webhook-timestamp", "webhook-signature")


class Receiver(FakeSystem):
    """Keeps what it was sent, whether it was genuine or not."""

    def __init__(self, now: Callable[[], datetime] = right_now, wait: Callable[[float], None] = time.sleep) -> None:
        super().__init__(now, wait)
        self._deliveries: list[dict[str, Any]] = []
        self._refused: list[dict[str, str]] = []

    def state(self) -> dict[str, Any]:
        """All deliveries that were genuine, how often each id came, and those that were refused."""
        times = Counter(one["id"] for one in self._deliveries)
        return {"deliveries": self._deliveries, "times": dict(times), "refused": self._refused}

    def serve(self, request: Request) -> Answer:
        """Take a webhook whose signature is right and whose time is within five minutes."""
        if request.method != "POST":
            return self.refuse(HTTPStatus.METHOD_NOT_ALLOWED, ())
        shown = {name: request.headers.get(name, "") for name in _HEADERS}
        where = {"id": shown["webhook-id"], "path": request.path}
        wrong = _fault(request, shown)
        if wrong:
            self._refused.append({**where, "reason": wrong})
            return as_json(HTTPStatus.BAD_REQUEST, {"error": wrong})
        told = {"timestamp": shown["webhook-timestamp"], "content": json.loads(request.body)}
        self._deliveries.append({**where, **told})
        return Answer(HTTPStatus.NO_CONTENT, (), b"")


def _fault(request: Request, shown: dict[str, str]) -> str:
    """The reason why a webhook is not taken; empty for a genuine one."""
    if request.content_type != "application/json":
        return "the body is not said to be JSON"
    secret = WEBHOOKS["next_secret" if request.path == ROTATED else "secret"]
    try:
        Webhook(secret).verify(request.body, shown)
    except (WebhookVerificationError, ValueError) as error:
        return str(error) or "the body is not JSON"
    return ""
