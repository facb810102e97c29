"""`afterbill console`: the address of the console, and who may open it."""

import re
import sys
from collections.abc import Sequence
from dataclasses import dataclass

import click

from afterbill.model.errors import AfterbillError, ConfigurationError
from afterbill_cli import deployed, options
from afterbill_cli.acts import Acts
from afterbill_cli.console_users import Stored, Users
from afterbill_cli.deployed import Deployed
from afterbill_cli.options import StackChoice
from afterbill_cli.output import Output, print_csv, print_json
from afterbill_console.roles import Role

_ADDRESS = re.compile(r'[^\s"\\<>@]{1,64}@[^\s"\\<>@]{1,190}')
COLUMNS = ("email", "roles", "state", "id")


def _email(text: str) -> str:
    if not (_ADDRESS.fullmatch(text) and text.isprintable()):
        raise AfterbillError("takes an address, as in: afterbill console user add jo@example.com --role analyst")
    return text.lower()


@dataclass(frozen=True, slots=True)
class Wish:
    """Somebody with these roles; without a password Cognito invites by mail."""

    email: str
    roles: frozenset[Role]
    password: str = ""


@click.group("console", invoke_without_command=True)
@options.stack
@click.pass_context
def command(context: click.Context, *, choice: StackChoice) -> int:
    """Print the console's address, and say who may open it."""
    if context.invoked_subcommand:
        return 0
    return address(deployed.connect(choice))


@command.group("user")
def _user() -> None:
    """Add, list and remove those who may open the console."""


@_user.command("add")
@click.argument("email", callback=options.parsed(_email))
@click.option(
    "--role",
    "roles",
    multiple=True,
    required=True,
    type=options.OneOf(Role),
    help="Role; may be repeated. Somebody who is there already has these from now on, and no others.",
)
@click.option(
    "--permanent-password-stdin",
    "reads_password",
    is_flag=True,
    help="Read a password from standard input and invite nobody by mail, for stacks on a laptop.",
)
@options.why
@options.stack
def _add(*, email: str, roles: tuple[Role, ...], reads_password: bool, why: str, choice: StackChoice) -> int:
    """Invite somebody by mail, or change their roles; sessions with other roles end."""
    password = sys.stdin.readline().rstrip("\n") if reads_password else ""
    return add(deployed.connect(choice), Wish(email, frozenset(map(Role, roles)), password), why)


@_user.command("list")
@options.output(csv=True)
@options.why
@options.stack
def _list(*, output: Output, why: str, choice: StackChoice) -> int:
    """List everybody who may open the console, with their roles."""
    return show(deployed.connect(choice), output, why)


@_user.command("remove")
@click.argument("email", callback=options.parsed(_email))
@options.why
@options.stack
def _remove(*, email: str, why: str, choice: StackChoice) -> int:
    """Remove somebody: their sessions end at once, and so does what the console keeps for them."""
    return remove(deployed.connect(choice), email, why)


def address(stack: Deployed) -> int:
    """Print where the console is."""
    users(stack)
    print(f"{stack.output('ConsoleUrl')}/app")
    return 0


def add(stack: Deployed, wish: Wish, why: str = "") -> int:
    """Give this address these roles and no others, making a user where there is none."""
    pool, roles = users(stack), " ".join(sorted(wish.roles))
    there = pool.of(wish.email)
    Acts(stack, f"console user add: {roles}", why).note(_names(there))
    made = [] if there else [pool.create(wish.email, wish.password)]
    for one in there or made:
        pool.set_roles(one, wish.roles)
    if made and not wish.password:
        print(f"{wish.email} is invited by mail, as {roles}. The password in it is good for seven days.")
    else:
        print(f"{wish.email} has the roles: {roles}")
    return 0


def show(stack: Deployed, output: Output = Output.TABLE, why: str = "") -> int:
    """Print one row for each user; always 0."""
    pool = users(stack)
    everybody = sorted(pool.everybody(), key=lambda one: (one.email, one.id))
    Acts(stack, "console user list", why).note(found=len(everybody))
    stated = [_stated(one, pool.groups(one)) for one in everybody]
    if output is Output.JSON:
        print_json([row | {"roles": str(row["roles"]).split()} for row in stated])
    elif output is Output.CSV:
        print_csv(COLUMNS, stated)
    else:
        for row in stated:
            print(f"{row['email']}  {row['roles'] or 'no role'}  {row['state']}  {row['id']}")
        if not stated:
            print("Nobody. `afterbill console user add EMAIL --role admin` invites the first.")
    return 0


def remove(stack: Deployed, email: str, why: str = "") -> int:
    """Remove everybody with this address from the pool, then what is stored of them; AfterbillError without any."""
    pool = users(stack)
    there = pool.of(email)
    Acts(stack, "console user remove", why).note(_names(there))
    if not there:
        raise AfterbillError(f"nobody has the address {email}: `afterbill console user list` shows all")
    for one in there:
        pool.remove(one)
    print(f"{email} is removed: no page opens any more.")
    return 0


def users(stack: Deployed) -> Users:
    """Return the users of this stack; ConfigurationError where it has no console."""
    if "UserPoolId" not in stack.outputs:
        raise ConfigurationError(f"stack {stack.name} has no console: deploy it with Console=true")
    return Users(
        stack.client("cognito-idp"), stack.output("UserPoolId"), stack.client("dynamodb"), stack.output("TableName")
    )


def _names(found: Sequence[Stored]) -> list[str]:
    """Return operators as the audit trail names them: never by an address."""
    return [f"operator:{one.id}" for one in found]


def _stated(one: Stored, roles: frozenset[Role]) -> dict[str, str]:
    state = one.state if one.enabled else "disabled"
    return dict(zip(COLUMNS, (one.email, " ".join(sorted(roles)), state, one.id), strict=True))
