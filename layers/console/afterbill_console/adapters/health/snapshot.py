"""One look at the whole stack, as a document: what the checks find, and the figures that the page of health shows."""

import platform
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta, tzinfo
from typing import TYPE_CHECKING, Any

from botocore import __version__ as botocore_version

from afterbill.adapters.dynamodb.sending_gate import GatesTable
from afterbill.adapters.dynamodb.sending_switch import SendingSwitchTable
from afterbill.connectors import registry
from afterbill.insight.periods import window_of
from afterbill.insight.reports.asked import ReportRules
from afterbill.insight.reports.reading import read_report
from afterbill.insight.reports.requested import ReportRequest, checked
from afterbill.model.errors import UnreadableError
from afterbill_console.adapters.health.checks import CHECKS, Check, examine
from afterbill_console.adapters.health.last_webhooks import last_webhooks
from afterbill_console.adapters.health.metrics import Metric, latest, newest
from afterbill_console.adapters.health.stack import ExaminedStack
from afterbill_console.health.document import MOST, Look, cut, iso, known, not_looked, source_row, steps_since, told
from afterbill_console.health.webhooks import LastWebhooks, judged

if TYPE_CHECKING:
    from afterbill.insight.ports import StoredReports

STEPS = {
    "sweep_invitations": "SweepFinished",
    "review_clicks": "ReviewFinished",
    "compute_nps": "CountFinished",
    "watch_reputation": "WatchFinished",
    "handle_privacy_requests": "PrivacyFinished",
    "archive_facts": "ArchiveFinished",
}
"""The metric that each scheduled function writes at the end of a run."""
INVOKED = {
    "poll_billing": "PollBillingFunctionName",
    "run_campaigns": "RunCampaignsFunctionName",
    "apply_retention": "ApplyRetentionFunctionName",
}
"""Those that write none: the output with the name of each, by which its invocations are counted."""
PARAMETERS = (
    "SenderAddress",
    "DomainName",
    "PublicUrl",
    "ConsoleDomainName",
    "SmsService",
    "ComputeRate",
    "PollRate",
    "CampaignRate",
    "ReportMinutes",
    "FlexibleWindowMinutes",
    "ThrottleRate",
    "ThrottleBurst",
    "CaptureConcurrency",
    "SendConcurrency",
    "MaxReadUnits",
    "MaxWriteUnits",
    "DeletionProtection",
    "RecoveryDays",
    "EvidenceDays",
    "LogRetentionDays",
    "LogLevel",
    "Runtime",
    "Architecture",
)
"""The parameters of the template that an operator may want to look up."""
_DAY = timedelta(days=1)
_PERIOD = 300
_OTHERS = tuple(check for check in CHECKS if check.name != "webhooks")
"""Logs are read once for the check and for the table of sources."""


@dataclass(frozen=True, slots=True)
class Beside:
    """Parts of a look beside the stack: stored reports, their rules, and the zone in which days are cut."""

    stored: "StoredReports"
    rules: ReportRules
    zone: tzinfo


def snapshot(stack: ExaminedStack, beside: Beside, before: Mapping[str, Any] | None, look: Look) -> dict[str, Any]:
    """Return the document of this look; `before` is that of the last one.

    What matters most comes first: where time runs out, the rest is missing and says so.
    """
    last = look.at("sources", lambda: _heard(stack, before, steps_since(before, stack.now)))
    seen = last is not None
    if last is None:
        # A log that is too long for the time: the newest hour says at least what is refused now.
        last = look.at("sources", lambda: _heard(stack, before, (timedelta(hours=1),)))
    figures: dict[str, Callable[[], Any]] = {
        "alarms": lambda: _alarms(stack),
        "queues": lambda: _queues(stack),
        "mail": lambda: _mail(stack),
        "sending": lambda: _sending(stack),
        "steps": lambda: _steps(stack),
        "skips": lambda: _skips(stack, beside),
        "versions": lambda: _versions(stack),
        "parameters": lambda: _parameters(stack),
    }
    document = {name: look.at(name, figure) for name, figure in figures.items()}
    findings = _judged(stack, last, look)
    for check in _OTHERS:
        findings += _found(stack, check, look)
    return {
        "looked_at": iso(stack.now),
        "stack": stack.deployed.name,
        **document,
        "sources": _rows(stack, last) if last is not None else list((before or {}).get("sources", ())),
        "sources_seen_at": iso(stack.now) if seen else (before or {}).get("sources_seen_at"),
        "findings": findings[:MOST],
        "missing": look.missing,
    }


def _heard(
    stack: ExaminedStack, before: Mapping[str, Any] | None, steps: Sequence[timedelta]
) -> Mapping[str, LastWebhooks]:
    return known(before, last_webhooks(stack.deployed, stack.policy.sources.values(), stack.now, steps))


