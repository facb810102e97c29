"""`afterbill privacy reapply`: apply the ledger to a table that was restored, so that sending goes on."""

from dataclasses import asdict
from datetime import UTC, datetime

import click

from afterbill.adapters.dynamodb.restrictions import RestrictionsTable
from afterbill.model.privacy import PrivacyRequest
from afterbill.privacy.erase import erase
from afterbill_cli import deployed, options
from afterbill_cli.acts import Acts
from afterbill_cli.deployed import Deployed
from afterbill_cli.options import StackChoice
from afterbill_cli.output import Output, print_json
from afterbill_cli.privacy.erasing import erasing
from afterbill_cli.privacy.reapplying import Reapplied, ReapplyDeps
from afterbill_cli.privacy.reapplying import reapply as apply_ledger
from afterbill_cli.privacy.restored_table import RestoredItems


@click.command("reapply")
@options.why
@options.output()
@options.stack
def command(*, why: str, output: Output, choice: StackChoice) -> int:
    """Apply erasures, objections and restrictions again to a table that was restored.

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

    dynamodb, name = stack.client("dynamodb"), stack.output("TableName")
    table, restrictions = RestoredItems(dynamodb, name), RestrictionsTable(dynamodb, name)
    acts.note(found=abs(deps.ledger.missing()))
    done = apply_ledger(
        ReapplyDeps(deps.ledger, table, deps.people, restrictions, erase_again, deps.hash_alias), acts.who, now
    )
    if output is Output.JSON:
        print_json(asdict(done))
    else:
        print(_told(done))
    return 0 if done.complete else 1


def _told(done: Reapplied) -> str:
    if not done.missing:
        return "The table knows every entry of the ledger: nothing was done."
    which = "that the table missed" if done.missing > 0 else "that were lost, as the table knows more"
    lines = [
        f"Entries of the ledger {which}: {abs(done.missing)}.",
        f"Applied: erasures {done.erasures}, objections and liftings {done.objections}.",
        f"Erased again: customers {done.customers}, invitations of nobody who is known {done.invitations}.",
        f"Restricted or released again: {done.restricted}.",
        "handle_privacy_requests looks for them once more, 20 minutes after." * bool(done.customers),
        "Sending goes on within a minute." if done.complete else "More was noted meanwhile: run this again.",
    ]
    return "\n".join(filter(None, lines))
