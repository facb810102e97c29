"""Secrets, tokens and APIs of a deployed stack's sources; what a secret holds is never shown."""

import time
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from afterbill.adapters.aws.secrets import Secret
from afterbill.adapters.aws.tokens import ApiCredentials, SecretTokens
from afterbill.adapters.http.billing_api import HttpApis
from afterbill.connectors import registry
from afterbill.intake.connector import Api
from afterbill_cli.deployed import Deployed


@dataclass(frozen=True, slots=True)
class SourceSecret:
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
    """Return the signing secrets in an entry, the newest first; a single one may be stored without a list."""
    listed = entry if isinstance(entry, list) else [entry]
    return [one for one in listed if isinstance(one, str) and one]


def with_secret(entry: object, new: str, provider: str, *, replace: bool = False) -> list[str]:
    """The entry with a newer secret at its head; the oldest give way to it, with `replace` all of them."""
    older = [] if replace else [one for one in signing_secrets(entry) if one != new]
    return [new, *older][: registry.load(provider).ABOUT.secrets_kept]


def has_credentials(entry: object, api: Api) -> bool:
    """True when the entry holds every credential of the API."""
    return isinstance(entry, Mapping) and all(entry.get(name) for name in api.login.credentials)


def secret(deployed: Deployed, output: str) -> Secret:
    """The secret whose ARN is this output of the stack."""
    return Secret(deployed.client("secretsmanager"), deployed.output(output), time.monotonic)


def signing(deployed: Deployed) -> SourceSecret:
    """Return the stack's secret with the signing secrets by source."""
    return SourceSecret(secret(deployed, "SourcesSecretArn"))


def credentials(deployed: Deployed) -> SourceSecret:
    """Return the stack's secret with the API credentials by source."""
    return SourceSecret(secret(deployed, "ApisSecretArn"))


def tokens(deployed: Deployed) -> SecretTokens:
    """Tokens by source, under the same lock that capture_event takes."""
    return SecretTokens(secret(deployed, "TokensSecretArn"), deployed.client("dynamodb"), deployed.output("TableName"))


def apis(deployed: Deployed) -> HttpApis:
    """The APIs, with the credentials that are stored."""
    stored = ApiCredentials(secret(deployed, "ApisSecretArn"))
    return HttpApis(stored, tokens(deployed), consent_lost=lambda _source: None)
