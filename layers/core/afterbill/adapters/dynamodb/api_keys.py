"""Keys of the answer API over DynamoDB: one item each, all in one partition."""

from collections.abc import Callable
from datetime import datetime
from typing import Any

from afterbill.adapters.aws.clients import transient
from afterbill.adapters.dynamodb import keys
from afterbill.adapters.dynamodb.items import decode
from afterbill.answers.api_keys import ApiKey

_MAX_AGE_SECONDS = 60
_MOST_KNOWN = 1000
"""Keys that are remembered, with those that do not exist: trying many cannot fill the memory."""


class ApiKeysTable:
    """ApiKeys: each is read at most once a minute; `clock` counts seconds and never goes back."""

    def __init__(self, dynamodb: Any, table: str, clock: Callable[[], float]) -> None:  # noqa: ANN401  # a boto3 client
        self.dynamodb = dynamodb
        self.table = table
        self._clock = clock
        self._known: dict[str, tuple[float, ApiKey | None]] = {}

    def api_key(self, id_: str) -> ApiKey | None:
        """The key as it stood at most a minute ago, None where there is none."""
        read_at, api_key = self._known.get(id_, (None, None))
        if read_at is not None and self._clock() - read_at < _MAX_AGE_SECONDS:
            return api_key
        with transient("reading an API key"):
            response = self.dynamodb.get_item(TableName=self.table, Key=keys.api_key(id_), ConsistentRead=True)
        api_key = key_of(id_, decode(response["Item"])) if "Item" in response else None
        if len(self._known) >= _MOST_KNOWN:
            self._known.clear()
        self._known[id_] = (self._clock(), api_key)
        return api_key


def key_of(id_: str, plain: dict[str, Any]) -> ApiKey:
    """The key that an item holds."""
    revoked_at = plain.get("revoked_at")
    return ApiKey(
        id_,
        plain["name"],
        tuple(plain["scopes"]),
        plain["secret_hash"],
        datetime.fromisoformat(plain["created_at"]),
        datetime.fromisoformat(revoked_at) if revoked_at else None,
    )
