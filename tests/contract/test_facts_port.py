"""Facts, in memory and in DynamoDB."""

from dataclasses import fields, replace
from datetime import UTC, datetime, timedelta

import pytest

from afterbill.intake.ports import MOST_NEWEST, FactQuery, FactSnapshot, FactWrites
from afterbill.model.billing import Money
from afterbill.model.customer import NOBODY, Customer, Recipient, Waiting
from afterbill.model.invitation import Answer, Deferral, Delivery, FollowUp, Invitation, SkipReason, State
from afterbill.model.recurring import Recurring
from afterbill.model.subscriptions import Subscription
from afterbill.model.visits import CondensedVisits, Kind, Visit
from tests.contract.conftest import mark_erased
from tests.contract.people import ADDRESS, DUE, ID, LINK, NOW, OTHER_ID, customer, invitation, stored

NOTHING = FactSnapshot(None, {}, frozenset())


def test_an_empty_table_knows_nothing(world):
    assert world.facts.look_up(FactQuery()) == NOTHING
    everything = FactQuery(ID, "stripe#cus_1", [LINK], "hash", ("evt_1", "stripe"), OTHER_ID)
    assert world.facts.look_up(everything) == replace(NOTHING, recipient=Recipient("hash"))
    assert list(world.facts.newest_invitations("customer-1")) == []
    assert world.facts.customers(["customer-1"]) == {}
    assert world.facts.customers([]) == {}


def test_what_was_committed_is_found(world):
    change = FactWrites(
        invitation=invitation(),
        customers=(customer(),),
        aliases={"stripe#cus_1": ("customer-1", None)},
        stops={LINK: OTHER_ID},
    )

    assert world.facts.commit(change)

    assert world.facts.look_up(FactQuery(ID, "stripe#cus_1", [LINK, "other"])) == FactSnapshot(
        invitation(), {"stripe#cus_1": "customer-1"}, frozenset({OTHER_ID})
    )
    assert world.facts.look_up(FactQuery(alias="stripe#cus_2")) == NOTHING
    assert world.facts.customers(["customer-1", "nobody"]) == {"customer-1": customer(version=1)}


def test_keys_may_be_asked_for_twice(world):
    world.facts.commit(FactWrites(invitation=invitation(), stops={LINK: ID}))

    found = world.facts.look_up(FactQuery(ID, links=[LINK, LINK], confirmation=ID))

    assert found == FactSnapshot(invitation(), {}, frozenset({ID}), confirmed_at=invitation().occurred_at)


def test_an_invitation_comes_back_whole(world):
    """Every field is set to something other than its default: a new field must be stored or this fails."""
    whole = replace(
        invitation(),
        stoppable=False,
        generation=3,
        deferred_until=DUE + timedelta(minutes=15),
        delivery_number=2,
        state=State.SENT,
        reason="cooldown",
        delivery=Delivery.DELIVERED,
        attempt="attempt-1",
        claimed_at=NOW,
        previously_asked_at=NOW - timedelta(days=100),
        products=("Pro", "Support"),
        zone="Asia/Tokyo",
        money=Money(0, "JPY"),
        recurring=Recurring(Money(120_00, "CHF"), 3, "month"),
        reported_reason="too_expensive",
        reported_comment="Zu teuer\nfür uns",
        reported_at=NOW + timedelta(microseconds=7),
        deferrals=(Deferral(NOW, SkipReason.COOLDOWN, NOW + timedelta(days=2)), Deferral(NOW, SkipReason.WINDOW, DUE)),
        reminded_at=NOW + timedelta(days=7),
        closed_at=NOW + timedelta(days=40),
        message_id="message-1",
        sent_at=NOW + timedelta(microseconds=5),
        sent_day="2026-11-22",
        delivered_at=NOW + timedelta(seconds=3),
        shown_at=NOW + timedelta(seconds=4),
        shown_until=NOW + timedelta(minutes=4),
        showings=2,
        dismissed_at=NOW + timedelta(seconds=5),
        visits=(
            Visit(NOW, Kind.OPENED, 0, "0a1b2c3d", "chrome"),
            Visit(NOW + timedelta(milliseconds=250), Kind.HIDDEN, None, "", "", scanner=True),
        ),
        condensed=(CondensedVisits(NOW, NOW + timedelta(minutes=15), 46, 2, "hidden_link"),),
        label="hidden_link",
        follow_ups=(FollowUp(NOW, "in_app"), FollowUp(NOW + timedelta(days=3), "mail")),
        referred=4,
        answer=Answer(0, "Zu teuer 🎉\n\u202eتعليق", "price", contact_ok=True, confirmed=False),
        answered_at=NOW + timedelta(hours=1),
        answered_day="2026-11-23",
    )
    assert not [one.name for one in fields(Invitation) if getattr(whole, one.name) == one.default]

    world.facts.commit(FactWrites(invitation=whole))

    assert world.invitations.invitation(ID) == whole


