"""Campaigns over a simulated year: every customer once per period, whatever is down and wherever a run ends."""

from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime, timedelta
from itertools import count
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from afterbill.connectors import registry
from afterbill.intake.capture_event import capture_event
from afterbill.intake.capture_fact import CaptureDeps, Outcome
from afterbill.intake.run_campaigns import CampaignDeps, Ran, run_campaigns
from afterbill.model.billing import BillingEvent, Touchpoint
from afterbill.model.campaigns import CAMPAIGNS, SLOTS, Campaign, Done, Every
from afterbill.model.customer import Customer
from afterbill.model.errors import TransientError
from afterbill.model.invitation import SkipReason, State
from afterbill.model.webhooks import Source
from afterbill_cli.memory.queues import MemoryInbox
from afterbill_cli.memory.scores import MemoryCampaigns
from tests.factories import ADA, DAY, HOUR, customer, hash_address, policy
from tests.unit.loop.crashes import SimulatedCrash
from tests.world import World

ZONE = ZoneInfo("Europe/Berlin")
NEW_YEAR = date(2027, 1, 1)
QUARTERLY = Campaign(Touchpoint.RELATIONSHIP, NEW_YEAR, Every.QUARTER)
HALF_YEARLY = Campaign(Touchpoint.RELATIONSHIP, NEW_YEAR, Every.HALF_YEAR)
ONCE = Campaign(Touchpoint.RELEASE, date(2027, 3, 1), days=14)


def people(number: int) -> dict[str, Customer]:
    return {f"customer-{one}": Customer(f"customer-{one}", version=1) for one in range(number)}


def noon(day: date) -> datetime:
    return datetime(day.year, day.month, day.day, 12, tzinfo=ZONE)


def days(first: date, number: int) -> list[date]:
    return [first + one * DAY for one in range(number)]


@dataclass
class Office:
    """Runs on days, and what they put into the inbox."""

    campaign: Campaign = QUARTERLY
    table: Any = field(default_factory=lambda: MemoryCampaigns(people(2000)))
    inbox: Any = field(default_factory=MemoryInbox)

    def run(self, now: datetime, has_time: Callable[[], bool] = lambda: True) -> Ran:
        running = CampaignDeps(policy(campaigns={"loyal": self.campaign}), self.table, self.inbox)
        (ran,) = run_campaigns(running, now, has_time)
        return ran

    def run_on(self, when: Iterable[date]) -> None:
        for day in when:
            self.run(noon(day))

    def events(self) -> Iterator[BillingEvent]:
        """Return the events that capture_event reads from the inbox."""
        for webhook in self.inbox.webhooks:
            yield from registry.load(CAMPAIGNS).normalise(webhook, Source(CAMPAIGNS, CAMPAIGNS))

    def asked(self) -> Counter[str]:
        """Facts, with how often each was told."""
        return Counter(event.fact for event in self.events())

    def per_day(self) -> Counter[date]:
        return Counter(event.occurred_at.astimezone(ZONE).date() for event in self.events())


@pytest.fixture
def office() -> Office:
    return Office()


def test_without_campaigns_nothing_is_looked_at() -> None:
    assert run_campaigns(CampaignDeps(policy(), MemoryCampaigns(), MemoryInbox()), noon(NEW_YEAR)) == ()


def test_a_message_names_the_turn_and_at_most_ten_customers(office: Office) -> None:
    ran = office.run(noon(NEW_YEAR))

    counts = [len(list(registry.load(CAMPAIGNS).normalise(one, Source("", "")))) for one in office.inbox.webhooks]
    assert sum(counts) == ran.customers == len(office.asked())
    assert max(counts) <= 10
    assert {one.source for one in office.inbox.webhooks} == {CAMPAIGNS}
    assert office.inbox.webhooks[0].body.startswith(
        b'{"campaign": "loyal", "touchpoint": "relationship", "period": "2027-Q1", "customers": ["customer-'
    )


def test_a_large_group_takes_several_messages(office: Office) -> None:
    office.table.groups = {0: [f"customer-{number}" for number in range(25)]}
    office.table.grouped = set(office.table.people)

    office.run(noon(NEW_YEAR))

    assert [one.body.count(b"customer-") for one in office.inbox.webhooks] == [10, 10, 5]


