"""Shopify's Admin API over GraphQL: its login, and errors that come with status 200."""

import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from urllib.parse import urlencode

from afterbill_actions.connector import Job, Open
from afterbill_actions.connectors._kit import replies
from afterbill_actions.exchange import Reply, Request
from afterbill_actions.outcome import Denied, Later, NeedsPerson, Outcome, Refused, TaskKind

VERSION = "2026-07"
"""The newest version that was released when this was written; tests validate it and the one before."""
MOST_REQUESTS = 3
_LIFETIME = timedelta(hours=24)
"""The life of a token that a client bought (shopify.dev, client credentials grant)."""
_EARLY = timedelta(minutes=5)
_TOKEN = "shopify_token"  # noqa: S105  # the name under which one is kept
_UNAUTHORIZED = 401
_NOT_FOUND = 404
_CLIENT_ERRORS = range(400, _NOT_FOUND)
_NUMBER = re.compile(r"[0-9]{1,20}", re.ASCII)
_SCOPE = re.compile(r"\b(?:read|write)_[a-z_]+\b")
_AGAIN = frozenset({"INTERNAL_SERVER_ERROR", "TIMEOUT", "SERVICE_UNAVAILABLE"})
_DENIED = frozenset({"ACCESS_DENIED", "UNAUTHORIZED", "FORBIDDEN", "SHOP_INACTIVE"})
_GONE = frozenset({"RESOURCE_NOT_FOUND", "NOT_FOUND"})


@dataclass(frozen=True, slots=True)
class Complaints:
    """A mutation that was not done, or not all of it: the fields that Shopify complains about."""

    fields: str

    def outcome(self) -> Refused:
        """Return what it means where the record is there."""
        return Refused(f"Shopify refuses {self.fields or 'it'} (userErrors)")


class Session:
    """One step's requests to one shop: three at most."""

    def __init__(self, open_: Open) -> None:
        self._open = open_
        self.left = MOST_REQUESTS

    def query(self, document: str, **variables: object) -> Mapping[str, Any] | Outcome:
        """Return the data of a query, none where Shopify knows no such id."""
        found = self._run(document, variables)
        return {} if isinstance(found, Complaints) else found

    def mutate(self, document: str, variables: Mapping[str, Any]) -> Complaints | Outcome | None:
        """Run a mutation; None where all of it was done. Each of its fields can fail alone."""
        data = self._run(document, variables)
        if not isinstance(data, Mapping):
            return data
        complaints = [error for payload in data.values() for error in replies.listed(_errors_of(payload))]
        missing = [name for name, payload in data.items() if not isinstance(payload, dict)]
        if not complaints and data and not missing:
            return None
        named = (part for error in complaints for part in error.get("field") or () if isinstance(error, dict))
        return Complaints(replies.names([*named, *missing]))

    def _run(self, document: str, variables: Mapping[str, object]) -> Mapping[str, Any] | Complaints | Outcome:
        token = self._token()
        if not isinstance(token, str):
            return token
        version = self._open.connection.settings.get("version") or VERSION
        headers = {"content-type": "application/json", "accept": "application/json", "x-shopify-access-token": token}
        body = json.dumps({"query": document, "variables": variables}).encode()
        reply = self._send(f"/admin/api/{version}/graphql.json", headers, body)
        if reply.status == _UNAUTHORIZED and self._open.kept.pop(_TOKEN, None) is not None:
            return Later("the token that was bought has ended before its time", timedelta(0))
        return _answered(reply) or _data(replies.section(reply.json()))

    def _send(self, path: str, headers: Mapping[str, str], body: bytes) -> Reply:
        self.left -= 1
        return self._open.send(Request("POST", self._open.connection.url + path, headers, body))

    def _token(self) -> str | Outcome:
        """Return the stored token of an older app, else one that the client buys and that is kept for its life."""
        secret, now = self._open.secret, self._open.now
        if secret.get("token"):
            return secret["token"]
        client = (secret.get("client_id", ""), secret.get("client_secret", ""))
        kept: tuple[tuple[str, str], str, datetime] | None = self._open.kept.get(_TOKEN)
        if kept and kept[0] == client and now < kept[2]:
            return kept[1]
        return self._buy(client, now)

    def _buy(self, client: tuple[str, str], now: datetime) -> str | Outcome:
        form = {"grant_type": "client_credentials", "client_id": client[0], "client_secret": client[1]}
        headers = {"content-type": "application/x-www-form-urlencoded", "accept": "application/json"}
        reply = self._send("/admin/oauth/access_token", headers, urlencode(form).encode())
        if reply.status in _CLIENT_ERRORS:
            error = replies.names([replies.section(reply.json()).get("error", "")])
            return Denied(f"the client buys no token (status {reply.status}{f', {error}' if error else ''})")
        bought = replies.section(reply.json())
        token, lives = bought.get("access_token"), bought.get("expires_in")
        failure = _answered(reply)
        if failure:
            return failure
        if not isinstance(token, str) or not token:
            return Later("the shop sold no token")
        life = min(_LIFETIME, timedelta(seconds=lives)) if type(lives) is int else _LIFETIME
        self._open.kept[_TOKEN] = (client, token, now + life - _EARLY)
        return token