def test_an_invitation_without_a_customer_comes_back_whole(world):
    bare = replace(invitation(), customer_id="", locale="", segments={}, objects={}, cooldown=timedelta(0))

    world.facts.commit(FactWrites(invitation=bare))

    assert world.invitations.invitation(ID) == bare


def test_a_customer_comes_back_whole(world):
    whole = Customer(
        "customer-1",
        version=0,
        address="ada@example.com",
        phone="+49 151 23456789",
        name="Ada 王",
        locale="de",
        country="DE",
        time_zone="Europe/Berlin",
        attributes={"plan": "pro", "seats": "12"},
        learned_at={"address": NOW, "attributes.plan": datetime(2020, 1, 1, tzinfo=UTC)},
        last_asked_at=NOW,
        last_adverse_at=DUE,
        last_seen_at=DUE,
        restricted_at=NOW,
        active_at=DUE,
        offered=ID,
        when_seen=frozenset({ID}),
        waiting={ID: Waiting(70, DUE, NOW, stoppable=False)},
        suppressed="unsubscribed",
        deleted=True,
        address_hash=ADDRESS,
        subscriptions={
            "sub_1": Subscription(
                NOW,
                announced_at=DUE,
                ended_at=NOW,
                running_at=DUE,
                expired_at=DUE + timedelta(microseconds=1),
                farewell="a fact",
                recurring=Recurring(Money(4900, "EUR"), 3, "month"),
                priced_at=NOW + timedelta(microseconds=1),
            ),
            "sub 2 é": Subscription(NOW),
        },
        crowded=True,
        forget_at=NOW,
    )
    exempt = {"version", "kept_until"}  # the table counts it; who is forgotten with a test has no other end
    assert {one.name for one in fields(Customer) if getattr(whole, one.name) == one.default} == exempt

    world.facts.commit(FactWrites(customers=(whole,)))

    assert world.facts.customers(["customer-1"]) == {"customer-1": replace(whole, version=1)}


def reported(at=NOW, reason="too_expensive", comment="Zu teuer"):
    return replace(invitation(), reported_reason=reason, reported_comment=comment, reported_at=at)


@pytest.mark.parametrize("one", [invitation(), invitation(state=State.CLOSED, reason="not_asked")])
def test_a_reported_reason_joins_its_fact(world, one):
    world.facts.commit(FactWrites(invitation=one))

    assert world.facts.commit(FactWrites(reported=reported(), event=("evt_2", "stripe"), about=ID))
    assert world.facts.commit(FactWrites(reported=reported(NOW + timedelta(seconds=1), "unused", "")))

    stored = world.invitations.invitation(ID)
    assert (stored.reported_reason, stored.reported_at) == ("unused", NOW + timedelta(seconds=1))
    told = ("reported_reason", "reported_comment", "reported_at")
    assert replace(stored, **{name: getattr(one, name) for name in told}) == one


def test_a_reported_reason_that_is_older_than_the_stored_one_is_refused(world):
    world.facts.commit(FactWrites(invitation=reported()))

    assert not world.facts.commit(FactWrites(reported=reported(NOW - timedelta(seconds=1), "unused")))
    assert world.facts.commit(FactWrites(reported=reported()))
    assert world.invitations.invitation(ID) == reported()


