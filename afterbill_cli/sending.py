"""`afterbill sending`: whether mails go out, how many bounce, and the switch that stops all sending and resumes it."""

import argparse
from datetime import UTC, date, datetime
from zoneinfo import ZoneInfo

from afterbill.adapters.dynamodb.scores import ScoresTable
from afterbill.adapters.dynamodb.sending_switch import SendingSwitchTable
from afterbill.model.errors import AfterbillError
from afterbill.outreach.policy import Policy
from afterbill.outreach.reputation import SendingPause, percent, watched
from afterbill.outreach.watch_reputation import recent_figures
from afterbill_cli import deployed
from afterbill_cli.deployed import Deployed

_WAITING = ("ApproximateNumberOfMessages", "ApproximateNumberOfMessagesDelayed")
"""A survey that was put back into the queue waits with a delay."""


def add_to(parser: argparse.ArgumentParser) -> None:
    """Add the arguments of `afterbill sending`, and of `stop` and `resume` under it."""
    parser.set_defaults(run=lambda chosen: status(deployed.connect(chosen), datetime.now(UTC)))
    deployed.options(parser)
    commands = parser.add_subparsers(metavar="COMMAND")
    stopping = commands.add_parser("stop", help="stop all sending until it is resumed")
    stopping.add_argument(
        "--reason", required=True, metavar="TEXT", help="the reason, shown by `afterbill sending`; name no customer"
    )
    stopping.set_defaults(run=lambda chosen: stop(deployed.connect(chosen), chosen.reason, datetime.now(UTC)))
    resuming = commands.add_parser("resume", help="resume sending; bounces up to today no longer count")
    resuming.set_defaults(run=lambda chosen: resume(deployed.connect(chosen), datetime.now(UTC)))


def status(stack: Deployed, now: datetime) -> int:
    """Print how the switch stands, the rates that count, and how many messages wait; always 0."""
    pause = _switch(stack).state()
    print(_stands(pause))
    print(_rates(stack, stack.policy(), pause, now))
    print(f"Send queue: {_waiting(stack)} messages wait.")
    return 0


def stop(stack: Deployed, reason: str, now: datetime) -> int:
    """Stop all sending; return 0 too where it is stopped already, and keep the earlier reason."""
    switch, why = _switch(stack), " ".join(reason.split())
    if not why:
        raise AfterbillError('--reason is empty: say why, as in --reason "wrong prices in the mails"')
    pause = switch.state()
    stopped = not pause.reason and switch.stop(SendingPause(why, now, resumed_on=pause.resumed_on))
    print("Sending stops within a minute; surveys wait." if stopped else f"Nothing done. {_stands(switch.state())}")
    return 0


def resume(stack: Deployed, now: datetime) -> int:
    """Resume sending, whoever stopped it; return 0 too where it was not stopped."""
    if _switch(stack).resume(_today(stack.policy(), now)):
        print("Sending goes on within 15 minutes. Mails of today and before no longer count against the limits.")
    else:
        print("Nothing done. Sending was not stopped.")
    return 0


def _switch(stack: Deployed) -> SendingSwitchTable:
    return SendingSwitchTable(stack.client("dynamodb"), stack.output("TableName"))


def _stands(pause: SendingPause) -> str:
    if not pause.reason:
        return "Sending goes on."
    since = f" since {pause.since.astimezone(UTC):%Y-%m-%d %H:%M} UTC" if pause.since else ""
    return f"Sending is stopped{since}: {pause.reason}"


def _rates(stack: Deployed, policy: Policy, pause: SendingPause, now: datetime) -> str:
    days = watched(_today(policy, now), pause.resumed_on)
    if days is None:
        return "Resumed today: mails count against the limits from tomorrow on."
    scores = ScoresTable(stack.client("dynamodb"), stack.output("TableName"))
    figures, limits = recent_figures(scores, pause, now, ZoneInfo(policy.time_zone)), policy.sending
    bounced = f"{percent(figures.bounce_rate)}, the limit is {percent(limits.max_bounce_rate)}"
    complained = f"{percent(figures.complaint_rate)}, the limit is {percent(limits.max_complaint_rate)}"
    return (
        f"Mails of {days.first} to {days.last}: {figures.sent} sent, {figures.bounced} bounced ({bounced}), "
        f"{figures.complained} called spam ({complained})."
    )


def _waiting(stack: Deployed) -> int:
    asked = stack.client("sqs").get_queue_attributes(QueueUrl=stack.output("SendQueueUrl"), AttributeNames=_WAITING)
    return sum(int(asked["Attributes"][name]) for name in _WAITING)


def _today(policy: Policy, now: datetime) -> date:
    return now.astimezone(ZoneInfo(policy.time_zone)).date()
