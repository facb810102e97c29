"""`afterbill sending`: whether mails go out, how many bounce, and the switch that stops all sending and resumes it."""

from datetime import UTC, date, datetime
from typing import Any
from zoneinfo import ZoneInfo

import click

from afterbill.adapters.dynamodb.scores import ScoresTable
from afterbill.adapters.dynamodb.sending_gate import GatesTable
from afterbill.adapters.dynamodb.sending_switch import SendingSwitchTable, restored
from afterbill.insight.nps import Tally
from afterbill.model.errors import AfterbillError
from afterbill.model.plain_text import one_line
from afterbill.outreach.policy import Policy
from afterbill.outreach.quota_gate import Gate
from afterbill.outreach.reputation import Figures, Origins, SendingPause, percent, risk, watched
from afterbill.outreach.watch_reputation import recent_figures
from afterbill_cli import deployed, options
from afterbill_cli.acts import ledger_of
from afterbill_cli.deployed import Deployed
from afterbill_cli.options import StackChoice
from afterbill_cli.output import Output, not_shown, print_json

_QUOTAS = {
    "mail": "The day quota of SES",
    "sms": "The spend limit of text messages",
}
_WAITING = ("ApproximateNumberOfMessages", "ApproximateNumberOfMessagesDelayed")
"""A survey that was put back into the queue waits with a delay."""


def _reason(text: str) -> str:
    if not (why := one_line(text)):
        raise AfterbillError('is empty: say why, as in --reason "wrong prices in the mails"')
    return why


@click.group("sending", invoke_without_command=True)
@options.output()
@options.stack
@click.pass_context
def command(context: click.Context, *, output: Output, choice: StackChoice) -> int:
    """Show, stop and resume the sending of mails."""
    if context.invoked_subcommand:
        return 0
    return status(deployed.connect(choice), datetime.now(UTC), output)


@command.command("stop")
@click.option(
    "--reason",
    required=True,
    callback=options.parsed(_reason),
    metavar="TEXT",
    help="The reason, shown by `afterbill sending`; name no customer.",
)
@options.stack
def _stop(*, reason: str, choice: StackChoice) -> int:
    """Stop all sending until it is resumed."""
    return stop(deployed.connect(choice), reason, datetime.now(UTC))


@command.command("resume")
@options.stack
def _resume(*, choice: StackChoice) -> int:
    """Resume sending; bounces up to today no longer count."""
    return resume(deployed.connect(choice), datetime.now(UTC))


def status(stack: Deployed, now: datetime, output: Output = Output.TABLE) -> int:
    """Print how the switch stands, the rates that count, and how many messages wait; always 0."""
    pause = _switch(stack).state()
    if output is Output.JSON:
        print_json(_stated(stack, pause, now))
        return 0
    missing = 0 if pause.reason else _missing(stack)
    print(f"Sending is stopped: {restored(missing)}." if missing else _stands(pause))
    for channel, gate in _closed_gates(stack, now).items():
        print(_waits(channel, gate))
    print(_rates(stack, stack.policy(), pause, now))
    print(f"Send queue: {_waiting(stack)} messages wait.")
    return 0


def stop(stack: Deployed, reason: str, now: datetime) -> int:
    """Stop all sending; return 0 too where it is stopped already, and keep the earlier reason."""
    switch = _switch(stack)
    pause = switch.state()
    stopped = not pause.reason and switch.stop(SendingPause(reason, now, resumed_on=pause.resumed_on))
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


def _missing(stack: Deployed) -> int:
    """Return how much of the ledger the table misses; none in a stack from before there was a ledger."""
    return ledger_of(stack).missing() if "LedgerTableName" in stack.outputs else 0


def _stands(pause: SendingPause) -> str:
    if not pause.reason:
        return "Sending goes on."
    since = f" since {_minute(pause.since)}" if pause.since else ""
    return f"Sending is stopped{since}: {pause.reason}"


def _closed_gates(stack: Deployed, now: datetime) -> dict[str, Gate]:
    """Return the gates that surveys wait for, by channel."""
    table = GatesTable(stack.client("dynamodb"), stack.output("TableName"))
    return {channel: gate for channel, gate in sorted(table.gates(not_shown).items()) if gate.holds(now)}