def order_id(job: Job) -> str:
    """Return the GraphQL id of the order that was asked about, empty where it was about none."""
    return gid("Order", job.invitation.objects.get("order", "") if job.invitation else "")


def customer_id(job: Job) -> str:
    """Return the GraphQL id of the customer as the source knows them, empty where it knows none."""
    return next((found for one in job.customer_ids if (found := gid("Customer", one))), "")


def gid(kind: str, number: str) -> str:
    """Return the GraphQL id of a record, empty where the number is none."""
    return f"gid://shopify/{kind}/{number}" if _NUMBER.fullmatch(number) else ""


def missing(what: str) -> NeedsPerson:
    """Return the task of a person about a record that Shopify does not show."""
    reason = (
        f"Shopify shows no such {what}: it was deleted, or it is older than 60 days and the app lacks read_all_orders"
    )
    return NeedsPerson(TaskKind.RECORD_MISSING, reason)


def lacking(handles: Sequence[str]) -> list[str]:
    """Return the scopes that are missing among those an app has; writing includes reading."""
    return [scope for scope in ("write_orders", "write_customers") if scope not in handles]


def _answered(reply: Reply) -> Outcome | None:
    """Return why a reply is no answer of the API; an address that is not there is a wrong shop or version."""
    if reply.status == _NOT_FOUND:
        return Denied("there is no such shop, or no such version of its API (status 404)")
    return replies.failure(reply, json=True)


def _errors_of(payload: object) -> object:
    return payload.get("userErrors") if isinstance(payload, dict) else None


def _data(body: Mapping[str, Any]) -> Mapping[str, Any] | Complaints | Outcome:
    """Return the data of a reply, or what its errors mean; they come with status 200."""
    errors = replies.listed(body.get("errors"))
    data = body.get("data")
    if not errors:
        return data if isinstance(data, dict) else Later("the reply holds no data")
    codes = [str(replies.section(error, "extensions").get("code", "")) for error in errors]
    if "THROTTLED" in codes:
        return Later("Shopify asks for fewer requests (THROTTLED)", _pause(body), everybody=True)
    if _DENIED & set(codes):
        scopes = replies.names(scope for error in errors for scope in _SCOPE.findall(json.dumps(error)))
        return Denied(f"the app may not do this ({replies.names(codes)}{f': {scopes}' if scopes else ''})")
    if _GONE & set(codes):
        return Complaints("id")
    if _AGAIN & set(codes) or not any(codes):
        return Later(f"Shopify failed ({replies.names(codes) or 'no code'})")
    return Refused(f"Shopify does not understand the request ({replies.names(codes)})")


def _pause(body: Mapping[str, Any]) -> timedelta | None:
    """Return the time after which the bucket holds what the request costs; None where Shopify does not say."""
    cost = replies.section(body, "extensions", "cost")
    bucket = replies.section(cost, "throttleStatus")
    wanted, there, rate = cost.get("requestedQueryCost"), bucket.get("currentlyAvailable"), bucket.get("restoreRate")
    numbers = [number for number in (wanted, there, rate) if isinstance(number, int | float)]
    if len(numbers) < 3 or numbers[2] <= 0:  # noqa: PLR2004  # all of them
        return None
    return timedelta(seconds=min(60.0, max(1.0, (numbers[0] - numbers[1]) / numbers[2])))
