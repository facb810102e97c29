"""`afterbill console`: its address, and who may open it."""

import io
import json
from dataclasses import replace
from datetime import UTC, datetime

import pytest
from botocore.exceptions import ClientError

from afterbill.adapters.dynamodb.items import encode
from afterbill.adapters.dynamodb.keys import key
from afterbill.model.errors import AfterbillError, ConfigurationError
from afterbill_cli import cli, console, deployed
from afterbill_cli.acts import ledger_of
from afterbill_cli.console import Wish
from afterbill_cli.output import Output
from afterbill_console.adapters import keys
from afterbill_console.adapters.sessions import SessionsTable
from afterbill_console.roles import Role
from afterbill_console.sessions import Session
from tests.contract.scores_table import TABLE
from tests.user_pool import POOL, UserPool

NOW = datetime(2026, 11, 30, 9, 30, tzinfo=UTC)
JO = "jo@example.com"
ADMIN, VIEWER = frozenset({Role.ADMIN}), frozenset({Role.VIEWER})


@pytest.fixture
def pool():
    return UserPool()


@pytest.fixture
def stack(stack, pool):
    """The stack with a console."""
    cognito = pool.client()
    outputs = {**stack.outputs, "UserPoolId": POOL, "ConsoleUrl": "https://voices.example.com"}
    client = stack.client
    return replace(stack, outputs=outputs, client=lambda name: cognito if name == "cognito-idp" else client(name))


def signed_in(stack, operator, roles=ADMIN):
    sessions = SessionsTable(stack.client("dynamodb"), TABLE)
    sessions.store(Session(operator, "ab" * 32, roles, "en", NOW, NOW))
    return lambda: sessions.load(operator, "ab" * 32) is not None


def items(stack):
    return [item for item in stack.client("dynamodb").scan(TableName=TABLE)["Items"] if "OPERATOR#" in item["pk"]["S"]]


def test_it_prints_where_the_console_is(stack, capsys):
    assert console.address(stack) == 0
    assert capsys.readouterr().out == "https://voices.example.com/app\n"


def test_a_stack_without_one_says_how_to_get_it(stack):
    bare = replace(stack, outputs={})

    with pytest.raises(ConfigurationError, match="Console=true"):
        console.address(bare)


class TestAdd:
    def test_somebody_new_is_invited_by_mail_and_has_the_roles(self, stack, pool, capsys):
        assert console.add(stack, Wish(JO, frozenset({Role.AGENT, Role.VIEWER}))) == 0

        [user] = pool.users.values()
        assert (user["email"], sorted(user["groups"]), user["invited"]) == (JO, ["agent", "viewer"], True)
        assert "invited by mail, as agent viewer" in capsys.readouterr().out

    def test_with_a_password_nobody_is_invited(self, stack, pool):
        console.add(stack, Wish(JO, ADMIN, "correct horse battery"))

        [user] = pool.users.values()
        assert (user["password"], user["status"], user["invited"]) == ("correct horse battery", "CONFIRMED", False)

    def test_a_password_that_is_too_short_leaves_nobody_behind(self, stack, pool):
        with pytest.raises(AfterbillError, match="12 characters"):
            console.add(stack, Wish(JO, ADMIN, "short"))
        assert pool.users == {}

    def test_a_password_that_cognito_does_not_take_now_is_no_short_one(self, stack, pool):
        pool.failures = {"AdminSetUserPassword": "TooManyRequestsException"}

        with pytest.raises(ClientError, match="TooManyRequests"):
            console.add(stack, Wish(JO, ADMIN, "correct horse battery"))
        assert [user["email"] for user in pool.users.values()] == [JO]

    def test_somebody_who_is_there_has_these_roles_and_no_others_and_their_sessions_end(self, stack, pool):
        operator = pool.add(JO, "admin", "eu-central-1_Abc_Okta")
        lasts = signed_in(stack, operator)

        console.add(stack, Wish(JO, VIEWER))

        assert pool.users[operator]["groups"] == ["eu-central-1_Abc_Okta", "viewer"]
        assert not lasts()

    def test_the_same_roles_again_change_nothing(self, stack, pool):
        operator = pool.add(JO, "admin")
        lasts = signed_in(stack, operator)

        console.add(stack, Wish(JO, ADMIN))

        assert lasts()

    def test_a_user_of_an_identity_provider_gets_roles_too(self, stack, pool):
        pool.add(JO, name="Okta_jo")

        console.add(stack, Wish(JO, VIEWER))

        assert pool.users["Okta_jo"]["groups"] == ["viewer"]