def test_a_fact_that_is_gone_gets_no_reason(world):
    assert not world.facts.commit(FactWrites(reported=reported()))
    erased = invitation(state=State.CLOSED, reason=SkipReason.ERASED)
    world.facts.commit(FactWrites(invitation=erased))

    assert not world.facts.commit(FactWrites(reported=reported()))
    assert world.invitations.invitation(ID) == erased


def test_the_same_fact_is_committed_once(world):
    assert world.facts.commit(FactWrites(invitation=invitation()))
    assert not world.facts.commit(FactWrites(invitation=invitation(locale="en")))

    assert world.invitations.invitation(ID) == invitation()


def test_a_lost_race_writes_nothing_at_all(world):
    stored(world)
    change = FactWrites(
        invitation=invitation(),
        customers=(customer("customer-2"),),
        aliases={"stripe#cus_2": ("customer-2", None)},
        stops={LINK: OTHER_ID},
    )

    assert not world.facts.commit(change)

    assert world.facts.customers(["customer-2"]) == {}
    assert world.facts.look_up(FactQuery(alias="stripe#cus_2", links=[LINK])) == NOTHING


def test_a_customer_is_stored_as_the_next_of_the_version_that_was_read(world):
    _, known = stored(world)

    assert world.facts.commit(FactWrites(customers=(replace(known, name="Ada"),)))

    assert world.facts.customers(["customer-1"])["customer-1"] == replace(known, name="Ada", version=2)


@pytest.mark.parametrize("version", [0, 2], ids=["thought to be new", "read before another write"])
def test_a_customer_changed_since_is_not_stored(world, version):
    _, known = stored(world)
    world.facts.commit(FactWrites(customers=(replace(known, name="Ada"),)))
    world.facts.commit(FactWrites(customers=(replace(known, name="Ada", version=2),)))

    assert not world.facts.commit(FactWrites(customers=(customer(name="Late", version=version),)))

    assert world.facts.customers(["customer-1"])["customer-1"].name == "Ada"


def test_a_customer_erased_since_is_not_stored_again(world):
    assert not world.facts.commit(FactWrites(customers=(customer(version=3),)))
    assert world.facts.customers(["customer-1"]) == {}


def test_an_alias_is_given_once(world):
    assert world.facts.commit(FactWrites(aliases={"stripe#cus_1": ("customer-1", None)}))
    assert not world.facts.commit(FactWrites(aliases={"stripe#cus_1": ("customer-2", None)}))

    assert world.facts.look_up(FactQuery(alias="stripe#cus_1")).customer_ids == {"stripe#cus_1": "customer-1"}


def test_an_alias_given_twice_to_the_same_customer_is_no_race(world):
    assert world.facts.commit(FactWrites(aliases={"stripe#cus_1": ("customer-1", None)}))
    assert world.facts.commit(FactWrites(aliases={"stripe#cus_1": ("customer-1", None)}))


def test_an_alias_moves_from_the_customer_it_was_read_of(world):
    world.facts.commit(FactWrites(aliases={"stripe#cus_1": ("customer-1", None)}))

    assert world.facts.commit(FactWrites(aliases={"stripe#cus_1": ("customer-2", "customer-1")}))
    assert world.facts.commit(FactWrites(aliases={"stripe#cus_1": ("customer-2", "customer-1")}))

    assert world.facts.look_up(FactQuery(alias="stripe#cus_1")).customer_ids == {"stripe#cus_1": "customer-2"}


@pytest.mark.parametrize("owner", ["customer-3", None], ids=["moved elsewhere", "erased"])
def test_an_alias_that_is_no_longer_where_it_was_read_does_not_move(world, owner):
    if owner:
        world.facts.commit(FactWrites(aliases={"stripe#cus_1": (owner, None)}))

    assert not world.facts.commit(FactWrites(aliases={"stripe#cus_1": ("customer-2", "customer-1")}))

    found = world.facts.look_up(FactQuery(alias="stripe#cus_1")).customer_ids
    assert found == ({"stripe#cus_1": owner} if owner else {})


