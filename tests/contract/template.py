"""infra/template.yaml, read here so that no test can drift from it."""

import json
from functools import cache
from pathlib import Path
from typing import Any

from cfnlint.decode.cfn_yaml import loads

TEMPLATE = Path(__file__).resolve().parents[2] / "infra" / "template.yaml"


@cache
def template() -> dict[str, Any]:
    """The template as written, its short forms (`!Ref`) spelled out."""
    return json.loads(json.dumps(loads(TEMPLATE.read_text())))


def properties(logical_id: str) -> dict[str, Any]:
    return template()["Resources"][logical_id].get("Properties", {})


def of_type(kind: str) -> list[str]:
    """Logical ids of all resources of one type."""
    return [name for name, resource in template()["Resources"].items() if resource["Type"] == kind]


def table_definition(name: str) -> dict[str, Any]:
    """The table as CreateTable takes it."""
    described = properties("Table")
    plain = {key: described[key] for key in ("BillingMode", "AttributeDefinitions", "KeySchema")}
    indexes = [
        {key: value for key, value in index.items() if key != "OnDemandThroughput"}
        for index in described["GlobalSecondaryIndexes"]
    ]
    return {"TableName": name, **plain, "GlobalSecondaryIndexes": indexes}


def ledger_definition(name: str) -> dict[str, Any]:
    """The ledger as CreateTable takes it."""
    described = properties("LedgerTable")
    return {"TableName": name, **{key: described[key] for key in ("BillingMode", "AttributeDefinitions", "KeySchema")}}
