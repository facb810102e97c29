"""`afterbill source add`: everything it takes to connect a billing system, in the order it is done."""

import re
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta

from afterbill.adapters.http.http_client import HttpClient
from afterbill.connectors import registry
from afterbill.intake.connector import About, Address, Connector, Login
from afterbill.model.errors import AfterbillError, ConfigurationError
from afterbill.model.webhooks import Source
from afterbill.settings.config import written
from afterbill_cli.deployed import Deployed
from afterbill_cli.sources import consent, stack_secrets
from afterbill_cli.sources.event_log import EventLog, first_event
from afterbill_cli.sources.secret_shape import objection
from afterbill_cli.sources.stack_secrets import has_credentials, signing_secrets, with_secret
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

    The first event is waited for where it can come: at an address that answers, of a source that is deployed and has a
    secret or credentials. Return 2 where the address does not answer.
    """
    source, provider = wanted.source, registry.load(wanted.source.provider)
    url = f"{deployed.output('ApiUrl')}/webhooks/{source.name}"
    for line in [*_settings(source, provider, url, deployed), *_registration(provider, url)]:
        terminal.show(line)
    stored = _ask_signing_secret(wanted, provider, deployed, terminal) if provider.ABOUT.signed else []
    stored += _ask_credentials(source, provider, deployed, terminal)
    if not wanted.wait or provider.poller:
        return 0
    status = _status(url, http or HttpClient())
    if status in {None, _NOT_FOUND}:
        for line in _unheard(source, status, stored, deployed):
            terminal.show(line)
        return 0 if status else 2
    if stored or _is_known(source, provider, deployed):
        _wait(wanted, deployed, terminal)
    else:
        terminal.show(f"Nothing is stored for {source.name}, so its webhooks are refused: none is waited for.")
    return 0


def _status(url: str, http: HttpClient) -> int | None:
    try:
        return http.send("GET", url, {}).status
    except AfterbillError:
        return None


def _unheard(source: Source, status: int | None, stored: list[str], deployed: Deployed) -> list[str]:
    """Say why no event is waited for at an address that does not know the source, or does not answer."""
    kept = f"Stored, and kept: {' and '.join(stored) or 'nothing'}."
    again = "run this again: an empty answer leaves what is stored."
    if status is None:
        return ["The address does not answer.", kept, f"Look at the network, and `afterbill doctor`. Then {again}"]
    why = f"The address answers 404: [sources.{source.name}] is not deployed yet."
    return [why, kept, f"Edit {deployed.edited}. Then {again}"]


def _is_known(source: Source, provider: Connector, deployed: Deployed) -> bool:
    """Tell whether something was stored before by which its webhooks can be taken."""
    if signing_secrets(stack_secrets.signing(deployed).read().get(source.name)):
        return True
    kept = stack_secrets.credentials(deployed).read().get(source.name)
    return provider.API is not None and has_credentials(kept, provider.API)


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
        if found.impossible and not terminal.attended:
            raise ConfigurationError(f"the signing secret was not stored: {found.text}")
        if not found.impossible and _is_wanted(found.text, terminal):
            return new
        terminal.show(f"Not stored: {found.text}.")
    return ""


def _is_wanted(doubt: str, terminal: Terminal) -> bool:
    """Tell whether an unusual secret is stored: a person decides, and a script is warned."""
    if not terminal.attended:
        terminal.show(f"It is stored, but look again: {doubt}.")
        return True
    answer = terminal.ask(f"{doubt[0].upper()}{doubt[1:]}. Store it all the same (y/n)? ")
    return answer.strip().lower() in {"y", "yes"}


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
    terminal.show(f"Waiting {written(wanted.wait)} for the first event; Ctrl-C ends the waiting and nothing else.")
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
