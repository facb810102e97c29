"""Our documents against the schema of the vendor, of two versions, and against a small one of ours."""

from pathlib import Path

import pytest
from graphql import GraphQLSchema, build_schema, parse, validate

from afterbill.model.errors import ConfigurationError
from afterbill_actions.connectors.shopify import documents
from afterbill_actions.connectors.shopify.actions import CONNECTOR
from afterbill_actions.connectors.shopify.api import VERSION
from afterbill_actions.connectors.shopify.documents import TagChange
from afterbill_actions.outcome import Denied, Done
from tests.unit.actions.answers import Desk, Wire
from tests.unit.actions.shopify.shop import ORDER, SDL, SHAPES_OF_CHANGES, shop

VENDOR = Path(__file__).resolve().parents[4] / "../shared/judges/shopify"
FIXED = ("SCOPES", "ORDER", "ORDER_WITH_CUSTOMER", "CUSTOMER", "NOTE", "WRITE_NOTE")


def schema_of(version: str) -> GraphQLSchema:
    if version == "ours":
        return build_schema(SDL)
    file = VENDOR / f"admin-{version}.trimmed.graphql"
    if not file.exists():
        pytest.skip(f"{file} is absent: it is the vendor's, and not ours to publish")
    # Shopify's schema breaks a rule of its own about deprecated fields of interfaces.
    return build_schema(file.read_text("utf-8"), assume_valid=True)


@pytest.fixture(params=["ours", "2026-04", "2026-07"], scope="module")
def schema(request: pytest.FixtureRequest) -> GraphQLSchema:
    return schema_of(request.param)


@pytest.mark.parametrize("name", FIXED)
def test_every_document_is_valid(schema: GraphQLSchema, name: str) -> None:
    assert validate(schema, parse(getattr(documents, name))) == []


@pytest.mark.parametrize("changes", SHAPES_OF_CHANGES)
def test_every_change_of_tags_is_one_valid_document(schema: GraphQLSchema, changes: list[TagChange]) -> None:
    document, variables = documents.tag_changes(changes)

    assert validate(schema, parse(document)) == []
    assert all(f"${name}:" in document for name in variables)


@pytest.mark.parametrize(
    "broken",
    [
        documents.NOTE.replace("note", "notes"),
        documents.WRITE_NOTE.replace("OrderInput", "OrderInputs"),
        documents.tag_changes([TagChange(ORDER, [], ["NPS 3"])])[0].replace("tags:", "tag:"),
    ],
)
def test_the_judge_finds_a_mistake(schema: GraphQLSchema, broken: str) -> None:
    assert validate(schema, parse(broken)) != []


def test_the_version_in_use_is_one_of_the_judged() -> None:
    assert VERSION == "2026-07"


def test_the_probe_finds_the_scopes_that_are_missing() -> None:
    assert (
        Desk(Wire(shop()), secret={"token": "shpat_1"}).run(lambda _job, open_: CONNECTOR.probe(open_), None) == Done()
    )
    narrow = shop(scopes=("read_orders", "write_orders"))
    desk = Desk(Wire(narrow), secret={"token": "shpat_1"})

    assert CONNECTOR.probe(desk.open()) == Denied("the app lacks the scopes write_customers")


def test_the_probe_tells_what_is_wrong_with_the_token() -> None:
    assert CONNECTOR.probe(Desk(Wire(shop()), secret={"token": "old"}).open()) == Denied(
        "the credentials are refused (status 401)"
    )


def test_the_address_is_made_from_the_name_of_the_shop() -> None:
    assert CONNECTOR.url is not None
    assert CONNECTOR.url({"shop": "acme"}, {}) == "https://acme.myshopify.com"
    with pytest.raises(ConfigurationError, match="`shop` or `url`"):
        CONNECTOR.url({"shop": None}, {})
