"""capture_event dies at each of its calls; the message comes again, to the deployed function."""

from datetime import UTC, datetime

import pytest

from tests.e2e.crashes import MOST_CALLS, dies_at
from tests.e2e.town import Town, eventually, invitation_id, neutral

CALLS = {}
"""By address, whether capture died at that call."""


def captures_that_die(town: Town) -> None:
    for nth in range(1, MOST_CALLS):
        email = f"capture.{nth}@example.com"
        body = neutral("order_paid", f"capture-{nth}", email)
        attributes = {
            "source": "standard_webhooks",
            "received_at": datetime.now(UTC).isoformat(),
            "encoding": "text",
            "headers": "{}",
        }
        CALLS[email] = dies_at(town, nth, "capture_event", body, attributes)
        if not CALLS[email]:
            return
        town.sqs.send_message(
            QueueUrl=town.stack["outputs"]["InboxUrl"],
            MessageBody=body,
            MessageAttributes={
                name: {"DataType": "String", "StringValue": value} for name, value in attributes.items()
            },
        )


@pytest.mark.after(scene=captures_that_die)
def test_wherever_capture_dies_its_fact_becomes_exactly_one_mail(town: Town):
    crashes = [email for email, died in CALLS.items() if died]

    mails = [town.mail(email) for email in CALLS]
    ids = [invitation_id("order_paid", f"capture-{nth}") for nth in range(1, len(CALLS) + 1)]
    eventually(lambda: [town.invitation(id_)["state"] for id_ in ids], all_sent, "their marks")

    assert len(crashes) >= 4
    assert len(mails) == len(CALLS)


def all_sent(states: list[str]) -> bool:
    return set(states) == {"sent"}
