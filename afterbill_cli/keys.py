"""`afterbill key`: keys for the answer API; the stack holds only the hash of each secret."""

import argparse
import secrets
import sys
from datetime import UTC, datetime

from afterbill.adapters.dynamodb.api_keys import IssuedApiKeysTable
from afterbill.answers.api_keys import ApiKey, Scope, hash_of, spelled
from afterbill.model.errors import AfterbillError
from afterbill_cli import deployed
from afterbill_cli.deployed import Deployed

_LONGEST_NAME = 40
"""Characters: it is the source of answers that name none."""


def add_to(parser: argparse.ArgumentParser) -> None:
    """Add the arguments of `afterbill key`."""
    commands = parser.add_subparsers(required=True, metavar="COMMAND")
    creating = commands.add_parser("create", help="create a key and print it once")
    creating.add_argument("name", metavar="NAME", help="name of the key's user, such as `support`")
    creating.add_argument(
        "--scope",
        action="append",
        choices=list(map(str, Scope)),
        help=f"permission of the key; default: {Scope.RESPONSES_WRITE}; may be repeated",
    )
    creating.set_defaults(run=lambda chosen: create(deployed.connect(chosen), chosen.name, chosen.scope, _now()))
    listing = commands.add_parser("list", help="list all keys, also revoked ones, without their secrets")
    listing.set_defaults(run=lambda chosen: show(deployed.connect(chosen)))
    revoking = commands.add_parser("revoke", help="revoke a key for ever, within a minute")
    revoking.add_argument("id", metavar="ID", help="id of the key, as listed by `afterbill key list`")
    revoking.set_defaults(run=lambda chosen: revoke(deployed.connect(chosen), chosen.id, _now()))
    for command in (creating, listing, revoking):
        deployed.options(command)


def create(stack: Deployed, name: str, scopes: list[str] | None, now: datetime) -> int:
    """Store a new key and print it; it cannot be read again."""
    if not name.isprintable() or name != name.strip() or not 1 <= len(name) <= _LONGEST_NAME:
        raise AfterbillError(
            f"NAME takes 1 to {_LONGEST_NAME} printable characters, as in: afterbill key create support"
        )
    secret = secrets.token_urlsafe(32)
    key = ApiKey(secrets.token_hex(8), name, tuple(scopes or (Scope.RESPONSES_WRITE,)), hash_of(secret), now)
    if not _ring(stack).add(key):
        raise AfterbillError(f"the id {key.id} is taken: try again")
    print(spelled(key.id, secret))
    print(f"Keep it now, it is not shown again; `afterbill key revoke {key.id}` makes it void.", file=sys.stderr)
    return 0


def show(stack: Deployed) -> int:
    """Print one line for each key."""
    keys = _ring(stack).issued()
    for key in keys:
        since = f", revoked {key.revoked_at:%Y-%m-%d %H:%M} UTC" if key.revoked_at else ""
        print(f"{key.id}  {key.name}  {' '.join(key.scopes)}  created {key.created_at:%Y-%m-%d %H:%M} UTC{since}")
    if not keys:
        print("No keys. `afterbill key create NAME` makes one.")
    return 0


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
