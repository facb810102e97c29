"""The fake shop keeps to the contract of Shopify's Admin API."""

import json
from pathlib import Path
from typing import Any

import graphql
import pytest

from afterbill_dev.local.connections import accounts
from afterbill_dev.local.connections.shopify import POINTS, SCHEMA, Shopify
from tests.unit.dev.connections.callers import FORM, Caller, Clock, Reply, shopify_headers

GRAPHQL = "/admin/api/2026-07/graphql.json"
TOKEN = "/admin/oauth/access_token"
ORDER, CUSTOMER = "gid://shopify/Order/6118834700553", "gid://shopify/Customer/8204417736905"
PAID = {
    "id": 6118834700553,
    "name": "#2041",
    "email": "mira.koenig@example.com",
    "tags": "b2b",
    "note": "Ring twice",
    "customer": {"id": 8204417736905, "email": "mira.koenig@example.com", "tags": "vip"},
}
JUDGES = Path(__file__).resolve().parents[4] / "../shared/judges/shopify"
TAG = "mutation($id:ID!,$tags:[String!]!){tagsAdd(id:$id,tags:$tags){node{id} userErrors{field message}}}"
UNTAG = "mutation($id:ID!,$tags:[String!]!){tagsRemove(id:$id,tags:$tags){node{id} userErrors{field message}}}"
UPDATE = "mutation($input:OrderInput!){orderUpdate(input:$input){order{note tags} userErrors{field message}}}"


class ShopCaller(Caller):
    """An app with the fixed token."""

    def __init__(self, shop: Shopify) -> None:
        super().__init__(shop, **{"X-Shopify-Access-Token": accounts.SHOPIFY["token"]})
        self.shop = shop

    def ask(self, query: str, **variables: Any) -> Any:
        reply = self.call("POST", GRAPHQL, {"query": query, "variables": variables})
        assert reply.status == 200
        return reply.content

    def hear(self, topic: str, event: dict[str, Any], **signing: str) -> None:
        body = json.dumps(event).encode()
        self.shop.learn(shopify_headers(topic, body, **signing), body, "shpss_of_the_source")

    def order(self) -> Any:
        return self.state["orders"][ORDER]


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def app(clock: Clock) -> ShopCaller:
    caller = ShopCaller(Shopify(clock, clock.wait))
    caller.hear("orders/paid", PAID)
    return caller


class TestRecords:
    def test_an_order_and_its_customer_exist_once_a_signed_webhook_named_them(self, app: ShopCaller) -> None:
        read = "query($id:ID!){order(id:$id){id name note tags customer{id email}}}"

        assert app.ask(read, id=ORDER)["data"]["order"] == {
            "id": ORDER,
            "name": "#2041",
            "note": None,
            "tags": [],
            "customer": {"id": CUSTOMER, "email": "mira.koenig@example.com"},
        }

    def test_the_state_names_each_by_gid_and_by_number(self, app: ShopCaller) -> None:
        held = app.state

        assert held["orders"].keys() == {ORDER, "6118834700553"}
        assert held["customers"].keys() == {CUSTOMER, "8204417736905"}
        assert (held["orders"][ORDER]["tags"], held["orders"][ORDER]["note"]) == ([], "")

    def test_a_webhook_with_another_signature_names_nothing(self, clock: Clock) -> None:
        stranger = ShopCaller(Shopify(clock))
        stranger.hear("orders/paid", PAID, secret="guessed")

        assert stranger.state["orders"] == {}

    @pytest.mark.parametrize(
        ("topic", "event", "named"),
        [
            ("refunds/create", {"id": 7, "order_id": 44}, "gid://shopify/Order/44"),
            ("subscription_contracts/create", {"id": 7, "origin_order_id": 45}, "gid://shopify/Order/45"),
        ],
    )
    def test_an_order_of_which_another_event_tells_exists(
        self, app: ShopCaller, topic: str, event: dict[str, Any], named: str
    ) -> None:
        app.hear(topic, event)

        assert named in app.state["orders"]

    def test_a_later_webhook_leaves_what_was_written(self, app: ShopCaller) -> None:
        app.ask(TAG, id=ORDER, tags=["NPS 3"])
        app.hear("orders/updated", PAID)

        assert app.order()["tags"] == ["NPS 3"]

    def test_a_customer_who_was_deleted_there_is_gone(self, app: ShopCaller) -> None:
        app.hear("customers/delete", {"id": 8204417736905})

        assert app.state["customers"] == {}
        assert app.ask("query($id:ID!){order(id:$id){customer{id}}}", id=ORDER)["data"]["order"] == {"customer": None}

    def test_a_request_for_erasure_makes_nobody(self, app: ShopCaller) -> None:
        app.hear("customers/redact", {"customer": {"id": 99}, "orders_to_redact": [12]})

        assert "99" not in app.state["customers"]

    def test_a_guests_order_has_no_customer(self, app: ShopCaller) -> None:
        app.hear("orders/paid", {"id": 5, "email": "guest@example.com", "customer": None})

        read = '{order(id:"gid://shopify/Order/5"){name customer{id}}}'
        assert app.ask(read)["data"]["order"] == {"name": "#5", "customer": None}

    def test_unknown_ids_give_null(self, app: ShopCaller) -> None:
        assert app.ask('{order(id:"gid://shopify/Order/1"){id}}')["data"] == {"order": None}

    def test_a_customer_is_found_by_address(self, app: ShopCaller) -> None:
        read = "query($who:CustomerIdentifierInput!){customerByIdentifier(identifier:$who){id}}"

        assert app.ask(read, who={"emailAddress": "Mira.Koenig@example.com"})["data"]["customerByIdentifier"] == {
            "id": CUSTOMER
        }
        assert app.ask(read, who={"id": CUSTOMER})["data"]["customerByIdentifier"] == {"id": CUSTOMER}
        assert app.ask(read, who={"emailAddress": "x@example.com"})["data"] == {"customerByIdentifier": None}


