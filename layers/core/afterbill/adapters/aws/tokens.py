"""Credentials that operators store for the APIs of billing systems, and tokens that are renewed for them."""

import time
import uuid
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from botocore.exceptions import ClientError

from afterbill.adapters.aws.clients import write_if
from afterbill.adapters.aws.secrets import Secret
from afterbill.adapters.dynamodb import keys
from afterbill.adapters.dynamodb.items import decode, encode
from afterbill.intake.connector import Token
from afterbill.model.errors import ConfigurationError, TransientError

_LEASE_SECONDS = 30
"""Longer than a renewal takes; whoever died in one blocks the others no longer than this."""
_SETTLED_SECONDS = 300
"""For this long after a write Secrets Manager is asked for that very version: what it calls current may be older."""


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
        with self._locked() as lock:
            stored = self._reread(source, lock.version)
            if stored is None or stored.access != used.access:
                return stored
            bought = self._buy(source, stored, renew)
            now = self._take(lock.holder)
            if not now.was_mine and (current := self._reread(source, now.version)) != stored:
                return current  # the lock was lost meanwhile, and somebody else was faster
            if bought:
                lock.stored = self._store(source, bought)
            return bought

    def keep(self, source: str, token: Token) -> None:
        """Store the token of a new consent."""
        with self._locked() as lock:
            self._reread(source, lock.version)
            lock.stored = self._store(source, token)

    def _buy(self, source: str, stored: Token, renew: Callable[[Token], Token | None]) -> Token | None:
        spent, bought = self._unstored.get(source, (None, None))
        if bought is None or spent != stored:
            bought = renew(stored)
        if bought:
            self._unstored[source] = (stored, bought)
        return bought

    def _store(self, source: str, token: Token) -> str:
        expires_at = token.expires_at.isoformat() if token.expires_at else ""
        stored = {"refresh_token": token.refresh, "access_token": token.access, "expires_at": expires_at}
        value = {**self.secret.value(), source: stored}
        try:
            version = self.secret.store(value)
        except TransientError:  # its client makes a single attempt, and nobody can buy this again
            version = self.secret.store(value)
        self._unstored.pop(source, None)
        return version

    def _reread(self, source: str, version: str) -> Token | None:
        self.secret.fetch(version)
        return self.token(source)

    @contextmanager
    def _locked(self) -> Iterator["_Lock"]:
        """Hold the lock; TransientError while somebody else does."""
        holder = self.new_holder()
        lock = self._take(holder)
        if not lock.held:
            raise TransientError("somebody else is renewing a token")
        try:
            yield lock
        finally:
            self._unlock(lock)

    def _take(self, holder: str) -> "_Lock":
        """Take the lock unless somebody else holds it; learn which version was stored last, if that ended well.

        Of a lock that ran out nobody knows what was stored under it, but by then Secrets Manager does.
        """
        now = int(self.clock())
        taken = write_if(
            self.dynamodb.update_item,
            "locking the tokens",
            TableName=self.table,
            Key=keys.lock(),
            UpdateExpression=f"SET holder = :holder, leased_until = :until, {keys.TTL} = :forgotten",
            # The client's own retry after a lost answer meets its own lock.
            ConditionExpression="attribute_not_exists(holder) OR leased_until <= :now OR holder = :holder",
            ExpressionAttributeValues=encode(
                {
                    ":holder": holder,
                    ":now": now,
                    ":until": now + _LEASE_SECONDS,
                    ":forgotten": now + _SETTLED_SECONDS,
                }
            ),
            ReturnValues="ALL_OLD",
            ReturnValuesOnConditionCheckFailure="ALL_OLD",
        )
        before = decode(taken.item)
        fresh = "holder" not in before and before.get("settled_at", 0) > now
        return _Lock(holder, taken.held, before.get("holder") == holder, str(before["version"]) if fresh else "")

    def _unlock(self, lock: "_Lock") -> None:
        """End the lock, unless another has taken over, and tell what was stored; if that fails it ends by itself."""
        settled_at = int(self.clock()) + _SETTLED_SECONDS
        values = {":version": lock.stored, ":settled": settled_at} if lock.stored else {}
        told = f"SET version = :version, settled_at = :settled, {keys.TTL} = :settled " if lock.stored else ""
        with suppress(ClientError, TransientError):
            ended = write_if(
                self.dynamodb.update_item,
                "unlocking the tokens",
                TableName=self.table,
                Key=keys.lock(),
                UpdateExpression=f"{told}REMOVE holder, leased_until",
                ConditionExpression="holder = :holder",
                ExpressionAttributeValues=encode({**values, ":holder": lock.holder}),
            )
            if lock.stored and not ended.held:
                write_if(
                    self.dynamodb.update_item,
                    "telling the version of the tokens",
                    TableName=self.table,
                    Key=keys.lock(),
                    UpdateExpression=told.strip(),
                    ExpressionAttributeValues=encode(values),
                )


@dataclass
class _Lock:
    """A try to hold the lock: whether it is `held`, and was before; the version to read, the one `stored` under it."""

    holder: str
    held: bool
    was_mine: bool
    version: str
    stored: str = ""


def _token_of(stored: object) -> Token | None:
    """The token in the secret, None where there is none; one without a time has expired."""
    if not isinstance(stored, dict) or not stored.get("refresh_token"):
        return None
    try:
        expires_at = datetime.fromisoformat(str(stored.get("expires_at"))).astimezone(UTC)
    except ValueError:
        expires_at = None
    return Token(str(stored.get("access_token") or ""), str(stored["refresh_token"]), expires_at)
