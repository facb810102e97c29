"""A billing system and its customers: webhooks that are sent again until they are taken, answers to surveys."""

import base64
import hmac
import json
from collections import Counter
from collections.abc import Mapping
from datetime import timedelta
from typing import Any

from afterbill.model.links import Purpose, derive_key, sign
from afterbill_dev.load.stack import Stack
from afterbill_dev.load.world import IDENTITY, SIGNING, SOURCE

_TRIES_AFTER = (5, 300, 1800, 7200, 18_000, 36_000, 50_400, 72_000, 86_400)
"""Seconds between tries: https://github.com/standard-webhooks/standard-webhooks/blob/main/spec/standard-webhooks.md"""
_CREATED, _MULTIPLE = 200, 300
_KEYS = {0: derive_key(IDENTITY, "link")}


class Shop:
    """Tells of payments. `taken` counts the facts that were answered 2xx, `lost` those that it gave up."""

    def __init__(self, stack: Stack) -> None:
        self.stack = stack
        self.taken, self.lost, self.tries = Counter[str](), Counter[str](), Counter[int]()
        self.people: Counter[int] = Counter()

    def pay(self, at: float, customer: str, fact: str) -> None:
        """A payment at this second, told at once."""
        self.stack.clock.at(at, lambda: self._tell(self._body(customer, fact), fact, 0))

    def _body(self, customer: str, fact: str) -> bytes:
        body = {
            "type": "payment_succeeded",
            "timestamp": self.stack.clock.moment().isoformat(),
            "data": {
                "id": fact,
                "customer": {"id": customer, "email": f"{customer}@example.org", "country": "DE", "locale": "de"},
                "amount": {"value": "49.00", "currency": "EUR"},
            },
        }
        return json.dumps(body).encode()

    def _tell(self, body: bytes, fact: str, tries: int) -> None:
        def answered(status: int) -> None:
            self.tries[status] += 1
            if _CREATED <= status < _MULTIPLE:
                self.taken[fact] += 1
            elif tries < len(_TRIES_AFTER):
                self.stack.clock.after(_TRIES_AFTER[tries], lambda: self._tell(body, fact, tries + 1))
            else:
                self.lost[fact] += 1

        self.stack.routes["/webhooks/{source}"].request(self._signed(body, fact), answered)

    def _signed(self, body: bytes, fact: str) -> dict[str, Any]:
        at = str(int(self.stack.clock.moment().timestamp()))
        mac = hmac.digest(SIGNING, f"{fact}.{at}.".encode() + body, "sha256")
        signature = "v1," + base64.b64encode(mac).decode()
        headers = {"webhook-id": fact, "webhook-timestamp": at, "webhook-signature": signature}
        return _request("POST", f"/webhooks/{SOURCE}", {"source": SOURCE}, headers, body)

    # People

    def answer(self, after: float, id_: str, rating: int) -> None:
        """Somebody sends the form of this survey after so many seconds, and once more ten minutes later if it fails."""
        self.stack.clock.after(after, lambda: self._send_form(id_, rating, 3))

    def _send_form(self, id_: str, rating: int, tries: int) -> None:
        def answered(status: int) -> None:
            self.people[status] += 1
            if status >= _MULTIPLE and tries > 1:
                self.stack.clock.after(600, lambda: self._send_form(id_, rating, tries - 1))

        expires = self.stack.clock.moment() + timedelta(days=30)
        token = sign(Purpose.SURVEY, id_, expires, _KEYS)
        headers = {"content-type": "application/x-www-form-urlencoded", "accept-language": "de"}
        form = _request("POST", f"/s/{token}", {"token": token}, headers, f"rating={rating}".encode())
        self.stack.routes["/s/{token}"].request(form, answered)


def _request(
    method: str, path: str, parameters: Mapping[str, str], headers: Mapping[str, str], body: bytes
) -> dict[str, Any]:
    return {
        "rawPath": path,
        "rawQueryString": "",
        "headers": dict(headers),
        "requestContext": {"http": {"method": method, "sourceIp": "192.0.2.7"}, "domainName": "nps.example.com"},
        "pathParameters": dict(parameters),
        "body": base64.b64encode(body).decode(),
        "isBase64Encoded": True,
    }