class TestTags:
    def test_adding_again_changes_nothing(self, app: ShopCaller) -> None:
        for tag in ("NPS 3", "detractor", "nps 3"):
            app.ask(TAG, id=ORDER, tags=[tag])

        assert app.order()["tags"] == ["detractor", "NPS 3"]

    def test_a_comma_splits_a_tag(self, app: ShopCaller) -> None:
        app.ask(TAG, id=CUSTOMER, tags=["slow, dear"])

        assert app.state["customers"][CUSTOMER]["tags"] == ["dear", "slow"]

    def test_removing_leaves_the_others(self, app: ShopCaller) -> None:
        app.ask(TAG, id=ORDER, tags=["b2b", "NPS 3"])
        app.ask(UNTAG, id=ORDER, tags=["NPS 3", "never there"])

        assert app.order()["tags"] == ["b2b"]

    def test_an_unknown_record_is_told_beside_the_data(self, app: ShopCaller) -> None:
        answer = app.ask(TAG, id="gid://shopify/Customer/1", tags=["x"])

        assert answer["data"]["tagsAdd"] == {
            "node": None,
            "userErrors": [{"field": ["id"], "message": "Customer does not exist"}],
        }

    def test_what_is_no_id_is_an_error_of_the_call(self, app: ShopCaller) -> None:
        answer = app.ask(TAG, id="6118834700553", tags=["x"])

        assert answer["data"] == {"tagsAdd": None}
        assert answer["errors"][0]["message"] == "Invalid global id '6118834700553'"