def test_newest_invitations_are_those_of_the_customer_the_newest_first(world):
    ids = [f"{number:032x}" for number in range(MOST_NEWEST + 2)]
    for number, id_ in enumerate(ids):
        asked = invitation(id_, created_at=NOW + timedelta(minutes=number), objects={})
        world.facts.commit(FactWrites(invitation=asked))
    world.facts.commit(FactWrites(invitation=invitation(OTHER_ID, customer_id="customer-2")))

    assert list(world.facts.newest_invitations("customer-1")) == ids[:1:-1]
    assert list(world.facts.newest_invitations("customer-2")) == [OTHER_ID]


def test_several_payments_may_be_taken_back_by_one_event(world):
    world.facts.commit(FactWrites(stops={"a": ID, "b": ID}))
    world.facts.commit(FactWrites(stops={"b": OTHER_ID}))

    assert world.facts.look_up(FactQuery(links=["a", "b", "c"])).stopped_by == frozenset({ID, OTHER_ID})


def test_links_of_one_payment_are_found_through_each_other(world):
    assert world.facts.commit(FactWrites(peers=frozenset({"a", "b"})))
    assert world.facts.commit(FactWrites(peers=frozenset({"b", "c"})))

    assert world.facts.look_up(FactQuery(links=["a"])).peers == frozenset({"a", "b"})
    assert world.facts.look_up(FactQuery(links=["c"])).peers == frozenset({"b", "c"})
    assert world.facts.look_up(FactQuery(links=["d"])) == NOTHING


def test_who_saw_no_stop_does_not_join_what_was_stopped_since(world):
    world.facts.commit(FactWrites(stops={"b": ID}))

    assert not world.facts.commit(FactWrites(invitation=invitation(), peers=frozenset({"a", "b"})))

    assert world.facts.look_up(FactQuery(ID, links=["a", "b"])) == FactSnapshot(None, {}, frozenset({ID}))


def test_who_saw_no_peers_does_not_stop_what_was_joined_since(world):
    world.facts.commit(FactWrites(peers=frozenset({"a", "b"})))

    assert not world.facts.commit(FactWrites(stops={"a": ID, "c": ID}))

    assert world.facts.look_up(FactQuery(links=["a", "c"])).stopped_by == frozenset()


def test_who_saw_both_stops_everything_that_is_joined(world):
    world.facts.commit(FactWrites(peers=frozenset({"a", "b"})))

    assert world.facts.commit(FactWrites(stops={"a": ID, "b": ID}, peers=frozenset({"a", "b"})))

    found = world.facts.look_up(FactQuery(links=["b"]))
    assert (found.stopped_by, found.peers) == (frozenset({ID}), frozenset({"a", "b"}))


def test_an_address_is_known_by_its_hash(world):
    world.responses.suppress("hash", "complained", NOW, None)

    assert world.facts.look_up(FactQuery(address_hash="hash")).recipient == Recipient("hash", suppressed="complained")
    assert world.facts.look_up(FactQuery(address_hash="other")).recipient == Recipient("other")
    assert world.facts.look_up(FactQuery()).recipient == NOBODY


def test_who_was_erased_is_known_by_their_hashed_name(world):
    mark_erased(world.facts, "5e1f", NOW)

    assert world.facts.look_up(FactQuery(alias="shop#1", alias_hash="5e1f")) == replace(NOTHING, erased_at=NOW)
    assert world.facts.look_up(FactQuery(alias="shop#1", alias_hash="0bad")) == NOTHING


def test_the_success_that_a_failure_takes_back_is_found_with_its_moment(world):
    world.facts.commit(FactWrites(invitation=invitation(state=State.CLOSED, reason="not_asked")))

    assert world.facts.look_up(FactQuery(OTHER_ID, confirmation=ID)) == replace(
        NOTHING, confirmed_at=invitation().occurred_at
    )


