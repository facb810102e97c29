"""Calls and write units of one action: an answer that a workflow acts on, from the stream to the other system."""

import json
from dataclasses import replace
from datetime import timedelta
from typing import Any

import boto3
from moto import mock_aws

from afterbill_actions.adapters.responses import ActionResponsesTable
from afterbill_actions.adapters.workflows import SEEN
from afterbill_actions.exchange import Reply, Request
from afterbill_actions.version import version_of
from afterbill_actions.wake import Drain, Settle, Wake, text_of
from benchmarks.journey import Clock, Journey, Stage, Way
from benchmarks.world import REGION, TABLE, world

_ACTIONS = """
[connections.team]
connector = "webhooks"
url = "https://hooks.example.com"
[workflows.content]
when = { ratings = "9-10" }
[[workflows.content.do]]
connection = "team"
action = "post"
"""
_LONG_AGO = "2020-01-01T00:00:00+00:00"
_SECRET = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"  # noqa: S105  # the example of Standard Webhooks


def travel_acting() -> list[Stage]:
    """The stages behind an answer on which a workflow writes one thing: told, looked at, drained."""
    with mock_aws(), world(_ACTIONS) as meter:
        made: Any = boto3.Session(region_name=REGION).client("secretsmanager")
        made.put_secret_value(SecretId="connections", SecretString=json.dumps({"team": {"secret": _SECRET}}))
        # The workflow is known since long ago: this is stored once for all answers.
        dynamodb: Any = boto3.Session(region_name=REGION).client("dynamodb")
        dynamodb.put_item(TableName=TABLE, Item=SEEN | {"workflow/content": {"S": _LONG_AGO}})
        journey = Journey(meter)
        journey.receive("customer.source.created")  # the first request also fetches the secrets
        journey.drop()
        told = list(journey.stages(Way.OPENED))[-1]
        return [told, *_acted(journey, ActionResponsesTable(dynamodb, TABLE))]


def _acted(journey: Journey, responses: ActionResponsesTable) -> list[Stage]:
    """Carry out all that the workflow wants."""
    run: Any = journey.functions["run_actions"]
    run._draining = replace(run._draining, send=_taken)  # noqa: SLF001  # the one seam to other systems
    (id_,) = {pk.partition("#")[2] for pk, _ in journey.meter.items() if pk.startswith("INVITATION#")}
    snapshot = responses.snapshot(id_)
    if snapshot is None:
        raise AssertionError("there is no answer")
    settle = Settle(id_, version_of(snapshot.invitation.answer), Clock.moment - timedelta(minutes=1))
    return [
        journey.stage("action looked at", journey.invoke, "run_actions", _message(settle)),
        journey.stage("action drained", journey.invoke, "run_actions", _message(Drain("team"))),
    ]


def _taken(_request: Request) -> Reply:
    return Reply(200, b"{}")


def _message(wake: Wake) -> dict[str, Any]:
    return {"Records": [{"messageId": "1", "eventSource": "aws:sqs", "body": text_of(wake)}]}