def test_the_day_is_the_operator_s(office: Office) -> None:
    still_december = datetime(2026, 12, 31, 22, 59, tzinfo=UTC)

    assert office.run(still_december).customers == 0
    assert office.run(still_december + HOUR).done == Done(date(2026, 12, 31), NEW_YEAR, 11)


@pytest.mark.parametrize(("campaign", "rounds"), [(QUARTERLY, 4), (HALF_YEARLY, 2), (ONCE, 1)])
def test_over_a_year_every_customer_is_asked_once_per_period(campaign: Campaign, rounds: int) -> None:
    office = Office(campaign)
    start = noon(date(2026, 12, 20))

    for number in range(8 * 376):
        office.run(start + number * 3 * HOUR)

    asked = office.asked()
    assert set(asked.values()) == {1}
    assert Counter(fact.split("|")[2] for fact in asked) == dict.fromkeys(office.table.people, rounds)


@pytest.mark.parametrize(("campaign", "round_days"), [(QUARTERLY, 90), (HALF_YEARLY, 181), (ONCE, 14)])
def test_no_day_has_twice_the_mean(campaign: Campaign, round_days: int) -> None:
    office = Office(campaign, MemoryCampaigns(people(10_000)))

    office.run_on(days(campaign.start, round_days))

    per_day = office.per_day()
    assert (len(per_day), sum(per_day.values())) == (round_days, 10_000)
    assert max(per_day.values()) < 2 * 10_000 / round_days


def test_after_three_days_down_everybody_missed_is_asked_and_nobody_twice(office: Office) -> None:
    office.run_on(day for day in days(NEW_YEAR, 90) if not date(2027, 2, 1) <= day < date(2027, 2, 4))

    asked = office.asked()
    assert set(asked.values()) == {1}
    assert len(asked) == 2000


def test_a_campaign_added_within_a_period_asks_everybody_in_the_rest_of_it(office: Office) -> None:
    office.run_on(days(date(2027, 2, 14), 46))

    asked, per_day = office.asked(), office.per_day()
    assert (len(asked), set(asked.values())) == (2000, {1})
    assert max(per_day.values()) < 2 * 2000 / 46


def test_who_is_new_is_asked_when_the_group_has_its_next_turn(office: Office) -> None:
    office.run_on(days(NEW_YEAR, 45))
    office.table.people |= {f"new-{number}": Customer(f"new-{number}") for number in range(400)}
    office.run_on(days(date(2027, 2, 15), 136))

    rounds = Counter(fact.split("|")[2] for fact in office.asked())
    new = Counter(rounds[f"new-{number}"] for number in range(400))
    assert set(new) == {1, 2}
    assert 150 < new[1] < 250


def test_who_was_erased_is_in_no_group(office: Office) -> None:
    office.run(noon(NEW_YEAR))
    del office.table.people["customer-1"]
    office.inbox.webhooks.clear()

    office.run_on(days(date(2027, 4, 1), 91))

    assert {fact.split("|")[2] for fact in office.asked()} == set(office.table.people)


def test_without_time_left_the_next_run_goes_on_where_it_ended(office: Office) -> None:
    ticks = count()

    ran = office.run(noon(NEW_YEAR), lambda: next(ticks) < 3)
    assert ran.done.slots == 3
    office.run(noon(NEW_YEAR))

    assert set(office.asked().values()) == {1}
    assert office.table.done("loyal").slots == 11


