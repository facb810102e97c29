"""The turns of campaigns, as capture_event reads them; nobody else may send one."""

import json
from typing import Any

import pytest

from afterbill.connectors import registry
from afterbill.model.billing import CustomerRef, Touchpoint
from afterbill.model.campaigns import CAMPAIGNS
from afterbill.model.errors import PayloadError
from afterbill.model.webhooks import Refusal, Source, Webhook
from tests.factories import NOON

TURN = {"campaign": "version-2", "touchpoint": "release", "period": "2027-03-01", "customers": ["ada", "bob"]}
SOURCE = Source(CAMPAIGNS, CAMPAIGNS)
MODULE = registry.load(CAMPAIGNS)


def webhook(**changes: Any) -> Webhook:
    return Webhook(CAMPAIGNS, {}, json.dumps(TURN | changes).encode(), NOON)


def test_every_customer_of_a_turn_is_a_fact_of_its_own() -> None:
    ada, bob = MODULE.normalise(webhook(), SOURCE)

    assert (ada.source, ada.event_id, ada.occurred_at) == (CAMPAIGNS, "version-2#2027-03-01#ada", NOON)
    assert (ada.customer, ada.touchpoint) == (CustomerRef(own_id="ada"), Touchpoint.RELEASE)
    assert ada.fact == "campaigns|version-2|ada|release|2027-03-01"
    assert bob.customer == CustomerRef(own_id="bob")
    assert ada.invitation_id != bob.invitation_id
    assert ada.links == ()


def test_a_turn_told_again_later_is_the_same_fact() -> None:
    (first, _), again = MODULE.normalise(webhook(), SOURCE), webhook(customers=["ada"])

    (second,) = MODULE.normalise(Webhook(CAMPAIGNS, {}, again.body, NOON.replace(year=2028)), SOURCE)

    assert second.invitation_id == first.invitation_id


@pytest.mark.parametrize("other", [{"campaign": "version-3"}, {"period": "2027-06-01"}, {"touchpoint": "relationship"}])
def test_another_campaign_period_or_touchpoint_is_another_fact(other: dict[str, str]) -> None:
    known = {one.invitation_id for one in MODULE.normalise(webhook(), SOURCE)}

    assert known.isdisjoint(one.invitation_id for one in MODULE.normalise(webhook(**other), SOURCE))


@pytest.mark.parametrize(
    "wrong",
    [
        {"touchpoint": "unheard_of"},
        {"touchpoint": None},
        {"campaign": ""},
        {"period": 2027},
        {"customers": "ada"},
        {"customers": ["ada", None]},
    ],
)
def test_what_cannot_be_understood_is_told_apart(wrong: dict[str, object]) -> None:
    with pytest.raises(PayloadError, match="turn of a campaign"):
        MODULE.normalise(webhook(**wrong), SOURCE)


def test_nobody_can_send_one() -> None:
    sent = MODULE.sign(webhook(), "whatever")

    assert sent == webhook()
    assert MODULE.verify(sent, ["whatever"], NOON) is Refusal.MISSING
    assert not MODULE.ABOUT.signed


def test_no_copy_of_it_is_kept() -> None:
    assert MODULE.is_unsigned(webhook())


def test_it_is_no_billing_system() -> None:
    assert CAMPAIGNS not in registry.PROVIDERS
