"""A newcomer's first hour, by the commands she types. The stack of all these tests runs with the folder she made."""

import json
import time

import pytest
import stripe

from afterbill_dev.local import ministack, processes
from afterbill_dev.paths import STACK_FILE
from tests.e2e.newcomer import COMPANY, afterbill
from tests.e2e.town import RUN, Town, eventually, own, stripe_event

CUSTOMER, HERSELF = "first.hour@example.com", "newcomer@example.com"
COMMENT = f"The invoice was late, and nobody answered ({RUN})"


def her_first_customer(town: Town) -> None:
    town.tell("payment_failed", "first-hour", CUSTOMER)


def printed(*words: str) -> str:
    ended = afterbill(*words)
    assert ended.returncode == 0, ended.stdout + ended.stderr
    return ended.stdout


def test_the_folder_she_made_has_no_mistakes(folder):
    assert "in order" in printed("policy", "check", "--config", str(folder))


def test_a_test_survey_comes_to_her_in_her_companys_name(town: Town):
    assert "was handed to SES" in printed("send-test", own(HERSELF), "--wait", "120")

    mail = town.mail(HERSELF)
    assert mail.subject.startswith("[Test] ")
    assert COMPANY in mail.text


def test_a_secret_that_was_copied_wrong_is_found(town: Town):
    body, now = stripe_event("charge.succeeded", "firsthour", CUSTOMER), int(time.time())
    signature = stripe.WebhookSignature._compute_signature(f"{now}.{body}", "whsec_of_another_endpoint")
    answer = town.http.request(
        "POST",
        f"{town.stack['api_url']}/webhooks/stripe",
        body=body.encode(),
        headers={"Stripe-Signature": f"t={now},v1={signature}"},
    )
    assert answer.status == 401

    def refusal() -> str:
        rows = json.loads(afterbill("source", "list", "--output", "json").stdout)
        return next(row["refusal"] for row in rows if row["source"] == "stripe") or ""

    assert "signature" in eventually(refusal, bool, "the refused webhook in `source list`", 60, 2)


@pytest.mark.after(scene=her_first_customer)
def test_what_her_first_customer_wrote_is_read(town: Town):
    mail = town.mail(CUSTOMER)
    town.answer(mail, 3, COMMENT)

    rows = json.loads(printed("responses", "--contains", RUN.upper(), "--commented", "--output", "json"))

    assert [(row["rating"], row["touchpoint"], row["comment"]) for row in rows] == [(3, "payment_failed", COMMENT)]
    assert COMPANY in mail.html


@pytest.mark.ends_the_stack
def test_a_stack_that_died_is_not_called_healthy(town: Town):
    if town.stack != json.loads(STACK_FILE.read_text()):
        pytest.skip("this stack is another's: it is not killed")
    processes.stop(ministack.NAME, at_once=True)

    ended = afterbill("doctor", "--output", "json")

    assert ended.returncode == 2, ended.stdout + ended.stderr
    assert json.loads(ended.stdout)["healthy"] is False
    assert "make up" in ended.stderr
