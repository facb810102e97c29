"""Ends of subscriptions as every connector tells them: announced, taken back, come and repeated, in any order."""

import json
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import replace
from datetime import datetime, timedelta
from functools import cache
from itertools import permutations

import pytest

from afterbill.connectors import registry
from afterbill.model.billing import BillingEvent, ObjectReference, SubscriptionState, Touchpoint
from afterbill.model.errors import AfterbillError
from afterbill.model.invitation import SkipReason
from afterbill.model.webhooks import Source
from afterbill.outreach.policy import Stops
from afterbill_cli import samples
from afterbill_cli.memory.keys import MemoryApis
from tests.factories import DAY, EVENTS, HOUR, NOON, policy, rule
from tests.world import World


def events_of(provider: str) -> Iterator[BillingEvent]:
    """All that the samples of a billing system report, its API asked where they only point into it."""
    connector, source = registry.load(provider), Source(provider, provider)
    answers = EVENTS / "apis" / f"{provider}.json"
    call = MemoryApis(json.loads(answers.read_text()) if answers.exists() else {}).call
    for file in sorted((EVENTS / "webhooks" / provider).glob("*.json")):
        try:
            elements = connector.normalise(samples.read(file, connector.ABOUT, provider), source)
        except AfterbillError:
            continue
        for element in elements:
            if isinstance(element, ObjectReference) and connector.resolve:
                yield from (one for one in resolved(connector.resolve, element, source, call))
            elif isinstance(element, BillingEvent):
                yield element


def resolved(resolve, reference, source, call) -> Iterator[BillingEvent]:  # type: ignore[no-untyped-def]
    try:
        yield from (one for one in resolve(reference, source, call) if isinstance(one, BillingEvent))
    except AfterbillError:
        return


@cache
def told() -> dict[str, dict[str, list[BillingEvent]]]:
    """By provider: the ends, and the words that it goes on, or was planned to end."""
    found: dict[str, dict[str, list[BillingEvent]]] = {}
    for provider in registry.PROVIDERS:
        kinds = found.setdefault(provider, defaultdict(list))
        for one in events_of(provider):
            kind = "ends" if one.touchpoint is Touchpoint.CANCELLED else one.subscription_state
            if kind and "subscription" in one.objects:
                kinds[kind].append(one)
    return found


def with_both() -> list[str]:
    return [name for name, kinds in told().items() if kinds["ends"] and kinds[SubscriptionState.RUNNING]]


def moved(event: BillingEvent, at: datetime, name: str) -> BillingEvent:
    """The same report, of another moment, about the one subscription of one customer."""
    customer = replace(event.customer, id="cus_1", email="ada@example.com")
    objects = {**event.objects, "subscription": "sub_1"}
    fact = "test|acct|sub_1|cancelled|" if event.touchpoint is Touchpoint.CANCELLED else event.fact
    changes = {"source": "shop", "event_id": f"{event.event_id} {name}", "fact": fact, "test": False}
    return replace(event, occurred_at=at, customer=customer, objects=objects, **changes)  # type: ignore[arg-type]


def farewells(*events: BillingEvent) -> list[str]:
    rules = {Touchpoint.CANCELLED: rule(delay=DAY, stops=Stops.SUBSCRIPTION)}
    world = World(now=NOON + 4 * HOUR, policy=policy(rules, cooldown=timedelta(0)))
    world.capture(*events)
    world.live(3 * DAY)
    asked = (one for one in world.stored.invitations.values() if one.touchpoint == Touchpoint.CANCELLED)
    return sorted(one.reason or one.state for one in asked if one.reason != SkipReason.WITHDRAWN)


def test_most_systems_tell_both() -> None:
    assert len(with_both()) >= 8


@pytest.mark.parametrize("provider", registry.PROVIDERS)
def test_whoever_tells_an_end_names_the_subscription(provider: str) -> None:
    ends = [one for one in events_of(provider) if one.touchpoint is Touchpoint.CANCELLED]
    assert all("subscription" in one.objects for one in ends)


@pytest.mark.parametrize("provider", with_both())
def test_announced_and_taken_back_is_no_farewell_in_any_order_and_number(provider: str) -> None:
    kinds = told()[provider]
    for running in kinds[SubscriptionState.RUNNING]:
        announced = moved(kinds["ends"][0], NOON, "announced")
        back = moved(running, NOON + HOUR, "back")
        for order in permutations([announced, announced, back]):
            assert farewells(*order) == [], back.event_id


@pytest.mark.parametrize("provider", with_both())
def test_announced_taken_back_and_ended_is_one_in_any_order_and_number(provider: str) -> None:
    kinds = told()[provider]
    announced = moved(kinds["ends"][0], NOON, "announced")
    back = moved(kinds[SubscriptionState.RUNNING][0], NOON + HOUR, "back")
    came = moved(kinds["ends"][-1], NOON + 2 * HOUR, "came")
    for order in permutations([announced, back, came, came]):
        assert farewells(*order) == ["sent"], [one.event_id for one in order]
