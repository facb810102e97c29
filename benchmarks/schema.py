"""The table as infra/template.yaml describes it."""

from functools import cache
from typing import Any

from cfnlint.decode.cfn_yaml import loads

from benchmarks.layers import ROOT


@cache
def template() -> dict[str, Any]:
    """The template as written."""
    read: dict[str, Any] = loads((ROOT / "infra" / "template.yaml").read_text(encoding="utf-8"))  # type: ignore[no-untyped-call]
    return read


_WANTED = ("BillingMode", "AttributeDefinitions", "KeySchema")


def ledger_definition(name: str) -> dict[str, Any]:
    """The ledger as CreateTable takes it."""
    described = template()["Resources"]["LedgerTable"]["Properties"]
    return {"TableName": name, **{key: described[key] for key in _WANTED}}


def table_definition(name: str) -> dict[str, Any]:
    """As CreateTable takes it."""
    described = template()["Resources"]["Table"]["Properties"]
    indexes = [
        {key: index[key] for key in ("IndexName", "KeySchema", "Projection")}
        for index in described["GlobalSecondaryIndexes"]
    ]
    return {"TableName": name, **{key: described[key] for key in _WANTED}, "GlobalSecondaryIndexes": indexes}
