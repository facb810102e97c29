import pytest

from afterbill_dev.demo import answers
from tests.e2e.town import Town, invitation_id


def two_orders(town: Town) -> None:
    town.tell("order_paid", "unsubscribe-1", "ulf@example.com", customer={"id": "ulf"})
    town.tell("order_paid", "unsubscribe-2", "uta@example.com", customer={"id": "uta"})


@pytest.mark.after(scene=two_orders)
def test_one_click_in_the_mail_program_is_enough_for_ever(town: Town):
    mail = town.mail("ulf@example.com")
    assert mail.headers["List-Unsubscribe-Post"] == answers.ONE_CLICK

    answers.unsubscribe(mail)
    answers.unsubscribe(mail)
    town.tell("order_paid", "unsubscribe-3", "ulf@example.com", customer={"id": "ulf"})
    town.tell("order_paid", "unsubscribe-4", "Ulf@Example.com", customer={"id": "somebody-else"})

    assert town.closed(invitation_id("order_paid", "unsubscribe-3")) == "suppressed"
    assert town.closed(invitation_id("order_paid", "unsubscribe-4")) == "suppressed"


@pytest.mark.after(scene=two_orders)
def test_the_page_asks_before_it_unsubscribes(town: Town):
    mail = town.mail("uta@example.com")

    asked = town.http.request("GET", mail.unsubscribe_url)
    pressed = town.http.request("POST", mail.unsubscribe_url)
    town.tell("order_paid", "unsubscribe-5", "uta@example.com", customer={"id": "uta"})

    assert 'method="post"' in asked.data.decode()
    assert pressed.status == 200
    assert town.closed(invitation_id("order_paid", "unsubscribe-5")) == "suppressed"
