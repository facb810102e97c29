"""The billing systems of the local stack: a source for each, and an API that answers whoever shows its credentials."""

import base64
import json
from datetime import UTC, datetime
from typing import Any

import pytest

from afterbill.connectors import registry
from afterbill.intake.connector import Login
from afterbill.model.webhooks import Source, Webhook
from afterbill_dev.local import sources
from afterbill_dev.local.billing_apis import SAMPLES, BillingApis

API_URL, INBOX_URL = "http://127.0.0.1:8480", "http://127.0.0.1:8425/"
MADE = sources.make(API_URL, INBOX_URL)
THIN = sorted(name for name, source in MADE.items() if source.credentials)
CHECK = "/v1/notifications/verify-webhook-signature"
BOOKS = f"/api/latest/clients/{sources.CLIENT}/invoices"


class Caller:
    """Speaks to the API of one source; `shown` are the headers that open it."""

    def __init__(self, name: str, **shown: str) -> None:
        self.apis = BillingApis(sources.accounts(MADE))
        self.name, self.shown = name, shown

    def ask(self, method: str, path: str, body: bytes = b"", **headers: str) -> tuple[int, Any]:
        answer = self.apis.answer(method, f"/apis/{self.name}{path}", self.shown | headers, body)
        return answer.status, json.loads(answer.body or b"null")

    def buy(self, form: str) -> tuple[int, Any]:
        client = MADE[self.name].credentials
        user = basic(client["client_id"], client["client_secret"])
        return self.ask("POST", "/connect/token", form.encode(), Authorization=user)


def basic(user: str, password: str = "") -> str:
    return "Basic " + base64.b64encode(f"{user}:{password}".encode()).decode()


def key_of(name: str) -> str:
    return MADE[name].credentials["key"]


@pytest.fixture
def paddle() -> Caller:
    return Caller("paddle", Authorization=f"Bearer {key_of('paddle')}")


@pytest.fixture
def books() -> Caller:
    return Caller("runmyaccounts", **{"X-RMA-KEY": key_of("runmyaccounts")})


class TestSources:
    def test_every_provider_has_one_named_like_it(self) -> None:
        assert tuple(MADE) == registry.PROVIDERS

    def test_those_in_no_file_are_written_as_surveys_toml_takes_them(self) -> None:
        tables = sources.tables(MADE)["sources"]

        assert set(tables) == set(registry.PROVIDERS) - sources.ALWAYS_THERE
        assert all(Source(name, **table).test_mode for name, table in tables.items())

    def test_whoever_has_an_api_is_sent_to_the_local_one_with_credentials(self) -> None:
        for name, source in MADE.items():
            assert ("api_url" in source.settings) == (registry.load(name).API is not None) == (name in THIN)
        assert MADE["paddle"].settings["api_url"] == "http://127.0.0.1:8425/apis/paddle"

    def test_what_a_provider_needs_besides_is_set(self) -> None:
        assert MADE["square"].described["url"] == f"{API_URL}/webhooks/square"
        assert MADE["paypal"].described["webhook_id"]
        assert MADE["runmyaccounts"].described["account"] == sources.CLIENT

    @pytest.mark.parametrize("name", sorted(set(registry.PROVIDERS) - {"runmyaccounts"}))
    def test_a_secret_has_the_shape_that_its_provider_gives_it(self, name: str) -> None:
        provider, now = registry.load(name), datetime.now(UTC)
        body = b"bt_payload=PHhtbC8%2BCg%3D%3D\n" if name == "braintree" else b"id=tr_1" if name == "mollie" else b"{}"
        webhook = Webhook(name, {}, body, now, url=MADE[name].described.get("url", ""))

        assert provider.verify(provider.sign(webhook, MADE[name].secret), [MADE[name].secret], now) is None

    def test_secrets_are_stored_where_functions_look_for_them(self) -> None:
        consented = {name for name in THIN if registry.load(name).API.login is Login.CONSENT}

        assert set(registry.PROVIDERS) - set(sources.signing_secrets(MADE)) == {"paypal", "runmyaccounts"}
        assert sorted(sources.api_credentials(MADE)) == THIN
        assert set(sources.tokens(MADE)) == consented

    def test_programs_are_told_the_secret_and_no_credentials(self) -> None:
        assert MADE["stripe"].described == {"provider": "stripe", "secret": MADE["stripe"].secret}
        assert set(MADE["xero"].described) == {"provider", "secret", "api_url"}


