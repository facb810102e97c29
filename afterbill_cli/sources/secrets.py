"""Secrets of the stack, changed with the operator's own credentials; what they hold is never shown."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from afterbill.adapters.aws.secrets import Secret
from afterbill.connectors import registry
from afterbill.intake.connector import Api


@dataclass(frozen=True, slots=True)
class SecretBook:
    """One secret with an entry per source."""

    secret: Secret

    def read(self) -> Mapping[str, Any]:
        """Every entry by source, as it is now."""
        self.secret.fetch()
        return self.secret.value()

    def write(self, source: str, entry: object) -> None:
        """Put the entry of one source; those of the others stay as they are."""
        self.secret.store({**self.read(), source: entry})


def signing_secrets(entry: object) -> list[str]:
    """What the entry of a source in the secret `sources` holds, the newest first; one may stand without a list."""
    listed = entry if isinstance(entry, list) else [entry]
    return [one for one in listed if isinstance(one, str) and one]


def with_secret(entry: object, new: str, provider: str, *, replace: bool = False) -> list[str]:
    """The entry with a newer secret at its head; the oldest give way to it, with `replace` all of them."""
    older = [] if replace else [one for one in signing_secrets(entry) if one != new]
    return [new, *older][: registry.load(provider).ABOUT.secrets_kept]


def has_credentials(entry: object, api: Api) -> bool:
    """Whether none of them is missing."""
    return isinstance(entry, Mapping) and all(entry.get(name) for name in api.login.credentials)