def test_several_campaigns_go_on_side_by_side() -> None:
    campaigns = {"loyal": QUARTERLY, "version-2": ONCE}
    running = CampaignDeps(policy(campaigns=campaigns), MemoryCampaigns(people(100)), MemoryInbox())

    ran = run_campaigns(running, noon(date(2027, 3, 1)))

    assert [(one.campaign, one.done.slots) for one in ran] == [("loyal", SLOTS // 31), ("version-2", SLOTS // 14)]


class Fatal:
    """Passes calls on until the nth, which is lost before or after it took effect."""

    def __init__(self, port: Any, plan: "Plan") -> None:
        self.port, self.plan = port, plan

    def __getattr__(self, name: str) -> Callable[..., Any]:
        def call(*arguments: Any) -> Any:
            return self.plan.call(getattr(self.port, name), arguments)

        return call


@dataclass
class Plan:
    at: int
    after: bool
    fault: type[BaseException]
    calls: int = 0

    def call(self, method: Callable[..., Any], arguments: tuple[Any, ...]) -> Any:
        self.calls += 1
        if self.calls != self.at:
            return method(*arguments)
        if self.after:
            method(*arguments)
        raise self.fault


@pytest.mark.parametrize("fault", [SimulatedCrash, TransientError])
@pytest.mark.parametrize("after", [False, True])
def test_a_run_that_dies_at_any_call_repeats_at_most_one_group(fault: type[BaseException], *, after: bool) -> None:
    undisturbed = Office()
    undisturbed.run(noon(NEW_YEAR))
    for at in range(1, 100):
        office, plan = Office(), Plan(at, after, fault)
        spoiled = Office(table=Fatal(office.table, plan), inbox=Fatal(office.inbox, plan))
        try:
            spoiled.run(noon(NEW_YEAR))
        except fault:
            pass
        else:
            break
        office.run(noon(NEW_YEAR))

        asked = office.asked()
        assert set(asked) == set(undisturbed.asked())
        twice = {fact.split("|")[2] for fact, times in asked.items() if times > 1}
        assert max(asked.values()) <= 2
        assert any(twice <= set(office.table.groups.get(slot, ())) for slot in range(11))
    assert at > 25


class TestCaptured:
    """Return the facts that capture_event makes of the messages."""

    @pytest.fixture
    def world(self) -> World:
        sources = {CAMPAIGNS: Source(CAMPAIGNS, CAMPAIGNS)}
        campaign = Campaign(Touchpoint.RELATIONSHIP, NEW_YEAR, days=1)
        rules = replace(policy(campaigns={"loyal": campaign}, delay=timedelta(0)), sources=sources)
        world = World(now=noon(NEW_YEAR), policy=rules)
        world.stored.people["ada"] = customer()
        return world

    def run(self, world: World) -> list[Outcome]:
        """A run of the campaign from its start, and everything in the inbox captured."""
        table = MemoryCampaigns(world.stored.people)
        run_campaigns(CampaignDeps(world.policy, table, world.inbox), world.now)
        capture = CaptureDeps(
            policy=world.policy,
            load=registry.load,
            facts=world.table,
            timer=world.timer,
            queue=world.queue,
            apis=world.apis,
            inbox=world.inbox,
            dead_letters=world.dead_letters,
            hash_address=hash_address,
            hash_alias=str,
            new_id=world.new_customer,
        )
        waiting, world.inbox.webhooks = world.inbox.webhooks, []
        return [one.outcome for webhook in waiting for one in capture_event(webhook, capture, world.now)]

    def test_a_customer_whose_turn_it_is_gets_a_mail(self, world: World) -> None:
        assert self.run(world) == [Outcome.SCHEDULED]

        world.pass_time(HOUR)

        assert [mail.to for mail in world.outbox] == [ADA]

    def test_a_turn_told_twice_is_one_fact(self, world: World) -> None:
        assert self.run(world) == [Outcome.SCHEDULED]
        assert self.run(world) == [Outcome.DUPLICATE]

    def test_more_than_ten_customers_of_one_group_need_no_slices(self, world: World) -> None:
        world.stored.people |= people(3 * SLOTS)

        assert Counter(self.run(world)) == {Outcome.SCHEDULED: 3 * SLOTS + 1}

    @pytest.mark.parametrize(
        ("changes", "reason"),
        [
            ({"suppressed": "unsubscribed"}, SkipReason.SUPPRESSED),
            ({"deleted": True}, SkipReason.CUSTOMER_DELETED),
        ],
    )
    def test_who_must_not_be_asked_is_skipped_with_the_reason(
        self, world: World, changes: dict[str, Any], reason: SkipReason
    ) -> None:
        world.change_person("ada", **changes)

        assert self.run(world) == [Outcome.SKIPPED]

        (one,) = world.stored.invitations.values()
        assert (one.state, one.reason) == (State.CLOSED, reason)

    def test_who_was_erased_in_the_meantime_is_nobody(self, world: World) -> None:
        table = MemoryCampaigns(world.stored.people)
        run_campaigns(CampaignDeps(world.policy, table, world.inbox), world.now)
        del world.stored.people["ada"]

        assert self.run(world) == [Outcome.ERASED]

        assert (world.stored.invitations, world.stored.events) == ({}, {})
