"""`afterbill source list`: what is configured, and whether its secrets are stored."""

from collections.abc import Iterator

from afterbill.connectors import registry
from afterbill.intake.connector import Connector, Login, Token
from afterbill_cli.deployed import Deployed
from afterbill_cli.output import Output, aligned, print_csv, print_json
from afterbill_cli.sources import stack_secrets
from afterbill_cli.sources.stack_secrets import has_credentials, signing_secrets

HEADINGS = ("source", "provider", "signing secrets", "API", "consent")
COLUMNS = ("source", "provider", "signing_secrets", "api", "consent")


def show(stack: Deployed, output: Output = Output.TABLE) -> int:
    """Print a row per source; of secrets only whether they are stored."""
    rows = [dict(zip(COLUMNS, cells, strict=True)) for cells in _rows(stack)]
    if output is Output.JSON:
        print_json(rows)
    elif output is Output.CSV:
        print_csv(COLUMNS, rows)
    else:
        print("\n".join(aligned([HEADINGS, *(tuple(row.values()) for row in rows)])))
    return 0


def _rows(stack: Deployed) -> Iterator[tuple[str, ...]]:
    signing, apis = stack_secrets.signing(stack).read(), stack_secrets.credentials(stack).read()
    tokens = stack_secrets.tokens(stack)
    for source in stack.policy().sources.values():
        provider = registry.load(source.provider)
        count = len(signing_secrets(signing.get(source.name)))
        secrets = str(count or "missing") if provider.ABOUT.signed else "not needed"
        cells = (_api(provider, apis.get(source.name)), _consent(provider, tokens.token(source.name)))
        yield (source.name, source.provider, secrets, *cells)


def _api(provider: Connector, entry: object) -> str:
    if provider.API is None:
        return "not needed"
    return "stored" if has_credentials(entry, provider.API) else "missing"


def _consent(provider: Connector, token: Token | None) -> str:
    if provider.API is None or provider.API.login is not Login.CONSENT:
        return "not needed"
    return "given" if token else "missing"
