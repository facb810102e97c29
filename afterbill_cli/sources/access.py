"""The secrets and APIs of a deployed stack's sources, as an operator reaches them."""

import time

from afterbill.adapters.aws.secrets import Secret
from afterbill.adapters.aws.tokens import ApiCredentials, SecretTokens
from afterbill.adapters.http.billing_api import HttpApis
from afterbill_cli.deployed import Deployed
from afterbill_cli.sources.secrets import SecretBook


def secret(deployed: Deployed, output: str) -> Secret:
    """The secret whose ARN is this output of the stack."""
    return Secret(deployed.client("secretsmanager"), deployed.output(output), time.monotonic)


def signing(deployed: Deployed) -> SecretBook:
    """Signing secrets by source."""
    return SecretBook(secret(deployed, "SourcesSecretArn"))


def credentials(deployed: Deployed) -> SecretBook:
    """Credentials of APIs by source."""
    return SecretBook(secret(deployed, "ApisSecretArn"))


def tokens(deployed: Deployed) -> SecretTokens:
    """Tokens by source, under the same lock that capture_event takes."""
    return SecretTokens(secret(deployed, "TokensSecretArn"), deployed.client("dynamodb"), deployed.output("TableName"))


def apis(deployed: Deployed) -> HttpApis:
    """The APIs, with the credentials that are stored."""
    stored = ApiCredentials(secret(deployed, "ApisSecretArn"))
    return HttpApis(stored, tokens(deployed), consent_lost=lambda _source: None)
