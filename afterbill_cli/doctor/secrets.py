"""Checks of the secrets; what one holds is never shown."""

from collections.abc import Iterable, Mapping
from typing import Any

from botocore.exceptions import ClientError

from afterbill.adapters.aws.clients import error_code
from afterbill.connectors import registry
from afterbill.intake.connector import Address, Connector, Login
from afterbill.model.errors import ConfigurationError
from afterbill_cli.doctor.stack_under_test import StackUnderTest
from afterbill_cli.sources import stack_secrets
from afterbill_cli.sources.secret_shape import objection
from afterbill_cli.sources.stack_secrets import SourceSecret, has_credentials, signing_secrets
from afterbill_console.health.findings import Finding, Findings, fail, ok, warn

_SHORTEST_KEY = 32


def keys(stack: StackUnderTest) -> Findings:
    """Check the keys for suppressed addresses and for links."""
    secret, problem = _read(stack, "KeysSecretArn")
    identity = secret.get("identity")
    if problem:
        yield fail(*problem)
    elif not isinstance(identity, str) or len(identity) < _SHORTEST_KEY:
        yield fail(
            "the identity key is missing or short: no suppressed address is recognised",
            "put the copy you keep back; docs/operations.md#secrets",
        )
    elif not isinstance(secret.get("links"), dict):
        yield fail(
            "`links` must be an object of keys by number", "at least {} must stand there; docs/operations.md#secrets"
        )
    else:
        yield ok(f"the identity key and {len(secret['links']) + 1} link key(s)")


def signing(stack: StackUnderTest) -> Findings:
    """Check that every source that needs a signing secret has one, which can be one of its billing system."""
    secrets, problem = _read(stack, "SourcesSecretArn")
    if problem:
        yield fail(*problem)
        return
    sources = stack.policy.sources
    needed = {name: source.provider for name, source in sources.items() if registry.load(source.provider).ABOUT.signed}
    missing = [name for name in needed if not signing_secrets(secrets.get(name))]
    for name in missing:
        yield fail(f"{name} has no signing secret: all its webhooks are refused", _add(needed[name], name))
    shapes = [finding for name in needed for finding in _shape(name, needed[name], secrets.get(name))]
    yield from shapes
    yield from _strangers(secrets, sources)
    if not (missing or shapes):
        yield ok(f"{len(needed)} of {len(sources)} source(s) need a signing secret, and have it")


def _shape(name: str, provider: str, entry: object) -> Findings:
    """Judge the secrets of one source; older ones do no harm while another can be right."""
    found = [objection(secret, registry.load(provider).ABOUT) for secret in signing_secrets(entry)]
    if not found or found[0] is None:
        return
    remedy = f"{_add(provider, name)} asks for another"
    if all(one and one.impossible for one in found):
        yield fail(f"the signing secret of {name} verifies nothing: {found[0].text}", remedy)
    else:
        yield warn(f"the newest signing secret of {name}: {found[0].text}", remedy)


def credentials(stack: StackUnderTest) -> Findings:
    """Check that every source whose billing system has an API has its credentials."""
    secrets, problem = _read(stack, "ApisSecretArn")
    tokens, no_tokens = _read(stack, "TokensSecretArn")
    for failure in filter(None, (problem, no_tokens)):
        yield fail(*failure)
    if problem or no_tokens:
        return
    complete = 0
    for name, source in stack.policy.sources.items():
        provider = registry.load(source.provider)
        if provider.API is None:
            continue
        if not has_credentials(secrets.get(name), provider.API):
            yield _without_api(provider, source.provider, name)
        elif provider.API.login is Login.CONSENT and not _consented(tokens.get(name)):
            yield fail(f"nobody has consented that {name} is read", f"`afterbill source consent {name}`")
        else:
            complete += 1
    yield from _strangers({**secrets, **tokens}, stack.policy.sources)
    yield ok(f"{complete} source(s) can ask the API of their billing system")


def _without_api(provider: Connector, kind: str, name: str) -> Finding:
    if provider.confirm or provider.resolve or provider.poller or provider.ABOUT.address is Address.API:
        return fail(f"{name} has no credentials for its API: its facts, or some of them, are lost", _add(kind, name))
    return warn(f"{name} has no credentials for its API: customers without an address are not asked", _add(kind, name))


def _consented(entry: object) -> bool:
    return isinstance(entry, Mapping) and bool(entry.get("refresh_token"))


def _strangers(entries: Iterable[str], sources: Iterable[str]) -> Findings:
    for name in sorted(set(entries) - set(sources)):
        yield warn(
            f"{name} stands in the secret, and surveys.toml has no [sources.{name}]",
            "mistyped, or a source of before: take it out (docs/operations.md#secrets)",
        )


def _add(provider: str, name: str) -> str:
    return f"`afterbill source add {provider}{f' --name {name}' if name != provider else ''}`"


def _read(stack: StackUnderTest, output: str) -> tuple[Mapping[str, Any], tuple[str, str] | None]:
    """Return the content of a secret, or a problem with its remedy."""
    try:
        return SourceSecret(stack_secrets.secret(stack.deployed, output)).read(), None
    except ClientError as error:
        if error_code(error) != "ResourceNotFoundException":
            raise
        return {}, (
            f"the secret of {output} is not there",
            "`aws secretsmanager restore-secret` while it can be, else deploy again",
        )
    except ConfigurationError as error:
        if output not in stack.deployed.outputs:
            raise
        return {}, (str(error), "docs/operations.md#secrets shows its form")
