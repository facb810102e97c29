"""The connector that docs/extend.md shows works as it stands there."""

import re
from dataclasses import fields
from datetime import UTC, datetime
from typing import Any

import pytest

from afterbill.intake.connector import Connector
from afterbill.model.billing import BillingEvent, Money, Touchpoint
from afterbill.model.errors import PayloadError
from afterbill.model.webhooks import Refusal, Source, Webhook
from tests.unit.docs.pages import read

PAGE = read("docs/extend.md")
NOW = datetime(2025, 11, 3, 12, tzinfo=UTC)
SOURCE = Source("books", "ledgerly")


def block(language: str) -> str:
    billing = PAGE.partition("## A connector that writes")[0]
    (text,) = re.findall(rf"^```{language}\n(.*?)^```$", billing, re.MULTILINE | re.DOTALL)
    return text


@pytest.fixture(scope="module")
def connector() -> Connector:
    module: dict[str, Any] = {}
    exec(compile(block("python"), "docs/extend.md", "exec"), module)  # noqa: S102  # a page of ours
    return Connector(**{part.name: module[part.name] for part in fields(Connector) if part.name in module})


def normalise(connector: Connector, *changes: tuple[str, str]) -> BillingEvent:
    body = block("json")
    for old, new in changes:
        assert old in body
        body = body.replace(old, new)
    (event,) = connector.normalise(Webhook("books", {}, body.encode(), NOW), SOURCE)
    assert isinstance(event, BillingEvent)
    return event


def test_it_reads_the_webhook_beside_it(connector: Connector) -> None:
    event = normalise(connector)
    assert event.fact == "ledgerly|books|inv-1001|payment|"
    assert (event.touchpoint, event.money, event.test) == (Touchpoint.PAYMENT_SUCCEEDED, Money(4900, "EUR"), False)
    assert (event.customer.email, event.customer.name) == ("ada.obi@example.com", "Ada Obi")


def test_it_trusts_what_it_signs_and_nothing_else(connector: Connector) -> None:
    signed = connector.sign(Webhook("books", {}, block("json").encode(), NOW), "secret")
    assert connector.verify(signed, ["old", "secret"], NOW) is None
    assert connector.verify(signed, ["other"], NOW) is Refusal.MISMATCH


def test_a_refund_finds_its_payment_and_attempts_are_facts_of_their_own(connector: Connector) -> None:
    refund = normalise(connector, ("invoice.paid", "invoice.refunded"))
    assert set(refund.links) & set(normalise(connector).links)
    declined = ("invoice.paid", "invoice.declined")
    first, second = (normalise(connector, declined, ('"data": {', f'"data": {{"attempt": {n},')) for n in (1, 2))
    assert first.fact != second.fact


def test_a_profile_is_updated_and_the_rest_ignored_or_an_error(connector: Connector) -> None:
    assert normalise(connector, ("invoice.paid", "customer.updated")).touchpoint is None
    assert connector.normalise(Webhook("books", {}, b'{"type": "report.ready"}', NOW), SOURCE) == ()
    with pytest.raises(PayloadError, match="it has no type"):
        connector.normalise(Webhook("books", {}, b"{}", NOW), SOURCE)


def test_it_shows_every_part_of_the_contract() -> None:
    named = set(re.findall(r"`(\w+)`", " ".join(re.findall(r"^\| ((?:`\w+`(?:, )?)+) \|", PAGE, re.MULTILINE))))
    assert {part.name for part in fields(Connector)} <= named
