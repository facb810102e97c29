"""Reports of SES about mails to operators count for nothing, and stop nobody's surveys."""

from typing import Any

import pytest

from afterbill.outreach.delivery_reports import Outcome
from afterbill.outreach.handle_mail_event import MailEventDeps, handle_mail_event
from afterbill_actions.operator_sender import console_sender
from afterbill_cli.preview.console_mails import mails
from afterbill_cli.preview.variants import variants
from afterbill_dev.paths import ROOT
from tests.factories import ADA, KEYS, NOON, customer, day_of, hash_address, invitation, ses_event
from tests.world import World

SENDER = "survey@example.com"
KINDS = ("send", "delivery", "delivery_delay", "bounce_transient", "bounce_permanent", "complaint", "reject")
(VARIANT,) = variants(ROOT / "layers/config", ("en",))
MAIL = next(mails(VARIANT)).mail


def reported(kind: str, *, tags: bool, headers: bool) -> dict[str, Any]:
    """An event of a configuration set, or a notification of an identity, about a digest to Ada."""
    event = ses_event(kind, "")
    about: dict[str, Any] = event["mail"] | {"source": MAIL.sender, "destination": [ADA]}
    about["tags"] = {name: [value] for name, value in MAIL.tags.items()} if tags else {}
    about["headers"] = [{"name": name, "value": value} for name, value in MAIL.headers.items()] if headers else []
    return event | {"mail": about}


@pytest.mark.parametrize("headers", [True, False])
@pytest.mark.parametrize("tags", [True, False])
@pytest.mark.parametrize("kind", KINDS)
def test_it_concerns_no_customer_who_has_the_same_address(kind: str, tags: bool, headers: bool) -> None:  # parametrized
    world = World()
    world.stored.people["ada"] = customer()
    world.stored.invitations[invitation().id] = invitation()
    before = (dict(world.stored.invitations), dict(world.stored.people))
    deps = MailEventDeps(world.table, hash_address, day_of, lambda: KEYS, SENDER)

    assert handle_mail_event(reported(kind, tags=tags, headers=headers), deps, NOON) is Outcome.FOREIGN
    assert world.stored.suppressions == {}
    assert (dict(world.stored.invitations), dict(world.stored.people)) == before


def test_from_the_sender_of_surveys_it_would_have() -> None:
    """The label is what makes the difference."""
    world = World()
    event = reported("bounce_permanent", tags=True, headers=True)
    event["mail"]["source"] = SENDER
    deps = MailEventDeps(world.table, hash_address, day_of, lambda: KEYS, SENDER)

    assert handle_mail_event(event, deps, NOON) is Outcome.SUPPRESSED


def test_a_sender_with_a_label_gets_another_one() -> None:
    assert console_sender("survey@example.com") == "survey+console@example.com"
    assert console_sender("a+b@example.com") == "a+b+console@example.com"
    assert MAIL.sender.endswith("+console@example.com>") or "+console@" in MAIL.sender
