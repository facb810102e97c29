"""Whose survey it is, and what really happened: typed addresses, two mailboxes, withdrawn ends, cancelled orders."""

import pytest

from tests.e2e.town import Town, eventually, invitation_id


def address_typed_by_somebody_else(town: Town) -> None:
    town.tell("order_paid", "whose-order", "vera@example.com", customer={"id": "vera"})
    town.tell("customer_updated", "whose-typed", "vera@example.com", customer={"id": "eve"})
    town.tell("customer_updated", "whose-back", "eve@example.com", customer={"id": "eve"})
    town.tell("renewed", "whose-renewal", None, customer={"id": "vera"})


@pytest.mark.after(scene=address_typed_by_somebody_else)
def test_an_address_typed_into_somebody_elses_account_and_back_moves_no_survey(town: Town):
    mails = eventually(lambda: town.letters("vera@example.com"), lambda found: len(found) >= 2, "two mails")

    assert len(mails) == 2
    assert town.letters("eve@example.com") == []


def two_mailboxes_that_fold_together(town: Town) -> None:
    town.tell("order_paid", "whose-ss", "anna@fussball.example", customer={"id": "anna-ss"})
    town.tell("order_paid", "whose-sz", "anna@fußball.example", customer={"id": "anna-sz"})


@pytest.mark.after(scene=two_mailboxes_that_fold_together)
def test_two_mailboxes_get_one_mail_each(town: Town):
    assert town.mail("anna@fussball.example")
    assert town.mail("anna@xn--fuball-cta.example")


def an_end_that_is_taken_back(town: Town) -> None:
    about = {"customer": {"id": "wilma"}, "subscription": "whose-withdrawn"}
    town.tell("subscription_started", "whose-start", "wilma@example.com", **about)
    town.tell("cancelled", "whose-end", "wilma@example.com", **about)
    town.tell("cancellation_withdrawn", "whose-withdrawal", "wilma@example.com", **about)


@pytest.mark.after(scene=an_end_that_is_taken_back)
def test_a_withdrawn_end_brings_no_farewell_and_takes_nothing_back(town: Town):
    assert town.mail("wilma@example.com")
    assert town.closed(invitation_id("cancelled", "whose-end")) == "withdrawn"
    assert town.invitation(invitation_id("subscription_started", "whose-start"))["state"] == "sent"


def a_plan_that_is_switched(town: Town) -> None:
    customer = {"id": "swen"}
    town.tell("subscription_started", "whose-new", "swen@example.com", customer=customer, subscription="new")
    town.tell("cancelled", "whose-old", "swen@example.com", customer=customer, subscription="old")


@pytest.mark.after(scene=a_plan_that_is_switched)
def test_a_switched_plan_is_no_farewell(town: Town):
    assert town.mail("swen@example.com")
    assert town.closed(invitation_id("cancelled", "whose-old")) == "still_subscribed"


def orders_cancelled_and_refunded(town: Town) -> None:
    customer = {"id": "olga"}
    town.tell("order_paid", "whose-paid", "olga@example.com", customer=customer)
    town.tell("order_cancelled", "whose-unpaid", "olga@example.com", customer=customer)
    nothing = {"value": "0.00", "currency": "EUR"}
    town.tell("refunded", "whose-nothing", None, customer=customer, related=["whose-paid"], amount=nothing)


@pytest.mark.after(scene=orders_cancelled_and_refunded)
def test_a_cancelled_order_and_a_refund_of_nothing_take_nothing_else_back(town: Town):
    assert town.mail("olga@example.com")
    assert town.closed(invitation_id("order_cancelled", "whose-unpaid")) == "not_asked"


def a_real_end(town: Town) -> None:
    town.tell("cancelled", "whose-leaving", "lena@example.com", customer={"id": "lena"}, subscription="whose-real")


@pytest.mark.after(scene=a_real_end)
def test_a_real_end_is_asked_about(town: Town):
    assert town.mail("lena@example.com")