class TestUpdates:
    def test_the_note_and_the_tags_given_replace_those_that_were_there(self, app: ShopCaller) -> None:
        app.ask(UPDATE, input={"id": ORDER, "note": "Ring twice", "tags": ["b2b", "first"]})
        app.ask(UPDATE, input={"id": ORDER, "note": "NPS 3", "tags": ["b2b"]})

        assert (app.order()["note"], app.order()["tags"]) == ("NPS 3", ["b2b"])

    def test_what_is_not_given_stays(self, app: ShopCaller) -> None:
        app.ask(UPDATE, input={"id": ORDER, "note": "Ring twice", "tags": ["b2b"]})
        app.ask(UPDATE, input={"id": ORDER, "tags": []})

        assert (app.order()["note"], app.order()["tags"]) == ("Ring twice", [])

    def test_a_note_of_5001_characters_is_refused_with_all_that_came_along(self, app: ShopCaller) -> None:
        answer = app.ask(UPDATE, input={"id": ORDER, "note": "x" * 5001, "tags": ["b2b"]})

        assert answer["data"]["orderUpdate"]["userErrors"][0]["field"] == ["note"]
        assert (app.order()["note"], app.order()["tags"]) == ("", [])

    def test_5000_characters_are_taken(self, app: ShopCaller) -> None:
        app.ask(UPDATE, input={"id": ORDER, "note": "ä" * 5000})

        assert app.order()["note"] == "ä" * 5000

    def test_mutations_of_one_document_fail_each_alone(self, app: ShopCaller) -> None:
        both = """mutation($order:ID!,$nobody:ID!,$tags:[String!]!){
            a:tagsAdd(id:$nobody,tags:$tags){userErrors{field}} b:tagsAdd(id:$order,tags:$tags){userErrors{field}}}"""

        answer = app.ask(both, order=ORDER, nobody="gid://shopify/Customer/1", tags=["NPS 9"])

        assert answer["data"] == {"a": {"userErrors": [{"field": ["id"]}]}, "b": {"userErrors": []}}
        assert app.order()["tags"] == ["NPS 9"]

    def test_a_customers_note_is_replaced_too(self, app: ShopCaller) -> None:
        update = "mutation($input:CustomerInput!){customerUpdate(input:$input){customer{note} userErrors{field}}}"

        assert app.ask(update, input={"id": CUSTOMER, "note": "NPS 9"})["data"]["customerUpdate"] == {
            "customer": {"note": "NPS 9"},
            "userErrors": [],
        }


class TestDocuments:
    @pytest.mark.parametrize(
        "query",
        [
            "{order(id:1){id comment}}",
            'mutation{orderUpdate(input:{note:"x"}){order{id}}}',
            'mutation{tagsAdd(id:"1",tags:["x"],note:"y"){node{id}}}',
            "{order(id:1)",
        ],
        ids=["an unknown field", "a missing field", "an unknown argument", "no document"],
    )
    def test_what_the_schema_does_not_know_is_refused(self, app: ShopCaller, query: str) -> None:
        answer = app.ask(query)

        assert answer["errors"]
        assert "data" not in answer

    def test_an_unknown_field_of_a_variable_is_refused(self, app: ShopCaller) -> None:
        answer = app.ask(UPDATE, input={"id": ORDER, "comment": "x"})

        assert "unknown field 'comment'" in answer["errors"][0]["message"]

    @pytest.mark.parametrize(
        "content", [{}, {"query": 1}, {"query": "{shop{id}}", "variables": ["x"]}, {"document": "x"}]
    )
    def test_a_body_without_a_query_is_refused(self, app: ShopCaller, content: Any) -> None:
        assert app.call("POST", GRAPHQL, content).status == 400

    def test_a_scope_that_is_missing_denies_its_field(self, clock: Clock) -> None:
        reader = ShopCaller(Shopify(clock, scopes=("read_orders",)))
        reader.hear("orders/paid", PAID)

        answer = reader.ask(TAG, id=ORDER, tags=["x"])

        assert answer["errors"][0]["extensions"]["code"] == "ACCESS_DENIED"
        assert reader.order()["tags"] == []

    def test_the_scopes_of_the_app_can_be_asked(self, app: ShopCaller) -> None:
        scopes = app.ask("{appInstallation{accessScopes{handle}} shop{myshopifyDomain}}")["data"]["appInstallation"]

        assert [one["handle"] for one in scopes["accessScopes"]] == list(accounts.SHOPIFY_SCOPES)

    def test_an_unknown_path_is_not_found(self, app: ShopCaller) -> None:
        assert app.call("POST", "/admin/api/2026-08/graphql.json", {"query": "{shop{id}}"}).status == 404
        assert app.call("GET", GRAPHQL).status == 404

    @pytest.mark.skipif(not JUDGES.is_dir(), reason="the vendor's schema lies beside the project, not in it")
    @pytest.mark.parametrize("version", ["2026-04", "2026-07"])
    def test_the_vendor_knows_every_field_and_every_input_of_ours(self, version: str) -> None:
        theirs = graphql.build_schema((JUDGES / f"admin-{version}.trimmed.graphql").read_text(), assume_valid=True)

        assert described(SCHEMA).items() <= described(theirs).items()


