"""`afterbill in-product key`: the secret with which the operator's backend proves its users."""

import secrets
import sys
from time import monotonic

import click

from afterbill.adapters.aws.secret_keys import SecretKeys
from afterbill.adapters.aws.secrets import Secret
from afterbill_cli import deployed, options
from afterbill_cli.deployed import Deployed
from afterbill_cli.options import StackChoice


@click.group("in-product")
def command() -> None:
    """Show or renew the secret for surveys in your product."""


@command.command("key")
@click.option("--new", is_flag=True, help="Create a new secret; the previous one stays valid until the next --new.")
@options.stack
def _key(*, new: bool, choice: StackChoice) -> int:
    """Print the newest secret for your backend."""
    return show(deployed.connect(choice), new=new)


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
