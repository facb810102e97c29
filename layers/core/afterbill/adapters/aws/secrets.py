"""Secrets by ARN, kept for a few minutes."""

import json
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any

from afterbill.adapters.aws.clients import transient
from afterbill.model.errors import ConfigurationError, TransientError

_MAX_AGE_SECONDS = 300
_MIN_AGE_SECONDS = 60
"""A forged request may cause one fetch a minute, not one each."""


@dataclass
class Secret:
    """A JSON secret; `clock` counts seconds and never goes back."""

    secretsmanager: Any
    arn: str
    clock: Callable[[], float] = time.monotonic
    _value: Mapping[str, Any] = field(default_factory=dict, repr=False)
    _fetched_at: float | None = None

    def value(self) -> Mapping[str, Any]:
        """The secret, at most five minutes old; in an outage, or when it holds no JSON object, the last one."""
        if self._fetched_at is None:
            self.fetch()
        elif self.clock() - self._fetched_at > _MAX_AGE_SECONDS:
            with suppress(TransientError, ConfigurationError):
                self.fetch()
        return self._value

    def refresh(self) -> bool:
        """Fetch again, unless that happened less than a minute ago: then False."""
        if self._fetched_at is not None and self.clock() - self._fetched_at < _MIN_AGE_SECONDS:
            return False
        self.fetch()
        return True

    def fetch(self) -> None:
        """Fetch it now."""
        with transient("reading a secret"):
            answer = self.secretsmanager.get_secret_value(SecretId=self.arn)
        try:
            value = json.loads(answer["SecretString"])
        except ValueError:
            value = None
        if not isinstance(value, dict):
            message = f"secret {self.arn} must hold a JSON object"
            raise ConfigurationError(message)
        self._value, self._fetched_at = value, self.clock()

    def store(self, value: Mapping[str, Any]) -> None:
        """Make this its value, for everybody; return only once that is durable."""
        with transient("storing a secret"):
            self.secretsmanager.put_secret_value(SecretId=self.arn, SecretString=json.dumps(value))
        self._value, self._fetched_at = value, self.clock()


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
        """Fetch again, at most once a minute."""
        return self.secret.refresh()
