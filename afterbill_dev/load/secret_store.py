"""Secrets Manager, which may be away."""

import json
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from math import inf
from typing import Any

from botocore.exceptions import ReadTimeoutError

from afterbill_dev.load import limits
from afterbill_dev.load.clock import Clock


@dataclass
class SecretsManager:
    """The service; `away` while nothing answers."""

    clock: Clock
    values: Mapping[str, Any]
    away: bool = False
    calls: Counter[str] = field(default_factory=Counter)

    def client(self, attempts: int = 3, patience: float = 7, begin_within: float = inf) -> "SecretsClient":
        """Return a client of `attempts`, each of so many seconds at most; none begins later than `begin_within`."""
        return SecretsClient(self, attempts, patience, begin_within)


@dataclass(frozen=True, slots=True)
class SecretsClient:
    """A client of Secrets Manager: a call to a service that is away lasts as long as it is patient."""

    service: SecretsManager
    attempts: int
    patience: float
    begin_within: float

    def get_secret_value(self, **request: Any) -> dict[str, Any]:  # noqa: ANN401  # as boto3
        """GetSecretValue."""
        service = self.service
        service.calls["asked"] += 1
        if not service.away:
            service.clock.spend(limits.SECRET_CALL.value)
            return {"SecretString": json.dumps(service.values[request["SecretId"]])}
        for _ in range(self.attempts):
            if service.clock.spent <= self.begin_within:
                service.calls["hung"] += 1
                service.clock.spend(self.patience)
        raise ReadTimeoutError(endpoint_url="https://secretsmanager")
