"""`afterbill privacy erase`: remove a person, tell what was done where, and what is left until when."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path
from typing import Any

import click

from afterbill.model.privacy import PrivacyRequest, RequestKind, RequestState
from afterbill.privacy.erase import erase
from afterbill.privacy.receipt import stated
from afterbill.privacy.remains import remains
from afterbill_cli import deployed, options
from afterbill_cli.deployed import Deployed
from afterbill_cli.options import StackChoice
from afterbill_cli.output import Output, print_json
from afterbill_cli.people.who import Whom, find_whom
from afterbill_cli.privacy.begun import before, begun
from afterbill_cli.privacy.deps import (
    PrivacyDeps,
    agreed,
    now_utc,
    reason,
    tell_nobody,
    tell_whom,
    told_how_to_finish,
)
from afterbill_cli.privacy.erase_source import erase_source
from afterbill_cli.privacy.periods import periods_of
from afterbill_cli.privacy.receipt import reserve, signed
from afterbill_cli.privacy.telling import told

NOTHING: Mapping[str, Any] = {"request": None, "kind": "erase", "state": None, "people": 0, "removed": {}}
"""The answer to programs where nothing was done."""


@dataclass(frozen=True, slots=True)
class EraseOptions:
    """The wish to remove somebody: who, why, and where the receipt goes; with `yes` nobody is asked."""

    who: str
    why: str
    yes: bool = False
    receipt: Path | None = None
    force: bool = False


@click.command("erase")
@click.argument("who", metavar="[WHO]", required=False, default="")
@click.option("--source", default="", metavar="NAME", help="Instead of WHO: all customers whom only this source knows.")
@options.why
@click.option("--yes", is_flag=True, help="Do not ask before anything is removed.")
@click.option("--receipt", type=options.FILE, metavar="FILE", help="Write a signed receipt to this file.")
@click.option("--force", is_flag=True, help="Replace what is in the file of the receipt.")
@options.output()
@options.stack
def command(  # its options
    *,
    who: str,
    source: str,
    why: str,
    output: Output,
    choice: StackChoice,
    **chosen: Any,  # noqa: ANN401  # its options
) -> int:
    """Remove all that is stored about a person.

    WHO is a mail address, a phone number, a customer's id (ours, or the billing system's, also as SOURCE#ID), an
    invitation's id, or a link from a mail. An address means all customers who hold it now. They are listed first.
    --why is required.

    Ratings stay without the person, so scores stay exact. A comment of somebody else that names the person is not
    found here: look for it with `afterbill responses --window 365d --contains WORD`.

    A second look within an hour and a half finds what was under way; `afterbill privacy receipt REQUEST_ID` issues the
    receipt then. After Ctrl-C or an error the same command finishes what was begun, and so does
    handle_privacy_requests. With --source it does all of the work, within its next runs.
    """
    if bool(who) == bool(source) or (source and chosen["receipt"]):
        raise click.UsageError("say either WHO or --source NAME; the receipt of a source is issued when it is done")
    if source:
        return erase_source(deployed.connect(choice), source, reason(why), output, yes=chosen["yes"])
    return erase_whom(deployed.connect(choice), EraseOptions(who, reason(why), **chosen), output)


def erase_whom(
    stack: Deployed, chosen: EraseOptions, output: Output = Output.TABLE, clock: Callable[[], datetime] = now_utc
) -> int:
    """Remove whom the operator means; 0 too where nobody is known, whose names are marked all the same."""
    if chosen.receipt:
        reserve(chosen.receipt, force=chosen.force)
    deps = PrivacyDeps(stack, "privacy erase", chosen.why)
    whom = find_whom(deps.lookup, chosen.who)
    deps.acts.note(whom.ids)
    request = _unknown(deps, whom, chosen, clock) if whom.nobody else _known(deps, whom, chosen, clock)
    if request:
        _carry_out(deps, request, chosen.receipt, clock, output)
    elif output is Output.JSON:
        print_json(NOTHING)
    return 0


def _known(deps: PrivacyDeps, whom: Whom, chosen: EraseOptions, clock: Callable[[], datetime]) -> PrivacyRequest:
    tell_whom(deps.persons(whom))
    agreed("All that is stored about them will be removed, for ever.", yes=chosen.yes)
    asked = _asked(deps, whom, clock())
    return begun(deps.requests.requests(), whom, asked.alias_hashes) or asked


def _unknown(
    deps: PrivacyDeps, whom: Whom, chosen: EraseOptions, clock: Callable[[], datetime]
) -> PrivacyRequest | None:
    """Return what was begun before and is not finished, or a new request that marks the names; None for neither."""
    tell_nobody(whom)
    hashes = frozenset(map(deps.keys.hash_alias, deps.lookup.aliases(chosen.who.strip())))
    earlier = before(deps.requests.requests(), whom, hashes)
    if earlier and earlier.state is not RequestState.DONE:
        click.echo(f"Request {earlier.id} is about them, and goes on.", err=True)
        return earlier
    if earlier:
        click.echo(f"Request {earlier.id} removed them: `afterbill privacy receipt {earlier.id}`", err=True)
    if not whom.names:
        click.echo("A name that earlier events and imports shall not bring back is given as SOURCE#ID.", err=True)
        return None
    agreed("Earlier events and imports will not bring this name back.", yes=chosen.yes)
    return _asked(deps, whom, clock())


def _asked(deps: PrivacyDeps, whom: Whom, now: datetime) -> PrivacyRequest:
    request = deps.request(RequestKind.ERASE, whom, now)
    return replace(request, alias_hashes=frozenset(map(deps.keys.hash_alias, whom.names)))


def _carry_out(
    deps: PrivacyDeps, request: PrivacyRequest, file: Path | None, clock: Callable[[], datetime], output: Output
) -> None:
    periods = periods_of(deps.stack)  # before anything is removed: what is left has to be told
    with told_how_to_finish(request):
        done = erase(request, deps.erasing, clock())
    now = clock()
    if file:
        file.write_text(f"{signed(deps, done, periods, now)}\n", encoding="utf-8")
    left = remains(done, periods, now)
    if output is Output.JSON:
        print_json(stated(done, deps.stack.name, now, left))
    else:
        print("\n".join(told(done, left)))
