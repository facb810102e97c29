"""A look at a stack that is not in order everywhere: alarms, a silent source, little quota left, a refused check."""

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any

from afterbill_console.health.document import iso, told
from afterbill_console.health.findings import Finding, fail, ok, unknown, warn

_QUEUES = ("Inbox", "UnsignedInbox", "SendQueue", "MailEvents", "SmsEvents", "ReportRequests")
_STEPS = {
    "sweep_invitations": 6,
    "review_clicks": 4,
    "compute_nps": 5,
    "watch_reputation": 7,
    "handle_privacy_requests": 6,
    "archive_facts": 31,
    "poll_billing": 9,
    "run_campaigns": 44,
    "apply_retention": 38,
}
"""Minutes since the last run of each."""


def healthy(now: datetime) -> dict[str, Any]:
    """Return the document of a stack in which everything works."""
    names: tuple[str, ...] = (
        "stack",
        "SES account",
        "SES quota",
        "circuit breaker",
        "reputation",
        "identity",
        "signature",
        "links",
    )
    names += ("configuration set", "mail events", "webhooks", "table", "ledger", "alarms", "queues", "schedules")
    return {
        "looked_at": iso(now - timedelta(minutes=4)),
        "stack": "afterbill",
        "alarms": [],
        "queues": [
            {"name": name, "waiting": 0, "dead": name.endswith("DeadLetters"), "oldest_seconds": None}
            for name in (*_QUEUES, *(f"{name}DeadLetters" for name in _QUEUES))
        ],
        "mail": {"sent": 412.0, "day": 50000.0, "rate": 14.0, "sandbox": False},
        "sending": {"halted": False, "reason": "", "waits": {}},
        "steps": [
            {"name": name, "finished_at": iso(now - timedelta(minutes=minutes))} for name, minutes in _STEPS.items()
        ],
        "skips": {
            "first": str(now.date() - timedelta(days=6)),
            "last": str(now.date()),
            "computed_at": iso(now - timedelta(hours=1)),
            "rows": [
                {"reason": "cooldown", "count": 96},
                {"reason": "not_asked", "count": 14},
                {"reason": "no_basis", "count": 3},
            ],
        },
        "versions": {"deployed_at": iso(now - timedelta(days=12)), "python": "3.13.9", "botocore": "1.42.1"},
        "parameters": {
            "SenderAddress": "umfrage@example.com",
            "SmsService": "none",
            "ComputeRate": "rate(15 minutes)",
            "PollRate": "rate(15 minutes)",
            "CampaignRate": "rate(1 hour)",
            "ReportMinutes": "60",
            "SendConcurrency": "2",
            "DeletionProtection": "true",
            "RecoveryDays": "35",
            "EvidenceDays": "0",
            "LogRetentionDays": "30",
            "LogLevel": "INFO",
            "Runtime": "python3.13",
            "Architecture": "arm64",
        },
        "sources": [_source("stripe", "Stripe", now - timedelta(minutes=12))],
        "sources_seen_at": iso(now - timedelta(minutes=4)),
        "findings": [one for name in names for one in told(name, [ok("in order")])],
        "missing": {},
    }


def troubled(now: datetime) -> dict[str, Any]:
    """Return the document of a stack that needs somebody."""
    found: dict[str, Finding] = {
        "alarms": fail(
            "InboxDeadLettersAlarm: a webhook", "docs/operations.md#alarms", "alarm", alarm="InboxDeadLettersAlarm"
        ),
        "queues": fail(
            "InboxDeadLetters: 3 message(s)",
            "find the cause, then `afterbill replay --dead-letters`; docs/operations.md#dead-letters",
            "dead_letters",
            queue="InboxDeadLetters",
            n=3,
        ),
        "SES quota": warn(
            "the quota is nearly used up: 40512 of 50000 mails in 24 hours",
            "SES console, Account dashboard: request a higher quota",
            "quota_nearly",
            sent=40512.0,
            day=50000.0,
        ),
        "webhooks": warn(
            "shop: the newest webhook was accepted 9 days ago: silent since",
            "does the billing system still send to this address?",
            "silent",
            source="shop",
            n=9,
        ),
        "schedules": unknown(
            "you may not look: ListSchedules",
            "allow scheduler:ListSchedules to whoever runs this",
            "not_allowed",
            action="scheduler:ListSchedules",
        ),
    }
    fine = healthy(now)
    queues = [_fill(one) if one["name"] == "InboxDeadLetters" else one for one in fine["queues"]]
    return {
        **fine,
        "alarms": [
            {
                "name": "InboxDeadLettersAlarm",
                "since": iso(now - timedelta(hours=5, minutes=12)),
                "description": "Webhooks could not be taken and wait for an operator.",
            },
            {
                "name": "SendingQuotaUsedUpAlarm",
                "since": iso(now - timedelta(minutes=48)),
                "description": "A quota of SES or of text messages is used up; surveys wait.",
            },
        ],
        "queues": queues,
        "mail": {"sent": 40512.0, "day": 50000.0, "rate": 14.0, "sandbox": False},
        "sources": [
            *fine["sources"],
            _source("shop", "Shopify", now - timedelta(days=9)),
            _source("events", "Standard Webhooks", now - timedelta(hours=2), now - timedelta(minutes=40)),
            {"name": "books", "provider": "FreshBooks", "polled": True},
        ],
        "findings": [one for one in fine["findings"] if one["check"] not in found]
        + [one for check, finding in found.items() for one in told(check, [finding])],
        "missing": {"steps": "TransientError"},
        "steps": None,
    }


def _source(name: str, title: str, accepted: datetime, refused: datetime | None = None) -> dict[str, Any]:
    times = {"accepted_at": iso(accepted), "refused_at": iso(refused), "since": iso(accepted - timedelta(days=1))}
    return {
        "name": name,
        "provider": title,
        "polled": False,
        **times,
        "refusal": "signature_mismatch" if refused else "",
    }


def _fill(queue: Mapping[str, Any]) -> dict[str, Any]:
    return {**queue, "waiting": 3, "oldest_seconds": 18720.0}
