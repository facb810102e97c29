"""The secrets of connections: one secret of the stack, a JSON object of fields by the name of a connection."""

import time
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass, field

from afterbill.adapters.aws.secrets import Secret
from afterbill.model.errors import AfterbillError

FRESH_SECONDS = 15.0
"""The age up to which a secret serves without a look: `afterbill connect` waits for this time before it goes on."""


@dataclass
class ConnectionSecrets:
    """Secrets over Secrets Manager; `clock` counts seconds and never goes back.

    In an outage the last value serves on; without any it raises TransientError.
    """

    secret: Secret
    clock: Callable[[], float] = time.monotonic
    _looked_at: float = field(default=float("-inf"), init=False)

    def of(self, connection: str) -> Mapping[str, str]:
        """Return the fields that are stored for a connection, none where there is no secret of it."""
        if self.clock() - self._looked_at > FRESH_SECONDS:
            with suppress(AfterbillError):
                self.secret.fetch()
                self._looked_at = self.clock()
        fields = self.secret.value().get(connection)
        return {name: text for name, text in fields.items() if _is_line(text)} if isinstance(fields, dict) else {}


def _is_line(text: object) -> bool:
    return isinstance(text, str) and bool(text)
