"""`afterbill in-product key`: the secret with which the operator's backend proves its users."""

import argparse
import secrets
import sys
from time import monotonic

from afterbill.adapters.aws.secret_keys import SecretKeys
from afterbill.adapters.aws.secrets import Secret
from afterbill_cli import deployed
from afterbill_cli.deployed import Deployed


def add_to(parser: argparse.ArgumentParser) -> None:
    """Add the arguments of `afterbill in-product`."""
    commands = parser.add_subparsers(required=True, metavar="COMMAND")
    key = commands.add_parser("key", help="print the secret for your backend, the newest one")
    key.add_argument("--new", action="store_true", help="make another; the one before goes on proving until the next")
    key.set_defaults(run=lambda chosen: show(deployed.connect(chosen), new=chosen.new))
    deployed.options(key)


def show(stack: Deployed, *, new: bool) -> int:
    """Print only the secret to stdout, so that it can be piped to where the backend keeps its secrets."""
    secret = Secret(stack.client("secretsmanager"), stack.output("KeysSecretArn"), monotonic)
    secret.fetch()
    known = SecretKeys(secret).in_product()
    if new:
        known = [secrets.token_hex(32), known[0]]
        secret.store({**secret.value(), "in_product": list(known)})
        print("Give it to your backend; the one before goes on proving until the next --new.", file=sys.stderr)
    print(known[0])
    return 0
