"""Checks of the SES account: sending, quota, reputation; and of text messages."""

from datetime import timedelta
from zoneinfo import ZoneInfo

from afterbill.adapters.dynamodb.scores import ScoresTable
from afterbill.adapters.dynamodb.sending_switch import SendingSwitchTable
from afterbill.model.channels import Channel
from afterbill.model.errors import UnreadableError
from afterbill.outreach.reputation import risk
from afterbill.outreach.watch_reputation import recent_figures
from afterbill_console.adapters.health.metrics import Metric, latest
from afterbill_console.adapters.health.stack import ExaminedStack
from afterbill_console.health.findings import Finding, Findings, fail, ok, warn

_DASHBOARD = "SES console, Account dashboard"
_ADDRESSES = "find out where addresses that bounce or complain come from"
_NEARLY = 0.8
_HOUR = 3600
_FEWEST = 2
"""Copies of a consumer that AWS allows at least."""


def account(stack: ExaminedStack) -> Findings:
    """Check that SES sends for this account."""
    settings = stack.account
    status = settings.get("EnforcementStatus", "")
    if not settings.get("SendingEnabled"):
        yield fail("SES does not send for this account", f"{_DASHBOARD}: it says why, and whom to answer", "ses_off")
    if status == "SHUTDOWN":
        yield fail(
            "SES has shut the account's sending down",
            f"{_DASHBOARD}: mend the cause, then answer AWS there",
            "ses_shut",
        )
    elif status == "PROBATION":
        yield warn(
            "the account is under review (PROBATION)",
            f"{_DASHBOARD}, Reputation: mend it before SES stops",
            "ses_review",
        )
    if not settings.get("ProductionAccessEnabled"):
        yield _sandbox(settings.get("Details", {}).get("ReviewDetails", {}).get("Status", ""))
    elif settings.get("SendingEnabled") and status not in {"SHUTDOWN", "PROBATION"}:
        yield ok(f"SES sends for this account to anybody ({status or 'no status'})")


def _sandbox(review: str) -> Finding:
    asked = f"; the request is {review}" if review else ""
    return fail(
        f"the account is in the sandbox: only verified addresses get mail{asked}",
        f"{_DASHBOARD}, Get set up: request production access",
        "sandbox",
    )


def halt(stack: ExaminedStack) -> Findings:
    """Check that afterbill has not stopped all sending, and that nothing is about to."""
    dynamodb, table = stack.client("dynamodb"), stack.deployed.output("TableName")
    pause = SendingSwitchTable(dynamodb, table).state()
    if pause.reason:
        yield fail(
            f"afterbill has stopped all sending: {pause.reason}",
            f"{_ADDRESSES}, then `afterbill sending resume`",
            "halted",
        )
        return
    zone, caps = ZoneInfo(stack.policy.time_zone), stack.policy.sending
    errors = list[UnreadableError]()
    warning = risk(*recent_figures(ScoresTable(dynamodb, table), pause, stack.now, zone, errors.append), caps)
    for error in errors:
        yield warn(
            f"bounces are watched without what cannot be read: {error}",
            "recount its day: docs/operations.md",
            "unreadable",
        )
    at_risk = warn(warning, f"{_ADDRESSES}: `afterbill sending`", "at_risk")
    yield at_risk if warning else ok("afterbill lets mails out")


def quota(stack: ExaminedStack) -> Findings:
    """Check that the caps of surveys.toml and SendConcurrency fit the SES quota."""
    allowed, caps = stack.account["SendQuota"], stack.policy.sending
    day, rate, sent = (float(allowed[key]) for key in ("Max24HourSend", "MaxSendRate", "SentLast24Hours"))
    day = float("inf") if day < 0 else day
    findings = [
        *_used(sent, day),
        *_too_many("per_day", caps.per_day, day, "a day"),
        *_too_many("per_hour", caps.per_hour, rate * _HOUR, "an hour"),
    ]
    copies = int(stack.parameter("SendConcurrency"))
    if copies > rate:
        fewer = f"deploy with SendConcurrency={int(rate)}" if rate >= _FEWEST else "mails wait and are tried again"
        problem = f"{copies} copies of send_survey may run, and SES takes {rate:g} mail(s) a second"
        remedy = f"{fewer}, or request a higher rate ({_DASHBOARD})"
        findings.append(warn(problem, remedy, "too_fast", copies=copies, rate=rate))
    hour = f"{caps.per_hour or 'no cap'} an hour, {caps.per_day or 'no cap'} a day"
    yield from findings or [ok(f"{_share(sent, day)} in 24 hours, {rate:g} a second; surveys.toml: {hour}")]


def _share(sent: float, day: float) -> str:
    return f"{sent:.0f} mails" if day == float("inf") else f"{sent:.0f} of {day:.0f} mails"


def _used(sent: float, day: float) -> Findings:
    more = f"{_DASHBOARD}: request a higher quota"
    if sent >= day:
        yield fail(f"the quota is used up: {_share(sent, day)} in 24 hours", more, "quota_used_up", sent=sent, day=day)
    elif sent >= _NEARLY * day:
        yield warn(
            f"the quota is nearly used up: {_share(sent, day)} in 24 hours", more, "quota_nearly", sent=sent, day=day
        )


def _too_many(key: str, cap: int, allowed: float, each: str) -> Findings:
    if cap > allowed:
        yield warn(
            f"[sending] {key} = {cap}, and SES takes {allowed:.0f} {each}",
            f"surveys.toml: {key} = {int(allowed)} or less, or request a higher quota ({_DASHBOARD})",
            "cap",
            name=key,
            cap=cap,
            allowed=allowed,
        )


def reputation(stack: ExaminedStack) -> Findings:
    """Compare the account's bounce and complaint rates with the limits at which sending stops."""
    caps = stack.policy.sending
    wanted = {
        name: Metric("AWS/SES", f"Reputation.{name}Rate", {}, 3600, "Average") for name in ("Bounce", "Complaint")
    }
    rates = latest(stack, wanted, timedelta(hours=24))
    for name, most in (("Bounce", caps.max_bounce_rate), ("Complaint", caps.max_complaint_rate)):
        rate = rates.get(name)
        figures = f"{name.lower()} rate {rate:.2%}, sending stops at {most:.2%}" if rate is not None else ""
        remedy = f"{_DASHBOARD}, Reputation; {_ADDRESSES}"
        if rate is None:
            yield ok(f"{name.lower()} rate: none measured in 24 hours")
        elif rate > most:
            yield fail(figures, remedy, f"{name.lower()}_rate", rate=rate, most=most)
        elif rate > most / 2:
            yield warn(figures, remedy, f"{name.lower()}_rate", rate=rate, most=most)
        else:
            yield ok(figures)


def texts(stack: ExaminedStack) -> Findings:
    """Check that the stack can send text messages where surveys.toml uses them."""
    rules = stack.policy.rules.items()
    texting = [name.value for name, rule in rules if rule.ask and Channel.SMS in rule.channels]
    service = stack.parameter("SmsService")
    if texting and service == "none":
        yield fail(
            f'SmsService is none, and channels name "sms" at {", ".join(texting)}: no text message is sent',
            'deploy with SmsService=eum or sns (docs/sms.md), or take "sms" out of channels in surveys.toml',
            "no_texts",
        )
    else:
        yield ok(f"{len(texting)} touchpoint(s) ask by text message; SmsService is {service}")
