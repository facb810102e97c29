"""A test survey through every handler: asked of an operator's own address alone, answered, and counted nowhere."""

from datetime import timedelta

import pytest

from afterbill.adapters.dynamodb.items import invitation_item
from afterbill.model.invitation import NO_DAY
from afterbill.model.survey_tests import SEND_TEST
from tests.integration.apis import from_source
from tests.integration.samples import due, mail_event, now, sample, survey_token

OWN, OTHER = "you@example.com", "nora.lindqvist@example.com"


@pytest.fixture
def configuration(asking_at_once):
    surveys = asking_at_once / "surveys.toml"
    text = surveys.read_text().replace('preset = "relaxed"', 'preset = "strict"')
    surveys.write_text(f'{text}\n[test]\nrecipients = ["{OWN}"]\ndelay = "0s"\n')
    return asking_at_once


def paid_in_test_mode(address):
    """A message of the inbox: a test payment at Stripe."""
    event = sample("webhooks/stripe/test_mode.invoice.paid")
    event["data"]["object"]["customer_email"] = address
    return from_source("stripe", event)


@pytest.fixture(params=["stripe", SEND_TEST])
def asked(request, loop):
    """A captured test survey, by either way."""
    by_command = {"id": "1", "address": OWN, "touchpoint": "renewed", "locale": "de"}
    event = paid_in_test_mode(OWN) if request.param == "stripe" else from_source(SEND_TEST, by_command)
    assert loop.capture(event) == {"batchItemFailures": []}
    (one,) = loop.invitations()
    return one


def test_a_test_event_about_an_own_address_is_asked_about_without_a_legal_basis(stack, loop, asked):
    assert asked.test
    loop.send(due(asked.id))
    (mail,) = loop.mails()
    assert mail["Destination"]["ToAddresses"] == [OWN]
    subject = mail["Content"]["Simple"]["Subject"]["Data"]
    assert subject.startswith("[Test] ")
    assert loop.invitation(asked.id).sent_day == NO_DAY
    assert not stack.items("ADDRESS")


def test_one_about_anybody_else_is_skipped(loop):
    loop.capture(paid_in_test_mode(OTHER))
    (one,) = loop.invitations()
    assert (one.reason, one.test) == ("test_mode", False)


def test_its_page_says_so_and_its_answer_counts_nowhere(stack, loop, asked, capsys):
    loop.send(due(asked.id))
    page = loop.answer(sample("api/survey_get", TOKEN=survey_token(asked.id)))
    thanks = loop.form(asked, body="rating=3", isBase64Encoded=False)
    loop.mail(mail_event("bounce_permanent", asked.id, OWN))
    stored = loop.invitation(asked.id)
    record = sample("stream/answered")["Records"][0]
    record["dynamodb"] |= {"OldImage": {}, "NewImage": invitation_item(stored), "SequenceNumber": "1"}
    assert stack.load("track_changes")({"Records": [record]}) == {"batchItemFailures": []}
    loop.compute(sample("schedule/compute_nps"))

    notice = "Dies ist eine Testumfrage" if stored.locale == "de" else "This is a test survey"
    assert all(notice in shown["body"] for shown in (page, thanks))
    assert (stored.answer.rating, stored.answered_day) == (3, NO_DAY)
    assert not stack.items("DIRTY")
    assert not stack.items("TALLY")
    written = capsys.readouterr().out
    assert '"SurveysSent"' not in written
    assert '"ResponsesRecorded"' not in written


@pytest.mark.usefixtures("asked")
def test_both_items_expire_within_weeks(stack):
    ends = [int(item["expires_at"]["N"]) for kind in ("INVITATION", "CUSTOMER") for item in stack.items(kind)]
    assert len(ends) == 2
    assert max(ends) < (now() + timedelta(days=45)).timestamp()
