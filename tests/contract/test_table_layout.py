"""The table beyond the ports: sparse indexes, the end of retention, nothing personal in plain sight."""

import json
from dataclasses import replace
from datetime import timedelta

import pytest

from afterbill.adapters.dynamodb import keys
from afterbill.adapters.dynamodb.items import invitation_item, invitation_of
from afterbill.intake.ports import FactWrites
from afterbill.model.billing import CustomerRef, Money, OperatorTask
from afterbill.model.customer import Recipient, Suppression
from afterbill.model.invitation import RETENTION, Answer, Deferral, Delivery, FollowUp, SkipReason, State
from afterbill.model.short_links import ShortLink
from afterbill.model.visits import Kind, Visit
from afterbill.outreach.ports import SweepProgress
from benchmarks.units import item_bytes
from tests.contract.conftest import TABLE
from tests.contract.people import ADA, ADDRESS, ID, NOW, OTHER_ID, claimed, customer, invitation, mailed, sent, stored
from tests.contract.template import properties


def items(world, index=None):
    found = world.dynamodb.scan(TableName=TABLE, **({"IndexName": index} if index else {}))["Items"]
    return {item["pk"]["S"]: item for item in found}


def test_indexes_hold_invitations_and_customers_by_their_group_and_address(aws_world):
    """Stops name an invitation too; what lacks one key of an index is not in it."""
    change = FactWrites(
        invitation=invitation(),
        customers=(customer(last_asked_at=NOW),),
        aliases={"stripe#cus_1": ("customer-1", None)},
        stops={"a": ID},
    )
    aws_world.facts.commit(change)
    aws_world.responses.suppress(ADDRESS, "bounced", NOW, None)
    aws_world.sweeps.store_sweep_progress(SweepProgress(NOW, NOW))

    known = {f"INVITATION#{ID}", "CUSTOMER#customer-1", "ALIAS#stripe#cus_1"}
    assert items(aws_world, "by_customer").keys() == known
    assert items(aws_world, "by_day").keys() == {f"INVITATION#{ID}", "CUSTOMER#customer-1"}
    assert items(aws_world, "by_answered_day").keys() == set()


def test_an_invitation_that_nobody_is_to_get_is_in_no_index(aws_world):
    closed = invitation(state=State.CLOSED, reason="no_customer", customer_id="")
    aws_world.facts.commit(FactWrites(invitation=closed))

    assert [items(aws_world, index) for index in ("by_customer", "by_day", "by_answered_day")] == [{}, {}, {}]


def test_a_closed_invitation_stays_under_its_day_with_its_reason(aws_world):
    one, _ = stored(aws_world)
    aws_world.invitations.close(one, SkipReason.EXPIRED)

    assert items(aws_world, "by_day")[f"INVITATION#{ID}"]["reason"] == {"S": "expired"}


CODE = ShortLink("0123456789", ID, NOW, "aa" * 16, "customer-1")
CROWDED = OperatorTask("stripe", "too_many_attributes", "customer-1", NOW, CustomerRef("cus_1", own_id="customer-1"))


def plant_everything(world):
    """One item of each kind that belongs to a customer."""
    twin = FactWrites(event=("evt_2", "stripe"), about=ID, customer_id="customer-1")
    aliases = {"stripe#cus_1": ("customer-1", None), "shop@5e1f": ("customer-1", None)}
    world.facts.commit(FactWrites(invitation=invitation(), customers=(customer(),), aliases=aliases))
    world.facts.commit(twin)
    world.codes.keep(CODE)
    world.facts.keep_task(CROWDED, "", NOW)


def test_one_partition_finds_all_that_belongs_to_a_customer(aws_world):
    plant_everything(aws_world)

    found = aws_world.facts.by_customer("customer-1", 100)
    others = {"ALIAS#stripe#cus_1", "ALIAS#shop@5e1f", "EVENT#evt_2", "CODE#0123456789", f"PHONE#{CODE.phone_hash}"}
    assert found[0]["pk"] == {"S": f"INVITATION#{ID}"}
    assert {item["pk"]["S"] for item in found[1:]} == {*others, "TASK#stripe"}


def test_what_belongs_to_a_customer_keeps_no_invitation_from_being_among_the_newest(aws_world):
    plant_everything(aws_world)

    assert aws_world.facts.newest_invitations("customer-1") == [ID]


def test_nobody_has_no_partition(aws_world):
    aws_world.facts.commit(FactWrites(event=("evt_1", "stripe"), about=ID))
    aws_world.facts.keep_task(replace(CROWDED, customer=CustomerRef("cus_1")), "", NOW)
    aws_world.codes.keep(replace(CODE, customer_id=""))

    assert items(aws_world, "by_customer") == {}


def test_a_customer_without_an_address_is_among_no_holders(aws_world):
    stored(aws_world, who=customer(address=None, address_hash=""))

    assert items(aws_world, "by_customer").keys() == {f"INVITATION#{ID}"}


