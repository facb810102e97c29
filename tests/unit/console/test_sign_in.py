"""The way in and out: whom it lets in, and everybody whom it does not."""

from dataclasses import replace
from datetime import timedelta
from urllib.parse import parse_qsl, urlsplit

import pytest

from afterbill.model.errors import PayloadError, TransientError
from afterbill_console import attempt as attempts
from afterbill_console.app import Console
from afterbill_console.roles import Role
from afterbill_console.sessions import COOKIE, LONGEST, ticket_of
from afterbill_dev.console.world import ORIGIN, World
from tests.unit.console.cognito import PLACE, SUB, Browser, Cognito, Reply, text


@pytest.fixture
def world() -> World:
    """No page is opened here that shows figures."""
    return World()


@pytest.fixture
def browser(world: World) -> Browser:
    world.operators.members[SUB] = frozenset({Role.ADMIN})
    return Browser(world, Cognito(world.now))


def query_of(place: str) -> dict[str, str]:
    return dict(parse_qsl(urlsplit(place).query))


class TestBeginning:
    def test_whoever_is_not_signed_in_is_led_to_the_login_page(self, browser):
        answer = browser.open("/app/overview")

        asked = query_of(answer.headers["Location"])
        assert answer.status == 303
        assert answer.headers["Location"].startswith(f"{PLACE.sign_in}/oauth2/authorize?")
        assert (asked["response_type"], asked["client_id"], asked["scope"]) == ("code", "client", "openid")
        assert asked["redirect_uri"] == f"{ORIGIN}/app/callback"
        assert (asked["code_challenge_method"], len(asked["code_challenge"])) == ("S256", 43)

    def test_the_cookie_of_an_attempt_is_for_this_host_and_ten_minutes(self, browser):
        [cookie] = browser.open("/app/sign-in").cookies

        assert cookie.startswith("__Host-afterbill-sign-in=")
        assert cookie.endswith("; Path=/; Max-Age=600; Secure; HttpOnly; SameSite=Lax")

    def test_no_value_of_an_attempt_tells_another(self, browser):
        first, second = (query_of(browser.open("/app/sign-in").headers["Location"]) for _ in range(2))

        values = {one[name] for one in (first, second) for name in ("state", "nonce", "code_challenge")}
        assert len(values) == 6
        assert not any(value in browser.cookies[attempts.COOKIE] for value in values)

    def test_the_login_page_speaks_the_language_of_the_browser(self, browser):
        german = browser.open("/app/sign-in", **{"accept-language": "de-AT,de;q=0.9,en;q=0.8"})
        other = browser.open("/app/sign-in", **{"accept-language": "fr"})

        assert [query_of(one.headers["Location"])["lang"] for one in (german, other)] == ["de", "en"]

    def test_an_old_style_sheet_is_no_reason_to_sign_in_again(self, browser):
        assert browser.open("/app/assets/console-000000000000.css").status == 404

    def test_a_part_of_a_page_begins_nothing(self, browser):
        answer = browser.open("/app/overview", **{"sec-fetch-dest": "empty"})

        assert (answer.status, answer.cookies) == (403, ())


