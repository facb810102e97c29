"""Credentials that operators store for the APIs of billing systems, and tokens that are renewed for them."""

import time
import uuid
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from botocore.exceptions import ClientError

from afterbill.adapters.aws.clients import transient, write_if
from afterbill.adapters.aws.secrets import Secret
from afterbill.adapters.dynamodb import keys
from afterbill.adapters.dynamodb.items import encode
from afterbill.intake.connector import Token
from afterbill.model.errors import ConfigurationError, TransientError

_LEASE_SECONDS = 30
"""Longer than a renewal takes; whoever died in one blocks the others no longer than this."""


@dataclass(frozen=True, slots=True)
class ApiCredentials:
    """The secret `apis`: `{"mollie": {"key": "..."}, "xero": {"client_id": "...", "client_secret": "..."}}`."""

    secret: Secret

    def of(self, source: str) -> Mapping[str, str]:
        """The credentials of this source by name, without blanks around them; empty when there are none."""
        stored = self.secret.value().get(source, {})
        listed = stored.items() if isinstance(stored, dict) else ()
        credentials = {name: value.strip() for name, value in listed if isinstance(value, str)}
        for name, value in credentials.items():
            if not (value.isascii() and value.isprintable()):
                raise ConfigurationError(f"secret `apis`: {source}.{name} must be one line of ASCII")
        return credentials


def _new_holder() -> str:
    return uuid.uuid4().hex


@dataclass
class SecretTokens:
    """Tokens in Secrets Manager, renewed under a lock in the table.

    A token that was bought and could not be stored is kept, and stored at the next try: nobody can buy it again.
    """

    secret: Secret
    dynamodb: Any
    table: str
    clock: Callable[[], float] = time.time
    new_holder: Callable[[], str] = _new_holder
    _unstored: dict[str, tuple[Token, Token]] = field(default_factory=dict)

    def token(self, source: str) -> Token | None:
        """The token of this source, at most five minutes old."""
        return _token_of(self.secret.value().get(source))

    def renewed(self, source: str, used: Token, renew: Callable[[Token], Token | None]) -> Token | None:
        """The token after `used`, stored before it is returned; None when the stored one is refused."""
        holder = self.new_holder()
        self._lock(holder)
        try:
            stored = self._reread(source)
            if stored is None or stored.access != used.access:
                return stored
            bought = self._buy(source, stored, renew)
            current = self._reread(source)
            if current != stored:
                return current  # the lock was lost meanwhile, and somebody else was faster
            if bought:
                self._store(source, bought)
            return bought
        finally:
            self._unlock(holder)

    def keep(self, source: str, token: Token) -> None:
        """Store the token of a new consent."""
        holder = self.new_holder()
        self._lock(holder)
        try:
            self.secret.fetch()
            self._store(source, token)
        finally:
            self._unlock(holder)

    def _buy(self, source: str, stored: Token, renew: Callable[[Token], Token | None]) -> Token | None:
        spent, bought = self._unstored.get(source, (None, None))
        if bought is None or spent != stored:
            bought = renew(stored)
        if bought:
            self._unstored[source] = (stored, bought)
        return bought

    def _store(self, source: str, token: Token) -> None:
        expires_at = token.expires_at.isoformat() if token.expires_at else ""
        stored = {"refresh_token": token.refresh, "access_token": token.access, "expires_at": expires_at}
        self.secret.store({**self.secret.value(), source: stored})
        self._unstored.pop(source, None)

    def _reread(self, source: str) -> Token | None:
        self.secret.fetch()
        return self.token(source)

    def _lock(self, holder: str) -> None:
        now = self.clock()
        lock = write_if(
            self.dynamodb.put_item,
            "locking the tokens",
            TableName=self.table,
            Item=keys.lock() | encode({"holder": holder, keys.TTL: int(now + _LEASE_SECONDS)}),
            # The client's own retry after a lost answer meets its own lock.
            ConditionExpression=f"attribute_not_exists(pk) OR {keys.TTL} <= :now OR holder = :holder",
            ExpressionAttributeValues=encode({":now": int(now), ":holder": holder}),
        )
        if not lock.held:
            raise TransientError("somebody else is renewing a token")

    def _unlock(self, holder: str) -> None:
        """End the lock, unless another has taken over; if that fails it ends by itself."""
        with suppress(ClientError, TransientError), transient("unlocking the tokens"):
            self.dynamodb.delete_item(
                TableName=self.table,
                Key=keys.lock(),
                ConditionExpression="holder = :holder",
                ExpressionAttributeValues=encode({":holder": holder}),
            )


def _token_of(stored: object) -> Token | None:
    """The token in the secret, None where there is none; one without a time has expired."""
    if not isinstance(stored, dict) or not stored.get("refresh_token"):
        return None
    try:
        expires_at = datetime.fromisoformat(str(stored.get("expires_at"))).astimezone(UTC)
    except ValueError:
        expires_at = None
    return Token(str(stored.get("access_token") or ""), str(stored["refresh_token"]), expires_at)