def failed_at(world, *links):
    return world.facts.look_up(FactQuery(links=links)).failed_at


def test_a_failure_is_known_through_each_link_of_its_payment_and_the_latest_counts(world):
    assert world.facts.commit(FactWrites(failed={"a": NOW, "b": NOW}))
    assert world.facts.commit(FactWrites(failed={"b": NOW + timedelta(hours=1)}))

    assert failed_at(world, "a") == NOW
    assert failed_at(world, "a", "b") == NOW + timedelta(hours=1)
    assert failed_at(world, "c") is None


def test_the_moment_of_a_failure_only_rises(world):
    """The latest was read before either commit; who is told False reads again and finds it."""
    later = NOW + timedelta(hours=1)
    assert world.facts.commit(FactWrites(failed={"a": later}))

    assert not world.facts.commit(FactWrites(invitation=invitation(), failed={"a": NOW}))

    assert failed_at(world, "a") == later
    assert world.invitations.invitation(ID) is None


@pytest.mark.parametrize("microseconds", [0, 1, 500_000])
def test_a_failure_in_the_same_second_is_no_race(world, microseconds):
    """Senders spell one moment with fractions of a second and another without."""
    first, then = NOW, NOW + timedelta(microseconds=microseconds)
    assert world.facts.commit(FactWrites(failed={"a": first}))

    assert world.facts.commit(FactWrites(failed={"a": then}))

    assert failed_at(world, "a") == then


def test_a_failure_leaves_stops_and_peers_of_its_links_alone(world):
    world.facts.commit(FactWrites(stops={"a": ID}))
    world.facts.commit(FactWrites(peers=frozenset({"b", "c"})))

    assert world.facts.commit(FactWrites(failed={"a": NOW, "b": NOW}))

    assert world.facts.look_up(FactQuery(links=["a", "b"])) == FactSnapshot(
        None, {}, frozenset({ID}), failed_at=NOW, peers=frozenset({"b", "c"})
    )


def test_an_event_is_remembered_with_the_fact_it_reported(world):
    reported = FactQuery(ID, event=("evt_1", "stripe"))

    assert not world.facts.look_up(reported).repeated
    assert world.facts.commit(FactWrites(event=("evt_1", "stripe"), about=ID, forget_at=NOW))

    assert world.facts.look_up(reported).repeated
    assert not world.facts.look_up(FactQuery(ID, event=("evt_1", "other"))).repeated
    assert not world.facts.look_up(FactQuery(OTHER_ID, event=("evt_1", "stripe"))).repeated


@pytest.mark.parametrize("state", [State.PENDING, State.CLOSED])
def test_an_event_is_remembered_with_the_invitation_it_made(world, state):
    reported = FactQuery(ID, event=("evt_1", "stripe"))
    change = FactWrites(invitation=invitation(state=state), event=("evt_1", "stripe"), about=ID, forget_at=NOW)
    assert world.facts.commit(change)

    assert world.facts.look_up(reported).repeated
    assert not world.facts.look_up(FactQuery(ID, event=("evt_2", "stripe"))).repeated
    assert not world.facts.look_up(FactQuery(ID, event=("evt_1", "other"))).repeated
    assert not world.facts.look_up(FactQuery(ID)).repeated


def test_a_twin_is_remembered_beside_the_event_that_came_first(world):
    world.facts.commit(FactWrites(invitation=invitation(), event=("evt_1", "stripe"), about=ID, forget_at=NOW))
    assert world.facts.commit(FactWrites(event=("evt_2", "stripe"), about=ID, forget_at=NOW))

    for event_id in ("evt_1", "evt_2"):
        assert world.facts.look_up(FactQuery(ID, event=(event_id, "stripe"))).repeated


def test_an_event_may_be_remembered_twice(world):
    change = FactWrites(event=("evt_1", "stripe"), about=ID, forget_at=NOW)

    assert world.facts.commit(change)
    assert world.facts.commit(change)