class TestApis:
    def test_an_answer_is_that_of_the_samples(self, paddle: Caller) -> None:
        known = json.loads((SAMPLES / "paddle.json").read_text())
        path = next(iter(known))

        assert paddle.ask("GET", f"{path}?include=address") == (200, known[path])

    def test_another_answer_can_be_put_for_reading_and_asking(self, paddle: Caller) -> None:
        answer = paddle.ask("PUT", "/customers/ctm_1", b'{"data": {"email": "ann@example.com"}}')

        found = {"data": {"email": "ann@example.com"}}
        assert answer == (204, None)
        assert paddle.ask("GET", "/customers/ctm_1") == paddle.ask("POST", "/customers/ctm_1") == (200, found)

    def test_only_json_can_be_put(self, paddle: Caller) -> None:
        assert paddle.ask("PUT", "/customers/ctm_1", b"<ann>")[0] == 400

    def test_what_nobody_put_is_not_found(self, paddle: Caller) -> None:
        assert paddle.ask("GET", "/customers/nobody")[0] == 404
        assert Caller("nobody").ask("GET", "/")[0] == 404

    @pytest.mark.parametrize("name", THIN)
    def test_without_credentials_there_is_no_answer(self, name: str) -> None:
        caller = Caller(name)
        caller.ask("PUT", "/thing", b"{}")

        assert caller.ask("GET", "/thing")[0] == 401
        assert caller.ask("GET", "/thing", Authorization="Bearer guessed")[0] == 401

    @pytest.mark.parametrize(
        ("name", "header", "value"),
        [
            ("gocardless", "authorization", "Bearer {}"),
            ("chargebee", "Authorization", "Basic"),
            ("shopify", "X-Shopify-Access-Token", "{}"),
        ],
    )
    def test_each_login_opens_in_its_own_way(self, name: str, header: str, value: str) -> None:
        shown = basic(key_of(name)) if value == "Basic" else value.format(key_of(name))
        caller = Caller(name, **{header: shown})
        caller.ask("PUT", "/thing", b"{}")

        assert caller.ask("GET", "/thing") == (200, {})


class TestTokens:
    def test_a_refresh_token_counts_once_and_brings_the_next(self) -> None:
        xero = Caller("xero")
        first = MADE["xero"].refresh_token

        status, bought = xero.buy(f"grant_type=refresh_token&refresh_token={first}")

        assert status == 200
        assert xero.buy(f"grant_type=refresh_token&refresh_token={first}") == (400, {"error": "invalid_grant"})
        assert xero.buy(f"grant_type=refresh_token&refresh_token={bought['refresh_token']}")[0] == 200

    def test_what_was_bought_opens_the_api(self) -> None:
        xero = Caller("xero")
        xero.ask("PUT", "/thing", b"{}")
        bought = xero.buy("grant_type=authorization_code&code=any")[1]

        assert xero.ask("GET", "/thing", Authorization=f"Bearer {bought['access_token']}") == (200, {})

    def test_nothing_is_sold_to_a_stranger(self) -> None:
        stranger = Caller("xero").ask("POST", "/connect/token", b"grant_type=refresh_token&client_id=guessed")

        assert stranger == (401, {"error": "invalid_client"})

    def test_client_credentials_bring_no_refresh_token(self) -> None:
        client = MADE["paypal"].credentials
        form = f"grant_type=client_credentials&client_id={client['client_id']}&client_secret={client['client_secret']}"

        status, bought = Caller("paypal").ask("POST", "/v1/oauth2/token", form.encode())

        assert status == 200
        assert set(bought) == {"access_token", "token_type", "expires_in"}


class TestPayPal:
    @pytest.fixture
    def paypal(self) -> Caller:
        client = MADE["paypal"].credentials
        caller = Caller("paypal")
        user = basic(client["client_id"], client["client_secret"])
        bought = caller.ask("POST", "/v1/oauth2/token", b"grant_type=client_credentials", Authorization=user)[1]
        caller.shown = {"Authorization": f"Bearer {bought['access_token']}"}
        return caller

    @staticmethod
    def vouches(paypal: Caller, secret: str, webhook_id: str) -> bool:
        """What it says of a webhook that was signed with this secret."""
        provider = registry.load("paypal")
        webhook = Webhook("paypal", {}, b'{"event_type": "X", "amount": 1.10}', datetime.now(UTC))

        def call(path: str, *, method: str, body: bytes) -> object:
            return paypal.ask(method, path, body)[1]

        assert provider.confirm
        source = Source("paypal", "paypal", webhook_id=webhook_id)
        return provider.confirm(provider.sign(webhook, secret), source, call)

    def test_it_vouches_for_what_was_signed_with_the_secret_of_the_source(self, paypal: Caller) -> None:
        assert self.vouches(paypal, MADE["paypal"].secret, MADE["paypal"].described["webhook_id"])

    def test_it_vouches_for_nothing_else(self, paypal: Caller) -> None:
        assert not self.vouches(paypal, "guessed", MADE["paypal"].described["webhook_id"])
        assert not self.vouches(paypal, MADE["paypal"].secret, "another")

    def test_what_it_says_can_be_put(self, paypal: Caller) -> None:
        paypal.ask("PUT", CHECK, b'{"verification_status": "SUCCESS"}')

        assert self.vouches(paypal, "guessed", "another")


class TestRunMyAccounts:
    def test_there_are_no_payments_before_some_are_told(self, books: Caller) -> None:
        assert books.ask("GET", f"{BOOKS}/payment_list?processed=2000-01-01T00:00") == (200, [])

    def test_a_payment_is_listed_until_it_is_marked_as_processed(self, books: Caller) -> None:
        books.ask("PUT", f"{BOOKS}/payment_list", b'{"payment": [{"id": 1}, {"id": 2}, {"id": 3}], "of": "today"}')

        books.ask("POST", f"{BOOKS}/set_as_processed", b"id=1&id=3")

        assert books.ask("GET", f"{BOOKS}/payment_list") == (200, {"payment": [{"id": 2}], "of": "today"})

    def test_everything_else_is_answered_as_it_stands(self, books: Caller) -> None:
        assert books.ask("GET", f"{BOOKS}/R-2041")[1]["invnumber"] == "R-2041"
