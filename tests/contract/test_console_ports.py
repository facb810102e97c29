"""Sessions and Operators, in memory and over AWS."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from functools import partial

import pytest
from botocore.exceptions import ClientError

from afterbill.adapters.dynamodb import keys as table_keys
from afterbill.adapters.dynamodb.items import encode
from afterbill.model.errors import TransientError
from afterbill_cli.memory.console import MemoryOperators, MemorySessions
from afterbill_console.adapters import keys
from afterbill_console.adapters.operators import CognitoOperators
from afterbill_console.adapters.sessions import SessionsTable
from afterbill_console.roles import Role
from afterbill_console.sessions import LONGEST, Session
from tests.contract.template import table_definition
from tests.user_pool import POOL, UserPool

NOW = datetime(2026, 11, 30, 9, 30, 15, 250, tzinfo=UTC)
SESSION = Session("5f2c8f0e-7d6b", "ab" * 32, frozenset({Role.AGENT, Role.VIEWER}), "de", NOW, NOW)


@pytest.fixture(params=["memory", "aws"])
def sessions(request):
    if request.param == "memory":
        return MemorySessions()
    dynamodb = request.getfixturevalue("aws")("dynamodb")
    dynamodb.create_table(**table_definition("afterbill"))
    return SessionsTable(dynamodb, "afterbill")


class TestSessions:
    def test_a_session_comes_back_as_it_was_stored(self, sessions):
        sessions.store(SESSION)

        assert sessions.load(SESSION.operator, SESSION.key) == SESSION

    def test_nobody_finds_it_by_another_name(self, sessions):
        sessions.store(SESSION)

        assert sessions.load(SESSION.operator, "cd" * 32) is None
        assert sessions.load("another", SESSION.key) is None

    def test_what_is_known_anew_is_stored(self, sessions):
        sessions.store(SESSION)
        renewed = replace(SESSION, language="en", checked_at=NOW + timedelta(minutes=5))

        assert sessions.renew(renewed)
        assert sessions.load(SESSION.operator, SESSION.key) == renewed

    def test_a_session_that_ended_is_not_renewed(self, sessions):
        sessions.store(SESSION)
        sessions.end(SESSION.operator, SESSION.key)

        assert not sessions.renew(SESSION)
        assert sessions.load(SESSION.operator, SESSION.key) is None

    def test_one_session_ends_alone(self, sessions):
        other = replace(SESSION, key="cd" * 32)
        sessions.store(SESSION)
        sessions.store(other)
        sessions.end(SESSION.operator, SESSION.key)
        sessions.end(SESSION.operator, SESSION.key)

        assert sessions.load(SESSION.operator, SESSION.key) is None
        assert sessions.load(other.operator, other.key) == other

    def test_all_sessions_of_an_operator_end_and_of_no_other(self, sessions):
        mine = [replace(SESSION, key=f"{number:064x}") for number in range(3)]
        others = replace(SESSION, operator="another")
        for one in (*mine, others):
            sessions.store(one)
        sessions.end_all(SESSION.operator)
        sessions.end_all("nobody")

        assert [sessions.load(one.operator, one.key) for one in mine] == [None] * 3
        assert sessions.load(others.operator, others.key) == others


class TestItems:
    @pytest.fixture
    def sessions(self, aws):
        dynamodb = aws("dynamodb")
        dynamodb.create_table(**table_definition("afterbill"))
        return SessionsTable(dynamodb, "afterbill")

    def test_a_session_is_forgotten_by_the_table_when_its_time_is_over(self, sessions):
        sessions.store(SESSION)

        [item] = sessions.dynamodb.scan(TableName="afterbill")["Items"]
        assert int(item[table_keys.TTL]["N"]) == int((NOW + LONGEST).timestamp())

    def test_what_else_is_stored_of_an_operator_stays(self, sessions):
        preferences = table_keys.key(keys.operator(SESSION.operator), "PREFERENCES") | encode({"language": "de"})
        sessions.dynamodb.put_item(TableName="afterbill", Item=preferences)
        sessions.store(SESSION)
        sessions.end_all(SESSION.operator)

        assert sessions.dynamodb.scan(TableName="afterbill")["Items"] == [preferences]

    def test_neither_the_address_nor_the_secret_of_anybody_is_stored(self, sessions):
        sessions.store(SESSION)

        [item] = sessions.dynamodb.scan(TableName="afterbill")["Items"]
        assert set(item) == {"pk", "sk", "roles", "language", "created_at", "checked_at", "expires_at"}


@pytest.fixture(params=["memory", "aws"])
def operators(request):
    """The port, the deed by which somebody becomes an operator (the `sub` comes back), and the one that removes it."""
    if request.param == "memory":
        port = MemoryOperators()
        return port, partial(add, port), port.members.pop
    pool = UserPool()
    return CognitoOperators(pool.client(), POOL), pool.add, pool.users.pop


def add(port, email, *groups):
    port.members[email] = frozenset(Role(group) for group in groups if group in set(Role))
    return email


class TestOperators:
    def test_an_operator_has_the_roles_of_its_groups(self, operators):
        port, become, _ = operators
        both = become("jo@example.com", "agent", "analyst")
        other = become("kim@example.com", "viewer", "eu-central-1_Abc_Okta")

        assert port.roles(both) == {Role.AGENT, Role.ANALYST}
        assert port.roles(other) == {Role.VIEWER}

    def test_nobody_has_none(self, operators):
        port, become, _ = operators

        assert port.roles(become("jo@example.com")) == frozenset()
        assert port.roles("5f2c8f0e-0000-0000-0000-000000000000") == frozenset()

    def test_whoever_was_removed_has_none(self, operators):
        port, become, remove = operators
        operator = become("jo@example.com", "admin")
        remove(operator)

        assert port.roles(operator) == frozenset()


class TestCognito:
    @pytest.fixture
    def pool(self):
        return UserPool()

    @pytest.fixture
    def port(self, pool):
        return CognitoOperators(pool.client(), POOL)

    def test_a_disabled_user_has_no_role(self, pool, port):
        operator = pool.add("jo@example.com", "admin")
        pool.users[operator]["enabled"] = False

        assert port.roles(operator) == frozenset()

    def test_a_user_of_another_provider_is_found_by_its_name_there_and_by_all_pages(self, pool, port):
        operator = pool.add("jo@example.com", "a", "b", "admin", "c", "agent", name="Okta_jo")

        assert port.roles(operator) == {Role.ADMIN, Role.AGENT}
        assert [asked["Username"] for name, asked in pool.calls if name != "ListUsers"] == ["Okta_jo"] * 3

    def test_no_address_is_asked_for(self, pool, port):
        port.roles(pool.add("jo@example.com", "admin"))

        assert pool.calls[0][1]["AttributesToGet"] == ["sub"]

    def test_whoever_goes_between_the_calls_has_no_role(self, pool, port):
        operator = pool.add("jo@example.com", "admin")
        pool.failures["AdminListGroupsForUser"] = "UserNotFoundException"

        assert port.roles(operator) == frozenset()

    @pytest.mark.parametrize("operation", ["ListUsers", "AdminListGroupsForUser"])
    def test_a_pool_that_has_no_time_says_nothing_about_anybody(self, pool, port, operation):
        operator = pool.add("jo@example.com", "admin")
        pool.failures[operation] = "TooManyRequestsException"

        with pytest.raises(TransientError):
            port.roles(operator)

    def test_what_is_wrong_with_the_stack_is_no_passing_trouble(self, pool, port):
        operator = pool.add("jo@example.com", "admin")
        pool.failures["AdminListGroupsForUser"] = "ResourceNotFoundException"

        with pytest.raises(ClientError):
            port.roles(operator)
