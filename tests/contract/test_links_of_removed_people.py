"""The links in mails of people who were removed: they harm nobody, and an objection is heard."""

from datetime import timedelta

import pytest

from afterbill.adapters.dynamodb.in_product import InProductSurveysTable
from afterbill.adapters.dynamodb.items import encode, invitation_item
from afterbill.answers.follow_link import FollowLinkDeps, follow_code, follow_referral
from afterbill.answers.record_response import (
    Outcome,
    RespondDeps,
    record_response,
    report_seen,
    show_survey,
    show_unsubscribe,
    unsubscribe,
)
from afterbill.answers.visitors import Visitor
from afterbill.model import links
from afterbill.model.anonymous import tombstone
from afterbill.model.invitation import RETENTION
from afterbill.model.links import Purpose
from afterbill.model.short_links import ShortLink
from afterbill_cli.memory.keys import MemoryLinkKeys
from tests.contract.conftest import TABLE
from tests.contract.people import ADA, ADDRESS, ID, NOW, claimed, customer, invitation
from tests.factories import KEYS, day_of, hash_address

SOMEBODY = Visitor("c0000207", "firefox")
LEFT = tombstone(invitation(address_hashes=(ADDRESS, "77" * 16)))


@pytest.fixture
def removed(world):
    """The only trace of an invitation, in the table."""
    if world.dynamodb:
        item = invitation_item(LEFT) | encode({"fact": ""})
        del item["visits"]
        world.dynamodb.put_item(TableName=TABLE, Item=item)
    else:
        world.facts.invitations[ID] = LEFT
    assert world.invitations.invitation(ID) == LEFT
    return world


@pytest.fixture
def responding(removed):
    return RespondDeps(removed.responses, MemoryLinkKeys(KEYS), day_of, hash_address)


def token(purpose=Purpose.SURVEY):
    return links.sign(purpose, ID, NOW + RETENTION, KEYS)


@pytest.mark.parametrize("query", [{}, {"rating": "9"}, {"rating": "hidden"}])
def test_the_page_says_that_the_survey_is_closed_and_keeps_no_visit(removed, responding, query):
    assert show_survey(token(), query, SOMEBODY, responding, NOW).outcome is Outcome.CLOSED
    assert removed.invitations.invitation(ID) == LEFT


def test_no_answer_and_no_look_is_kept(removed, responding):
    answer = {"rating": "9", "comment": "It is me", "contact_ok": "1"}

    assert record_response(token(), answer, responding, NOW).outcome is Outcome.CLOSED
    report_seen(token(), {"seen": "1", "rating": "9"}, SOMEBODY, responding, NOW)
    assert removed.invitations.invitation(ID) == LEFT


def test_an_objection_is_heard_for_every_address_the_survey_went_to(removed, responding):
    leaving = token(Purpose.UNSUBSCRIBE)

    assert show_unsubscribe(leaving, responding, NOW).outcome is Outcome.ASKED
    assert [unsubscribe(leaving, responding, NOW).outcome for _ in range(2)] == [Outcome.UNSUBSCRIBED] * 2
    assert all(removed.codes.suppressed(hashed) for hashed in LEFT.address_hashes)
    assert removed.invitations.invitation(ID) == LEFT


def test_a_short_link_leads_to_the_closed_page_or_nowhere(removed):
    deps = FollowLinkDeps(removed.codes, removed.codes, MemoryLinkKeys(KEYS), lambda _touchpoint: "", "")
    assert follow_code("0123456789", deps, NOW) is None
    removed.codes.keep(ShortLink("0123456789", ID, NOW + timedelta(days=1)))

    assert (follow_code("0123456789", deps, NOW) or "").startswith("/s/")


def test_a_personal_link_that_is_looked_at_changes_nothing(removed):
    deps = FollowLinkDeps(removed.codes, removed.codes, MemoryLinkKeys(KEYS), lambda _touchpoint: "https://a.b", "")

    follow_referral(token(Purpose.REFERRAL), deps, NOW, counts=False)
    assert removed.invitations.invitation(ID) == LEFT


def test_nothing_is_shown_inside_the_product(removed):
    table = InProductSurveysTable(removed.dynamodb, TABLE) if removed.dynamodb else removed.facts

    assert not table.show(ID, NOW)
    table.hide(ID, NOW)
    assert removed.invitations.invitation(ID) == LEFT


def test_nothing_is_sent_and_nothing_was(removed):
    """A timer, a claim or a report may have been under way."""
    removed.invitations.mark_unknown(claimed(LEFT))
    removed.mail_events.confirm_sent(LEFT, "message-1", NOW, "2026-11-22")

    assert not removed.invitations.claim(claimed(LEFT), customer(version=1), ADA)
    assert removed.invitations.invitation(ID) == LEFT
