"""The application: who is let in, what is answered where, and what becomes of bad input."""

from dataclasses import replace
from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from afterbill.model.errors import TransientError, UnreadableError
from afterbill.model.query import QueryError
from afterbill_console.answer import HEADERS, redirect
from afterbill_console.app import MOST_BODY, MOST_QUERY, Console
from afterbill_console.pages import overview
from afterbill_console.pages.routes import ROUTES, Route
from afterbill_console.render import coded
from afterbill_console.roles import Role
from afterbill_console.sessions import COOKIE, Ticket
from afterbill_console.visit import Content
from afterbill_dev.console.world import NOW, ORIGIN, ByRole, World, request_for

PAGE = "/app/overview"


@pytest.fixture
def form(monkeypatch):
    """The forms that reached the page behind /app/me."""
    sent = []

    def change(visit, _):
        sent.append(dict(visit.form))
        return redirect("/app/me")

    monkeypatch.setattr(overview, "change", change, raising=False)
    routes = tuple(replace(route, view="overview:change") if route.method == "POST" else route for route in ROUTES)
    monkeypatch.setattr("afterbill_console.app.ROUTES", routes)
    return sent


@pytest.fixture
def shows(monkeypatch):
    """Lets the overview show something else, or fail."""

    def let(view):
        monkeypatch.setattr(overview, "show", view)

    return let


def failing(error):
    def fail(*_):
        raise error

    return fail


def post(world: World, ticket: Ticket, body: bytes, **headers: str):
    request = request_for("POST", "/app/me", {"origin": ORIGIN, **headers}, body)
    return world.console.respond(request, {COOKIE: str(ticket)}, world.now)


class TestWayIn:
    @pytest.mark.parametrize(
        "cookie",
        ["", "x", "operator.short", f"somebody.{'x' * 43}", f"operator-admin.{'y' * 43}", f"o\ud800.{'x' * 43}"],
    )
    def test_whoever_has_no_session_is_led_to_the_sign_in(self, world, cookie):
        world.sign_in()
        answer = world.console.respond(request_for("GET", PAGE, {}), {COOKIE: cookie}, world.now)

        assert (answer.status, answer.headers["Location"]) == (303, "/app/sign-in")

    def test_the_way_in_and_out_answers_at_its_own_addresses(self, world):
        ticket = world.sign_in()

        assert world.get("/app/sign-in?role=viewer").headers["Location"] == "/app"
        assert world.post("/app/sign-out", ticket).cookies
        assert world.get(PAGE, ticket).headers["Location"] == "/app/sign-in"

    def test_a_session_lasts_eight_hours_and_not_a_second_longer(self, world):
        ticket = world.sign_in()
        request = request_for("GET", PAGE, {})
        statuses = [
            world.console.respond(request, {COOKIE: str(ticket)}, world.now + after).status
            for after in (timedelta(hours=7, minutes=59), timedelta(hours=8))
        ]

        assert statuses == [200, 303]

    def test_the_first_page_is_one_that_the_role_may_open(self, world):
        places = {role: world.get("/app", world.sign_in(role)).headers["Location"] for role in Role}

        assert places == {
            Role.ADMIN: PAGE,
            Role.ANALYST: PAGE,
            Role.VIEWER: PAGE,
            Role.AGENT: "/app/responses",
        }

    def test_a_session_without_a_role_has_only_the_page_about_itself(self, world):
        ticket = world.sign_in()
        [session] = world.sessions.sessions.values()
        world.sessions.store(replace(session, roles=frozenset()))

        assert world.get("/app", ticket).headers["Location"] == "/app/me"
        assert world.get(PAGE, ticket).status == 403


class TestRolesAreAskedForAgain:
    LATER = NOW + timedelta(minutes=5)

    def later(self, world, ticket):
        return world.console.respond(request_for("GET", PAGE, {}), {COOKIE: str(ticket)}, self.LATER)

    def test_within_five_minutes_they_are_not(self, world):
        ticket = world.sign_in()
        world.operators.members.clear()

        assert world.get(PAGE, ticket).status == 200

    def test_after_five_minutes_a_session_of_the_same_role_goes_on(self, world):
        ticket = world.sign_in()

        assert self.later(world, ticket).status == 200
        assert [one.checked_at for one in world.sessions.sessions.values()] == [self.LATER]

    @pytest.mark.parametrize("roles", [frozenset(), frozenset({Role.VIEWER}), frozenset({Role.ADMIN, Role.VIEWER})])
    def test_whoever_was_removed_or_has_another_role_signs_in_again_everywhere(self, world, roles):
        ticket = world.sign_in()
        [session] = world.sessions.sessions.values()
        world.sessions.store(replace(session, key="elsewhere"))
        world.operators.members[session.operator] = roles

        assert self.later(world, ticket).headers["Location"] == "/app/sign-in"
        assert world.sessions.sessions == {}

    def test_a_session_that_ends_while_it_is_checked_is_over(self, world, monkeypatch):
        ticket = world.sign_in()
        monkeypatch.setattr(world.sessions, "renew", lambda _: False)

        assert self.later(world, ticket).status == 303


