"""A wrong signing secret is found: the logs of the deployed functions say what came last."""

import time
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta

from afterbill.connectors import registry
from afterbill.model.webhooks import Source, Webhook
from afterbill_cli.deployed import Deployed
from afterbill_cli.doctor.dns_lookup import Dns
from afterbill_cli.doctor.stack_under_test import StackUnderTest
from afterbill_cli.sources import test_webhook
from afterbill_console.adapters.health.checks import webhooks
from afterbill_console.adapters.health.last_webhooks import last_webhooks
from afterbill_console.health.findings import Verdict
from afterbill_console.health.webhooks import LastWebhooks
from tests.e2e.billing_systems import post, signed
from tests.e2e.town import ROOT, Town

WRONG, RIGHT, TESTED = "gocardless", "woocommerce", "zuora"
"""Sources of which each hears something else here."""


def deployed(town: Town) -> Deployed:
    outputs = {**town.stack["outputs"], "ApiUrl": town.stack["api_url"]}
    return Deployed(town.stack["stack_name"], outputs, town.client, ROOT / town.stack["configuration"])


def unwanted(name: str) -> Webhook:
    about = registry.load(name).ABOUT
    return test_webhook.samples.read(test_webhook.unwanted(name), about, name, datetime.now(UTC))


def last(town: Town, name: str) -> LastWebhooks:
    return last_webhooks(deployed(town), [Source(name, name)], datetime.now(UTC))[name]


def soon(town: Town, name: str, heard: Callable[[LastWebhooks], object]) -> LastWebhooks:
    """What came last, once the log has it."""
    for _ in range(40):
        if heard(found := last(town, name)):
            break
        time.sleep(0.25)
    return found


def test_a_wrong_secret_is_found_and_named(town: Town) -> None:
    began = datetime.now(UTC) - timedelta(seconds=5)
    forged = registry.load(WRONG).sign(unwanted(WRONG), "the-secret-of-another-endpoint")

    assert post(town, forged).status == registry.load(WRONG).REFUSED.status

    refused = soon(town, WRONG, lambda found: found.refused_at and found.refused_at > began)
    assert refused.refusal == "signature_mismatch"
    examined = StackUnderTest(deployed(town), Dns(skip=True), datetime.now(UTC))
    told = [one for one in webhooks(examined) if f"source add {WRONG}" in one.remedy]
    # Another test may have sent a good one before: then it is a warning, or even taken for a handshake.
    expected = Verdict.WARN if refused.accepted_at else Verdict.FAIL
    assert [one.verdict for one in told] == [expected] * refused.newest_refused


def test_a_webhook_of_the_billing_system_is_remembered_and_a_test_of_ones_own_is_not(town: Town) -> None:
    began = datetime.now(UTC) - timedelta(seconds=5)

    assert test_webhook.send_test(Source(TESTED, TESTED), deployed(town)) == 0
    assert post(town, signed(town, unwanted(RIGHT))).status in range(200, 300)

    accepted = soon(town, RIGHT, lambda found: found.accepted_at and found.accepted_at > began).accepted_at
    assert accepted
    assert accepted > began
    tested = last(town, TESTED).accepted_at
    assert tested is None or tested < began


def test_a_page_visit_says_that_webhooks_come_by_post(town: Town) -> None:
    answer = post(town, replace(unwanted(RIGHT), method="GET", body=b""))

    assert (answer.status, answer.headers["Allow"]) == (405, "POST")
