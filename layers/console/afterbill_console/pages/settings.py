"""Settings: the configuration as it was deployed, in words; it shows no secret, and changes nothing."""

from collections.abc import Mapping
from datetime import timedelta
from typing import Any

from babel.dates import get_day_names
from babel.units import format_unit

from afterbill.connectors import registry
from afterbill.model.channels import Channel
from afterbill.outreach.policy import Policy, Rule
from afterbill.outreach.sending_window import SendingWindow
from afterbill_console.deps import ConsoleDeps
from afterbill_console.health import words
from afterbill_console.health.deps import Deployed
from afterbill_console.health.document import PLACE
from afterbill_console.visit import Content, Shown, Visit

_UNITS = (("day", timedelta(days=1)), ("hour", timedelta(hours=1)), ("minute", timedelta(minutes=1)))
_HOUR = 60


def show(visit: Visit, deps: ConsoleDeps) -> Shown:
    """Return the page: one read beside the session, for the parameters of the stack."""
    deployed = deps.stack.settings()
    looked = deps.stack.documents.load(PLACE)
    policy = deployed.policy
    return Content(
        "settings.html",
        {
            "words": words,
            "brand": _brand(deployed),
            "languages": deployed.languages,
            "policy": policy,
            "asked": [_rule(name.value, rule, visit) for name, rule in policy.rules.items() if rule.ask],
            "unasked": [name.value for name, rule in policy.rules.items() if not rule.ask],
            "windows": [_window(window, visit) for window in _windows(policy)],
            "sources": [_source(name, policy) for name in policy.sources],
            "legal": {"default": policy.legal.default.value, "countries": policy.legal.countries},
            "integrity": _integrity(policy, visit),
            "retention": [(name, span(getattr(policy.retention, name), visit)) for name in _PERIODS],
            "campaigns": [_campaign(name, policy) for name in policy.campaigns],
            "journey": _journey(policy),
            "reports": policy.reports,
            "parameters": _parameters(looked),
            "looked_at": looked["looked_at"] if looked else "",
        },
    )


_PERIODS = ("responses", "customers", "comments", "visits", "audit", "archive")


def span(period: timedelta, visit: Visit) -> str:
    """Return a period in its largest whole unit; empty for none."""
    if not period:
        return ""
    for unit, length in _UNITS:
        if period % length == timedelta(0):
            return format_unit(period // length, unit, locale=visit.numbers.language)
    return format_unit(int(period.total_seconds()), "second", locale=visit.numbers.language)


def _rule(name: str, rule: Rule, visit: Visit) -> dict[str, Any]:
    """Return the rule of a touchpoint as its row has it."""
    t = visit.t
    return {
        "name": name,
        "stage": rule.stage,
        "question": rule.question.value,
        "delay": span(rule.delay, visit) or t("settings.at_once"),
        "window": rule.window.name if rule.window else "",
        "channels": [t.maybe(f"words.channel_{one.value}", one.value) for one in rule.channels],
        "cooldown": span(rule.cooldown, visit),
        "expiry": span(rule.expiry, visit),
        "reminder": span(rule.reminder, visit),
        "sampling": visit.numbers.share(rule.sampling),
        "priority": rule.priority,
        "quota": rule.quota,
        "paid_only": rule.paid_only,
        "patience": span(rule.patience, visit),
        "fallback": span(rule.fallback, visit) if len(rule.channels) > 1 else "",
        "seen_within": span(rule.seen_within, visit) if Channel.IN_APP in rule.channels else "",
        "reasons": [t.maybe(f"words.reason_{one}", one) for one in rule.reasons],
        "stops": rule.stops.value,
    }


def _windows(policy: Policy) -> list[SendingWindow]:
    found = {rule.window.name: rule.window for rule in policy.rules.values() if rule.window}
    return [found[name] for name in sorted(found)]


def _window(window: SendingWindow, visit: Visit) -> dict[str, Any]:
    """Return the days and hours of a sending window."""
    names = get_day_names("abbreviated", context="stand-alone", locale=visit.numbers.language)
    days = [names[day] for day in sorted(window.days)]
    hours = [f"{_clock(first)}\N{EN DASH}{_clock(last)}" for first, last in window.hours]
    return {
        "name": window.name,
        "days": days,
        "every_day": len(days) == len(names),
        "hours": hours,
        "weekends": window.weekends,
        "holidays": window.holidays,
    }


def _clock(minutes: int) -> str:
    return f"{minutes // _HOUR:02}:{minutes % _HOUR:02}"


def _source(name: str, policy: Policy) -> dict[str, Any]:
    """Return a source without what proves or opens anything."""
    source = policy.sources[name]
    about = registry.load(source.provider).ABOUT
    return {
        "name": name,
        "title": about.title,
        "account": source.account,
        "sandbox": source.sandbox,
        "test_mode": source.test_mode,
        "currency": source.currency,
        "time_zone": source.time_zone,
        "mapped": len(source.fields) + len(source.types),
        "guide": f"docs/providers/{source.provider}.md",
    }


def _brand(deployed: Deployed) -> Mapping[str, Any]:
    """Return what customers read, as far as it is not the same at every touchpoint."""
    brand = deployed.brand
    return {
        "company": brand.company,
        "product": brand.product,
        "asks_about": brand.names[brand.object],
        "sender_name": brand.sender_name,
        "reply_to": brand.reply_to,
        "default_locale": brand.default_locale,
        "informal": brand.informal,
        "privacy_url": brand.privacy_url,
        "review_url": brand.review_url,
        "referral_url": brand.referral_url,
        "imprint": brand.imprint.strip(),
        "accent": brand.accent,
        "accent_dark": brand.accent_dark,
        "touchpoints": sorted(brand.touchpoints),
    }


def _integrity(policy: Policy, visit: Visit) -> list[tuple[str, str]]:
    """Return the thresholds that tell a person's click from a machine's."""
    found = policy.integrity
    return [
        ("settling", span(found.settling, visit)),
        ("burst", span(found.burst, visit)),
        ("probe", span(found.probe, visit)),
        ("second_thought", span(found.second_thought, visit)),
        ("visible", visit.numbers.decimal(found.visible)),
        ("most_numbers", visit.numbers.count(found.most_numbers)),
        ("most_choices", visit.numbers.count(found.most_choices)),
        ("scanners", visit.numbers.count(len(found.scanners))),
        ("networks", visit.numbers.count(len(found.networks))),
    ]


def _campaign(name: str, policy: Policy) -> dict[str, Any]:
    campaign = policy.campaigns[name]
    return {
        "name": name,
        "touchpoint": campaign.touchpoint.value,
        "start": campaign.start,
        "every": campaign.every.value if campaign.every else "",
        "days": campaign.days,
    }


def _journey(policy: Policy) -> list[Mapping[str, Any]]:
    """Return the steps that the operator declared; none where the stages are the steps."""
    return [
        {
            "name": step["name"],
            "touchpoints": step.get("touchpoints", ()),
            "stage": step.get("stage", ""),
            "owner": step.get("owner", ""),
            "notes": len(step.get("notes", ())),
            "measures": len(step.get("measures", ())),
        }
        for step in policy.reports.journey.get("steps", ())
    ]


def _parameters(looked: Mapping[str, Any] | None) -> list[tuple[str, str]]:
    """Return the parameters of the stack as the last check saw them."""
    given: Mapping[str, str] = (looked or {}).get("parameters") or {}
    return list(given.items())
