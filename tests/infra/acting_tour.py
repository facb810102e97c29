"""The part of the tour that is about actions: a team that is posted to, an office that gets mails."""

from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

from afterbill_actions.adapters.outbox import OutboxTable
from afterbill_actions.adapters.version_sweeps import VersionSweepsTable
from afterbill_actions.adapters.workflows import SEEN
from afterbill_actions.exchange import Reply
from afterbill_actions.version import version_of
from afterbill_actions.wake import Drain, Settle, text_of
from tests.integration.loop import Loop
from tests.integration.samples import now, sample, survey_token, with_body
from tests.integration.stack import Context, Stack
from tests.integration.visiting import Visitor

_ACTIONS = """
[connections.team]
connector = "webhooks"
url = "https://hooks.example.com/afterbill"

[connections.office]
connector = "mail"
to = "office@example.com"

[notices]
to = ["team"]

[workflows.unhappy]
when = { ratings = "0-6", low_score = "first" }
[[workflows.unhappy.do]]
connection = "team"
action = "post"
[[workflows.unhappy.do]]
connection = "office"
action = "team"

[workflows.gone]
when = { events = ["CustomerObjected"] }
[[workflows.gone.do]]
connection = "team"
action = "post"
"""


class Long(Context):
    remaining = 300_000


def with_actions(folder: Path) -> Path:
    """Have unhappy answers posted to the team and mailed to the office, and the team told of digests."""
    (folder / "actions.toml").write_text(_ACTIONS, "utf-8")
    return folder


def act(stack: Stack, loop: Loop) -> None:
    """An answer that the stream lost is found by the sweep, posted, refused, and mailed."""
    stack.write_secret("ConnectionsSecret", {"team": {"secret": "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"}})
    stack.dynamodb.delete_item(TableName="afterbill", Key=SEEN)
    told = _lost_and_found(stack, loop)
    stack.dynamodb.delete_item(TableName="afterbill", Key=SEEN)
    _run(stack, told)  # sees its workflows first, and takes the answer for an older one
    stack.dynamodb.update_item(
        TableName="afterbill",
        Key=SEEN,
        UpdateExpression="SET #one = :then",
        ExpressionAttributeNames={"#one": "workflow/unhappy"},
        ExpressionAttributeValues={":then": {"S": (now() - timedelta(days=1)).isoformat()}},
    )
    stack.patch.setattr("afterbill_actions.adapters.http.HttpExchange.__call__", lambda *_: Reply(400))
    _run(stack, told, Drain("team"), Drain("office"))
    stack.load("sweep_actions")(sample("schedule/compute_nps"), Long())


def operate(stack: Stack, visitor: Visitor) -> None:
    """What was refused is tried again, refused again, and dropped."""
    outbox = OutboxTable(stack.dynamodb, "afterbill")
    (parked,) = [entry for entry in outbox.newest("team", 50) if entry.invitation_id and entry.ended_at]
    assert visitor.open("/app/actions?connection=team")["statusCode"] == 200
    for doing in ("retry", "drop"):
        form = {"connection": "team", "place": parked.place, "act": doing}
        assert visitor.send("/app/actions", **form)["statusCode"] == 303


def _lost_and_found(stack: Stack, loop: Loop) -> Settle:
    """An answer of somebody who answered before, of whose change nobody was told but by the sweep."""
    sweep = stack.load("sweep_actions")
    sweep(sample("schedule/compute_nps"), Long())
    one = loop.sent("order-acting", id="acting", email="acting@example.com")
    loop.answer(with_body(sample("api/survey_form", TOKEN=survey_token(one.id)), b"rating=2"))
    sweeps = VersionSweepsTable(stack.dynamodb, "afterbill")
    state: Any = sweeps.load()
    sweeps.store(replace(state, begun_at=state.begun_at - timedelta(hours=2), since=state.since - timedelta(hours=2)))
    for _ in range(2):
        sweep(sample("schedule/compute_nps"), Long())
    return Settle(one.id, version_of(loop.invitation(one.id).answer), now() - timedelta(minutes=1))


def _run(stack: Stack, *wakes: Settle | Drain) -> None:
    handler = stack.load("run_actions")
    for wake in wakes:
        record = {"messageId": "1", "eventSource": "aws:sqs", "body": text_of(wake)}
        assert handler({"Records": [record]}, Long()) == {"batchItemFailures": []}