class TestAnswers:
    def test_every_page_has_the_strict_headers(self, world):
        answer = world.get(PAGE, world.sign_in())

        assert answer.headers == HEADERS
        assert "'unsafe" not in answer.headers["Content-Security-Policy"]

    @pytest.mark.parametrize(
        ("place", "status"),
        [
            ("/app/nothing", 404),
            ("/app/overview/", 404),
            ("/app/overview/more", 404),
            ("/app/\ud800", 404),
            ("/other", 404),
        ],
    )
    def test_what_is_not_there_is_said_with_the_headers_of_a_page(self, world, place, status):
        answer = world.get(place, world.sign_in(language="de"))

        assert (answer.status, answer.headers) == (status, HEADERS)
        assert '<html lang="de">' in answer.body
        assert "Seite nicht gefunden" in answer.body

    def test_a_head_is_answered_as_a_get(self, world):
        ticket = world.sign_in()
        answers = [
            world.console.respond(request_for(way, PAGE, {}), {COOKIE: str(ticket)}, NOW) for way in ("GET", "HEAD")
        ]

        assert answers[0] == answers[1]

    @pytest.mark.parametrize(
        ("method", "place", "allowed"),
        [("POST", PAGE, "GET, HEAD"), ("DELETE", PAGE, "GET, HEAD"), ("PUT", "/app/me", "GET, HEAD, POST")],
    )
    def test_another_method_is_told_which_there_are(self, world, method, place, allowed):
        answer = world.console.respond(request_for(method, place, {}), {COOKIE: str(world.sign_in())}, world.now)

        assert (answer.status, answer.headers["Allow"]) == (405, allowed)

    def test_a_page_takes_two_reads(self, world, monkeypatch):
        reads = []
        for store in (world.sessions, world.reports):
            load = store.load
            monkeypatch.setattr(store, "load", lambda *given, load=load: reads.append(given) or load(*given))

        world.get(PAGE, world.sign_in())

        assert len(reads) == 2

    def test_a_page_of_which_a_report_is_computed_looks_again_by_itself(self, world, monkeypatch):
        monkeypatch.setattr(world.reports, "load", lambda _: None)
        answer = world.get(PAGE, world.sign_in())

        assert answer.headers["Refresh"] == "5"
        assert "being computed" in answer.body

    def test_a_page_may_answer_by_itself(self, world, shows):
        shows(lambda *_: redirect("/elsewhere"))

        assert world.get(PAGE, world.sign_in()).headers["Location"] == "/elsewhere"


class TestForms:
    def test_a_form_of_ours_arrives(self, world, form):
        ticket = world.sign_in()

        assert world.post("/app/me", ticket, "language=de&empty=").status == 303
        assert form == [{"token": ticket.form_token, "language": "de", "empty": ""}]

    @pytest.mark.parametrize("token", ["", "token=", "token=0", "token=%C3%A9", "token=%ED%A0%80", "language=de"])
    def test_without_its_token_nothing_happens(self, world, form, token):
        answer = post(world, world.sign_in(), token.encode())

        assert (answer.status, form) == (403, [])
        assert "Nothing was changed" in answer.body

    def test_the_token_of_somebody_else_is_none(self, world, form):
        ticket, other = world.sign_in(), world.sign_in(Role.VIEWER)

        assert post(world, ticket, f"token={other.form_token}".encode()).status == 403
        assert form == []

    @pytest.mark.parametrize("origin", ["https://evil.example", "null", ORIGIN + ".evil.example", ORIGIN.upper(), ""])
    def test_from_another_site_nothing_happens(self, world, form, origin):
        ticket = world.sign_in()

        assert post(world, ticket, f"token={ticket.form_token}".encode(), origin=origin).status == 403
        assert form == []

    def test_a_browser_that_tells_no_origin_has_the_token(self, world, form):
        ticket = world.sign_in()
        request = request_for("POST", "/app/me", {}, f"token={ticket.form_token}".encode())

        assert world.console.respond(request, {COOKIE: str(ticket)}, world.now).status == 303
        assert len(form) == 1

    def test_a_form_is_bounded_in_bytes_and_in_fields(self, world, form):
        ticket = world.sign_in()
        token = f"token={ticket.form_token}&"

        assert post(world, ticket, (token + "x" * MOST_BODY).encode()).status == 413
        assert post(world, ticket, (token + "&".join(f"f{n}=1" for n in range(200))).encode()).status == 303
        assert len(form[0]) == 50

    def test_bytes_that_are_no_text_do_no_harm(self, world, form):
        ticket = world.sign_in()

        assert post(world, ticket, f"token={ticket.form_token}&a=".encode() + b"\xff\xfe\x00").status == 303
        assert form[0]["a"].startswith("\N{REPLACEMENT CHARACTER}")

    def test_a_form_of_a_page_that_the_role_may_not_open_is_refused(self, world, monkeypatch):
        routes = (Route(PAGE, "overview:show", ROUTES[0].right, method="POST"),)
        monkeypatch.setattr("afterbill_console.app.ROUTES", routes)

        assert world.post(PAGE, world.sign_in(Role.AGENT)).status == 403


