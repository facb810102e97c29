"""`afterbill privacy requests`: requests of people, and how far they have come."""

from datetime import datetime
from typing import Any

import click

from afterbill.model.privacy import PrivacyRequest
from afterbill.privacy.deadlines import due_soon, overdue
from afterbill_cli import deployed, options
from afterbill_cli.deployed import Deployed
from afterbill_cli.options import StackChoice
from afterbill_cli.output import Output, aligned, not_shown, print_json
from afterbill_cli.privacy.deps import PrivacyDeps, now_utc

_HEAD = ("request", "kind", "state", "asked", "answer by", "people", "asked by")


@click.command("requests")
@options.output()
@options.stack
def command(*, output: Output, choice: StackChoice) -> int:
    """List requests of people with their deadlines.

    One that is not done a week before its deadline is due soon: of these an alarm tells.
    Exit code 1 says that one is overdue. Those that are done stay for 90 days. An export that
    is ready is fetched by `afterbill privacy export --request ID`.
    """
    return list_requests(deployed.connect(choice), now_utc(), output)


def list_requests(stack: Deployed, now: datetime, output: Output = Output.TABLE) -> int:
    """Print the requests, the oldest first: 1 where one is overdue, else 0; nothing in them names anybody."""
    known = PrivacyDeps(stack, "privacy requests", "").requests.requests(not_shown)
    if output is Output.JSON:
        print_json([_stated(one, now) for one in known])
    elif known:
        print("\n".join(aligned([_HEAD, *(_row(one, now) for one in known)])))
    else:
        print("Nobody asked for anything.")
    return int(any(overdue(one, now) for one in known))


def _row(one: PrivacyRequest, now: datetime) -> tuple[str, ...]:
    stands = ", overdue" if overdue(one, now) else ", due soon" if due_soon(one, now) else ""
    due = f"{one.due_at:%Y-%m-%d}{stands}"
    people = one.source or str(one.found)
    return one.id, one.kind, one.state, f"{one.requested_at:%Y-%m-%d}", due, people, one.by


def _stated(one: PrivacyRequest, now: datetime) -> dict[str, Any]:
    return {
        "id": one.id,
        "kind": one.kind.value,
        "state": one.state.value,
        "requested_at": one.requested_at.isoformat(),
        "due_at": one.due_at.isoformat(),
        "due_soon": due_soon(one, now),
        "overdue": overdue(one, now),
        "done_at": one.done_at.isoformat() if one.done_at else None,
        "people": one.found,
        "shared": one.shared,
        "source": one.source or None,
        "by": one.by,
        "why": one.why or None,
        "removed": dict(one.removed),
        "changed": one.changed,
    }
