"""Calls of the answer API: keys, and what one answer looks like."""

import json
from typing import Any

from afterbill.answers.api_keys import ApiKey, Scope, hash_of, spelled
from afterbill_cli.issued_keys import IssuedApiKeysTable
from tests.integration.samples import now, sample, with_headers
from tests.integration.stack import Stack

ID = "0123456789abcdef"
SECRET = "secret-of-a-test-" + "x" * 26
KEY = spelled(ID, SECRET)


def with_key(stack: Stack, *scopes: str, id_: str = ID) -> str:
    """A key that the stack knows, by default one that may tell answers."""
    kept = ApiKey(id_, "support", scopes or (Scope.RESPONSES_WRITE,), hash_of(SECRET), now())
    assert IssuedApiKeysTable(stack.dynamodb, "afterbill").add(kept)
    return spelled(id_, SECRET)


def reported(body: dict[str, Any] | None = None, key: str = KEY, **headers: str) -> dict[str, Any]:
    """The sample, of this moment, or with this body."""
    event = sample("api/responses_post", KEY=key, ANSWERED_AT=now().isoformat())
    event |= {} if body is None else {"body": json.dumps(body)}
    return with_headers(event, **{name.replace("_", "-"): value for name, value in headers.items()})


def by(method: str, event: dict[str, Any]) -> dict[str, Any]:
    """The event with another method."""
    http = event["requestContext"]["http"] | {"method": method}
    return event | {"requestContext": event["requestContext"] | {"http": http}}