def test_an_index_tells_nothing_of_who_holds_an_address_but_their_keys(aws_world):
    aws_world.facts.commit(FactWrites(customers=(customer(),)))

    assert items(aws_world, "by_customer") == {
        "CUSTOMER#customer-1": keys.customer("customer-1")
        | {"customer_id": {"S": f"ADDRESS#{ADDRESS}"}, "created_at": {"S": "-"}}
    }


def test_a_group_tells_nothing_of_its_customers_but_their_keys(aws_world):
    stored(aws_world)

    assert items(aws_world, "by_day")["CUSTOMER#customer-1"].keys() == {"pk", "sk", "day_bucket", "day_at"}


def test_an_answer_enters_the_days_of_answers_with_what_counting_reads(aws_world):
    sent(aws_world)
    aws_world.responses.record(ID, Answer(0, "words"), NOW, "2026-11-22")

    (item,) = items(aws_world, "by_answered_day").values()
    assert item.keys() == {"pk", "sk", "answered_day", "answered_at", "rating", "segments"}
    item = items(aws_world, "by_day")[f"INVITATION#{ID}"]
    assert item.keys() == {"pk", "sk", "day_bucket", "day_at", "sent_day", "rating", "segments"}


def day_entry(world):
    return items(world, "by_day")[f"INVITATION#{ID}"]


def test_a_delivery_leaves_the_days_alone(aws_world):
    """Every change of an index is paid for, and almost every mail is delivered."""
    sent(aws_world)
    before = day_entry(aws_world)
    aws_world.mail_events.deliver(ID, Delivery.DELIVERED, NOW)

    assert day_entry(aws_world) == before


@pytest.mark.parametrize("rank", [Delivery.BOUNCED, Delivery.COMPLAINED])
def test_what_speaks_against_the_sender_stands_with_the_day(aws_world, rank):
    sent(aws_world)
    aws_world.mail_events.deliver(ID, rank)
    aws_world.mail_events.deliver(ID, Delivery.DELIVERED, NOW)

    assert day_entry(aws_world)["adverse"] == {"N": str(int(rank))}
    assert invitation_item(aws_world.invitations.invitation(ID))["adverse"] == {"N": str(int(rank))}


def test_a_delivery_by_another_channel_begins_with_a_clean_slate(aws_world):
    asked = sent(aws_world)
    aws_world.mail_events.deliver(ID, Delivery.BOUNCED)
    who = aws_world.facts.customers(["customer-1"])["customer-1"]
    follow_up = replace(asked, delivery_number=2, follow_ups=(FollowUp(NOW, "sms"),), delivery=None)
    assert aws_world.invitations.claim_follow_up(follow_up, who)

    assert "adverse" not in day_entry(aws_world)


REPORT = {"event": ("evt_1", "stripe"), "about": ID, "forget_at": NOW}


def test_a_survey_holds_the_event_that_reported_its_fact(aws_world):
    aws_world.facts.commit(FactWrites(invitation=invitation(), **REPORT))

    assert day_entry(aws_world)["event_id"] == {"S": "evt_1"}
    assert items(aws_world).keys() == {f"INVITATION#{ID}"}


@pytest.mark.parametrize(
    ("one", "event"),
    [
        (invitation(state=State.CLOSED, reason="cooldown"), ("evt_1", "stripe")),
        (invitation(answered_day="test"), ("evt_1", "stripe")),
        (invitation(), ("evt_1", "another")),
        (invitation(), ("e" * 65, "stripe")),
        (None, ("evt_1", "stripe")),
    ],
    ids=["skipped", "a test", "of another source", "too long", "a twin"],
)
def test_any_other_event_has_an_item_of_its_own(aws_world, one, event):
    aws_world.facts.commit(FactWrites(invitation=one, **REPORT | {"event": event}))

    assert f"EVENT#{event[0]}" in items(aws_world)
    assert not any("event_id" in item for item in items(aws_world).values())


def test_an_invitation_ends_with_its_retention(aws_world):
    aws_world.facts.commit(FactWrites(invitation=invitation()))

    attribute = properties("Table")["TimeToLiveSpecification"]["AttributeName"]
    item = items(aws_world)[f"INVITATION#{ID}"]
    assert item[attribute] == {
        "N": str(int((invitation().patient_until + invitation().expiry + RETENTION).timestamp()))
    }


def test_no_update_takes_the_end_of_retention_away(aws_world):
    before = invitation_item(invitation())["expires_at"]
    sent(aws_world)
    aws_world.responses.record(ID, Answer(5), NOW, "2026-11-22")

    assert items(aws_world)[f"INVITATION#{ID}"]["expires_at"] == before


def address_item(world):
    return items(world)[f"ADDRESS#{ADDRESS}"]


def test_an_address_is_forgotten_two_years_after_it_was_asked_last(aws_world):
    sent(aws_world)

    assert address_item(aws_world)["expires_at"] == {"N": str(int((NOW + RETENTION).timestamp()))}


