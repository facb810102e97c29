"""Which items a role reaches: the statements of the template, asked as IAM would ask them.

The local stack never fills `dynamodb:LeadingKeys`. That every call that is made is allowed, the integration tests hold;
here stands what must be refused.
"""

import re
from pathlib import Path

import pytest

from afterbill.adapters.dynamodb import keys
from tests.integration.grants import Call, actions_of, allows, grants_of
from tests.integration.resolving import ACCOUNT, REGION, Resolver
from tests.integration.stack import ROOT, functions

ARN = f"arn:aws:dynamodb:{REGION}:{ACCOUNT}:table/afterbill"
TABLES = {
    "Table": {"Ref": "afterbill", "Arn": ARN},
    "LedgerTable": {"Ref": "ledger", "Arn": ARN.replace("afterbill", "ledger")},
}
STACK = Resolver({"SenderAddress": "survey@example.com"}, TABLES)
INVITATION = keys.invitation("0f1e2d3c4b5a69788796a5b4c3d2e1f0")
WRITES = ("PutItem", "UpdateItem", "DeleteItem")


def may(function: str, operation: str, **params: object) -> bool:
    """Whether every authorization that the call asks for is granted."""
    granted = grants_of(function, STACK)
    call = Call(function, "dynamodb", operation, params)
    return all(any(allows(grant, wanted) for grant in granted) for wanted in actions_of(call, STACK))


def written(operation: str, key: "keys.Key") -> dict[str, object]:
    return {"Item" if operation == "PutItem" else "Key": key}


@pytest.mark.parametrize("operation", WRITES)
@pytest.mark.parametrize(
    "key",
    [
        keys.sending_pause(),
        keys.api_key("1"),
        keys.counter("hour#2026-12-01T10"),
        keys.score("all", "7d", "all"),
        keys.alias("events#7"),
        keys.link("events|acme|in_1"),
        keys.task("events", "erase", "1"),
        keys.lease(),
    ],
    ids=lambda key: key["pk"]["S"],
)
def test_a_page_that_anybody_may_open_writes_no_switch_key_cap_or_score(operation: str, key: "keys.Key") -> None:
    assert not may("record_response", operation, **written(operation, key))


def test_a_page_that_anybody_may_open_reads_no_api_key() -> None:
    assert not may("record_response", "GetItem", Key=keys.api_key("1"))


@pytest.mark.parametrize("operation", WRITES)
@pytest.mark.parametrize("key", [keys.customer("1"), INVITATION, keys.alias("events#7"), keys.api_key("1")])
def test_what_asks_for_an_erasure_removes_nobody_itself(operation: str, key: "keys.Key") -> None:
    assert not may("request_privacy", operation, **written(operation, key))


@pytest.mark.parametrize("key", [keys.sending_pause(), keys.api_key("1"), keys.score("all", "7d", "all"), keys.lease()])
@pytest.mark.parametrize("operation", ["PutItem", "DeleteItem"])
def test_what_removes_people_removes_no_switch_key_or_score(operation: str, key: "keys.Key") -> None:
    assert not may("handle_privacy_requests", operation, **written(operation, key))


@pytest.mark.parametrize(
    "function", ["collect_response", "request_privacy", "offer_survey", "follow_link", "record_response"]
)
def test_nothing_behind_a_route_touches_the_halt_of_all_sending(function: str) -> None:
    assert not any(may(function, operation, **written(operation, keys.sending_pause())) for operation in WRITES)


@pytest.mark.parametrize("function", [one for one in functions() if one != "compute_nps"])
def test_no_function_that_handles_events_writes_a_score(function: str) -> None:
    score = keys.score("all", "7d", "all")

    assert not any(may(function, operation, **written(operation, score)) for operation in WRITES)


@pytest.mark.parametrize("function", functions())
def test_no_function_writes_an_api_key(function: str) -> None:
    assert not any(may(function, operation, **written(operation, keys.api_key("1"))) for operation in WRITES)


