"""Secrets by ARN, kept for a few minutes, and for longer while Secrets Manager does not answer."""

import json
import random
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from typing import Any

from botocore.exceptions import BotoCoreError, ClientError

from afterbill.adapters.aws.clients import error_code, transient
from afterbill.model.errors import ConfigurationError, TransientError

_MAX_AGE_SECONDS = 300
_MIN_AGE_SECONDS = 60
"""A forged request may cause one fetch a minute, not one each."""
_BUG = "ValidationException"
_FAILURES = (TransientError, ConfigurationError, ClientError, BotoCoreError)
_LONGEST_PAUSE_SECONDS = 60
"""After an outage everybody knows the secrets again within this time."""


@dataclass
class Secret:
    """A JSON secret; `clock` counts seconds and never goes back, `chance` is at least 0 and less than 1.

    A fetch that failed, whatever the reason, is not tried again for a pause of 1 second, which doubles with every
    failure up to a minute; up to half of it is left to chance, so that not everybody comes back at once. Meanwhile the
    last value serves on.
    """

    secretsmanager: Any
    arn: str
    clock: Callable[[], float] = time.monotonic
    chance: Callable[[], float] = random.random
    _value: Mapping[str, Any] = field(default_factory=dict, repr=False)
    _fetched_at: float | None = None
    _failures: int = 0
    _paused_until: float = float("-inf")

    def value(self) -> Mapping[str, Any]:
        """The secret, at most five minutes old; in an outage, or when it holds no JSON object, the last one.

        Raises TransientError while there is none: what we may not read now we may be able to read later.
        """
        if self._fetched_at is None:
            with _unavailable():
                self.fetch()
        elif self.clock() - self._fetched_at > _MAX_AGE_SECONDS:
            with suppress(*_FAILURES):
                self.fetch()
        return self._value

    def refresh(self) -> bool:
        """Fetch again; False when that happened less than a minute ago, or failed."""
        if self._fetched_at is not None and self.clock() - self._fetched_at < _MIN_AGE_SECONDS:
            return False
        try:
            self.fetch()
        except _FAILURES:
            return False
        return True

    def fetch(self, version: str = "") -> None:
        """Fetch it now, this version or the current one; TransientError during a pause and where it may exist soon."""
        if self.clock() < self._paused_until:
            raise TransientError("reading a secret: it failed a moment ago")
        try:
            self._value = self._fetched(version)
        except _FAILURES:
            pause = min(_LONGEST_PAUSE_SECONDS, 2**self._failures) * (1 - self.chance() / 2)
            self._failures, self._paused_until = self._failures + 1, self.clock() + pause
            raise
        self._failures, self._fetched_at = 0, self.clock()

    def store(self, value: Mapping[str, Any]) -> str:
        """Make this its value, for everybody; return the id of this version only once that is durable."""
        with transient("storing a secret"):
            stored = self.secretsmanager.put_secret_value(SecretId=self.arn, SecretString=json.dumps(value))
        self._value, self._fetched_at = value, self.clock()
        return str(stored["VersionId"])

    def _fetched(self, version: str) -> Mapping[str, Any]:
        wanted = {"VersionId": version} if version else {}
        # A version that was just written may not be everywhere yet.
        with _unavailable() if version else transient("reading a secret"):
            answer = self.secretsmanager.get_secret_value(SecretId=self.arn, **wanted)
        with suppress(ValueError):
            if isinstance(value := json.loads(answer["SecretString"]), dict):
                return value
        message = f"secret {self.arn} must hold a JSON object"
        raise ConfigurationError(message)


@contextmanager
def _unavailable() -> Iterator[None]:
    """Turn whatever AWS says into TransientError, but for a bug of ours."""
    try:
        yield
    except (ClientError, BotoCoreError) as error:
        name = error_code(error) if isinstance(error, ClientError) else type(error).__name__
        if name == _BUG:
            raise
        raise TransientError(f"reading a secret: {name}") from error


@dataclass(frozen=True, slots=True)
class SourceSecrets:
    """Signing secrets by source: `{"stripe": ["whsec_new", "whsec_old"]}`."""

    secret: Secret

    def of(self, source: str) -> Sequence[str]:
        """The secrets of a source, none for a source without any; one may stand without a list."""
        stored = self.secret.value().get(source, [])
        listed = stored if isinstance(stored, list) else [stored]
        return [text for text in listed if isinstance(text, str) and text]

    def refresh(self) -> bool:
        """Fetch again, at most once a minute; False when that was not done."""
        return self.secret.refresh()
