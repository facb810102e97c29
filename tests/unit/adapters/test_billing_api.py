"""Calls to billing systems: where they go, how they prove themselves, and what their answers mean."""

import json
from base64 import b64decode
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import timedelta
from decimal import Decimal
from typing import Any
from urllib.parse import parse_qs

import pytest

from afterbill.adapters.http.billing_api import HttpApis
from afterbill.intake.connector import Api, Call, Login, Token
from afterbill.model.errors import ConfigurationError, PayloadError, TransientError
from afterbill.model.webhooks import Source
from afterbill_cli.memory.keys import MemoryTokens
from tests.factories import HOUR, MINUTE, NOON
from tests.servers import Reply, net

SHOP = Source("shop", "test")
KEY = Api("https://api.example.com", Login.KEY)
CLIENT = Api("https://api.example.com", Login.CLIENT, token_url="https://id.example.com/token")
CONSENT = replace(CLIENT, login=Login.CONSENT)
OK = (200, b"{}")
STORED: Mapping[str, str] = {"key": "sk_1", "client_id": "me", "client_secret": "hush"}
FIRST = Token("first", "buys-second", NOON + HOUR)


@dataclass
class Credentials:
    known: Mapping[str, str]

    def of(self, source: str) -> Mapping[str, str]:
        return self.known if source == "shop" else {}


@dataclass
class Apis:
    """HttpApis over servers that say what a test wants."""

    replies: list[Reply]
    known: Mapping[str, str] = field(default_factory=lambda: STORED)
    tokens: MemoryTokens = field(default_factory=lambda: MemoryTokens({"shop": FIRST}))
    lost: list[str] = field(default_factory=list)
    now: Any = NOON

    def __post_init__(self) -> None:
        self.net = net(*self.replies)
        self.asked = self.net.pool.asked
        self.apis = HttpApis(
            Credentials(self.known), self.tokens, self.lost.append, self.net.http, now=lambda: self.now
        )

    def call(self, api: Api = KEY, source: Source = SHOP) -> Call:
        call = self.apis.of(source, api)
        assert call
        return call


def over(*replies: Reply, **more: Any) -> Apis:
    return Apis(list(replies), **more)


def bought(access: str = "second", **more: object) -> Reply:
    return 200, json.dumps({"access_token": access, "expires_in": 3600} | more).encode()


def bearers(apis: Apis) -> list[str]:
    """The credentials that the API itself was shown."""
    return [one.headers["authorization"] for one in apis.asked if one.url.startswith("https://api.")]


class TestWhere:
    @pytest.mark.parametrize(
        ("source", "expected"),
        [
            (SHOP, "https://acme.example.com/v1/things"),
            (replace(SHOP, sandbox=True), "https://test.example.com/v1/things"),
            (replace(SHOP, api_url="http://127.0.0.1:8025/apis/shop/"), "http://127.0.0.1:8025/apis/shop/things"),
        ],
        ids=["the provider's address", "its sandbox", "an address of the source's own"],
    )
    def test_a_call_goes_to_the_configured_address(self, source: Source, expected: str) -> None:
        apis = over(OK)
        api = Api("https://{account}.example.com/v1/", Login.KEY, sandbox_url="https://test.example.com/v1")

        apis.call(api, replace(source, account="acme"))("/things")

        assert apis.asked[0].url == expected

    def test_a_provider_without_a_sandbox_address_is_asked_at_its_only_one(self) -> None:
        apis = over(OK)

        apis.call(source=replace(SHOP, sandbox=True))("/things")

        assert apis.asked[0].url == "https://api.example.com/things"

    def test_an_address_without_its_account_is_named(self) -> None:
        call = over(OK).call(Api("https://{account}.example.com", Login.KEY))

        with pytest.raises(ConfigurationError, match=r"surveys\.toml: sources\.shop\.account is missing"):
            call("/things")

    def test_no_account_leads_to_another_host(self) -> None:
        apis = over(OK)

        apis.call(Api("https://{account}.example.com", Login.KEY), replace(SHOP, account="evil.com/#"))("/things")

        assert apis.asked[0].url == "https://evil.com%2F%23.example.com/things"

    def test_a_query_is_encoded(self) -> None:
        apis = over(OK)

        apis.call()("/things", query=[("id", "1&2"), ("id", "ä")])

        assert apis.asked[0].url == "https://api.example.com/things?id=1%262&id=%C3%A4"

    @pytest.mark.parametrize("path", ["/", "/a", "/a/", "/a/b%2Fc", "/a.b", "/code-ada@example.com", "/über"])
    def test_a_path_below_the_address_is_taken(self, path: str) -> None:
        apis = over(OK)

        apis.call()(path)

        assert apis.asked[0].url.startswith("https://api.example.com/")

    @pytest.mark.parametrize(
        "path",
        [
            "",
            "a",
            "@evil.com/",
            ".evil.com/",
            "//evil.com/",
            "/a//b",
            "/a/../b",
            "/a/%2e%2E/b",
            "/a b",
            "/a\nb",
            "/a\x00b",
            "/a\\b",
            "/a?b=c",
            "/a#b",
            "https://evil.com/",
        ],
    )
    def test_no_id_leads_anywhere_else(self, path: str) -> None:
        apis = over(OK)

        with pytest.raises(PayloadError, match="is no path of an API"):
            apis.call()(path)

        assert apis.asked == []

    def test_a_redirect_is_not_followed_and_says_what_to_correct(self) -> None:
        apis = over((301, b"", {"Location": "https://evil.com"}))

        with pytest.raises(ConfigurationError, match="api_url or account"):
            apis.call()("/things")

        assert len(apis.asked) == 1


