"""`afterbill source add`: everything it takes to connect a billing system, in the order it is done."""

import re
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta

from afterbill.adapters.http.http_client import HttpClient
from afterbill.connectors import registry
from afterbill.intake.connector import About, Address, Connector, Login
from afterbill.model.errors import AfterbillError, ConfigurationError
from afterbill.model.webhooks import Source
from afterbill_cli.deployed import Deployed
from afterbill_cli.sources import consent, stack_secrets
from afterbill_cli.sources.event_log import EventLog, first_event
from afterbill_cli.sources.secret_shape import objection
from afterbill_cli.sources.stack_secrets import with_secret
from afterbill_cli.sources.terminal import Terminal

_NOT_FOUND = 404
_NAME = re.compile(r"[a-z0-9_-]{1,40}")


@dataclass(frozen=True, slots=True)
class NewSource:
    """The options of `afterbill source add`."""

    source: Source
    replace: bool = False
    wait: timedelta = timedelta(minutes=10)


def source_name(text: str) -> str:
    """Return a name that a source can have; ConfigurationError where none can."""
    if not _NAME.fullmatch(text):
        raise ConfigurationError(f"{text!r} cannot be a source: its name takes a to z, 0 to 9, _ and -, 40 at most")
    return text


def named(provider: str, name: str | None, deployed: Deployed, *, account: str, sandbox: bool) -> Source:
    """Return the source to connect: the configured one of this name or provider, else a new one."""
    registry.load(provider)
    sources = deployed.policy().sources
    names = [name] if name else [one.name for one in sources.values() if one.provider == provider]
    source = sources.get(names[0] if names else provider)
    if source is None:
        return Source(name or provider, provider, account=account, sandbox=sandbox)
    if source.provider != provider:
        raise ConfigurationError(f"[sources.{source.name}] is of {source.provider}: choose another --name")
    return replace(source, account=account or source.account, sandbox=sandbox or source.sandbox)


def add(wanted: NewSource, deployed: Deployed, terminal: Terminal, http: HttpClient | None = None) -> int:
    """Guide through the steps; return 0 also when no event came in time, since nothing is wrong yet.

    A source that is not deployed yet ends the steps before the first event is waited for.
    """
    source, provider = wanted.source, registry.load(wanted.source.provider)
    url = f"{deployed.output('ApiUrl')}/webhooks/{source.name}"
    for line in [*_settings(source, provider, url, deployed), *_registration(provider, url)]:
        terminal.show(line)
    stored = _ask_signing_secret(wanted, provider, deployed, terminal) if provider.ABOUT.signed else []
    stored += _ask_credentials(source, provider, deployed, terminal)
    if not wanted.wait or provider.poller:
        return 0
    if _is_deployed(url, http or HttpClient()):
        _wait(wanted, deployed, terminal)
    else:
        terminal.show(f"The address answers 404: [sources.{source.name}] is not deployed yet.")
        terminal.show(f"Stored, and kept: {' and '.join(stored) or 'nothing'}.")
        terminal.show(f"Edit {deployed.edited}. Then run this again: an empty answer leaves what is stored.")
    return 0


def _is_deployed(url: str, http: HttpClient) -> bool:
    """Tell whether the stack knows the source; a stack that cannot be reached may."""
    try:
        return http.send("GET", url, {}).status != _NOT_FOUND
    except AfterbillError:
        return True


def _settings(source: Source, provider: Connector, url: str, deployed: Deployed) -> list[str]:
    """Return the lines for surveys.toml; none where the source is configured already."""
    if deployed.policy().sources.get(source.name) == source:
        return []
    settings = {"provider": source.provider, "account": source.account}
    lines = [f'{key} = "{value}"' for key, value in settings.items() if value]
    lines += ["sandbox = true"] * source.sandbox
    lines += [_to_fill(key, why, url) for key, why in provider.ABOUT.needs.items() if not getattr(source, key)]
    if not source.account and provider.API and provider.API.login is Login.CONSENT:
        lines.append('account = "..."  # whose webhooks count; others are ignored')
    return [f"Put this into {deployed.edited}:", "", f"[sources.{source.name}]", *lines, ""]


