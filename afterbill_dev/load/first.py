"""The first of a month: a billing run tells of many payments within an hour. What breaks first, and what to raise.

The run begins with two minutes at ten times the mean rate, as billing runs do; the rest is spread over the hour.
"""

import math
import random
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from afterbill.model.invitation import State
from afterbill_dev.load import limits
from afterbill_dev.load.dynamodb import cost_of
from afterbill_dev.load.shop import Shop
from afterbill_dev.load.stack import Stack

MINUTE, HOUR, DAY = 60, 3600, 86_400
BEGIN = datetime(2027, 2, 1, tzinfo=UTC)
"""A Monday, so that the surveys are due on a Thursday."""
LASTS = 5 * DAY
_RUSH, _TIMES = 2 * MINUTE, 10
_DRAINED_WITHIN = 10 * MINUTE
_MOST_ROUNDS = 4
_HEADROOM = 1.25


@dataclass(frozen=True, slots=True)
class Settings:
    """Parameters of the template, and what AWS grants the account."""

    parameters: Mapping[str, int] = field(default_factory=dict)
    concurrency: float = limits.LAMBDA_NEW_ACCOUNT.value
    quota: float = limits.SES_DAY.value
    rate: float = limits.SES_RATE.value


@dataclass(frozen=True, slots=True)
class Break:
    """A limit that was reached: when first, its effect, and the value of a parameter that suffices."""

    at: float
    limit: str
    effect: str
    parameter: str
    value: float


@dataclass(frozen=True, slots=True)
class Round:
    """One run: its settings, what broke in order, and how the surveys fared."""

    settings: Settings
    breaks: tuple[Break, ...]
    told: int
    captured: int
    sent: int
    longest: Mapping[str, float]


SHIPPED = Settings()
"""The parameters that the template ships, and the quotas of an account that just left the SES sandbox."""
TINY = Settings({"ThrottleRate": 1, "ThrottleBurst": 2, "MaxWriteUnits": 25}, concurrency=3, quota=150, rate=1)
"""Limits that a few hundred webhooks reach."""


def rounds(webhooks: int, seed: int, folder: Path, settings: Settings = SHIPPED) -> Iterator[Round]:
    """Run with these settings, then with what would have sufficed, until nothing breaks that one can raise."""
    for _ in range(_MOST_ROUNDS):
        done = run(webhooks, seed, folder, settings)
        yield done
        raised = _raised(settings, done.breaks)
        if raised == settings:
            return
        settings = raised


def run(webhooks: int, seed: int, folder: Path, settings: Settings) -> Round:
    """Tell of so many payments within the hour, then wait for the day on which the surveys are due, and the next."""
    random.seed(seed)
    luck = random.Random(seed)  # noqa: S311  # a simulation
    account = {"concurrency": settings.concurrency, "quota": settings.quota, "rate": settings.rate}
    stack = Stack(settings.parameters, luck, folder, begin=BEGIN, **account)
    shop = Shop(stack)
    for number, at in enumerate(_moments(webhooks, luck)):
        shop.pay(at, f"customer-{number}", f"fact-{number}")
    stack.clock.run(LASTS)
    invitations = stack.world.table.invitations.values()
    return Round(
        settings,
        tuple(sorted(_breaks(stack, webhooks), key=lambda one: one.at)),
        webhooks,
        len(invitations),
        sum(one.state is State.SENT for one in invitations),
        {name: peak.age for name, peak in stack.peaks.items()},
    )


def _moments(webhooks: int, luck: random.Random) -> Iterator[float]:
    rush = round(webhooks * _TIMES * _RUSH / HOUR)
    for number in range(webhooks):
        yield luck.uniform(0, _RUSH) if number < rush else luck.uniform(_RUSH, HOUR)


def _breaks(stack: Stack, webhooks: int) -> Iterator[Break]:
    """Yield what was reached, with the value that should hold next time."""
    firsts, values = stack.clock.firsts, stack.template.parameters
    route, capture, send = (
        stack.routes["/webhooks/{source}"],
        stack.functions["capture_event"],
        stack.functions["send_survey"],
    )
    rush = webhooks / HOUR * _TIMES
    if at := firsts.get("ThrottleRate"):
        yield Break(
            at,
            f"{route.rate:g} requests a second and route",
            f"{route.answers[429]:,} webhooks answered 429",
            "ThrottleRate",
            _up(rush, 50),
        )
    if (at := firsts.get("concurrency")) is not None:
        throttles = sum(one.ended["Throttles"] for one in stack.functions.values())
        effect = f"{throttles:,} invocations refused, {route.answers[503]:,} webhooks answered 503"
        yield Break(
            at, f"{stack.account.limit:g} functions at once", effect, "Lambda quota", limits.LAMBDA_ACCOUNT.value
        )
    for name, function, parameter in (("Inbox", capture, "CaptureConcurrency"), ("SendQueue", send, "SendConcurrency")):
        if at := firsts.get(f"age of {name}"):
            peak = stack.peaks[name]
            effect = f"{peak.messages:,} messages wait, up to {_spell(peak.age)}"
            now, each = int(values[parameter]), _seconds_each(function, stack)
            need = math.ceil((webhooks / HOUR + peak.messages / _DRAINED_WITHIN) * each)
            yield Break(at, f"{now} copies of {function.name}", effect, parameter, max(need, now))
    yield from _table_breaks(stack)
    yield from _ses_breaks(stack)
    for name, at in firsts.items():
        if name.startswith("time-out"):
            yield Break(at, name, "a run was cut off", "", 0)