def _waits(channel: str, gate: Gate) -> str:
    quota = _QUOTAS.get(channel, f"The quota of {channel}")
    return f"{quota} has been used up since {_minute(gate.since)}; the next try is after {_minute(gate.until)}."


def _minute(at: datetime) -> str:
    return f"{at.astimezone(UTC):%Y-%m-%d %H:%M} UTC"


def _rates(stack: Deployed, policy: Policy, pause: SendingPause, now: datetime) -> str:
    days = watched(_today(policy, now), pause.resumed_on)
    if days is None:
        return "Resumed today: mails count against the limits from tomorrow on."
    figures, origins = _figures(stack, policy, pause, now)
    limits = policy.sending
    bounced = f"{percent(figures.bounce_rate)}, the limit is {percent(limits.max_bounce_rate)}"
    complained = f"{percent(figures.complaint_rate)}, the limit is {percent(limits.max_complaint_rate)}"
    rates = (
        f"Mails of {days.first} to {days.last}: {figures.sent} sent, {figures.bounced} bounced ({bounced}), "
        f"{figures.complained} called spam ({complained})."
    )
    warning = risk(figures, origins, limits)
    causes = [
        f"  {name}: {tally.sent} sent, {tally.bounced} bounced, {tally.complained} called spam"
        for name, tally in _bad(origins)
    ]
    return "\n".join([rates, *causes, *([f"Warning: {warning}."] if warning else [])])


def _bad(origins: Origins) -> list[tuple[str, Tally]]:
    """Return the origins of mails that bounced or were called spam, the worst first."""
    bad = ((name, tally) for name, tally in origins.items() if tally.bounced or tally.complained)
    return sorted(bad, key=lambda pair: (-pair[1].bounced - pair[1].complained, pair[0]))


def _figures(stack: Deployed, policy: Policy, pause: SendingPause, now: datetime) -> tuple[Figures, Origins]:
    scores = ScoresTable(stack.client("dynamodb"), stack.output("TableName"))
    return recent_figures(scores, pause, now, ZoneInfo(policy.time_zone), not_shown)


def _stated(stack: Deployed, pause: SendingPause, now: datetime) -> dict[str, Any]:
    """Return the state as a JSON object: rates as shares of 1, times in UTC, null for days of which none counts yet."""
    policy = stack.policy()
    days = watched(_today(policy, now), pause.resumed_on)
    figures, origins = _figures(stack, policy, pause, now)
    return {
        "stopped": bool(pause.reason),
        "restored": _missing(stack) != 0,
        "reason": pause.reason or None,
        "since": pause.since.astimezone(UTC).isoformat(timespec="seconds") if pause.since else None,
        "quotas_used_up": [
            {
                "channel": channel,
                "since": gate.since.astimezone(UTC).isoformat(timespec="seconds"),
                "until": gate.until.astimezone(UTC).isoformat(timespec="seconds"),
            }
            for channel, gate in _closed_gates(stack, now).items()
        ],
        "first_day": days.first.isoformat() if days else None,
        "last_day": days.last.isoformat() if days else None,
        "sent": figures.sent,
        "bounced": figures.bounced,
        "complained": figures.complained,
        "origins": [
            {"origin": name, "sent": tally.sent, "bounced": tally.bounced, "complained": tally.complained}
            for name, tally in _bad(origins)
        ],
        "warning": risk(figures, origins, policy.sending) or None,
        "max_bounce_rate": policy.sending.max_bounce_rate,
        "max_complaint_rate": policy.sending.max_complaint_rate,
        "waiting": _waiting(stack),
    }


def _waiting(stack: Deployed) -> int:
    asked = stack.client("sqs").get_queue_attributes(QueueUrl=stack.output("SendQueueUrl"), AttributeNames=_WAITING)
    return sum(int(asked["Attributes"][name]) for name in _WAITING)


def _today(policy: Policy, now: datetime) -> date:
    return now.astimezone(ZoneInfo(policy.time_zone)).date()
