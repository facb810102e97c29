"""Put the turns of campaigns where webhooks wait: each group of customers on its day."""

import json
from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, datetime
from itertools import islice
from zoneinfo import ZoneInfo

from afterbill.intake.ports import Campaigns, Inbox
from afterbill.model.campaigns import CAMPAIGNS, Campaign, Done, Turn, resumed, turns
from afterbill.model.webhooks import Webhook
from afterbill.outreach.policy import Policy

_TOGETHER = 10
"""Customers in one message: as many as capture_event takes in one go."""


def _always() -> bool:
    return True


@dataclass(frozen=True, slots=True)
class CampaignDeps:
    """Dependencies of run_campaigns."""

    policy: Policy
    campaigns: Campaigns
    inbox: Inbox


@dataclass(frozen=True, slots=True)
class Ran:
    """Progress of one campaign, and the number of customers put into the inbox."""

    campaign: str
    done: Done
    customers: int = 0


def run_campaigns(deps: CampaignDeps, now: datetime, has_time: Callable[[], bool] = _always) -> tuple[Ran, ...]:
    """Let every campaign go on up to the operator's day; safe to repeat after a crash, which repeats one group.

    Without time left no further group is begun: the next run goes on there. Raises TransientError when the table or
    the inbox did not answer.
    """
    today = now.astimezone(ZoneInfo(deps.policy.time_zone)).date()
    return tuple(_run(name, deps, now, today, has_time) for name in deps.policy.campaigns)


def _run(name: str, deps: CampaignDeps, now: datetime, today: date, has_time: Callable[[], bool]) -> Ran:
    campaign, before, customers = deps.policy.campaigns[name], deps.campaigns.done(name), 0
    done = resumed(campaign, before, today)
    if done != before:
        deps.campaigns.set_done(name, done)
    for turn in turns(campaign, done, today):
        if not has_time():
            break
        customers += _ask(name, campaign, turn, deps, now)
        done = turn.done
        deps.campaigns.set_done(name, done)
    return Ran(name, done, customers)


def _ask(name: str, campaign: Campaign, turn: Turn, deps: CampaignDeps, now: datetime) -> int:
    """Put the group into the inbox, so many at a time; how many they are."""
    ids, asked = deps.campaigns.customers_in(turn.slot), 0
    fields = {"campaign": name, "touchpoint": campaign.touchpoint, "period": turn.period}
    while together := list(islice(ids, _TOGETHER)):
        body = json.dumps({**fields, "customers": together}).encode()
        deps.inbox.put(Webhook(CAMPAIGNS, {}, body, now))
        asked += len(together)
    return asked
