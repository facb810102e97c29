"""Scanners open every link of a mail, often before its reader; that must leave nothing behind."""

import pytest

from afterbill_dev.demo.mailbox import links
from tests.e2e.town import Town, invitation_id


def order_read_by_a_scanner(town: Town) -> None:
    town.tell("order_paid", "links-1", "lisa@example.com")


@pytest.mark.after(scene=order_read_by_a_scanner)
def test_opening_every_link_any_number_of_times_leaves_no_response(town: Town):
    mail = town.mail("lisa@example.com")
    own = [link for link in links(mail.html) if link.startswith(town.stack["api_url"])]

    statuses = {
        town.http.request(method, link).status
        for link in [*own, mail.unsubscribe_url]
        for method in ("GET", "HEAD", "GET", "HEAD")
    }

    invitation = town.invitation(invitation_id("order_paid", "links-1"))
    assert len(own) == 1 + 11 + 1  # the hidden one, the numbers, the objection
    assert statuses == {200}
    assert "rating" not in invitation
    assert "answered_at" not in invitation


@pytest.mark.after(scene=order_read_by_a_scanner)
def test_links_that_were_tampered_with_lead_nowhere(town: Town):
    mail = town.mail("lisa@example.com")
    other_purpose = mail.unsubscribe_url.replace("/u/", "/s/")
    token = mail.answer_url.rpartition("/")[2]
    damaged = mail.answer_url.replace(token, token[:-1] + ("A" if token[-1] != "A" else "B"))

    statuses = [
        town.http.request(method, link).status
        for link in (other_purpose, damaged)
        for method in ("GET", "HEAD", "POST")
    ]

    assert set(statuses) <= {404, 400}
    assert 404 in statuses


@pytest.mark.after(scene=order_read_by_a_scanner)
def test_methods_that_mean_nothing_here_are_refused(town: Town):
    mail = town.mail("lisa@example.com")

    assert town.http.request("PUT", mail.answer_url).status == 405