@pytest.mark.parametrize("reason", ["unsubscribed", "complained", "bounced"])
def test_a_suppression_stays_for_ever(aws_world, reason):
    """Whether the address was asked before or not, and whatever is tried by another channel afterwards."""
    sent(aws_world)
    aws_world.responses.suppress(ADDRESS, reason, NOW, None)
    aws_world.responses.suppress("other", reason, NOW, None)
    other, who = stored(aws_world, invitation(OTHER_ID, objects={}), customer("customer-2"))
    known = Recipient(ADDRESS, NOW, Suppression(reason))
    assert aws_world.invitations.claim(claimed(other, at=NOW + timedelta(days=1)), who, known)

    assert address_item(aws_world)["last_asked_at"] == {"S": "2026-11-23T13:30:15Z"}
    assert "expires_at" not in address_item(aws_world)
    assert "expires_at" not in items(aws_world)["ADDRESS#other"]


def test_an_address_tells_nothing_but_when_it_was_asked_and_what_was_said_of_it(aws_world):
    sent(aws_world)
    aws_world.responses.suppress(ADDRESS, "unsubscribed", NOW, None)

    assert address_item(aws_world) == keys.address(ADDRESS) | {
        "last_asked_at": {"S": "2026-11-22T13:30:15Z"},
        "reason": {"S": "unsubscribed"},
        "since": {"S": "2026-11-22T13:30:15Z"},
        "said_at": {"S": "2026-11-22T13:30:15Z"},
    }


def test_links_are_forgotten_when_the_change_says_so(aws_world):
    aws_world.facts.commit(FactWrites(stops={"a": ID}, forget_at=NOW))

    assert items(aws_world)["LINK#a"]["expires_at"] == {"N": str(int(NOW.timestamp()))}


def test_an_address_lies_with_its_customer_and_nowhere_else(aws_world):
    one, who = stored(aws_world, who=customer(name="Ada Lovelace"))
    aws_world.facts.commit(FactWrites(invitation=invitation(OTHER_ID), aliases={"stripe#cus_1": (who.id, None)}))
    aws_world.responses.suppress(ADDRESS, "unsubscribed", NOW, who)
    aws_world.invitations.close(one, SkipReason.SUPPRESSED)

    holders = {key for key, item in items(aws_world).items() if "ada" in json.dumps(item, default=bytes.hex).lower()}
    assert holders == {f"CUSTOMER#{who.id}"}


PAYMENT = replace(
    invitation(),
    fact="stripe|acct_1Abcdefghijklmno|in_1SPQaAKx3VdL8mWcFirst001|payment_succeeded|",
    customer_id="5f2c8f0e7d6b4a3c9e1d0b2a4c6e8f10",
    objects={
        "charge": "ch_3SPQaAKx3VdL8mWc0First01",
        "customer": "cus_TLm4nOraLindqv",
        "invoice": "in_1SPQaAKx3VdL8mWcFirst001",
        "payment_intent": "pi_3SPQaAKx3VdL8mWc0First01",
        "subscription": "sub_1SPQaBKx3VdL8mWc7tUvWxYz",
    },
    money=Money(4900, "EUR"),
    deferrals=(Deferral(NOW, SkipReason.WINDOW, NOW),),
    segments={"touchpoint": "payment_succeeded", "stage": "purchase", "source": "stripe", "plan": "pro"},
)
"""An invitation as a payment makes it."""


@pytest.mark.parametrize(
    "objects",
    [
        {"invoice": "in_1SPQaAKx3VdL8mWcFirst001", "payment": "in_1SPQaAKx3VdL8mWcFirst001"},
        {"invoice": "in_1SPQaAKx3VdL8mWcFirst001", "charge": ""},
        {"charge": ""},
    ],
)
def test_objects_are_read_as_they_were_stored(objects):
    """The one that the fact names is stored once; another without an id is not taken for it."""
    one = replace(PAYMENT, objects=objects)

    assert invitation_of(invitation_item(one)).objects == objects


def test_an_item_is_small():
    """Every write costs by the kilobyte: what a click and an answer add must still fit in."""
    assert item_bytes(invitation_item(PAYMENT)) <= 800


def test_an_item_stays_within_a_kilobyte_when_it_is_tapped_and_answered(aws_world):
    one, who = stored(aws_world, PAYMENT, customer(PAYMENT.customer_id))
    aws_world.invitations.claim(claimed(one), who, ADA)
    message_id = "0107018e2a4b6c8d-1a2b3c4d-5e6f-7081-92a3-b4c5d6e7f809-000000"
    aws_world.invitations.mark_sent(replace(mailed(claimed(one)), message_id=message_id))
    aws_world.mail_events.deliver(ID, Delivery.DELIVERED, NOW)
    for kind in (Kind.OPENED, Kind.SEEN):
        aws_world.responses.visit(ID, Visit(NOW, kind, 9, "0badcafe", "safari"))
    aws_world.responses.record(ID, Answer(9, "x" * 80), NOW.replace(microsecond=123456), "2026-11-22")

    assert item_bytes(items(aws_world)[f"INVITATION#{ID}"]) <= 1024
