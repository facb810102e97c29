import json

import pytest

from tests.e2e.town import Town, eventually


def two_payments(town: Town) -> None:
    town.tell("order_paid", "loop-1", "berta@example.com", customer={"name": "Berta Blum", "locale": "de"})
    town.tell_as_stripe("basil.invoice.paid", "loop", "bill@example.com")


@pytest.mark.after(scene=two_payments)
@pytest.mark.parametrize("email", ["berta@example.com", "bill@example.com"])
def test_a_signed_event_becomes_a_mail_whose_link_opens_and_takes_an_answer(town: Town, email: str):
    mail = town.mail(email)

    page = town.http.request("GET", mail.rating_link(9))
    thanks = town.answer(mail, 9, "Läuft <b>prima</b> 🎉")

    assert page.status == 200
    assert 'value="9" required checked' in page.data.decode()
    assert "Läuft &lt;b&gt;prima&lt;/b&gt; 🎉" in thanks


@pytest.mark.after(scene=two_payments)
def test_mails_are_readable_where_ministack_shows_them(town: Town):
    mail = town.mail("berta@example.com")

    shown = town.http.request("GET", f"{town.stack['ministack_url']}/_ministack/ses/messages").json()["messages"]

    own = [message for messages in shown.values() for message in messages if message["To"] == [mail.to]]
    assert [(message["Subject"], message["BodyHtml"], message["BodyText"]) for message in own] == [
        (mail.subject, mail.html, mail.text)
    ]


@pytest.mark.after(scene=two_payments)
def test_an_answer_can_be_changed_and_the_last_word_counts(town: Town):
    mail = town.mail("bill@example.com")

    town.answer(mail, 2)
    thanks = town.answer(mail, 10)
    page = town.http.request("GET", mail.answer_url).data.decode()

    assert "10" in thanks
    assert 'value="10" required checked' in page


@pytest.mark.after(scene=two_payments)
def test_an_answer_that_is_none_is_refused_with_a_page_that_says_so(town: Town):
    mail = town.mail("berta@example.com")

    refused = [
        town.http.request("POST", mail.answer_url, fields={"rating": rating}, encode_multipart=False)
        for rating in ("11", "-1", "9.5", "nine", "")
    ]

    assert [answer.status for answer in refused] == [400] * 5
    assert all("problem" in answer.data.decode() for answer in refused)


@pytest.mark.after(scene=two_payments)
def test_a_mail_that_arrived_is_recorded_as_delivered(town: Town):
    received = town.mail("berta@example.com")
    mails = town.http.request("GET", f"{town.stack['inbox_url']}mails.json").json()
    tags = next(mail["tags"] for mail in mails if mail["to"] == [received.to])

    item = eventually(lambda: town.invitation(tags["invitation"]), lambda one: one.get("delivery"), "its delivery")

    assert item["state"] == "sent"
    assert item["delivery"] == 2


def test_what_nobody_signed_is_refused(town: Town):
    body = json.dumps({"type": "order_paid", "data": {"id": "forged", "customer": {"email": "mallory@example.com"}}})
    url = f"{town.stack['api_url']}/webhooks/standard_webhooks"
    headers = town.signed("standard_webhooks", body)

    refused = [
        town.http.request("POST", url, body=body, headers={"Content-Type": "application/json"}),
        town.http.request("POST", url, body=body + " ", headers=headers),
    ]

    assert [answer.status for answer in refused] == [401, 401]