def _to_fill(key: str, why: str, url: str) -> str:
    value = url if key == "url" else "..."
    return f'{key} = "{value}"  # {why}'


def _registration(provider: Connector, url: str) -> list[str]:
    about = provider.ABOUT
    if provider.poller:
        return [f"{about.title} sends no webhooks: the stack asks it on a schedule.", f"{about.register}", ""]
    lines = [f"{about.title}: {about.register}", f"Address: {url}"]
    if about.events:
        lines += ["Events:", *(f"  {event}" for event in about.events)]
    return [*lines, *([f"Handshake: {about.handshake}"] if about.handshake else []), ""]


def _ask_signing_secret(wanted: NewSource, provider: Connector, deployed: Deployed, terminal: Terminal) -> list[str]:
    """Return what was stored, in words."""
    name, new = wanted.source.name, _possible_secret(provider.ABOUT, terminal)
    if not new:
        terminal.show("No secret was stored.")
        return []
    book = stack_secrets.signing(deployed)
    kept = with_secret(book.read().get(name), new, wanted.source.provider, replace=wanted.replace)
    book.write(name, kept)
    terminal.show(f"Stored; {len(kept)} signing secret(s) now count for {name}, within a minute.")
    return ["the signing secret"]


def _possible_secret(about: About, terminal: Terminal) -> str:
    """Ask until the answer can be a signing secret, or is empty; a script is not asked twice."""
    while new := terminal.ask_secret(f"Signing secret ({about.secret}; empty: leave as it is): ").strip():
        found = objection(new, about)
        if found is None:
            return new
        if not found.impossible:
            terminal.show(f"It is stored, but look again: {found.text}.")
            return new
        if not terminal.attended:
            raise ConfigurationError(f"the signing secret was not stored: {found.text}")
        terminal.show(f"Not stored: {found.text}.")
    return ""


def _ask_credentials(source: Source, provider: Connector, deployed: Deployed, terminal: Terminal) -> list[str]:
    """Return what was stored, in words."""
    api = provider.API
    if api is None:
        return []
    terminal.show(f"Credentials of the API: addresses come {provider.ABOUT.address}; {_worth(provider)}.")
    given = {name: terminal.ask_secret(f"{name} (empty: leave as it is): ").strip() for name in api.login.credentials}
    if not all(given.values()):
        terminal.show("No credentials were stored.")
        return []
    stack_secrets.credentials(deployed).write(source.name, given)
    terminal.show(f"Stored the credentials of {source.name}.")
    if api.login is Login.CONSENT and terminal.attended:
        consent.ask(source, deployed, terminal)
    elif api.login is Login.CONSENT:
        terminal.show(f"A person has to consent: `afterbill source consent {source.name}`")
    return ["the credentials of the API"]


def _worth(provider: Connector) -> str:
    if provider.confirm or provider.resolve or provider.poller or provider.ABOUT.address is Address.API:
        return "without them its webhooks, or some of them, cannot be taken"
    return "without them nobody is asked whose address is not known otherwise"


def _wait(wanted: NewSource, deployed: Deployed, terminal: Terminal) -> None:
    """Wait for the first event; interrupting is harmless, webhooks are received anyway."""
    terminal.show(f"Waiting {wanted.wait} for the first event; Ctrl-C ends the waiting and nothing else.")
    log = EventLog(deployed, wanted.source, datetime.now(UTC))
    try:
        captured = first_event(log, wanted.wait, terminal.show, terminal.sleep)
    except KeyboardInterrupt:
        captured = None
    if captured is None:
        terminal.show(
            f"No event yet. `afterbill source test {wanted.source.name}` sends one that nobody is asked about."
        )
        return
    because = f", because of {captured['reason']}" if captured.get("reason") else ""
    terminal.show(f"The first event arrived: {captured['outcome']}{because}.")
