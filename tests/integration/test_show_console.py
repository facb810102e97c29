"""show_console: pages for people, from the event of the API to the session in the table."""

from datetime import datetime, timedelta
from urllib.parse import parse_qsl

import pytest

from afterbill.adapters.dynamodb.items import encode
from afterbill_console.adapters import keys
from tests.integration.stack import CONSOLE
from tests.integration.visiting import Visitor

SESSION, ATTEMPT = "__Host-afterbill", "__Host-afterbill-sign-in"


@pytest.fixture
def visitor(stack):
    return Visitor(stack)


@pytest.fixture
def admin(stack):
    return stack.users.add("jo@example.com", "admin")


def sessions(stack):
    return stack.items("OPERATOR")


def test_the_way_in_leads_to_the_domain_of_the_pool_and_back_to_the_console(visitor):
    answer = visitor.open("/app/overview")

    place, _, query = answer["headers"]["Location"].partition("?")
    assert answer["statusCode"] == 303
    assert place == "https://ConsoleSignIn.auth.eu-central-1.amazoncognito.com/oauth2/authorize"
    assert dict(parse_qsl(query))["redirect_uri"] == f"{CONSOLE}/app/callback"


def test_somebody_signs_in_looks_and_signs_out(stack, visitor, admin):
    arrived = visitor.sign_in(admin)
    page = visitor.open("/app/overview")
    left = visitor.sign_out()

    assert (arrived["statusCode"], arrived["headers"]["Location"]) == (303, "/app")
    assert (page["statusCode"], "Overview" in page["body"]) == (200, True)
    assert left["headers"]["Refresh"].startswith("0; url=https://")
    assert (sessions(stack), visitor.cookies) == ([], {})


def test_whoever_chose_a_language_has_it_after_a_sign_in(stack, visitor, admin):
    stack.dynamodb.put_item(TableName="afterbill", Item=keys.preferences(admin) | encode({"language": "de"}))
    visitor.sign_in(admin)

    assert '<html lang="de">' in visitor.open("/app/me")["body"]


def test_cookies_come_in_a_list_or_in_a_header(visitor, admin):
    """API Gateway has a list; what stands in for it on a laptop has the header."""
    visitor.sign_in(admin)
    cookies = "; ".join(f"{name}={value}" for name, value in visitor.cookies.items())
    visitor.cookies = {}

    assert visitor.open("/app/overview", cookie=f"theme=dark; {cookies}")["statusCode"] == 200
    assert visitor.open("/app/overview", cookie="\x00=;;")["statusCode"] == 303


def test_a_page_reads_the_session_once_and_asks_nobody_else_about_it(stack, visitor, admin):
    visitor.sign_in(admin)
    visitor.open("/app/overview")
    stack.calls.clear()
    visitor.open("/app/overview")

    of_sessions = [call for call in stack.calls if "OPERATOR#" in str(call.params)]
    assert [call.operation for call in of_sessions] == ["GetItem"]
    assert not [call for call in stack.calls if call.service == "cognito-idp"]


def aged(stack, minutes):
    """Let time pass since the last look at the user pool."""
    [item] = sessions(stack)
    at = datetime.fromisoformat(item["checked_at"]["S"]) - timedelta(minutes=minutes)
    stack.dynamodb.put_item(TableName="afterbill", Item=item | encode({"checked_at": at.isoformat()}))


def test_after_five_minutes_the_pool_is_asked_and_the_session_goes_on(stack, visitor, admin):
    visitor.sign_in(admin)
    aged(stack, 5)
    stack.calls.clear()
    first, second = visitor.open("/app/overview"), visitor.open("/app/overview")

    asked = [call.operation for call in stack.calls if call.service == "cognito-idp"]
    assert (first["statusCode"], second["statusCode"]) == (200, 200)
    assert asked == ["ListUsers", "AdminListGroupsForUser"]


@pytest.mark.parametrize("change", ["removed", "disabled", "another role"])
def test_a_removed_user_sees_nothing_more(stack, visitor, admin, change):
    visitor.sign_in(admin)
    if change == "removed":
        stack.users.users.pop(admin)
    else:
        stack.users.users[admin] |= {"enabled": change != "disabled", "groups": ["viewer"]}
    aged(stack, 5)

    assert visitor.open("/app/overview")["statusCode"] == 303
    assert sessions(stack) == []


def test_a_pool_that_does_not_answer_shows_nobody_anything_and_ends_nothing(stack, visitor, admin):
    visitor.sign_in(admin)
    aged(stack, 5)
    stack.users.failures["ListUsers"] = "TooManyRequestsException"
    answer = visitor.open("/app/overview")
    stack.users.failures.clear()

    assert (answer["statusCode"], answer["headers"]["Retry-After"]) == (503, "5")
    assert "The console cannot be reached just now" in answer["body"]
    assert visitor.open("/app/overview")["statusCode"] == 200


def test_what_is_broken_is_a_page_too_and_names_nothing(stack, visitor, admin, capsys):
    visitor.sign_in(admin)
    stack.failures["GetItem"] = ValueError("the secret of a customer")
    answer = visitor.open("/app/overview")

    assert answer["statusCode"] == 500
    assert "secret of a customer" not in answer["body"]
    assert "page broken" in capsys.readouterr().out


def test_addresses_and_codes_stay_out_of_the_log(visitor, admin, capsys):
    visitor.sign_in(admin)
    visitor.open("/app/callback?code=abc&state=wrong")
    visitor.sign_out()

    logged = capsys.readouterr().out
    assert all(told in logged for told in ("signed in", "not signed in", "signed out", admin))
    assert not [one for one in ("jo@example.com", "code=", "abc", *visitor.cookies.values()) if one in logged]
