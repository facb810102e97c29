"""`afterbill source test`: a signed webhook that nobody is asked about, sent to the deployed endpoint."""

from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from urllib.parse import urlencode, urlsplit

import urllib3
from botocore.exceptions import BotoCoreError, ClientError

from afterbill.adapters.http.http_client import HttpClient
from afterbill.connectors import registry
from afterbill.intake.connector import Connector
from afterbill.model.errors import AfterbillError, ConfigurationError
from afterbill.model.webhooks import TEST_HEADER, Source, Webhook
from afterbill_cli import local_stack, samples
from afterbill_cli.aws_errors import explained
from afterbill_cli.deployed import Deployed
from afterbill_cli.sources import stack_secrets
from afterbill_cli.sources.stack_secrets import signing_secrets
from afterbill_console.adapters.health.last_webhooks import last_webhooks

_OK = range(200, 300)
_COLD_START = urllib3.Timeout(connect=5, read=30)
_LOOPBACK = frozenset({"127.0.0.1", "::1", "localhost"})
_MEANINGS = {
    404: "no source of this name is deployed: put it into surveys.toml, build and deploy",
    413: "the webhook is too large",
}


def send_test(
    source: Source, deployed: Deployed, *, file: Path | None = None, url: str = "", http: HttpClient | None = None
) -> int:
    """Send a test webhook and print the status with its meaning; return 0 when it was accepted."""
    provider = registry.load(source.provider)
    if provider.poller:
        raise ConfigurationError(f"{provider.ABOUT.title} sends no webhooks: the stack asks it on a schedule")
    webhook = _signed(source, provider, file or unwanted(source.provider), deployed)
    target = url or f"{deployed.output('ApiUrl')}/webhooks/{source.name}"
    target += f"?{urlencode(webhook.query)}" if webhook.query else ""
    http = http or HttpClient(urllib3.PoolManager(timeout=_COLD_START, retries=False))
    headers = {"content-type": _content_type(webhook, provider), TEST_HEADER: "1", **webhook.headers}
    status = http.send("POST", target, headers, webhook.body).status
    print(f"{status}: {meaning(status, provider)}")
    if status not in _OK:
        return 1
    print(_unproved(source, provider, deployed, datetime.now(UTC)))
    return 0


def _unproved(source: Source, provider: Connector, deployed: Deployed, now: datetime) -> str:
    """Say what this test cannot show, and what shows it."""
    title = provider.ABOUT.title
    try:
        last = last_webhooks(deployed, [source], now)[source.name]
        came = f"the last one accepted came {last.accepted(now)}" if last.accepted_at else "none was accepted yet"
    except (AfterbillError, BotoCoreError, ClientError) as error:
        came = f"whether one came is unknown ({explained(error) or error})"
    doubt = f"Whether {title} sends to this address"
    if provider.ABOUT.signed:
        doubt = f"It was signed here, with the stored secret. Whether {title} has the same secret and address"
    return f"{doubt}, only a webhook of its own proves: {came}. Trigger one there, then see `afterbill source list`."


def unwanted(provider: str) -> Path:
    """Return the provider's sample webhook that starts no survey."""
    files = sorted((local_stack.ROOT / "events" / "webhooks" / provider).glob("unwanted.*"))
    if not files:
        raise AfterbillError(f"there is no sample events/webhooks/{provider}/unwanted.*: name one with --file")
    return files[0]


def meaning(status: int, provider: Connector) -> str:
    """Explain an HTTP status in terms of the connection."""
    if status in _OK and provider.confirm:
        return f"taken, and then refused when {provider.ABOUT.title} is asked: it did not send this webhook"
    if status in _OK:
        return "taken: the signature fits the stored secret, and the webhook is in the inbox"
    if status in {401, provider.REFUSED.status}:
        return "refused: the stored secret is not the one that counts; a new one counts within a minute"
    return _MEANINGS.get(status, "no answer of the stack: is this its address?")


def _signed(source: Source, provider: Connector, file: Path, deployed: Deployed) -> Webhook:
    stored = signing_secrets(stack_secrets.signing(deployed).read().get(source.name))
    if not stored and provider.ABOUT.signed:
        raise ConfigurationError(f"no signing secret is stored for {source.name}: `afterbill source add` asks for it")
    webhook = samples.read(file, provider.ABOUT, source.name, datetime.now(UTC))
    return provider.sign(replace(webhook, url=source.url), next(iter(stored), ""))


def protected(url: str) -> str:
    """Return the address of an option, if any; ConfigurationError where others could read what is sent there."""
    parts = urlsplit(url)
    if not url or parts.scheme == "https" or (parts.scheme == "http" and parts.hostname in _LOOPBACK):
        return url
    raise ConfigurationError(f"{url} is neither https nor on this machine")


def _content_type(webhook: Webhook, provider: Connector) -> str:
    if provider.ABOUT.forms:
        return "application/x-www-form-urlencoded"
    return "application/xml" if webhook.body.lstrip().startswith(b"<") else "application/json"
