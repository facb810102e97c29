"""`afterbill privacy receipt`: the signed receipt of an erasure, as far as it is now."""

from datetime import datetime
from pathlib import Path

import click

from afterbill.model.errors import AfterbillError
from afterbill.model.privacy import PrivacyRequest, RequestKind, RequestState
from afterbill.privacy.receipt import receipt
from afterbill.privacy.remains import Periods, remains
from afterbill_cli import deployed, options
from afterbill_cli.deployed import Deployed
from afterbill_cli.options import StackChoice
from afterbill_cli.privacy.deps import PrivacyDeps, now_utc
from afterbill_cli.privacy.periods import periods_of

_ERASURES = frozenset({RequestKind.ERASE, RequestKind.ERASE_SOURCE})


@click.command("receipt")
@click.argument("request_id", metavar="REQUEST_ID")
@click.option("--out", type=options.FILE, metavar="FILE", help="Write to this file; default: print it.")
@click.option("--force", is_flag=True, help="Replace what is in the file.")
@options.stack
def command(*, request_id: str, out: Path | None, force: bool, choice: StackChoice) -> int:
    """Issue the receipt of an erasure, again or for the first time.

    It says how far the request is now: `done_at` is there after the second look, within an hour and a half. A request
    is kept for 90 days after that; `afterbill privacy requests` lists them.
    """
    return issue(deployed.connect(choice), request_id, now_utc(), out, force=force)


def issue(stack: Deployed, request_id: str, now: datetime, out: Path | None = None, *, force: bool = False) -> int:
    """Write or print the receipt of a stored request."""
    deps = PrivacyDeps(stack, "privacy receipt", "")
    request = deps.requests.request(request_id)
    if request is None or request.kind not in _ERASURES:
        raise AfterbillError(f"there is no erasure {request_id}: `afterbill privacy requests` lists them")
    if request.state is RequestState.OPEN:
        raise AfterbillError(f"request {request_id} was not carried out yet: handle_privacy_requests does it soon")
    text = signed(deps, request, periods_of(stack), now)
    if not out:
        print(text)
        return 0
    reserve(out, force=force)
    out.write_text(f"{text}\n", encoding="utf-8")
    click.echo(f"{out}: the receipt of request {request.id}, which is {request.state}", err=True)
    return 0


def signed(deps: PrivacyDeps, request: PrivacyRequest, periods: Periods, now: datetime) -> str:
    """Return the signed receipt of how far a request is now."""
    return receipt(request, deps.stack.name, now, remains(request, periods, now), deps.keys.receipt_key())


def reserve(file: Path, *, force: bool) -> None:
    """Make sure that a receipt can be written there, and is written over nothing that somebody may need."""
    if not force and file.exists() and file.stat().st_size:
        raise click.UsageError(f"{file} holds something already: name another file, or replace it with --force")
    file.open("ab").close()