def _judged(stack: ExaminedStack, last: Mapping[str, LastWebhooks] | None, look: Look) -> list[dict[str, Any]]:
    if last is None:
        return not_looked("webhooks", look.missing["sources"])
    return told("webhooks", judged(last, stack.policy.sources, stack.now))


def _rows(stack: ExaminedStack, last: Mapping[str, LastWebhooks]) -> list[dict[str, Any]]:
    sources = list(stack.policy.sources.values())[:MOST]
    return [
        source_row(source.name, registry.load(source.provider).ABOUT.title, last.get(source.name)) for source in sources
    ]


def _found(stack: ExaminedStack, check: Check[ExaminedStack], look: Look) -> list[dict[str, Any]]:
    found = look.at(check.name, lambda: told(check.name, examine(check, stack)))
    if found is None:
        return not_looked(check.name, look.missing.pop(check.name))
    return found


def _alarms(stack: ExaminedStack) -> list[dict[str, Any]]:
    names = stack.alarms
    ringing = [one for one in stack.described_alarms if one["StateValue"] == "ALARM"]
    return [
        {
            "name": names[one["AlarmName"]],
            "since": iso(one["StateUpdatedTimestamp"]),
            "description": cut(one.get("AlarmDescription", "")),
        }
        for one in sorted(ringing, key=lambda one: one["StateUpdatedTimestamp"])[:MOST]
    ]


def _queues(stack: ExaminedStack) -> list[dict[str, Any]]:
    """The age is asked for where something waits: each metric that is asked for costs."""
    waiting = {name: int(one["ApproximateNumberOfMessages"]) for name, one in stack.queue_attributes.items()}
    ages = latest(
        stack,
        {
            name: Metric(
                "AWS/SQS", "ApproximateAgeOfOldestMessage", {"QueueName": url.rpartition("/")[2]}, _PERIOD, "Maximum"
            )
            for name, url in stack.queues.items()
            if waiting[name]
        },
        timedelta(minutes=15),
    )
    return [
        {"name": name, "waiting": count, "dead": name.endswith("DeadLetters"), "oldest_seconds": ages.get(name)}
        for name, count in waiting.items()
    ]


def _mail(stack: ExaminedStack) -> dict[str, Any]:
    quota = stack.account["SendQuota"]
    day = float(quota["Max24HourSend"])
    return {
        "sent": quota["SentLast24Hours"],
        "day": day if day >= 0 else None,
        "rate": quota["MaxSendRate"],
        "sandbox": not stack.account.get("ProductionAccessEnabled", False),
    }


def _sending(stack: ExaminedStack) -> dict[str, Any]:
    dynamodb, table = stack.client("dynamodb"), stack.deployed.output("TableName")
    pause = SendingSwitchTable(dynamodb, table).state()
    unreadable = list[UnreadableError]()
    gates = GatesTable(dynamodb, table).gates(unreadable.append)
    held = {channel: iso(gate.until) for channel, gate in sorted(gates.items()) if gate.holds(stack.now)}
    return {"halted": bool(pause.reason), "reason": cut(pause.reason), "waits": held}


def _steps(stack: ExaminedStack) -> list[dict[str, Any]]:
    service = {"service": stack.deployed.name}
    wanted = {step: Metric("afterbill", name, service, _PERIOD, "Sum") for step, name in STEPS.items()}
    for step, output in INVOKED.items():
        function = {"FunctionName": stack.deployed.output(output)}
        wanted[step] = Metric("AWS/Lambda", "Invocations", function, _PERIOD, "Sum")
    found = newest(stack, wanted, _DAY)
    return [{"name": step, "finished_at": iso(found.get(step))} for step in wanted]


def _skips(stack: ExaminedStack, beside: Beside) -> dict[str, Any] | None:
    """Return the reasons for which nobody was asked, of the stored report; None where there is none yet."""
    today: date = stack.now.astimezone(beside.zone).date()
    request = checked(ReportRequest("coverage", window_of("7d", today)), beside.rules)
    report = read_report(request, beside.stored, stack.now)
    if report is None:
        return None
    rows: Iterable[Mapping[str, Any]] = report.get("skips", ())
    return {
        "first": report["first"],
        "last": report["last"],
        "computed_at": report["computed_at"],
        "rows": [{"reason": row["reason"], "count": row["count"]} for row in rows][:MOST],
    }


def _versions(stack: ExaminedStack) -> dict[str, Any]:
    changed = stack.stack.get("LastUpdatedTime") or stack.stack.get("CreationTime")
    return {"deployed_at": iso(changed), "python": platform.python_version(), "botocore": botocore_version}


def _parameters(stack: ExaminedStack) -> dict[str, str]:
    """Return the parameters that the page of settings tells; whom alarms are mailed to is not among them."""
    given = {one["ParameterKey"]: one.get("ParameterValue", "") for one in stack.stack.get("Parameters", ())}
    return {name: given[name] for name in PARAMETERS if name in given}
