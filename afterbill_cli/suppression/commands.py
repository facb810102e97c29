"""`afterbill suppression`: show and lift the order never to write to an address or number."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

import click

from afterbill.model.customer import Customer, Suppression
from afterbill.model.errors import AfterbillError
from afterbill_cli import deployed, options
from afterbill_cli.acts import Acts
from afterbill_cli.deployed import Deployed
from afterbill_cli.options import StackChoice
from afterbill_cli.output import Output, print_json
from afterbill_cli.suppression.address import Address, address_of, compact, lift_line, since, spelling, suppressed_line
from afterbill_cli.suppression.stored import Lift, Standing, gravest

LONGEST_REASON = 300
"""Characters."""

_SHOW = "afterbill suppression show"
_ADDRESS = re.compile(r"\S@\S")
_COMPLAINT = (
    "somebody reported a mail to this address as spam{since}. One more such report harms the mails to all your "
    "customers: SES reviews an account at one in a thousand. Lift it only if that person asked you to; then add "
    "--despite-complaint"
)


@dataclass(frozen=True, slots=True)
class Wish:
    """The suppression that an operator wants to lift, with the reason."""

    address: str
    reason: str
    despite_complaint: bool = False


@click.group("suppression")
def command() -> None:
    """Show and lift suppressions of addresses and numbers."""


@command.command("show")
@click.argument("address", callback=options.parsed(spelling))
@options.why
@options.output()
@options.stack
def _show(*, address: str, why: str, output: Output, choice: StackChoice) -> int:
    """Show whether an address or number is suppressed, and who lifted it.

    ADDRESS is a mail address, or a phone number such as +4915123456789.
    """
    return show(deployed.connect(choice), address, as_json=output is Output.JSON, why=why)


@command.command("lift")
@click.argument("address", callback=options.parsed(spelling))
@click.option(
    "--reason",
    required=True,
    metavar="TEXT",
    help="The reason, kept with your ARN for two years; name no customer.",
)
@click.option("--despite-complaint", is_flag=True, help="Lift it even if a mail was reported as spam.")
@options.output()
@options.stack
def _lift(*, address: str, reason: str, despite_complaint: bool, output: Output, choice: StackChoice) -> int:
    """Lift a suppression made by mistake, with a record of who and why.

    ADDRESS is a mail address, or a phone number such as +4915123456789.
    """
    wish = Wish(address, reason, despite_complaint)
    return lift(deployed.connect(choice), wish, datetime.now(UTC), as_json=output is Output.JSON)


def show(stack: Deployed, spelled: str, *, as_json: bool, why: str = "") -> int:
    """Print the suppression of an address or number, its liftings and its holders; always 0."""
    address = address_of(stack, spelled)
    standing = address.standing()
    Acts(stack, "suppression show", why).note(one.id for one in standing.customers)
    if as_json:
        print_json(address.stated(standing))
        return 0
    print("\n".join([suppressed_line(standing), *map(lift_line, standing.lifts), *address.remarks(standing)]))
    return 0


def lift(stack: Deployed, wish: Wish, now: datetime, *, as_json: bool) -> int:
    """Lift the suppression of an address or number, and of the customers who hold it, under the caller's name.

    One word is lifted at a time: a bounce frees no customer who objected, and who also objected at their other address
    or number stays so until that is lifted. AfterbillError, and nothing done, where nothing is suppressed, for a reason
    that is none, for a complaint that is not confirmed, and where something changed meanwhile.
    """
    address = address_of(stack, wish.address)
    why, standing = _reason(wish), address.standing()
    freed = _freed(address, standing)
    was = _liftable(standing, freed, wish)
    acts = Acts(stack, "suppression lift", why)
    acts.note(one.id for one in standing.customers)
    lifted = Lift(now, acts.who, why, was)
    if not address.table.lift(standing, lifted, freed):
        raise AfterbillError(f"it changed meanwhile: look at it again with `{_SHOW}`")
    _tell(address, lifted, len(freed), as_json=as_json)
    return 0


def _freed(address: Address, standing: Standing) -> Sequence[Customer]:
    """Return the holders whose objection ends with this one."""
    if standing.recipient.suppressed is Suppression.BOUNCED:
        return ()
    return [one for one in standing.marked if address.otherwise(one) in {None, Suppression.BOUNCED}]


def _liftable(standing: Standing, freed: Sequence[Customer], wish: Wish) -> Suppression:
    """Return what is lifted."""
    was = gravest(standing.recipient.suppressed, *(one.suppressed for one in freed))
    if was is None and standing.marked:
        raise AfterbillError(f"nothing is lifted: its customer objected elsewhere, `{_SHOW}` tells where: lift that")
    if was is None:
        raise AfterbillError("nothing is lifted: neither it nor a customer who holds it is suppressed")
    if was is Suppression.COMPLAINED and not wish.despite_complaint:
        raise AfterbillError(f"nothing is lifted: {_COMPLAINT.format(since=since(standing))}")
    return was


def _reason(wish: Wish) -> str:
    """Return the reason on one line; it is stored, so it must not name whom it is about."""
    why = " ".join(wish.reason.split())
    if not 0 < len(why) <= LONGEST_REASON or not why.isprintable():
        raise AfterbillError(f'--reason takes 1 to {LONGEST_REASON} characters, as in --reason "typed for a colleague"')
    if _ADDRESS.search(why) or compact(wish.address) in compact(why):
        raise AfterbillError("--reason is stored: name no address and no number in it")
    return why


def _tell(address: Address, lifted: Lift, freed: int, *, as_json: bool) -> None:
    standing = address.standing()
    if as_json:
        print_json({"freed": freed} | address.stated(standing))
        return
    print(f"It may be written to again. Customers who hold it and may be asked again: {freed}.")
    print("\n".join([lift_line(lifted), *address.remarks(standing)]))