class TestComing:
    def test_somebody_who_signed_in_has_a_session_of_eight_hours(self, browser):
        answer = browser.sign_in()

        ticket = ticket_of(browser.cookies[COOKIE])
        session = browser.world.sessions.load(ticket.operator, ticket.key)
        assert (answer.status, answer.headers["Location"]) == (303, "/app")
        assert (session.operator, session.roles) == (SUB, {Role.ADMIN})
        assert session.expires_at - browser.world.now == timedelta(hours=8)
        assert f"{COOKIE}={ticket}; Path=/; Max-Age=28800; Secure; HttpOnly; SameSite=Lax" in answer.cookies
        assert attempts.COOKIE not in browser.cookies

    def test_the_page_that_somebody_wanted_opens(self, browser):
        answer = browser.sign_in("/app/responses?rating=0-6&q=M%C3%BCll")

        assert answer.headers["Location"] == "/app/responses?rating=0-6&q=M%C3%BCll"

    def test_the_log_names_the_user_by_its_id(self, browser):
        browser.sign_in()

        assert browser.logged == [("signed in", {"operator": SUB, "roles": ["admin"]})]

    def test_every_session_has_a_secret_of_its_own_and_the_earlier_one_of_this_browser_ends(self, browser):
        browser.sign_in()
        earlier = browser.cookies[COOKIE]
        browser.open(browser.cognito.login(browser.open("/app/sign-in").headers["Location"]))

        assert browser.cookies[COOKIE] != earlier
        assert len(browser.world.sessions.sessions) == 1

    def test_groups_of_others_are_no_roles(self, browser):
        browser.cognito.groups = ["viewer", "eu-central-1_Abc_Okta", "root", 7]
        browser.sign_in()

        ticket = ticket_of(browser.cookies[COOKIE])
        assert browser.world.sessions.load(ticket.operator, ticket.key).roles == {Role.VIEWER}

    def test_whoever_chose_a_language_has_it_again(self, browser):
        browser.console = Console(browser.world.deps, replace(browser.way, preferred=lambda _operator: "de"))
        browser.sign_in()

        ticket = ticket_of(browser.cookies[COOKIE])
        assert browser.world.sessions.load(ticket.operator, ticket.key).language == "de"


class TestTokens:
    @pytest.mark.parametrize(
        ("claim", "value"),
        [
            ("iss", "https://cognito-idp.eu-central-1.amazonaws.com/eu-central-1_Other"),
            ("iss", None),
            ("aud", "another-client"),
            ("aud", ["client"]),
            ("aud", None),
            ("token_use", "access"),
            ("token_use", None),
            ("exp", 0),
            ("exp", "tomorrow"),
            ("exp", True),
            ("exp", None),
            ("nonce", "of another attempt"),
            ("nonce", None),
            ("sub", None),
            ("sub", 7),
            ("sub", "a/b#c"),
            ("sub", "x" * 65),
            ("cognito:groups", "admin"),
            ("cognito:groups", {"admin": True}),
        ],
    )
    def test_a_token_that_is_not_for_us_and_now_lets_nobody_in(self, browser, claim, value):
        browser.cognito.claims = {claim: value}

        answer = browser.sign_in()

        assert answer.status == 502
        assert "Signing in does not work" in answer.body
        assert browser.world.sessions.sessions == {}
        assert browser.logged == [("not signed in", {"reason": f"claim {claim}"})]

    def test_the_access_token_of_another_client_lets_nobody_in(self, browser):
        browser.cognito.claims = {"token_use": "access", "aud": None, "client_id": "another", "nonce": None}

        assert browser.sign_in().status == 502
        assert COOKIE not in browser.cookies

    @pytest.mark.parametrize(
        "token",
        ["", "a.b", "a.b.c.d", "a.!!!.c", f"a.{text(b'[1]')}.c", f"a.{text(b'{')}.c", f"a.{text(b'[' * 9999)}.c"],
    )
    def test_what_is_no_token_lets_nobody_in(self, browser, token):
        browser.cognito.answers = [Reply(200, f'{{"id_token": "{token}"}}'.encode())]

        assert browser.sign_in().status == 502

    @pytest.mark.parametrize("groups", [None, [], ["eu-central-1_Abc_Okta"]])
    def test_whoever_has_no_role_is_told_what_an_administrator_does(self, browser, groups):
        browser.cognito.claims = {"cognito:groups": groups}

        answer = browser.sign_in()

        assert answer.status == 403
        assert "afterbill console user add" in answer.body
        assert "/logout?client_id=client" in answer.body
        assert COOKIE not in browser.cookies


