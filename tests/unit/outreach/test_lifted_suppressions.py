"""What happened before a suppression was lifted stays lifted, however late the report comes; what came later counts."""

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any

import pytest

from afterbill.model.invitation import Delivery, State
from afterbill.model.short_links import ShortLink
from afterbill.outreach.handle_mail_event import MailEventDeps, handle_mail_event
from afterbill.outreach.handle_sms_event import SmsEventDeps, handle_sms_event
from tests.factories import ADA, DAY, NOON, customer, day_of, hash_address, invitation, ses_event
from tests.unit.outreach.test_handle_sms_event import HASHED, NUMBER, answer, sms_event
from tests.world import World

ID = invitation().id
MINUTE = timedelta(minutes=1)
LIFTED_AT = datetime.fromisoformat("2026-11-26T12:00:00+00:00")
LATER = LIFTED_AT + 10 * DAY
"""When a report comes that failed before and is moved back from the dead letters."""


@pytest.fixture
def world() -> World:
    """Ada got a mail and a text message; an operator lifted both suppressions."""
    world = World(now=LATER)
    world.stored.invitations[ID] = invitation(state=State.SENT, delivery=Delivery.ACCEPTED)
    world.stored.people["ada"] = customer(phone=NUMBER)
    world.stored.keep(ShortLink("0123456789", ID, NOON + DAY, HASHED, "ada"))
    world.stored.lifted = {hash_address(ADA): LIFTED_AT, HASHED: LIFTED_AT}
    return world


def mail(kind: str, at: datetime) -> dict[str, Any]:
    record = ses_event(kind, ID)
    record[record["eventType"].lower()]["timestamp"] = at.isoformat()
    return record


def report(world: World, record: Mapping[str, Any], published_at: datetime = LATER) -> None:
    handle_mail_event(
        record, MailEventDeps(world.table, hash_address, day_of, sender="survey@example.com"), published_at
    )


def text(world: World, event: Mapping[str, Any], published_at: datetime = LATER) -> None:
    handle_sms_event(event, SmsEventDeps(world.table, hash_address, day_of), published_at)


@pytest.mark.parametrize("kind", ["bounce_permanent", "complaint"])
def test_a_mail_report_counts_from_the_moment_it_tells(world: World, kind: str) -> None:
    report(world, mail(kind, LIFTED_AT - MINUTE))
    assert (world.stored.suppressions, world.person().suppressed) == ({}, None)

    report(world, mail(kind, LIFTED_AT + MINUTE))
    assert set(world.stored.suppressions) == {hash_address(ADA)}


def test_a_mail_report_without_a_trace_of_its_survey_does_too(world: World) -> None:
    for at, suppressed in ((LIFTED_AT - MINUTE, set()), (LIFTED_AT + MINUTE, {hash_address(ADA)})):
        record = ses_event("notification_bounce", ID)
        record["bounce"]["timestamp"] = at.isoformat()
        report(world, record)
        assert set(world.stored.suppressions) == suppressed


@pytest.mark.parametrize("told", [{}, {"timestamp": "soon"}], ids=["no time", "no readable time"])
def test_one_without_a_moment_counts_from_its_publication(world: World, told: dict[str, str]) -> None:
    record = ses_event("complaint", ID) | {"complaint": told}
    report(world, record, published_at=LIFTED_AT - MINUTE)
    assert world.stored.suppressions == {}

    report(world, record, published_at=LIFTED_AT + MINUTE)
    assert world.person().suppressed == "complained"


def test_a_clock_that_runs_ahead_brings_nothing_back(world: World) -> None:
    report(world, mail("complaint", LATER), published_at=LIFTED_AT - MINUTE)
    assert world.stored.suppressions == {}


@pytest.mark.parametrize(
    "event",
    [sms_event("TEXT_INVALID"), sms_event("TEXT_BLOCKED", messageStatus="OPTED_OUT")],
    ids=["gone", "opted out"],
)
def test_a_report_about_a_text_message_counts_from_its_own_moment(world: World, event: dict[str, Any]) -> None:
    text(world, event | {"eventTimestamp": (LIFTED_AT - MINUTE).timestamp() * 1000})
    assert (world.stored.suppressions, world.person().suppressed) == ({}, None)

    text(world, event | {"eventTimestamp": (LIFTED_AT + MINUTE).timestamp() * 1000})
    assert HASHED in world.stored.suppressions


def test_a_reply_counts_from_the_moment_it_was_published(world: World) -> None:
    text(world, answer("STOP"), LIFTED_AT - MINUTE)
    assert (world.stored.suppressions, world.person().suppressed) == ({}, None)

    text(world, answer("STOP"), LIFTED_AT + MINUTE)
    assert world.person().suppressed == "unsubscribed"
