"""The messages of `afterbill send-test`, as capture_event reads them; nobody else may send one."""

import json
from typing import Any

import pytest

from afterbill.connectors import registry
from afterbill.connectors.send_test import fact_of
from afterbill.model.billing import CustomerRef, Touchpoint, invitation_id_of
from afterbill.model.errors import PayloadError
from afterbill.model.survey_tests import SEND_TEST
from afterbill.model.webhooks import Refusal, Source, Webhook
from tests.factories import NOON

ASKED = {"id": "1", "address": "you@example.com", "touchpoint": "renewed", "locale": "de-AT"}
SOURCE = Source(SEND_TEST, "send_test")
MODULE = registry.load("send_test")


def webhook(**changes: Any) -> Webhook:
    return Webhook(SEND_TEST, {}, json.dumps(ASKED | changes).encode(), NOON)


def test_it_is_one_test_fact_about_an_address() -> None:
    (event,) = MODULE.normalise(webhook(), SOURCE)
    assert (event.source, event.event_id, event.occurred_at, event.test) == (SEND_TEST, "1", NOON, True)
    assert (event.customer, event.touchpoint) == (
        CustomerRef(email="you@example.com", locale="de-AT"),
        Touchpoint.RENEWED,
    )


def test_whoever_puts_it_into_the_inbox_knows_its_invitation() -> None:
    (event,) = MODULE.normalise(webhook(), SOURCE)
    assert event.invitation_id == invitation_id_of(fact_of("1", "renewed"))


def test_the_language_may_be_left_out() -> None:
    (event,) = MODULE.normalise(webhook(locale=""), SOURCE)
    assert event.customer.locale is None


@pytest.mark.parametrize(
    "wrong", [{"touchpoint": "unheard_of"}, {"touchpoint": None}, {"address": ""}, {"id": 7}, {"address": ["a"]}]
)
def test_what_cannot_be_understood_is_told_apart(wrong: dict[str, object]) -> None:
    with pytest.raises(PayloadError, match="test survey"):
        MODULE.normalise(webhook(**wrong), SOURCE)


def test_nobody_can_send_one() -> None:
    sent = MODULE.sign(webhook(), "whatever")
    assert sent == webhook()
    assert MODULE.verify(sent, ["whatever"], NOON) is Refusal.MISSING
    assert not MODULE.ABOUT.signed


def test_no_copy_of_it_is_kept() -> None:
    assert MODULE.is_unsigned(webhook())


def test_it_is_no_billing_system() -> None:
    assert "send_test" not in registry.PROVIDERS