class TestStates:
    @pytest.mark.parametrize("state", ["", "&state=", "&state=x", "&state=%F0%9F%92%A3", f"&state={'x' * 43}"])
    def test_an_answer_with_a_wrong_state_or_none_lets_nobody_in(self, browser, state):
        browser.open("/app/overview")

        answer = browser.open(f"/app/callback?code=code-0{state}")

        assert answer.status == 400
        assert "This sign-in cannot be completed" in answer.body
        assert browser.world.sessions.sessions == {}

    def test_an_answer_in_another_browser_lets_nobody_in(self, browser):
        back = browser.cognito.login(browser.open("/app").headers["Location"])
        other = Browser(browser.world, browser.cognito, drawn=7)
        without = other.open(back)
        other.open("/app")
        with_its_own = other.open(back)

        assert (without.status, with_its_own.status) == (400, 400)
        assert COOKIE not in other.cookies

    def test_an_answer_counts_once(self, browser):
        back = browser.cognito.login(browser.open("/app").headers["Location"])
        kept = dict(browser.cookies)
        browser.open(back)
        again = browser.open(back)
        browser.cookies = kept
        with_the_old_cookie = browser.open(back)

        assert (again.status, with_the_old_cookie.status) == (400, 400)
        assert len(browser.world.sessions.sessions) == 1

    @pytest.mark.parametrize("later", [timedelta(minutes=10, seconds=1), timedelta(days=1), -timedelta(seconds=1)])
    def test_an_attempt_is_over_after_ten_minutes_whatever_the_browser_keeps(self, browser, later):
        back = browser.cognito.login(browser.open("/app").headers["Location"])
        browser.world.now += later

        assert browser.open(back).status == 400

    def test_a_code_needs_the_verifier_of_its_own_attempt(self, browser):
        first = browser.cognito.login(browser.open("/app").headers["Location"])
        code = query_of(first)["code"]
        second = browser.cognito.login(browser.open("/app").headers["Location"])

        answer = browser.open(second.replace(query_of(second)["code"], code))

        assert answer.status == 400
        assert browser.logged == [("not signed in", {"reason": "invalid_grant"})]

    @pytest.mark.parametrize("code", ["", "&code=", "&code=a%20b", f"&code={'x' * 2049}"])
    def test_an_answer_without_a_code_lets_nobody_in(self, browser, code):
        state = query_of(browser.open("/app").headers["Location"])["state"]

        assert browser.open(f"/app/callback?state={state}{code}").status == 400

    @pytest.mark.parametrize("changed", ["time", "place", "secret"])
    def test_a_cookie_that_somebody_changed_proves_nothing(self, browser, changed):
        back = browser.cognito.login(browser.open("/app").headers["Location"])
        secret, time, place = browser.cookies[attempts.COOKIE].split(".")
        secret = secret[::-1] if changed == "secret" else secret
        time = str(int(time) - 60) if changed == "time" else time
        place = text(b"/app/customers/7") if changed == "place" else place
        browser.cookies[attempts.COOKIE] = f"{secret}.{time}.{place}"

        assert browser.open(back).status == 400

    @pytest.mark.parametrize(
        "cookie",
        ["", "x", f"{'a' * 43}.1", f"{'a' * 43}.1.%%", f"{'a' * 43}.1.{text(b'//evil.example')}", f"{'a' * 43}.1._w"],
    )
    def test_what_is_no_cookie_of_ours_proves_nothing(self, browser, cookie):
        browser.cookies[attempts.COOKIE] = cookie

        assert browser.open("/app/callback?code=c&state=s").status == 400


