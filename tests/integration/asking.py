"""Calls of the API about what is stored of a person."""

import json
from typing import Any

from afterbill.adapters.aws.clients import begin_batch
from afterbill.answers.api_keys import Scope
from tests.integration.calling import ID, KEY, with_key
from tests.integration.samples import sample, with_headers
from tests.integration.stack import Context, Stack

EVENT = sample("schedule/compute_nps")


class Patient(Context):
    """An invocation with the time of a run by the clock."""

    remaining = 300_000


def asking(stack: Stack, id_: str = ID) -> Any:
    """The function that takes requests, and a key that may make them."""
    with_key(stack, Scope.PRIVACY_MANAGE, id_=id_)
    return stack.load("request_privacy")


def asked(body: dict[str, Any] | None = None, key: str = KEY, **headers: str) -> dict[str, Any]:
    """The sample, or with this body."""
    event = sample("api/privacy_requests_post", KEY=key)
    event |= {} if body is None else {"body": json.dumps({"why": "letter 7", **body})}
    return with_headers(event, **{name.replace("_", "-"): value for name, value in headers.items()})


def looked_up(id_: str, key: str = KEY) -> dict[str, Any]:
    """A look at how far a request has come."""
    return sample("api/privacy_request_get", KEY=key, REQUEST=id_)


def serve(stack: Stack) -> None:
    """Run what serves requests, as the clock does; here its clients are those of functions whose batch may be over."""
    begin_batch(Patient())
    stack.load("handle_privacy_requests")(EVENT, Patient())


def settle(stack: Stack) -> None:
    """Let the moment of the second look come for all requests."""
    for item in stack.items("PRIVACY"):
        if "settle_at" in item:
            item["settle_at"] = {"S": "2026-01-01T00:00:00Z"}
            stack.dynamodb.put_item(TableName="afterbill", Item=item)