class TestBadInput:
    def test_a_huge_address_is_refused_before_anything_is_read(self, world, monkeypatch):
        monkeypatch.setattr(world.sessions, "load", failing(AssertionError))
        answer = world.get(
            f"{PAGE}?window={'7' * MOST_QUERY}", world.sign_in(), **{"accept-language": "de-DE,en;q=0.5"}
        )

        assert answer.status == 414
        assert "Diese Adresse ist zu lang" in answer.body

    @given(st.text(st.characters(), max_size=200), st.text(st.characters(), max_size=200))
    def test_whatever_stands_in_an_address_is_answered_and_can_be_sent(self, path, query):
        world = World()
        world.reports.documents["reports/trend/nps/30d.json"] = {"computed_at": NOW.isoformat(), "scopes": {"": {}}}
        request = replace(request_for("GET", PAGE, {}), path=f"/app/{path}", raw_query=query, query={query: path})
        answer = world.console.respond(request, {COOKIE: str(world.sign_in())}, NOW)
        answer.body.encode()

        assert answer.status in {200, 303, 400, 404}

    def test_what_a_page_finds_wrong_with_its_own_parameters_is_told_too(self, world, shows):
        shows(failing(QueryError([("by", "must be week, not <b>")])))
        answer = world.get(PAGE, world.sign_in())

        assert answer.status == 400
        assert "must be week, not &lt;b&gt;" in answer.body


class TestTrouble:
    @pytest.mark.parametrize(
        ("error", "said"),
        [(TransientError("no answer"), "cannot be reached"), (UnreadableError("SCORE#nps: x"), "cannot be read")],
    )
    def test_it_is_said_without_its_details(self, world, shows, error, said):
        shows(failing(error))
        answer = world.get(PAGE, world.sign_in())

        assert (answer.status, answer.headers["Retry-After"]) == (503, "5")
        assert said in answer.body
        assert str(error) not in answer.body

    def test_of_the_store_of_sessions_is_said_in_the_browsers_language(self, world, monkeypatch):
        monkeypatch.setattr(world.sessions, "load", failing(TransientError("no answer")))
        answer = world.get(PAGE, world.sign_in(), **{"accept-language": "fr, de;q=0.8"})

        assert answer.status == 503
        assert "gerade nicht erreichbar" in answer.body

    def test_what_is_told_is_told_to_whoever_runs_it(self, world, monkeypatch):
        told, error = [], TransientError("no answer")
        monkeypatch.setattr(world.sessions, "load", failing(error))
        console = Console(world.deps, ByRole(world.sessions, world.operators), told.append)
        console.respond(request_for("GET", PAGE, {}), {COOKIE: str(world.sign_in())}, NOW)

        assert told == [error]

    def test_what_is_broken_has_a_page_without_details(self, world):
        answer = world.console.broken(request_for("GET", PAGE, {"accept-language": "de"}))

        assert (answer.status, answer.headers) == (500, HEADERS)
        assert '<html lang="de">' in answer.body


class TestFiles:
    @pytest.mark.parametrize(
        ("ending", "kind"), [("css", "text/css"), ("js", "text/javascript"), ("svg", "image/svg+xml")]
    )
    def test_style_script_and_icon_are_kept_under_the_name_of_their_content(self, world, ending, kind):
        page = world.get(PAGE, world.sign_in()).body
        place = next(part for part in page.split('"') if part.endswith(f".{ending}"))
        file = world.get(place)

        assert file.status == 200
        assert file.headers["Content-Type"].startswith(kind)
        assert file.headers["Cache-Control"] == "public, max-age=31536000, immutable"
        assert "/*accent" not in file.body
        assert "/*on_accent" not in file.body

    def test_the_style_has_the_operators_colours(self, world):
        place = next(part for part in world.get(PAGE, world.sign_in()).body.split('"') if part.endswith(".css"))

        assert f"--accent: {world.deps.accent['light']}; --on-accent: #ffffff" in world.get(place).body

    def test_another_name_is_none(self, world):
        assert world.get("/app/assets/console-000000000000.css", world.sign_in()).status == 404


def test_values_in_a_page_are_escaped(world, shows):
    shows(lambda *_: Content("filters_wrong.html", {"faults": [("<script>", "\u202e<img onerror=x>")]}))
    page = world.get(PAGE, world.sign_in()).body

    assert "<script>" not in page
    assert "<img" not in page


def test_code_in_a_text_is_set_as_code_and_nothing_else_is_markup():
    assert coded("use `a <b>` & go") == "use <code>a &lt;b&gt;</code> &amp; go"