class TestRefusals:
    def test_whoever_cancels_is_told_so_and_may_try_again(self, browser):
        state = query_of(browser.open("/app/tasks").headers["Location"])["state"]

        answer = browser.open(f"/app/callback?error=access_denied&error_description=%3Cb%3E&state={state}")

        assert answer.status == 403
        assert "You did not sign in" in answer.body
        assert 'href="/app/tasks"' in answer.body
        assert "<b>" not in answer.body

    def test_another_refusal_is_a_matter_for_the_administrator(self, browser):
        state = query_of(browser.open("/app").headers["Location"])["state"]

        answer = browser.open(f"/app/callback?error=unauthorized_client&state={state}")

        assert (answer.status, "tell an administrator" in answer.body) == (502, True)

    def test_an_error_without_our_state_is_somebody_elses(self, browser):
        assert browser.open("/app/callback?error=access_denied&state=x").status == 400

    @pytest.mark.parametrize("trouble", [TransientError("login.example.com: ReadTimeoutError"), PayloadError("large")])
    def test_a_token_endpoint_that_does_not_answer_is_told(self, browser, trouble):
        browser.cognito.answers = [trouble]

        answer = browser.sign_in()

        assert (answer.status, answer.headers["Retry-After"]) == (503, "30")
        assert "half a minute" in answer.body

    @pytest.mark.parametrize(
        "reply",
        [
            Reply(400, b'{"error": "invalid_client"}'),
            Reply(403, b"<html>"),
            Reply(200, b'{"access_token": "a"}'),
            Reply(200, b"[]"),
            Reply(200, b"[" * 9999),
            Reply(302, b""),
        ],
    )
    def test_a_token_endpoint_that_refuses_is_told(self, browser, reply):
        browser.cognito.answers = [reply]

        assert browser.sign_in().status == 502
        assert browser.world.sessions.sessions == {}

    def test_every_refusal_ends_the_attempt(self, browser):
        browser.cognito.answers = [Reply(400, b'{"error": "invalid_grant"}')]

        browser.sign_in()

        assert attempts.COOKIE not in browser.cookies

    def test_pages_of_the_way_in_speak_german(self, browser):
        answer = browser.open("/app/callback", **{"accept-language": "de"})

        assert '<html lang="de">' in answer.body
        assert "Diese Anmeldung lässt sich nicht abschließen" in answer.body


class TestPlaces:
    @pytest.mark.parametrize(
        "place", ["/app", "/app/overview", "/app/responses?q=a%20b&rating=0-6", "/app/customers/7?from=2026-01-01"]
    )
    def test_our_own_pages_are_places(self, place):
        assert attempts.is_place(place)

    @pytest.mark.parametrize(
        "place",
        [
            "",
            "/",
            "//evil.example",
            "https://evil.example",
            "/application",
            "/app\\evil.example",
            "/app/\\evil.example",
            "/app/a\r\nSet-Cookie: a=b",
            "/app/a b",
            '/app/"onclick',
            "/app/ü",
            "/app/sign-in",
            "/app/callback?code=1",
            "/app/sign-out",
            "/app/" + "a" * 2000,
        ],
    )
    def test_nothing_else_is_one(self, place, world):
        assert not attempts.is_place(place)
        assert attempts.begin(b"0" * 32, place, world.now).place == "/app"


class TestSessions:
    def test_eight_hours_later_the_way_leads_to_the_login_page(self, browser):
        browser.sign_in()
        browser.world.now += LONGEST

        assert browser.open("/app/overview").headers["Location"].startswith(PLACE.sign_in)

    @pytest.mark.parametrize("roles", [frozenset(), frozenset({Role.VIEWER}), frozenset(Role)])
    def test_a_change_of_roles_or_a_removal_ends_every_session_within_minutes(self, browser, roles):
        browser.sign_in()
        browser.world.operators.members[SUB] = roles
        browser.world.now += timedelta(minutes=5)

        assert browser.open("/app").headers["Location"].startswith(PLACE.sign_in)
        assert browser.world.sessions.sessions == {}

    def test_with_the_same_roles_it_goes_on_but_no_longer_than_eight_hours(self, browser):
        browser.sign_in()
        for _ in range(95):
            browser.world.now += timedelta(minutes=5)
            assert browser.open("/app").headers["Location"] == "/app/overview"
        browser.world.now += timedelta(minutes=5)

        assert browser.open("/app").headers["Location"].startswith(PLACE.sign_in)

    def test_a_session_that_ends_while_it_is_renewed_is_over(self, browser):
        browser.sign_in()
        browser.world.now += timedelta(minutes=5)
        roles = browser.world.operators.roles

        def roles_and_sign_out(operator):
            browser.world.sessions.end_all(operator)
            return roles(operator)

        browser.world.operators.roles = roles_and_sign_out

        assert browser.open("/app").headers["Location"].startswith(PLACE.sign_in)
        assert browser.world.sessions.sessions == {}

    @pytest.mark.parametrize("cookie", ["", "x", f"{SUB}.short", f"{SUB}.{'a' * 43}", f"../x.{'a' * 43}", "a" * 5000])
    def test_a_cookie_that_nobody_gave_opens_nothing(self, browser, cookie):
        browser.cookies[COOKIE] = cookie

        assert browser.open("/app/overview").headers["Location"].startswith(PLACE.sign_in)

    def test_the_root_leads_to_the_first_page(self, browser):
        browser.sign_in()

        assert browser.open("/").headers["Location"] == "/app/overview"