def _seconds_each(function: Any, stack: Stack) -> float:  # noqa: ANN401  # a Function
    """Return the seconds that one record takes."""
    records = len(stack.world.table.invitations) or 1
    return max(0.05, float(function.seconds) / records)


def _table_breaks(stack: Stack) -> Iterator[Break]:
    firsts, throttled = stack.clock.firsts, stack.dynamodb.throttled
    copies = int(stack.template.parameters["CaptureConcurrency"])
    busiest = copies / _seconds_each(stack.functions["capture_event"], stack)
    if (at := firsts.get("MaxWriteUnits")) is not None:
        need = max(busiest * cost_of("commit").written, stack.dynamodb.writes * _HEADROOM) * _HEADROOM
        effect = f"{throttled['MaxWriteUnits']:,} calls throttled"
        yield Break(at, f"{stack.dynamodb.writes:g} write units a second", effect, "MaxWriteUnits", _up(need, 500))
    if (at := firsts.get("MaxReadUnits")) is not None:
        effect = f"{throttled['MaxReadUnits']:,} calls throttled"
        need = stack.dynamodb.reads * 2
        yield Break(at, f"{stack.dynamodb.reads:g} read units a second", effect, "MaxReadUnits", _up(need, 500))
    if (at := firsts.get("partition")) is not None:
        limit = f"{limits.DYNAMODB_PARTITION_WRITES.value:g} write units a second and partition of by_day"
        yield Break(at, limit, f"{throttled['partition']:,} calls throttled", "", 0)


def _ses_breaks(stack: Stack) -> Iterator[Break]:
    firsts, calls = stack.clock.firsts, stack.ses.calls
    if at := firsts.get(limits.RATE_TEXT):
        limit, effect = f"{stack.ses.rate:g} mails a second", f"{calls[limits.RATE_TEXT]:,} mails refused"
        yield Break(at, limit, effect, "SES rate", _up(stack.ses.rate * 2, 10))
    if at := firsts.get(limits.DAILY_QUOTA_TEXT):
        waiting = sum(one.state is State.PENDING for one in stack.world.table.invitations.values())
        effect = f"{calls[limits.DAILY_QUOTA_TEXT]:,} refusals, {waiting:,} surveys still wait a day later"
        need = len(stack.world.table.invitations) * _HEADROOM
        yield Break(at, f"{stack.ses.quota:,.0f} mails in 24 hours", effect, "SES quota", _up(need, 1000))


def _raised(settings: Settings, breaks: tuple[Break, ...]) -> Settings:
    needs = {one.parameter: one.value for one in breaks if one.parameter}
    account = {"Lambda quota": "concurrency", "SES rate": "rate", "SES quota": "quota"}
    own = {name: int(value) for name, value in needs.items() if name not in account}
    if "ThrottleRate" in own:
        own["ThrottleBurst"] = 2 * own["ThrottleRate"]
    granted = {field_: needs.get(name, getattr(settings, field_)) for name, field_ in account.items()}
    return Settings({**settings.parameters, **own}, **granted)


def _up(value: float, step: int) -> int:
    return math.ceil(value / step) * step


def _spell(seconds: float) -> str:
    return f"{seconds / HOUR:.1f} h" if seconds >= HOUR else f"{seconds / MINUTE:.0f} min"


def given(settings: Settings) -> str:
    """Return the settings in one line."""
    values = {"Lambda quota": settings.concurrency, "SES quota": settings.quota, "SES rate": settings.rate}
    return ", ".join(f"{name} {value:,.0f}" for name, value in {**values, **settings.parameters}.items())


def table(done: Round) -> str:
    """Return what broke, in order, as a table of Markdown."""
    lines = [
        "| when | limit | effect | parameter | suffices |",
        "|---|---|---|---|---|",
        *(
            f"| {_when(one.at)} | {one.limit} | {one.effect} | {f'`{one.parameter}`' if one.parameter else 'none'} | "
            f"{f'{one.value:,.0f}' if one.value else ''} |"
            for one in done.breaks
        ),
    ]
    waits = ", ".join(f"{name} up to {_spell(age)}" for name, age in done.longest.items())
    lines += [
        "",
        f"{done.told:,} payments told, {done.captured:,} captured, {done.sent:,} surveys sent; waits: {waits}.",
    ]
    return "\n".join(lines)


def _when(at: float) -> str:
    return f"day {int(at // DAY) + 1}, {int(at % DAY // HOUR):02}:{int(at % HOUR // MINUTE):02}:{int(at % MINUTE):02}"
