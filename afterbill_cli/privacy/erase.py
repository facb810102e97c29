"""`afterbill privacy erase`: remove a person, tell what was done where, and what ends by itself when."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path

import click

from afterbill.model.privacy import PrivacyRequest, RequestKind
from afterbill.privacy.erase import erase
from afterbill.privacy.receipt import Remains, receipt, stated
from afterbill_cli import deployed, options
from afterbill_cli.deployed import Deployed
from afterbill_cli.options import StackChoice
from afterbill_cli.output import Output, aligned, print_json
from afterbill_cli.people.who import Whom, find_whom
from afterbill_cli.privacy.deps import (
    PrivacyDeps,
    agreed,
    now_utc,
    reason,
    tell_nobody,
    tell_whom,
    told_how_to_finish,
    unfinished,
)
from afterbill_cli.privacy.remains import TOLD, remains


@dataclass(frozen=True, slots=True)
class EraseOptions:
    """Whom an operator wants to be removed, why, and where the receipt goes; with `yes` nobody is asked."""

    who: str
    why: str
    yes: bool = False
    receipt: Path | None = None


@click.command("erase")
@click.argument("who", metavar="WHO")
@options.why
@click.option("--yes", is_flag=True, help="Do not ask before anything is removed.")
@click.option("--receipt", type=options.FILE, metavar="FILE", help="Write a signed receipt to this file.")
@options.output()
@options.stack
def command(  # noqa: PLR0913  # its options
    *, who: str, why: str, yes: bool, receipt: Path | None, output: Output, choice: StackChoice
) -> int:
    """Remove all that is stored about a person.

    WHO is a mail address, a phone number, a customer's id (ours, or the billing system's, also as SOURCE#ID), an
    invitation's id, or a link from a mail. An address means all customers who hold it now. They are listed first.
    --why is required.

    Ratings stay without the person, so scores stay exact. A comment of somebody else that names the person is not
    found here: look for it with `afterbill responses --window 365d --contains WORD`.

    After Ctrl-C or an error the same command finishes what was begun, and so does handle_privacy_requests.
    """
    return erase_whom(deployed.connect(choice), EraseOptions(who, reason(why), yes, receipt), now_utc(), output)


def erase_whom(stack: Deployed, chosen: EraseOptions, now: datetime, output: Output = Output.TABLE) -> int:
    """Remove whom the chosen is about; 0 too where nobody is known, whose names are marked all the same."""
    deps = PrivacyDeps(stack, "privacy erase", chosen.why)
    whom = find_whom(deps.lookup, chosen.who)
    deps.acts.note(whom.ids)
    if whom.nobody:
        tell_nobody(whom)
        if not whom.names:
            return 0
    else:
        tell_whom(deps.persons(whom))
        agreed("All that is stored about them will be removed, for ever.", yes=chosen.yes)
    _carry_out(deps, unfinished(deps.requests, _asked(deps, whom, now)), chosen.receipt, now, output)
    return 0


def _asked(deps: PrivacyDeps, whom: Whom, now: datetime) -> PrivacyRequest:
    """Return the request; names that somebody else may have elsewhere are marked only where nobody was found."""
    names = whom.names if whom.nobody else {name for name in whom.names if "#" not in name}
    request = deps.request(RequestKind.ERASE, whom, now)
    return replace(request, alias_hashes=frozenset(map(deps.keys.hash_alias, names)))


def _carry_out(deps: PrivacyDeps, request: PrivacyRequest, file: Path | None, now: datetime, output: Output) -> None:
    ends = remains(deps.stack, now)
    if file:
        file.open("ab").close()  # what cannot be written is told before anything is removed
    with told_how_to_finish(request):
        done = erase(request, deps.erasing, now)
    if file:
        file.write_text(receipt(done, deps.stack.name, now, ends, deps.keys.receipt_key()) + "\n", encoding="utf-8")
    if output is Output.JSON:
        print_json({**stated(done, deps.stack.name, now, ends), "state": done.state.value})
    else:
        print("\n".join(_told(done, ends, now)))


def _told(done: PrivacyRequest, ends: Sequence[Remains], now: datetime) -> Iterator[str]:
    said = stated(done, "", now, ends)
    yield f"Request {done.id}, {done.state}, in the ledger and in the audit trail."
    removed = [(kind.replace("_", " "), str(number)) for kind, number in said["removed"].items() if number]
    yield from ["Removed:", *_indented(removed)] if removed else ["Nothing was there to be removed."]
    marked = len(done.alias_hashes)
    yield f"Names that earlier events and imports do not bring back: {marked}."
    yield f"Kept as keyed hashes: {said['objections_kept']} objections."
    yield (
        f"Kept without the person: {said['rows_kept_anonymous']} surveys that count, "
        f"{said['answers_kept_anonymous']} of them answered."
    )
    yield "Ends by itself, at the latest:"
    yield from _indented([(f"{one.ends_at:%Y-%m-%d %H:%M} UTC", _what(one)) for one in ends])


def _what(one: Remains) -> str:
    return TOLD[one.what] + ("" if one.count is None else f": {one.count} now")


def _indented(rows: Sequence[tuple[str, str]]) -> Iterator[str]:
    return (f"  {line}" for line in aligned(rows))