class TestWhatIsSaid:
    def test_json_with_a_fraction_stays_exact(self) -> None:
        assert over((200, b'{"total": 49.10}')).call()("/things") == {"total": Decimal("49.10")}

    def test_an_overlong_number_is_no_amount(self) -> None:
        found: Any = over((200, b"[0.3333333333333333333333333]")).call()("/things")

        assert isinstance(found[0], float)

    @pytest.mark.parametrize("status", [404, 410])
    def test_what_is_not_there_is_none(self, status: int) -> None:
        assert over((status, b"not here")).call()("/things") is None

    def test_an_empty_answer_is_an_empty_object(self) -> None:
        assert over((204, b"")).call()("/things", method="POST") == {}

    @pytest.mark.parametrize("body", [b"<html>", b"\xff", b"NaN", b"{", b"[" * 100_000])
    def test_what_is_no_json_is_a_payload_nobody_can_read(self, body: bytes) -> None:
        with pytest.raises(PayloadError, match="shop: GET /things: the answer is not JSON"):
            over((200, body)).call()("/things")

    def test_what_the_api_does_not_take_is_named_without_what_it_said(self) -> None:
        with pytest.raises(PayloadError) as raised:
            over((422, b"ada@example.com")).call()("/accounts/code-ada%40example.com/notes")

        assert str(raised.value) == "shop: GET /accounts/*/notes: status 422"

    def test_a_server_that_fails_is_tried_again_later(self) -> None:
        with pytest.raises(TransientError):
            over((500, b"")).call()("/things")

    def test_headers_are_the_apis_then_the_calls_then_ours(self) -> None:
        apis = over(OK)
        api = replace(KEY, headers={"X-Version": "1", "Accept": "application/vnd.v1+json"})

        apis.call(api)("/things", headers={"X-Tenant": "t"}, method="POST", body=b"{}")

        assert apis.asked[0].headers == {
            "user-agent": "afterbill",
            "accept": "application/vnd.v1+json",
            "x-version": "1",
            "x-tenant": "t",
            "content-type": "application/json",
            "authorization": "Bearer sk_1",
        }

    @pytest.mark.parametrize("value", ["a\r\nb: c", "ü"])
    def test_no_id_makes_a_header_of_its_own(self, value: str) -> None:
        with pytest.raises(PayloadError, match="one line of ASCII"):
            over(OK).call()("/things", headers={"X-Tenant": value})


class TestKeys:
    @pytest.mark.parametrize(
        ("api", "expected"),
        [
            (KEY, {"authorization": "Bearer sk_1"}),
            (replace(KEY, login=Login.KEY_AS_USER), {"authorization": "Basic c2tfMTo="}),
            (replace(KEY, login=Login.KEY_IN_HEADER, key_header="X-Key"), {"x-key": "sk_1"}),
        ],
    )
    def test_a_key_is_shown_as_the_provider_wants_it(self, api: Api, expected: dict[str, str]) -> None:
        apis = over(OK)

        apis.call(api)("/things")

        assert apis.asked[0].headers.items() >= expected.items()

    @pytest.mark.parametrize(
        ("api", "known"), [(KEY, {}), (KEY, {"key": ""}), (CLIENT, {"client_id": "me"}), (CONSENT, {"key": "sk_1"})]
    )
    def test_without_complete_credentials_there_are_no_calls(self, api: Api, known: dict[str, str]) -> None:
        assert over(OK, known=known).apis.of(SHOP, api) is None

    @pytest.mark.parametrize("status", [401, 403])
    def test_a_refused_key_is_named_by_its_source_and_not_told(self, status: int) -> None:
        apis = over((status, b"sk_1 is wrong"))

        with pytest.raises(ConfigurationError) as raised:
            apis.call()("/things")

        assert "source shop" in str(raised.value)
        assert "secret `apis`" in str(raised.value)
        assert "sk_1" not in str(raised.value) + repr(apis.call())
        assert len(apis.asked) == 1


