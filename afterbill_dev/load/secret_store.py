"""Secrets Manager, which may be away."""

import json
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from botocore.exceptions import ReadTimeoutError

from afterbill_dev.load import limits
from afterbill_dev.load.clock import Clock


@dataclass
class SecretsManager:
    """A client of Secrets Manager. While it is `away`, each of `attempts` calls hangs until `patience` is over."""

    clock: Clock
    values: Mapping[str, Any]
    attempts: int = 3
    patience: float = 5
    away: bool = False
    calls: Counter[str] = field(default_factory=Counter)

    def get_secret_value(self, **request: Any) -> dict[str, Any]:  # noqa: ANN401  # as boto3
        """GetSecretValue."""
        self.calls["asked"] += 1
        if self.away:
            self.calls["hung"] += 1
            self.clock.spend(self.attempts * self.patience)
            raise ReadTimeoutError(endpoint_url="https://secretsmanager")
        self.clock.spend(limits.SECRET_CALL.value)
        return {"SecretString": json.dumps(self.values[request["SecretId"]])}