@pytest.mark.parametrize("function", functions())
@pytest.mark.parametrize("operation", ["UpdateItem", "DeleteItem", "GetItem"])
def test_no_function_reads_or_changes_an_act(function: str, operation: str) -> None:
    assert not may(function, operation, TableName="ledger", Key=keys.act("2026-12-01T12:00:00Z", "1"))


@pytest.mark.parametrize("function", functions())
def test_nothing_is_deleted_from_the_ledger(function: str) -> None:
    erasure = keys.erasure("2026-12-01T12:00:00Z", "1")

    assert not any(may(function, "DeleteItem", TableName="ledger", Key=key) for key in (erasure, keys.objection("00")))


def test_one_forbidden_key_spoils_a_batch() -> None:
    customer, api_key = keys.customer("c1"), keys.api_key("1")

    assert may("record_response", "BatchGetItem", RequestItems={"afterbill": {"Keys": [customer]}})
    assert not may("record_response", "BatchGetItem", RequestItems={"afterbill": {"Keys": [customer, api_key]}})


def test_one_forbidden_member_spoils_a_transaction() -> None:
    allowed, forbidden = {"Update": {"Key": INVITATION}}, {"Update": {"Key": keys.sending_pause()}}

    assert may("record_response", "TransactWriteItems", TransactItems=[allowed])
    assert not may("record_response", "TransactWriteItems", TransactItems=[allowed, forbidden])


@pytest.mark.parametrize(("partition", "allowed"), [(keys.holders("5e1f"), True), ("0f1e2d3c4b5a6978", False)])
def test_an_index_is_reached_by_its_own_partition_key(partition: str, *, allowed: bool) -> None:
    """Who holds an address may be asked; the surveys of a customer may not."""
    query = {
        "IndexName": keys.BY_CUSTOMER,
        "KeyConditionExpression": "customer_id = :partition",
        "ExpressionAttributeValues": {":partition": {"S": partition}},
    }

    assert may("collect_response", "Query", **query) == allowed


def test_capture_event_lists_surveys_of_customers_and_not_who_holds_an_address() -> None:
    def listing(partition: str) -> bool:
        values = {":partition": {"S": partition}}
        condition = "customer_id = :partition"
        more = {"KeyConditionExpression": condition, "ExpressionAttributeValues": values}
        return may("capture_event", "Query", IndexName=keys.BY_CUSTOMER, **more)

    assert listing("0f1e2d3c4b5a69788796a5b4c3d2e1f0")
    assert not listing(keys.holders("0" * 64))
    assert not listing(keys.testers("0" * 64))


SCANNING = (
    "afterbill_cli/privacy/ledger_stock.py",
    "afterbill_cli/privacy/restored_table.py",
    "layers/core/afterbill/adapters/dynamodb/retention.py",
)
"""The modules that walk a whole table: the retention pass; after a restore and for a report, the command line."""


def test_nothing_else_that_we_ship_scans_or_speaks_partiql() -> None:
    named = re.compile(r"\.scan\(|\"scan\"|execute_statement|execute_transaction|PartiQL")
    shipped = [path for folder in ("functions", "layers", "afterbill_cli") for path in sources(folder)]

    assert len(shipped) > 200
    found = [str(path.relative_to(ROOT)) for path in shipped if named.search(path.read_text())]
    assert sorted(found) == sorted(SCANNING)


def sources(folder: str) -> list[Path]:
    return sorted((ROOT / folder).rglob("*.py"))


@pytest.mark.parametrize("operation", WRITES)
@pytest.mark.parametrize("key", [INVITATION, keys.customer("1"), keys.address("1")], ids=lambda key: key["pk"]["S"])
def test_who_publishes_events_writes_beside_invitations_alone(operation: str, key: "keys.Key") -> None:
    assert not may("publish_events", operation, **written(operation, key))


def test_who_publishes_events_reads_no_customer() -> None:
    assert not may("publish_events", "GetItem", Key=keys.customer("1"))
