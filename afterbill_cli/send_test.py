"""`afterbill send-test`: one test survey through the deployed stack, from the inbox to the mailbox."""

import json
import sys
import uuid
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from time import monotonic, sleep

import click

from afterbill.adapters.addresses import address_fault
from afterbill.adapters.aws.inbox import SqsInbox
from afterbill.adapters.dynamodb.sending_switch import SendingSwitchTable
from afterbill.adapters.dynamodb.table import InvitationTable
from afterbill.connectors.send_test import fact_of
from afterbill.model.addresses import mailbox
from afterbill.model.billing import Touchpoint, invitation_id_of
from afterbill.model.errors import AfterbillError, ConfigurationError
from afterbill.model.invitation import Invitation, SkipReason, State
from afterbill.model.survey_tests import SEND_TEST
from afterbill.model.webhooks import Webhook
from afterbill.outreach.policy import Policy
from afterbill_cli import deployed, options
from afterbill_cli.acts import Acts
from afterbill_cli.deployed import Deployed
from afterbill_cli.options import StackChoice
from afterbill_cli.skip_reasons import why

WAIT = timedelta(minutes=1)
"""How long the command waits for the mail, unless told otherwise."""

_LOOK_AGAIN = 1.0
"""Seconds between two looks at the table."""
_USUAL = Touchpoint.PAYMENT_SUCCEEDED


@dataclass(frozen=True, slots=True)
class Patience:
    """How long to wait for a result, by which clock."""

    wait: timedelta = WAIT
    clock: Callable[[], float] = monotonic
    sleep: Callable[[float], None] = sleep


def _address(text: str) -> str:
    if fault := address_fault(text):
        raise AfterbillError(f"takes a mail address: {fault}")
    return text


@click.command("send-test")
@click.argument("address", callback=options.parsed(_address))
@click.option(
    "--touchpoint",
    type=options.OneOf(Touchpoint),
    metavar="NAME",
    help="Touchpoint of the survey; default: one that asks.",
)
@click.option("--locale", default="", metavar="TAG", help="Its language, such as de-AT; default: that of brand.toml.")
@click.option("--wait", default=60, type=click.IntRange(0, 600), help="Seconds to wait for the mail; default: 60.")
@options.why
@options.stack
def command(  # noqa: PLR0913  # its options
    *, address: str, touchpoint: str | None, locale: str, wait: int, why: str, choice: StackChoice
) -> int:
    """Send a test survey to an address of your own.

    It takes the way of a real one through the deployed stack. It is marked as a test, needs no legal basis, waits for
    no hour, and counts nowhere.
    """
    patience = Patience(timedelta(seconds=wait))
    return send_test(deployed.connect(choice), address, touchpoint, locale, patience, why=why)


def send_test(  # noqa: PLR0913  # its options
    stack: Deployed,
    address: str,
    touchpoint: str | None = None,
    locale: str = "",
    patience: Patience | None = None,
    *,
    why: str = "",
) -> int:
    """Send a test survey and print what becomes of it; return 0 once its mail was handed over, else 1.

    It needs no legal basis and counts nowhere, but goes to no address that is suppressed. Links are in the mail alone.
    """
    asked = _touchpoint(stack.policy(), touchpoint)
    pause = SendingSwitchTable(stack.client("dynamodb"), stack.output("TableName")).state()
    if pause.reason:
        raise AfterbillError(
            f"sending is stopped ({pause.reason}): nothing was done; `afterbill sending resume` ends it"
        )
    name = uuid.uuid4().hex
    id_ = invitation_id_of(fact_of(name, asked))
    Acts(stack, "send-test", why).note([id_])
    _put(stack, mailbox(address), asked, locale, name)
    print(f"invitation {id_}", flush=True)
    problem = _wait(stack, id_, patience or Patience())
    if problem:
        print(f"afterbill: {problem}", file=sys.stderr)
        return 1
    print(f"Its mail was handed to SES. Answer it: it counts nowhere, and `afterbill explain {id_}` shows the answer.")
    return 0


def _touchpoint(policy: Policy, name: str | None) -> Touchpoint:
    """Return the touchpoint of this name, by default one that asks; ConfigurationError for one that does not."""
    asking = [touchpoint for touchpoint, rule in policy.rules.items() if rule.ask]
    if not asking:
        raise ConfigurationError("no touchpoint of surveys.toml has ask = true: nobody would be asked")
    chosen = Touchpoint(name or (_USUAL if _USUAL in asking else asking[0]))
    if chosen not in asking:
        raise ConfigurationError(f"[touchpoints.{chosen}] has ask = false: choose one of {', '.join(asking)}")
    return chosen


def _put(stack: Deployed, address: str, touchpoint: Touchpoint, locale: str, id_: str) -> None:
    """Put the test survey where webhooks wait."""
    body = json.dumps({"id": id_, "address": address, "touchpoint": touchpoint, "locale": locale})
    SqsInbox(stack.client("sqs"), stack.output("InboxUrl")).put(
        Webhook(SEND_TEST, {}, body.encode(), datetime.now(UTC))
    )


def _wait(stack: Deployed, id_: str, patience: Patience) -> str:
    """Wait until the mail was handed over (an empty text), or return why not."""
    table = InvitationTable(stack.client("dynamodb"), stack.output("TableName"))
    until = patience.clock() + patience.wait.total_seconds()
    while True:
        invitation = table.invitation(id_)
        if invitation and invitation.state is State.SENT:
            return ""
        if invitation and (problem := _problem(stack, invitation)):
            return problem
        if patience.clock() >= until:
            return _nothing_yet(invitation, patience.wait)
        patience.sleep(_LOOK_AGAIN)


def _problem(stack: Deployed, invitation: Invitation) -> str:
    """Return why its mail will not be handed over soon; empty while it may."""
    if invitation.state is State.CLOSED:
        return f"not sent, {invitation.reason}: {why(SkipReason(invitation.reason), invitation.touchpoint)}"
    if invitation.state is State.UNKNOWN:
        return f"SES gave no answer: look into the mailbox; `afterbill explain {invitation.id}` shows what SES reports"
    if not invitation.deferred_until:
        return ""
    again = f"It is tried again at {invitation.deferred_until:%H:%M} UTC, for a day."
    if not stack.client("sesv2").get_account().get("ProductionAccessEnabled", True):
        return (
            "SES took nothing: the account is in the sandbox, where both sender and recipient must be verified. "
            f"`aws sesv2 create-email-identity --email-identity ADDRESS` asks for the latter. {again}"
        )
    return f"SES took nothing for now: `afterbill doctor` says why. {again}"


def _nothing_yet(invitation: Invitation | None, waited: timedelta) -> str:
    passed = f"within {waited.total_seconds():.0f} seconds"
    if invitation is None:
        return f"nothing was captured {passed}: has this version been deployed? `afterbill doctor` looks at the queues"
    return f"no mail left {passed}: `afterbill explain {invitation.id}` shows how far it came"