def described(schema: graphql.GraphQLSchema) -> dict[str, str]:
    """Each field, argument and field of an input, with its type."""
    found = {}
    for name, kind in schema.type_map.items():
        if name.startswith("__") or not isinstance(kind, graphql.GraphQLObjectType | graphql.GraphQLInputObjectType):
            continue
        for field_name, field in kind.fields.items():
            found[f"{name}.{field_name}"] = str(field.type)
            arguments = getattr(field, "args", {}).items()
            found |= {f"{name}.{field_name}({argument})": str(given.type) for argument, given in arguments}
    return found


class TestAccess:
    @staticmethod
    def buy(app: ShopCaller, **changes: str) -> Reply:
        client = {name: accounts.SHOPIFY[name] for name in ("client_id", "client_secret")}
        return app.form(TOKEN, {"grant_type": "client_credentials", **client, **changes})

    def test_a_token_that_was_bought_opens_the_shop_for_a_day(self, app: ShopCaller, clock: Clock) -> None:
        bought = self.buy(app).content
        app.opening = {"X-Shopify-Access-Token": bought["access_token"]}

        assert bought["expires_in"] == 86399
        assert app.ask("{shop{id}}")["data"]
        clock.turn(hours=24)
        assert app.call("POST", GRAPHQL, {"query": "{shop{id}}"}).status == 401

    @pytest.mark.parametrize("changes", [{"client_secret": "old"}, {"grant_type": "password"}])
    def test_nobody_else_gets_one(self, app: ShopCaller, changes: dict[str, str]) -> None:
        assert "access_token" not in self.buy(app, **changes).content

    def test_a_token_is_bought_with_a_form_alone(self, app: ShopCaller) -> None:
        client = {"grant_type": "client_credentials", "client_id": accounts.SHOPIFY["client_id"]}

        assert app.call("POST", TOKEN, client).status == 400
        assert app.send("POST", TOKEN, b"", **{"Content-Type": FORM}).status == 400

    def test_without_a_token_the_shop_is_closed(self, app: ShopCaller) -> None:
        app.opening = {}

        assert app.call("POST", GRAPHQL, {"query": "{shop{id}}"}).status == 401


class TestCosts:
    def test_every_answer_tells_what_is_left(self, app: ShopCaller) -> None:
        cost = app.ask(TAG, id=ORDER, tags=["x"])["extensions"]["cost"]

        assert cost == {
            "requestedQueryCost": 10,
            "actualQueryCost": 10,
            "throttleStatus": {"maximumAvailable": POINTS, "currentlyAvailable": 1990, "restoreRate": 100.0},
        }

    def test_too_much_at_once_is_throttled_with_http_200_until_points_come_back(
        self, app: ShopCaller, clock: Clock
    ) -> None:
        answers = [app.ask(TAG, id=ORDER, tags=[f"t{number}"]) for number in range(201)]

        assert answers[199]["data"]
        assert answers[200]["errors"][0]["extensions"]["code"] == "THROTTLED"
        assert "t200" not in app.order()["tags"]
        clock.turn(seconds=0.2)
        assert app.ask(TAG, id=ORDER, tags=["t200"])["data"]

    def test_an_object_costs_a_point(self, app: ShopCaller) -> None:
        read = "query($id:ID!){order(id:$id){id customer{... on Customer{id}}}}"

        assert app.ask(read, id=ORDER)["extensions"]["cost"]["requestedQueryCost"] == 2


class TestFaults:
    def test_before_the_write_nothing_is_written(self, app: ShopCaller) -> None:
        app.fail(status=503)

        assert app.call("POST", GRAPHQL, {"query": TAG, "variables": {"id": ORDER, "tags": ["x"]}}).status == 503
        assert app.order()["tags"] == []

    def test_after_the_write_it_is_there(self, app: ShopCaller) -> None:
        app.fail(status=503, after_write=True)

        assert app.call("POST", GRAPHQL, {"query": TAG, "variables": {"id": ORDER, "tags": ["x"]}}).status == 503
        assert app.order()["tags"] == ["x"]

    def test_an_error_of_shopifys_own_comes_with_http_200(self, app: ShopCaller) -> None:
        app.fail(error="THROTTLED")

        assert app.ask("{shop{id}}") == {"errors": [{"message": "Throttled", "extensions": {"code": "THROTTLED"}}]}

    def test_a_refused_token_looks_like_a_wrong_one(self, app: ShopCaller) -> None:
        app.fail(status=401)

        assert "Invalid API key" in app.call("POST", GRAPHQL, {"query": "{shop{id}}"}).content["errors"]
