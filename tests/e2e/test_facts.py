"""What is one fact and what is two, and what takes a fact back."""

import pytest

from tests.e2e.town import Town, eventually, invitation_id


def renewals_of_one_subscription(town: Town) -> None:
    for month in ("november", "december"):
        town.tell("renewed", f"facts-{month}", "renate@example.com", customer={"id": "renate"})


@pytest.mark.after(scene=renewals_of_one_subscription)
def test_two_renewals_are_two_surveys(town: Town):
    mails = eventually(lambda: town.letters("renate@example.com"), lambda found: len(found) >= 2, "two mails")

    assert len({mail.answer_url for mail in mails}) == len(mails) == 2


def reports_of_one_payment(town: Town) -> None:
    for kind in ("checkout.session.completed", "invoice.paid", "invoice.payment_succeeded"):
        town.tell_as_stripe(f"basil.{kind}", "twins", "toni@example.com")


@pytest.mark.after(scene=reports_of_one_payment)
def test_three_reports_of_one_payment_are_one_survey(town: Town):
    assert town.mail("toni@example.com")


def refund_before_its_payment(town: Town) -> None:
    customer = {"id": "rita"}
    town.tell("refunded", "facts-refund", "rita@example.com", customer=customer, related=["facts-order"])
    town.tell("order_paid", "facts-order", "rita@example.com", customer=customer)


@pytest.mark.after(scene=refund_before_its_payment)
def test_a_refund_that_arrives_before_its_payment_still_stops_it(town: Town):
    assert town.closed(invitation_id("order_paid", "facts-order")) == "stopped"
    assert town.mail("rita@example.com")


def payment_that_is_refunded_later(town: Town) -> None:
    town.tell("order_paid", "facts-regret", "regina@example.com", customer={"id": "regina"})
    town.tell("refunded", "facts-return", None, customer={"id": "regina"}, related=["facts-regret"])


@pytest.mark.after(scene=payment_that_is_refunded_later)
def test_a_refund_stops_the_survey_that_waits(town: Town):
    assert town.closed(invitation_id("order_paid", "facts-regret")) == "stopped"
    assert town.mail("regina@example.com")


def order_without_an_address(town: Town) -> None:
    town.tell("order_paid", "facts-anonymous", None)


@pytest.mark.after(scene=order_without_an_address)
def test_a_fact_about_somebody_without_an_address_is_closed_with_that_reason(town: Town):
    assert town.closed(invitation_id("order_paid", "facts-anonymous")) == "no_address"
