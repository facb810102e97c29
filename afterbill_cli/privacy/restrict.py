"""`afterbill privacy restrict`: keep what is stored about a person, and use it for nothing."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime

import click

from afterbill.model.errors import AfterbillError
from afterbill.model.privacy import PrivacyRequest, RequestKind
from afterbill.privacy.restrict import restrict
from afterbill_cli import deployed, options
from afterbill_cli.deployed import Deployed
from afterbill_cli.options import StackChoice
from afterbill_cli.output import Output, counted, print_json
from afterbill_cli.people.who import Whom, find_whom
from afterbill_cli.privacy.deps import PrivacyDeps, agreed, now_utc, reason, tell_nobody, tell_whom


@dataclass(frozen=True, slots=True)
class RestrictOptions:
    """The wish to restrict somebody, or to release them with `lift`, and why; with `yes` nobody is asked."""

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
    return restrict_whom(deployed.connect(choice), RestrictOptions(who, reason(why), lift, yes), output)


def restrict_whom(
    stack: Deployed, chosen: RestrictOptions, output: Output = Output.TABLE, clock: Callable[[], datetime] = now_utc
) -> int:
    """Restrict or release all customers whom the operator means; 0 too where nobody is known."""
    kind = RequestKind.RELEASE if chosen.lift else RequestKind.RESTRICT
    deps = PrivacyDeps(stack, "privacy restrict --lift" if chosen.lift else "privacy restrict", chosen.why)
    whom = find_whom(deps.lookup, chosen.who)
    deps.acts.note(whom.ids)
    if whom.invitation_ids:
        raise AfterbillError("nobody is known behind this survey, so there is nobody to restrict")
    if whom.nobody:
        tell_nobody(whom)
        _print(kind, None, whom, output)
        return 0
    tell_whom(deps.persons(whom))
    agreed("They may be asked again." if chosen.lift else "Their data will be kept and not used.", yes=chosen.yes)
    now = clock()
    request = deps.request(kind, whom, now)
    deps.requests.keep_request(request)
    _print(kind, restrict(request, deps.restricting(), now), whom, output)
    return 0


def _print(kind: RequestKind, done: PrivacyRequest | None, whom: Whom, output: Output) -> None:
    found, changed = len(whom.customer_ids), done.changed if done else 0
    if output is Output.JSON:
        print_json({"request": done.id if done else None, "kind": kind.value, "found": found, "changed": changed})
    elif done:
        word = "restricted" if kind is RequestKind.RESTRICT else "released"
        print(f"Request {done.id}: {changed} of {counted(found, 'customer')} {word} now.")
