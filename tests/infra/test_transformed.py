"""The template as CloudFormation gets it: after SAM's transform, which adds stages, permissions and mappings."""

import json
import os
import subprocess
from pathlib import Path

import pytest
from cfnlint.api import lint

from afterbill_dev.paths import PROGRAMS, TEMPLATE
from tests.infra.reading import Resource

REGIONS = ["eu-central-1", "us-east-1"]
AS_WRITTEN = {"AWS::CloudWatch::Alarm", "AWS::CloudWatch::Dashboard"}
"""Half of the template, which SAM leaves as it is and `make lint` has judged."""
NAMES = {"x-amazon-apigateway-any-method": "ANY", "get": "GET"}
LARGEST_TEMPLATE, MOST_RESOURCES = 1_000_000, 500
"""Source: AWS CloudFormation quotas, a template in S3."""


@pytest.fixture(scope="module")
def transformed() -> Resource:
    python = PROGRAMS / "python"
    if not python.exists():
        pytest.skip(f"{python} is missing: `make setup` installs SAM CLI")
    script = Path(__file__).with_name("sam_transform.py")
    done = subprocess.run(
        [str(python), str(script), str(TEMPLATE)],
        env={**os.environ, "AWS_DEFAULT_REGION": REGIONS[0]},
        capture_output=True,
        text=True,
        check=True,
    )
    return dict(json.loads(done.stdout))


def test_no_linter_finds_fault_with_it_in_two_regions(transformed: Resource) -> None:
    resources = {name: one for name, one in transformed["Resources"].items() if one["Type"] not in AS_WRITTEN}

    found = lint(json.dumps(transformed | {"Resources": resources}), regions=REGIONS)

    assert [str(match) for match in found] == []


def test_it_stays_well_under_the_quotas_of_cloudformation(transformed: Resource) -> None:
    assert len(json.dumps(transformed)) < LARGEST_TEMPLATE / 2
    assert len(transformed["Resources"]) < MOST_RESOURCES * 2 / 3


def test_sam_adds_no_role_and_no_policy(transformed: Resource, template: Resource) -> None:
    def granting(resources: Resource) -> set[str]:
        return {name for name, one in resources.items() if one["Type"].startswith("AWS::IAM::")}

    assert granting(transformed["Resources"]) == granting(template["Resources"])


def test_limits_stand_at_routes_of_the_api(transformed: Resource) -> None:
    paths = transformed["Resources"]["HttpApi"]["Properties"]["Body"]["paths"]
    stage = transformed["Resources"]["HttpApiApiGatewayDefaultStage"]["Properties"]

    routes = {f"{NAMES.get(method, method)} {path}" for path, methods in paths.items() for method in methods}
    assert set(stage["RouteSettings"]) < routes
    assert [route for route in routes if not route.startswith("ANY ")] == ["GET /v1/responses"]


def test_the_domain_is_mapped_once_the_stage_is_there(transformed: Resource) -> None:
    mapping = transformed["Resources"]["ApiDomainMapping"]["Properties"]

    assert mapping["Stage"] == {"Ref": "HttpApiApiGatewayDefaultStage"}