class TestForms:
    def test_a_form_without_a_session_is_not_lost(self, browser):
        body = b"token=t&note=Called+her+%3Cback%3E&empty=+"

        answer = browser.open("/app/customers/7", "POST", body, origin=ORIGIN)

        assert answer.status == 403
        assert "Please sign in again" in answer.body
        assert ">Called her &lt;back&gt;</textarea>" in answer.body
        assert answer.body.count("<textarea") == 1

    def test_words_of_another_site_are_not_repeated(self, browser):
        answer = browser.open("/app/customers/7", "POST", b"note=Call+0900", origin="https://evil.example")

        assert "0900" not in answer.body


class TestGoing:
    def out(self, browser, token=None, **headers):
        known = ticket_of(browser.cookies.get(COOKIE, ""))
        token = known.form_token if token is None and known else token
        return browser.open("/app/sign-out", "POST", f"token={token}".encode(), **({"origin": ORIGIN} | headers))

    def test_signing_out_ends_the_session_and_goes_on_to_cognito(self, browser):
        browser.sign_in()

        answer = self.out(browser)

        assert browser.world.sessions.sessions == {}
        assert COOKIE not in browser.cookies
        assert answer.headers["Refresh"] == f"0; url={PLACE.logout}"
        assert query_of(PLACE.logout) == {"client_id": "client", "logout_uri": f"{ORIGIN}/app/signed-out"}

    def test_a_stolen_cookie_opens_nothing_after_that(self, browser):
        browser.sign_in()
        stolen = dict(browser.cookies)
        self.out(browser)
        browser.cookies = stolen

        assert browser.open("/app/overview").headers["Location"].startswith(PLACE.sign_in)

    @pytest.mark.parametrize(("token", "headers"), [("x", {}), ("", {}), (None, {"origin": "https://evil.example"})])
    def test_another_site_signs_nobody_out(self, browser, token, headers):
        browser.sign_in()

        assert self.out(browser, token, **headers).status == 403
        assert len(browser.world.sessions.sessions) == 1

    def test_whoever_is_out_already_goes_on_to_cognito_too(self, browser):
        assert "Refresh" in self.out(browser, "").headers

    def test_a_link_signs_nobody_out(self, browser):
        browser.sign_in()

        answer = browser.open("/app/sign-out")

        assert (answer.status, answer.headers["Allow"]) == (405, "POST")
        assert COOKIE in browser.cookies

    def test_whoever_comes_back_is_told_so(self, browser):
        answer = browser.open("/app/signed-out")

        assert (answer.status, "You are signed out" in answer.body) == (200, True)

    @pytest.mark.parametrize("path", ["/app/sign-in", "/app/callback", "/app/signed-out"])
    def test_nothing_is_sent_to_the_other_addresses(self, browser, path):
        assert browser.open(path, "POST").headers["Allow"] == "GET, HEAD"


def test_a_cookie_from_the_end_of_time_is_no_attempt():
    assert attempts.attempt_of(f"{'a' * 43}.{10**12 - 1}.") is None
    assert attempts.attempt_of(f"{'a' * 43}.{10**11 - 1}.L2FwcA").begun_at.year == 5138
