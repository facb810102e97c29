"""My settings: what is offered to whom, what is stored, and when a session changes with it."""

import pytest

from afterbill_console.preferences import NEEDS, Alert, Cadence, Choices, offered
from afterbill_console.roles import Role, rights_of
from afterbill_dev.console.world import request_for


@pytest.mark.parametrize("role", Role)
def test_alerts_are_offered_by_the_rights_of_the_role(world, role):
    page = world.get("/app/me", world.sign_in(role)).body

    for alert in Alert:
        assert (f'name="alert_{alert}"' in page) == (NEEDS[alert] in rights_of({role}))
    assert page.count('type="radio" name="digest"') == len(Cadence)


@pytest.mark.parametrize(
    ("role", "expected"),
    [
        (Role.ADMIN, set(Alert)),
        (Role.AGENT, {Alert.LOW_SCORE}),
        (Role.ANALYST, set()),
        (Role.VIEWER, set()),
    ],
)
def test_usually_the_digest_comes_weekly_and_alerts_by_role(role, expected):
    assert Choices().wanted({role}) == expected
    assert Choices().digest is Cadence.WEEKLY


def test_what_a_role_may_not_see_is_not_sent_whatever_is_chosen():
    assert Choices(alerts=frozenset(Alert)).wanted({Role.VIEWER}) == {Alert.DROP, Alert.RESPONSE_RATE}
    assert Choices(alerts=frozenset()).wanted({Role.ADMIN}) == frozenset()


def test_choices_are_stored_and_the_page_shows_them(world):
    ticket = world.sign_in(Role.ADMIN)
    answer = world.post("/app/me", ticket, "language=en&digest=monthly&alert_drop=on&alert_nonsense=on")

    assert (answer.status, answer.headers["Location"]) == (303, "/app/me?saved=1")
    assert world.preferences.load(ticket.operator) == Choices("en", Cadence.MONTHLY, frozenset({Alert.DROP}))
    page = world.get("/app/me?saved=1", ticket).body
    assert 'value="monthly" checked' in page
    assert 'name="alert_drop" checked' in page
    assert 'name="alert_silence" checked' not in page
    assert "Saved." in page


def test_the_next_page_speaks_the_language_that_was_chosen(world):
    ticket = world.sign_in(Role.VIEWER, "en")
    world.post("/app/me", ticket, "language=de&digest=weekly")

    assert "Meine Einstellungen" in world.get("/app/me", ticket).body
    assert world.preferences.load(ticket.operator).language == "de"


@pytest.mark.parametrize("form", ["", "language=xx&digest=hourly", "language=&digest="])
def test_a_form_that_is_wrong_changes_neither_language_nor_cadence(world, form):
    ticket = world.sign_in(Role.VIEWER, "de")
    world.preferences.store(ticket.operator, Choices("de", Cadence.DAILY, None))
    world.post("/app/me", ticket, form)

    assert world.preferences.load(ticket.operator) == Choices("de", Cadence.DAILY, frozenset())


def test_alerts_of_another_role_stay_as_they_were_chosen(world):
    ticket = world.sign_in(Role.VIEWER)
    world.preferences.store(ticket.operator, Choices("en", Cadence.WEEKLY, frozenset({Alert.LOW_SCORE, Alert.DROP})))
    world.post("/app/me", ticket, "language=en&digest=weekly")

    assert world.preferences.load(ticket.operator).alerts == {Alert.LOW_SCORE}


def test_all_sessions_end_at_once(world):
    ticket = world.sign_in(Role.ANALYST)
    answer = world.post("/app/me", ticket, "do=end_sessions")

    assert (answer.status, answer.headers["Location"]) == (303, "/app")
    assert world.get("/app/me", ticket).headers["Location"] == "/app/sign-in"
    assert world.preferences.choices == {}


def test_a_form_of_another_site_changes_nothing(world):
    ticket = world.sign_in(Role.ADMIN)
    answer = world.console.respond(_forged("language=de&digest=off"), {"__Host-afterbill": str(ticket)}, world.now)

    assert answer.status == 403
    assert world.preferences.choices == {}


def _forged(form):
    return request_for("POST", "/app/me", {"origin": "https://evil.example"}, form.encode())


def test_offered_is_nothing_without_a_role():
    assert offered(()) == ()
