"""The secret of keys: link keys rotate while functions run, the identity key never does."""

from datetime import timedelta

import pytest

from afterbill.model.links import Purpose, derive_key, sign
from tests.integration.samples import KEYS, captured, due, now, payment, sample, survey_token
from tests.integration.stack import IDENTITY

NEWER = "a-second-link-key-of-the-integration-tests"
ROTATED = KEYS | {1: derive_key(NEWER, "link")}


@pytest.fixture
def configuration(asking_at_once):
    return asking_at_once


def rotate(stack):
    stack.write_secret("KeysSecret", {"identity": IDENTITY, "links": {"1": NEWER}})


def test_after_a_rotation_new_links_are_signed_with_the_new_key_and_old_ones_still_open(stack, loop):
    before = loop.sent("order-1", id="one", email="noor@example.com")
    rotate(stack)
    newer = sign(Purpose.SURVEY, before.id, now() + timedelta(days=1), ROTATED)
    answer = stack.load("record_response")

    assert answer(sample("api/survey_get", TOKEN=survey_token(before.id)))["statusCode"] == 200
    assert answer(sample("api/survey_get", TOKEN=newer))["statusCode"] == 200


def test_a_key_that_was_taken_away_opens_nothing(stack, loop):
    invitation = loop.sent()
    rotate(stack)
    newer = sign(Purpose.SURVEY, invitation.id, now() + timedelta(days=1), ROTATED)
    stack.write_secret("KeysSecret", {"identity": IDENTITY, "links": {}})

    assert loop.answer(sample("api/survey_form", TOKEN=newer))["statusCode"] == 404


def test_a_key_of_no_text_neither_signs_nor_opens_anything(stack, loop):
    stack.write_secret("KeysSecret", {"identity": IDENTITY, "links": {"1": ""}})
    invitation = loop.sent()
    forged = sign(Purpose.SURVEY, invitation.id, now() + timedelta(days=1), {1: derive_key("", "link")})
    answer = stack.load("record_response")

    assert answer(sample("api/survey_get", TOKEN=survey_token(invitation.id)))["statusCode"] == 200
    assert answer(sample("api/survey_get", TOKEN=forged))["statusCode"] == 404


def test_without_its_identity_key_nothing_is_captured_or_sent(stack, loop):
    """It recognises every suppressed address: with another one, people who unsubscribed would be written to."""
    invitation = loop.asked()
    stack.write_secret("KeysSecret", {"links": {}})

    assert stack.load("capture_event")(captured(payment("order-2")))["batchItemFailures"] != []
    assert stack.load("send_survey")(due(invitation.id))["batchItemFailures"] != []
    assert loop.mails() == []
