"""`afterbill source list`: what is configured, and whether its secrets are stored."""

from afterbill.connectors import registry
from afterbill.intake.connector import Connector, Login, Token
from afterbill_cli.deployed import Deployed
from afterbill_cli.sources import stack_secrets
from afterbill_cli.sources.stack_secrets import has_credentials, signing_secrets

HEADINGS = ("source", "provider", "signing secrets", "API", "consent")


def show(deployed: Deployed) -> int:
    """Print a row per source; of secrets only whether they are stored."""
    signing, apis = stack_secrets.signing(deployed).read(), stack_secrets.credentials(deployed).read()
    tokens = stack_secrets.tokens(deployed)
    rows = [HEADINGS]
    for source in deployed.policy().sources.values():
        provider = registry.load(source.provider)
        count = len(signing_secrets(signing.get(source.name)))
        secrets = str(count or "missing") if provider.ABOUT.signed else "not needed"
        cells = (_api(provider, apis.get(source.name)), _consent(provider, tokens.token(source.name)))
        rows.append((source.name, source.provider, secrets, *cells))
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    for row in rows:
        print("  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip())
    return 0


def _api(provider: Connector, entry: object) -> str:
    if provider.API is None:
        return "not needed"
    return "stored" if has_credentials(entry, provider.API) else "missing"


def _consent(provider: Connector, token: Token | None) -> str:
    if provider.API is None or provider.API.login is not Login.CONSENT:
        return "not needed"
    return "given" if token else "missing"