class TestList:
    def test_it_has_a_row_for_everybody(self, stack, pool, capsys):
        first = pool.add("kim@example.com", "viewer")
        second, third = pool.add(JO, "admin", "agent"), pool.add("max@example.com")
        pool.users[third]["enabled"] = False

        assert console.show(stack) == 0
        assert capsys.readouterr().out.splitlines() == [
            f"jo@example.com  admin agent  active  {second}",
            f"kim@example.com  viewer  active  {first}",
            f"max@example.com  no role  disabled  {third}",
        ]

    def test_programs_get_json_or_csv(self, stack, pool, capsys):
        operator = pool.add(JO, "admin", "agent")
        console.show(stack, Output.JSON)
        told = json.loads(capsys.readouterr().out)
        console.show(stack, Output.CSV)

        assert told == [{"email": JO, "roles": ["admin", "agent"], "state": "active", "id": operator}]
        assert "admin agent" in capsys.readouterr().out

    def test_without_anybody_it_says_how_to_begin(self, stack, capsys):
        console.show(stack)

        assert "afterbill console user add EMAIL --role admin" in capsys.readouterr().out


class TestRemove:
    def test_a_removed_user_leaves_nothing_behind(self, stack, pool):
        operator, other = pool.add(JO, "admin"), pool.add("kim@example.com", "viewer")
        signed_in(stack, operator)
        still = signed_in(stack, other)
        chosen = key(keys.operator(operator), "PREFERENCES") | encode({"language": "de"})
        stack.client("dynamodb").put_item(TableName=TABLE, Item=chosen)

        assert console.remove(stack, JO) == 0

        assert list(pool.users) == [other]
        assert still()
        assert [item["pk"]["S"] for item in items(stack)] == [f"OPERATOR#{other}"]

    def test_an_address_of_nobody_is_an_error(self, stack):
        with pytest.raises(AfterbillError, match="nobody has the address"):
            console.remove(stack, JO)


class TestAudit:
    def test_every_change_is_noted_with_its_reason_and_without_an_address(self, stack, pool):
        operator = pool.add(JO, "admin")
        console.add(stack, Wish(JO, VIEWER), "left the team")
        console.show(stack, why="review")
        console.remove(stack, JO, "left the firm")

        noted = str(stack.client("dynamodb").scan(TableName="ledger")["Items"])
        assert all(told in noted for told in ("left the team", "review", "left the firm", f"operator:{operator}"))
        assert JO not in noted

    def test_what_cannot_be_noted_does_not_happen(self, stack, pool, monkeypatch):
        pool.add(JO, "admin")
        monkeypatch.setattr(type(ledger_of(stack)), "note", lambda *_: (_ for _ in ()).throw(AfterbillError("no")))

        with pytest.raises(AfterbillError):
            console.remove(stack, JO)
        assert len(pool.users) == 1


class TestCommandLine:
    @pytest.fixture(autouse=True)
    def here(self, stack, monkeypatch):
        monkeypatch.setattr(deployed, "connect", lambda _chosen: stack)

    def test_it_does_all_four(self, pool, capsys, monkeypatch):
        monkeypatch.setattr("sys.stdin", io.StringIO("correct horse battery\n"))
        add = ["console", "user", "add", "Jo@Example.com", "--role", "viewer", "--role", "agent"]

        assert cli.main([*add, "--permanent-password-stdin", "--why", "new"]) == 0
        assert cli.main(["console", "user", "list", "--output", "json"]) == 0
        assert cli.main(["console"]) == 0
        assert cli.main(["console", "user", "remove", JO]) == 0
        assert "https://voices.example.com/app" in capsys.readouterr().out
        assert pool.users == {}

    @pytest.mark.parametrize(
        "wrong",
        [
            ["add", JO],
            ["add", JO, "--role", "root"],
            ["add", "jo", "--role", "admin"],
            ["add", 'a" or email ^= "@example.com', "--role", "admin"],
            ["remove", "jo@example.com, kim@example.com"],
            ["remove", JO],
        ],
    )
    def test_wrong_use_is_told_and_changes_nothing(self, pool, wrong, capsys):
        assert cli.main(["console", "user", *wrong]) == 2
        assert capsys.readouterr().err
        assert pool.users == {}
