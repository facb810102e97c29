"""`afterbill source list`: what is configured, whether its secrets are stored, and what came last."""

import sys
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime

from botocore.exceptions import BotoCoreError, ClientError

from afterbill.connectors import registry
from afterbill.intake.connector import Connector, Login, Token
from afterbill.model.errors import AfterbillError
from afterbill_cli.aws_errors import explained
from afterbill_cli.deployed import Deployed
from afterbill_cli.output import Output, aligned, print_csv, print_json
from afterbill_cli.sources import stack_secrets
from afterbill_cli.sources.stack_secrets import has_credentials, signing_secrets
from afterbill_console.adapters.health.last_webhooks import last_webhooks
from afterbill_console.health.webhooks import LastWebhooks

HEADINGS = ("source", "provider", "signing secrets", "API", "consent", "last accepted", "last refused")
COLUMNS = ("source", "provider", "signing_secrets", "api", "consent")
TIMES = ("accepted_at", "silent_hours", "refused_at", "refusal", "read_since")


def show(stack: Deployed, output: Output = Output.TABLE) -> int:
    """Print a row per source; of secrets only whether they are stored."""
    now = datetime.now(UTC)
    last = _last(stack, now)
    cells = [*_rows(stack)]
    rows = [{**dict(zip(COLUMNS, row, strict=True)), **_times((last or {}).get(row[0]), now)} for row in cells]
    if output is Output.JSON:
        print_json(rows)
    elif output is Output.CSV:
        print_csv(COLUMNS + TIMES, rows)
    else:
        print("\n".join(aligned([HEADINGS, *((*row, *_heard(last, row[0], now)) for row in cells)])))
    return 0


def _last(stack: Deployed, now: datetime) -> Mapping[str, LastWebhooks] | None:
    """Return what came last; None where the logs cannot be read, which is told on stderr."""
    try:
        return last_webhooks(stack, stack.policy().sources.values(), now)
    except (AfterbillError, BotoCoreError, ClientError) as error:
        print(f"when webhooks came is unknown: {explained(error) or error}", file=sys.stderr)
        return None


def _times(last: LastWebhooks | None, now: datetime) -> dict[str, str | int | None]:
    if last is None:
        return dict.fromkeys(TIMES)
    silent = int((now - last.accepted_at).total_seconds()) // 3600 if last.accepted_at else None
    times = (_iso(last.accepted_at), silent, _iso(last.refused_at), last.refusal or None, _iso(last.since))
    return dict(zip(TIMES, times, strict=True))


def _iso(at: datetime | None) -> str | None:
    return at.isoformat(timespec="seconds") if at else None


def _heard(last: Mapping[str, LastWebhooks] | None, source: str, now: datetime) -> tuple[str, str]:
    """Return the last two cells of the table."""
    if last is None:
        return "unknown", "unknown"
    if source not in last:
        return "is polled", ""
    one = last[source]
    return one.accepted(now) or f"none in {(now - one.since).days} days", one.refused(now) or "none"


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
