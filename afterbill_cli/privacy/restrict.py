"""`afterbill privacy restrict`: keep what is stored about a person, and use it for nothing."""

from dataclasses import dataclass
from datetime import datetime

import click

from afterbill.model.errors import AfterbillError
from afterbill.model.privacy import RequestKind
from afterbill.privacy.restrict import restrict
from afterbill_cli import deployed, options
from afterbill_cli.deployed import Deployed
from afterbill_cli.options import StackChoice
from afterbill_cli.output import Output, print_json
from afterbill_cli.people.who import find_whom
from afterbill_cli.privacy.desk import Desk, agreed, now_utc, reason, tell_nobody, tell_whom


@dataclass(frozen=True, slots=True)
class RestrictionWish:
    """Whom an operator wants to be restricted, or released with `lift`, and why; with `yes` nobody is asked."""

    who: str
    why: str
    lift: bool = False
    yes: bool = False


@click.command("restrict")
@click.argument("who", metavar="WHO")
@options.why
@click.option("--lift", is_flag=True, help="End the restriction.")
@click.option("--yes", is_flag=True, help="Do not ask before anything is changed.")
@options.output()
@options.stack
def command(  # noqa: PLR0913  # its options
    *, who: str, why: str, lift: bool, yes: bool, output: Output, choice: StackChoice
) -> int:
    """Keep what is stored about a person, unused.

    WHO is as with `afterbill privacy erase`. No survey is sent, answers are shown to nobody, and scores, which tell
    nobody apart, go on counting. An export is still possible, and so is an erasure. --why is required.
    """
    wish = RestrictionWish(who, reason(why), lift, yes)
    return restrict_whom(deployed.connect(choice), wish, now_utc(), output)


def restrict_whom(stack: Deployed, wish: RestrictionWish, now: datetime, output: Output = Output.TABLE) -> int:
    """Restrict or release all customers whom the wish is about; 0 too where nobody is known."""
    desk = Desk(stack, "privacy restrict --lift" if wish.lift else "privacy restrict", wish.why)
    whom = find_whom(desk.lookup, wish.who)
    desk.acts.note(whom.ids)
    if whom.nobody:
        tell_nobody(whom)
        return 0
    if whom.invitation_ids:
        raise AfterbillError("nobody is known behind this survey, so there is nobody to restrict")
    tell_whom(desk.persons(whom))
    agreed("They may be asked again." if wish.lift else "Their data will be kept and not used.", yes=wish.yes)
    request = desk.request(RequestKind.RELEASE if wish.lift else RequestKind.RESTRICT, whom, now)
    desk.requests.keep_request(request)
    done = restrict(request, desk.restricting(), now)
    changed, word = done.changed, "released" if wish.lift else "restricted"
    if output is Output.JSON:
        print_json({"request": done.id, "kind": done.kind.value, "found": len(whom.customer_ids), "changed": changed})
    else:
        print(f"Request {done.id}: {changed} of {len(whom.customer_ids)} customers {word} now.")
    return 0