class TestClients:
    def test_a_token_is_bought_once_and_used_until_it_ends(self) -> None:
        apis = over(bought("one"), OK, OK, bought("two"), OK)
        call = apis.call(CLIENT)

        call("/things")
        call("/things")
        apis.now += HOUR
        call("/things")

        assert bearers(apis) == ["Bearer one", "Bearer one", "Bearer two"]

    def test_client_and_secret_are_shown_as_basic(self) -> None:
        apis = over(bought(), OK)

        apis.call(CLIENT)("/things")

        request = apis.asked[0]
        assert (request.method, request.url) == ("POST", "https://id.example.com/token")
        assert b64decode(request.headers["authorization"].removeprefix("Basic ")) == b"me:hush"
        assert request.body == b"grant_type=client_credentials"

    def test_or_in_the_form_where_the_provider_wants_that(self) -> None:
        apis = over(bought(), OK)

        apis.call(replace(CLIENT, client_in_form=True))("/things")

        assert "authorization" not in apis.asked[0].headers
        assert apis.asked[0].body == b"grant_type=client_credentials&client_id=me&client_secret=hush"

    @pytest.mark.parametrize(
        ("source", "expected"),
        [
            (replace(SHOP, sandbox=True), "https://test.example.com/token"),
            (replace(SHOP, api_url="http://127.0.0.1:8025/apis/shop"), "http://127.0.0.1:8025/apis/shop/token"),
        ],
        ids=["a sandbox", "an address of the source's own"],
    )
    def test_tokens_are_bought_where_the_source_lies(self, source: Source, expected: str) -> None:
        apis = over(bought(), OK)

        apis.call(replace(CLIENT, sandbox_token_url="https://test.example.com/token"), source)("/things")

        assert apis.asked[0].url == expected

    def test_a_token_that_is_refused_is_replaced_once(self) -> None:
        apis = over(bought("one"), (401, b""), bought("two"), OK)

        assert apis.call(CLIENT)("/things") == {}
        assert bearers(apis) == ["Bearer one", "Bearer two"]

    def test_what_is_forbidden_costs_no_other_token(self) -> None:
        apis = over(bought("one"), (403, b""))

        with pytest.raises(ConfigurationError, match="/things: status 403"):
            apis.call(CLIENT)("/things")

        assert len(apis.asked) == 2

    def test_and_not_twice(self) -> None:
        apis = over(bought("one"), (401, b""), bought("two"), (401, b""))

        with pytest.raises(ConfigurationError, match="secret `apis`"):
            apis.call(CLIENT)("/things")

        assert len(apis.asked) == 4

    @pytest.mark.parametrize(
        "reply",
        [
            (401, b'{"error": "invalid_client"}'),
            (400, b'{"error": "invalid_grant"}'),
            (200, b"[]"),
            (200, b"<html>"),
            (200, b'{"access_token": ""}'),
            (200, b'{"access_token": "two\\nlines"}'),
        ],
    )
    def test_a_client_that_gets_no_token_is_named_by_its_source(self, reply: Reply) -> None:
        with pytest.raises(ConfigurationError, match=r"source shop .*secret `apis`") as raised:
            over(reply).call(CLIENT)("/things")

        assert "hush" not in str(raised.value)

    @pytest.mark.parametrize(
        ("seconds", "minutes"), [(3600, 60), ("3600", 60), (None, 10), ("soon", 10), (-5, 0), (10**9, 1440)]
    )
    def test_how_long_a_token_lives_may_be_a_text_or_missing(self, seconds: object, minutes: int) -> None:
        apis = over((200, json.dumps({"access_token": "a", "expires_in": seconds}).encode()), OK)

        apis.call(CLIENT)("/things")

        assert apis.apis._granted["shop"].expires_at == NOON + timedelta(minutes=minutes)


