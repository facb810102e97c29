"""`afterbill key`: keys for the answer API; the stack holds only the hash of each secret."""

import secrets
import sys
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any

import click

from afterbill.answers.api_keys import ApiKey, Scope, hash_of, spelled
from afterbill.model.errors import AfterbillError
from afterbill_cli import deployed, options
from afterbill_cli.deployed import Deployed
from afterbill_cli.issued_keys import IssuedApiKeysTable
from afterbill_cli.options import StackChoice
from afterbill_cli.output import Output, print_csv, print_json

_LONGEST_NAME = 40
"""Characters: it is the source of answers that name none."""


def _name(text: str) -> str:
    if not text.isprintable() or text != text.strip() or not 1 <= len(text) <= _LONGEST_NAME:
        raise AfterbillError(f"takes 1 to {_LONGEST_NAME} printable characters, as in: afterbill key create support")
    return text


@click.group("key")
def command() -> None:
    """Create, list and revoke keys for the answer API."""


@command.command("create")
@click.argument("name", callback=options.parsed(_name))
@click.option(
    "--scope",
    "scopes",
    multiple=True,
    type=options.OneOf(Scope),
    help=f"Permission of the key; default: {Scope.RESPONSES_WRITE}; may be repeated.",
)
@options.stack
def _create(*, name: str, scopes: tuple[str, ...], choice: StackChoice) -> int:
    """Create a key and print it once; NAME is the name of its user, such as `support`."""
    return create(deployed.connect(choice), name, list(scopes), _now())


@command.command("list")
@options.output(csv=True)
@options.stack
def _list(*, output: Output, choice: StackChoice) -> int:
    """List all keys, also revoked ones, without their secrets."""
    return show(deployed.connect(choice), output)


@command.command("revoke")
@click.argument("id_", metavar="ID")
@options.stack
def _revoke(*, id_: str, choice: StackChoice) -> int:
    """Revoke a key for ever, within a minute; ID as listed by `afterbill key list`."""
    return revoke(deployed.connect(choice), id_, _now())


def create(stack: Deployed, name: str, scopes: list[str] | None, now: datetime) -> int:
    """Store a new key and print it; it cannot be read again."""
    secret = secrets.token_urlsafe(32)
    key = ApiKey(secrets.token_hex(8), name, tuple(scopes or (Scope.RESPONSES_WRITE,)), hash_of(secret), now)
    if not _ring(stack).add(key):
        raise AfterbillError(f"the id {key.id} is taken: try again")
    print(spelled(key.id, secret))
    print(f"Keep it now, it is not shown again; `afterbill key revoke {key.id}` makes it void.", file=sys.stderr)
    return 0


COLUMNS = ("id", "name", "scopes", "created_at", "revoked_at")


def show(stack: Deployed, output: Output = Output.TABLE) -> int:
    """Print one row for each key; always 0."""
    keys = _ring(stack).issued()
    if output is Output.JSON:
        print_json([_stated(key) | {"scopes": list(key.scopes)} for key in keys])
    elif output is Output.CSV:
        print_csv(COLUMNS, map(_stated, keys))
    else:
        _print(keys)
    return 0


def _print(keys: Sequence[ApiKey]) -> None:
    for key in keys:
        since = f", revoked {key.revoked_at:%Y-%m-%d %H:%M} UTC" if key.revoked_at else ""
        print(f"{key.id}  {key.name}  {' '.join(key.scopes)}  created {key.created_at:%Y-%m-%d %H:%M} UTC{since}")
    if not keys:
        print("No keys. `afterbill key create NAME` makes one.")


def _stated(key: ApiKey) -> dict[str, Any]:
    revoked = key.revoked_at.isoformat(timespec="seconds") if key.revoked_at else None
    created = key.created_at.isoformat(timespec="seconds")
    return dict(zip(COLUMNS, (key.id, key.name, " ".join(key.scopes), created, revoked), strict=True))


def revoke(stack: Deployed, id_: str, now: datetime) -> int:
    """Revoke a key; AfterbillError where no valid key has this id."""
    if not _ring(stack).revoke(id_, now):
        raise AfterbillError(f"there is no key {id_} that still stands: `afterbill key list` shows all")
    print(f"{id_} is revoked: within a minute it opens nothing.")
    return 0


def _ring(stack: Deployed) -> IssuedApiKeysTable:
    return IssuedApiKeysTable(stack.client("dynamodb"), stack.output("TableName"))


def _now() -> datetime:
    return datetime.now(UTC)
