"""The template as it is written; intrinsic functions stand as `{"Ref": ...}` and `{"Fn::GetAtt": [...]}`."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from cfnlint.decode.cfn_yaml import loads

ROOT = Path(__file__).resolve().parents[2]
TEMPLATE = ROOT / "infra" / "template.yaml"

Resource = dict[str, Any]


@pytest.fixture(scope="session")
def template() -> dict[str, Any]:
    return dict(json.loads(json.dumps(loads(TEMPLATE.read_text()))))


@pytest.fixture(scope="session")
def properties(template: dict[str, Any]) -> Callable[[str], Resource]:
    """Properties of a resource by its name."""
    return lambda name: template["Resources"][name]["Properties"]


@pytest.fixture(scope="session")
def of_type(template: dict[str, Any]) -> Callable[[str], dict[str, Resource]]:
    """Properties of all resources of one type, by name."""
    return lambda kind: {
        name: resource["Properties"] for name, resource in template["Resources"].items() if resource["Type"] == kind
    }