class TestConsent:
    def test_the_stored_token_is_used(self) -> None:
        apis = over(OK)

        apis.call(CONSENT)("/things")

        assert bearers(apis) == ["Bearer first"]

    @pytest.mark.parametrize("expires_at", [NOON, NOON + MINUTE / 2, None], ids=["ended", "about to end", "unknown"])
    def test_one_at_its_end_is_renewed_before_it_is_used(self, expires_at: Any) -> None:
        apis = over(
            bought(refresh_token="buys-third"), OK, tokens=MemoryTokens({"shop": replace(FIRST, expires_at=expires_at)})
        )

        apis.call(CONSENT)("/things")

        assert parse_qs(apis.asked[0].body.decode()) == {
            "grant_type": ["refresh_token"],
            "refresh_token": ["buys-second"],
        }
        assert apis.tokens.stored["shop"] == Token("second", "buys-third", NOON + HOUR)
        assert bearers(apis) == ["Bearer second"]

    def test_a_refresh_token_that_is_not_replaced_stays(self) -> None:
        apis = over((401, b""), bought(), OK)

        apis.call(CONSENT)("/things")

        assert apis.tokens.stored["shop"].refresh == "buys-second"

    def test_a_token_that_is_refused_is_renewed_once(self) -> None:
        apis = over((401, b""), bought(), (403, b""))

        with pytest.raises(ConfigurationError, match="secret `apis`"):
            apis.call(CONSENT)("/things")

        assert bearers(apis) == ["Bearer first", "Bearer second"]

    def test_one_that_is_refused_though_just_renewed_is_not_renewed_again_for_ten_minutes(self) -> None:
        apis = over((401, b""), bought(), (401, b""), (401, b""), (401, b""), (401, b""), bought("third"), OK)
        for _ in range(2):
            with pytest.raises(ConfigurationError, match="secret `apis`"):
                apis.call(CONSENT)("/things")

        apis.now += timedelta(minutes=10)

        assert apis.call(CONSENT)("/things") == {}
        assert bearers(apis)[-1] == "Bearer third"

    @pytest.mark.parametrize("status", [400, 401])
    def test_a_consent_that_is_gone_says_what_to_do_and_is_counted(self, status: int) -> None:
        apis = over((401, b""), (status, b'{"error": "invalid_grant", "error_description": "buys-second"}'))

        with pytest.raises(ConfigurationError, match="run afterbill source consent shop") as raised:
            apis.call(CONSENT)("/things")

        assert apis.lost == ["shop"]
        assert "buys-second" not in str(raised.value)

    def test_a_refresh_token_that_was_refused_is_not_shown_again(self) -> None:
        apis = over((401, b""), (400, b'{"error": "invalid_grant"}'), (401, b""))
        call = apis.call(CONSENT)

        for _ in range(3):
            with pytest.raises(ConfigurationError):
                call("/things")

        assert [one.url for one in apis.asked if one.method == "POST"] == ["https://id.example.com/token"]
        assert apis.lost == ["shop"] * 3

    def test_a_new_consent_counts_at_once(self) -> None:
        apis = over((401, b""), (400, b'{"error": "invalid_grant"}'), OK)
        call = apis.call(CONSENT)
        with pytest.raises(ConfigurationError):
            call("/things")
        apis.tokens.stored["shop"] = Token("fresh", "buys-more", NOON + HOUR)

        assert call("/things") == {}

    @pytest.mark.parametrize("tokens", [MemoryTokens(), None], ids=["never given", "nowhere to look"])
    def test_without_consent_the_error_says_how_to_give_it(self, tokens: Any) -> None:
        with pytest.raises(ConfigurationError, match="run afterbill source consent shop"):
            over(OK, tokens=tokens).call(CONSENT)("/things")

    def test_a_client_that_is_refused_is_no_lost_consent(self) -> None:
        apis = over((401, b""), (401, b'{"error": "invalid_client"}'))

        with pytest.raises(ConfigurationError, match="secret `apis`"):
            apis.call(CONSENT)("/things")

        assert apis.lost == []

    def test_without_anybody_to_tell_a_lost_consent_is_an_error_all_the_same(self) -> None:
        server = net((400, b'{"error": "invalid_grant"}'))
        tokens = MemoryTokens({"shop": replace(FIRST, expires_at=None)})
        call = HttpApis(Credentials(STORED), tokens, http=server.http).of(SHOP, CONSENT)
        assert call

        with pytest.raises(ConfigurationError, match="consent"):
            call("/things")
