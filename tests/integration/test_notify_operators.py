"""notify_operators: on its schedule, a mail about each low score with a comment, once."""

import json
from dataclasses import replace
from datetime import UTC, datetime, timedelta

from afterbill.adapters.aws.report_files import S3Reports
from afterbill.adapters.dynamodb.facts import FactsTable
from afterbill.intake.ports import FactWrites
from afterbill.model.invitation import Answer, State
from afterbill_console.adapters.keys import notices
from afterbill_console.health.document import PLACE
from tests.contract.people import invitation
from tests.integration.samples import sample
from tests.integration.stack import Context

EVENT = sample("schedule/compute_nps")


def answered(stack, rating, comment):
    """Store an answer of now."""
    at = datetime.now(UTC)
    one = invitation("a" * 32, state=State.SENT, sent_at=at, due_at=at)
    one = replace(one, answer=Answer(rating, comment), answered_at=at, answered_day=at.date().isoformat())
    assert FactsTable(stack.dynamodb, "afterbill").commit(FactWrites(one))


def alerts(stack):
    """The calls that sent a mail to the agent."""
    sent = [call.params for call in stack.calls if call.operation == "SendEmail"]
    return [params for params in sent if "jo@example.com" in str(params)]


def test_a_low_score_with_a_comment_is_mailed_once(stack):
    stack.users.add("jo@example.com", "agent")
    notify = stack.load("notify_operators")

    notify(EVENT, Context())  # Nothing of the time before the first run is told.
    answered(stack, 2, "The parcel was open.")
    notify(EVENT, Context())
    first = len(alerts(stack))
    notify(EVENT, Context())

    assert (first, len(alerts(stack))) == (1, 1)


def test_a_silent_source_is_an_event_once_though_nobody_takes_mail(stack):
    heard = {"name": "events", "accepted_at": (datetime.now(UTC) - timedelta(days=9)).isoformat()}
    S3Reports(stack.s3, "archive").store(PLACE, {"sources": [heard]})
    notify = stack.load("notify_operators")

    for _ in range(2):
        notify(EVENT, Context())
        stack.dynamodb.update_item(TableName="afterbill", Key=notices(), UpdateExpression="REMOVE looked_at")

    (entry,) = [entry for call in stack.calls if call.operation == "PutEvents" for entry in call.params["Entries"]]
    assert entry["DetailType"] == "SourceSilent"
    assert json.loads(entry["Detail"])["source"] == "events"


def test_a_high_score_is_no_alert(stack):
    stack.users.add("jo@example.com", "agent")
    notify = stack.load("notify_operators")

    notify(EVENT, Context())
    answered(stack, 9, "Everything came early.")
    notify(EVENT, Context())

    assert alerts(stack) == []
