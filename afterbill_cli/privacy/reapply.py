"""`afterbill privacy reapply`: apply the ledger to a table that was restored, so that sending goes on."""

from dataclasses import asdict
from datetime import UTC, datetime

import click

from afterbill.adapters.dynamodb.restored import RestoredItems
from afterbill.model.privacy import PrivacyRequest
from afterbill.privacy.erase import erase
from afterbill.privacy.reapply import Reapplied, ReapplyDeps
from afterbill.privacy.reapply import reapply as apply_ledger
from afterbill_cli import deployed, options
from afterbill_cli.acts import Acts
from afterbill_cli.deployed import Deployed
from afterbill_cli.options import StackChoice
from afterbill_cli.output import Output, print_json
from afterbill_cli.privacy.erasing import erasing


@click.command("reapply")
@options.why
@options.output()
@options.stack
def command(*, why: str, output: Output, choice: StackChoice) -> int:
    """Apply erasures and objections again to a table that was restored.

    Until then nothing is sent from it. It walks the whole table once; a run that was stopped is simply started again.
    Exit code 1: more was noted meanwhile, elsewhere; run it again.
    """
    return reapply(deployed.connect(choice), datetime.now(UTC), output, why)


def reapply(stack: Deployed, now: datetime, output: Output = Output.TABLE, why: str = "") -> int:
    """Apply the ledger and print what was done; 0 where the table knows all of it now, else 1."""
    acts, deps = Acts(stack, "privacy reapply", why), erasing(stack)

    def erase_again(request: PrivacyRequest, at: datetime) -> PrivacyRequest:
        acts.note(request.customer_ids | request.invitation_ids)
        return erase(request, deps, at)

    table = RestoredItems(stack.client("dynamodb"), stack.output("TableName"))
    acts.note(found=deps.ledger.missing())
    done = apply_ledger(ReapplyDeps(deps.ledger, table, deps.people, erase_again, deps.hash_alias), acts.who, now)
    if output is Output.JSON:
        print_json(asdict(done))
    else:
        print(_told(done))
    return 0 if done.complete else 1


def _told(done: Reapplied) -> str:
    if not done.missing:
        return "The table knows every erasure and objection of the ledger: nothing was done."
    lines = [
        f"Entries of the ledger that the table missed: {done.missing}.",
        f"Applied: erasures {done.erasures}, objections and liftings {done.objections}.",
        f"Erased again: customers {done.customers}, invitations of nobody who is known {done.invitations}.",
        "handle_privacy_requests looks for them once more, 20 minutes after." * bool(done.customers),
        "Sending goes on within a minute." if done.complete else "More was noted meanwhile: run this again.",
    ]
    return "\n".join(filter(None, lines))
