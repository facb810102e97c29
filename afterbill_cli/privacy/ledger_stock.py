"""The entries of the ledger, as `afterbill privacy report` counts them."""

from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from typing import Any

from afterbill.adapters.dynamodb import keys
from afterbill.adapters.dynamodb.items import decode
from afterbill.privacy.holdings import Holding, Kind
from afterbill_cli.deployed import Deployed

_KINDS = {"AUDIT": Kind.ACTS, "ERASURE": Kind.NOTED_ERASURES, "OBJECTION": Kind.NOTED_OBJECTIONS}
_READ = ("at", keys.TTL)


def ledger_holdings(stack: Deployed) -> Iterator[Holding]:
    """Yield every entry, page by page; those that count the others are none."""
    pages = stack.client("dynamodb").get_paginator("scan").paginate(TableName=stack.output("LedgerTableName"))
    for page in pages:
        for item in page["Items"]:
            place = item[keys.PK]["S"], item[keys.SK]["S"]
            if kind := _KINDS.get(place[0].partition("#")[0]):
                yield _holding(place, kind, decode({name: item[name] for name in _READ if name in item}))


def _holding(place: tuple[str, str], kind: Kind, plain: Mapping[str, Any]) -> Holding:
    since = datetime.fromisoformat(plain["at"]) if "at" in plain else None
    expires_at = datetime.fromtimestamp(int(plain[keys.TTL]), UTC) if keys.TTL in plain else None
    return Holding(place, kind, since, expires_at)
