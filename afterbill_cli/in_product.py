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
    key = commands.add_parser("key", help="print the newest secret for your backend")
    key.add_argument(
        "--new", action="store_true", help="create a new secret; the previous one stays valid until the next --new"
    )
    key.set_defaults(run=lambda chosen: show(deployed.connect(chosen), new=chosen.new))
    deployed.options(key)


def show(stack: Deployed, *, new: bool) -> int:
    """Print only the secret to stdout, so that it can be piped to where the backend keeps its secrets."""
    secret = Secret(stack.client("secretsmanager"), stack.output("KeysSecretArn"), monotonic)
    secret.fetch()
    proofs = SecretKeys(secret).in_product()
    if new:
        proofs = [secrets.token_hex(32), proofs[0]]
        secret.store({**secret.value(), "in_product": list(proofs)})
        print("Give it to your backend; the one before goes on proving until the next --new.", file=sys.stderr)
    print(proofs[0])
    return 0
