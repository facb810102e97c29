"""Preferences, claims, state, tasks and recipients of mails to operators: the same in memory and over AWS."""

from datetime import UTC, date, datetime, timedelta

import pytest
from botocore.stub import Stubber

from afterbill.adapters.dynamodb.items import encode
from afterbill.adapters.dynamodb.tasks import TasksTable
from afterbill.model.billing import UNMATCHED, OperatorTask
from afterbill.model.errors import TransientError
from afterbill_cli.memory.notices import MemoryClaims, MemoryNotices, MemoryPreferences
from afterbill_console.adapters import keys
from afterbill_console.adapters.notices import ClaimsTable, NoticesTable, OpenTasksTable
from afterbill_console.adapters.preferences import PreferencesTable
from afterbill_console.adapters.recipients import CognitoRecipients
from afterbill_console.digest.ports import Recipient
from afterbill_console.digest.state import Heard, NoticeState
from afterbill_console.preferences import Alert, Cadence, Choices
from afterbill_console.roles import Role
from tests.contract.conftest import SESSION, TABLE

NOW = datetime(2026, 11, 30, 6, 5, 0, 123, tzinfo=UTC)
LATER, SPAN = NOW + timedelta(minutes=5), timedelta(days=1)
WHO, OTHER = "7f3c0000-0000-4000-8000-000000000001", "7f3c0000-0000-4000-8000-000000000002"
DIGEST, ALERT = "DIGEST#weekly#2026-11-23", "ALERT#drop#all"


class Stores:
    def __init__(self, dynamodb):
        self.dynamodb = dynamodb
        self.claims = ClaimsTable(dynamodb, TABLE) if dynamodb else MemoryClaims()
        self.notices = NoticesTable(dynamodb, TABLE) if dynamodb else MemoryNotices()
        self.preferences = PreferencesTable(dynamodb, TABLE) if dynamodb else MemoryPreferences()


@pytest.fixture
def stores(world):
    return Stores(world.dynamodb)


# Preferences


def test_who_chose_nothing_has_the_usual(stores):
    assert stores.preferences.load(WHO) == Choices()


@pytest.mark.parametrize(
    "choices",
    [
        Choices("de", Cadence.MONTHLY, frozenset({Alert.DROP, Alert.LOW_SCORE})),
        Choices("en", Cadence.OFF, frozenset()),
        Choices("", Cadence.DAILY),
    ],
)
def test_choices_are_read_as_they_were_stored(stores, choices):
    stores.preferences.store(WHO, Choices("en", Cadence.WEEKLY, frozenset(Alert)))
    stores.preferences.store(WHO, choices)

    assert stores.preferences.load(WHO) == choices
    assert stores.preferences.load(OTHER) == Choices()


# Claims


def test_one_run_holds_a_claim_and_no_other_one(stores):
    assert stores.claims.claim(WHO, DIGEST, NOW, NOW + SPAN)
    assert stores.claims.claim(WHO, DIGEST, NOW, NOW + SPAN)
    assert not stores.claims.claim(WHO, DIGEST, LATER, LATER + SPAN)
    assert stores.claims.claim(WHO, ALERT, LATER, LATER + SPAN)
    assert stores.claims.claim(OTHER, DIGEST, LATER, LATER + SPAN)


def test_a_claim_ends_by_itself(stores):
    stores.claims.claim(WHO, ALERT, NOW, NOW + SPAN)
    stores.claims.hand(WHO, [ALERT])

    assert not stores.claims.claim(WHO, ALERT, NOW + SPAN - timedelta(minutes=1), NOW + 2 * SPAN)
    assert stores.claims.claim(WHO, ALERT, NOW + SPAN + timedelta(minutes=1), NOW + 3 * SPAN)


def test_a_claim_is_released_until_it_is_handed_over(stores):
    for name in (DIGEST, ALERT):
        stores.claims.claim(WHO, name, NOW, NOW + SPAN)
    stores.claims.hand(WHO, [DIGEST])
    stores.claims.release(WHO, [DIGEST, ALERT, "ALERT#drop#never"])

    assert not stores.claims.claim(WHO, DIGEST, LATER, LATER + SPAN)
    assert stores.claims.claim(WHO, ALERT, LATER, LATER + SPAN)


def test_what_was_never_claimed_is_not_marked(stores):
    stores.claims.hand(WHO, [ALERT])

    assert stores.claims.claim(WHO, ALERT, NOW, NOW + SPAN)


# State


def test_the_state_is_read_as_it_was_stored(stores):
    before = stores.notices.load()
    state = NoticeState(
        1,
        date(2026, 11, 30),
        NOW,
        NOW,
        {"0a" * 16: NOW},
        {"shop": Heard(NOW - SPAN, NOW, timedelta(hours=3))},
        {"shop": NOW},
    )

    assert before == NoticeState()
    assert stores.notices.store(state, before)
    assert stores.notices.load() == state
    assert stores.notices.store(NoticeState(2), state)
    assert stores.notices.load() == NoticeState(2)


def test_of_two_runs_at_once_one_stores_its_state(stores):
    before = stores.notices.load()
    first = NoticeState(1, looked_at=NOW)

    assert stores.notices.store(first, before)
    assert not stores.notices.store(NoticeState(1, looked_at=LATER), before)
    assert stores.notices.load() == first


# Over AWS alone


def test_a_choice_of_another_version_counts_as_none(world):
    if world.dynamodb is None:
        pytest.skip("choices in memory are of this version")
    written = {"language": "de", "digest": "hourly", "alerts": ["chat", "drop"]}
    world.dynamodb.put_item(TableName=TABLE, Item=keys.preferences(WHO) | encode(written))

    assert PreferencesTable(world.dynamodb, TABLE).load(WHO) == Choices("de", Cadence.WEEKLY, frozenset({Alert.DROP}))


def test_open_tasks_are_counted_for_all_sources(world):
    if world.dynamodb is None:
        pytest.skip("the twin counts what a test says")
    tasks = TasksTable(world.dynamodb, TABLE)
    for number, source in enumerate(["shop", "shop", "stripe", "other"]):
        tasks.keep_task(OperatorTask(source, UNMATCHED, str(number), NOW), "", NOW)

    assert OpenTasksTable(world.dynamodb, TABLE, ["shop", "stripe", "none"]).open_tasks(NOW) == 3
    assert OpenTasksTable(world.dynamodb, TABLE, ["shop"]).open_tasks(NOW + timedelta(days=4000)) == 0


# Recipients: moto has no users in groups without another package, so that the client's own model judges the answers


def user(number, *, verified="true", status="CONFIRMED", enabled=True, **others):
    known = {"sub": f"sub-{number}", "email": f"{number}@example.com", "email_verified": verified} | others
    attributes = [{"Name": name, "Value": value} for name, value in known.items() if value]
    return {"Username": f"name-{number}", "Attributes": attributes, "Enabled": enabled, "UserStatus": status}


def recipients(**pages):
    """Those of a pool whose groups have these pages of users."""
    cognito = SESSION.client("cognito-idp", aws_access_key_id="x", aws_secret_access_key="x")
    stub = Stubber(cognito)
    for role in Role:
        listed = pages.get(role.value, [[]])
        for number, users in enumerate(listed):
            asked = {"UserPoolId": "eu-central-1_pool", "GroupName": role.value, "Limit": 60}
            after = {"NextToken": str(number)} if number else {}
            answer = {"Users": users} | ({"NextToken": str(number + 1)} if number + 1 < len(listed) else {})
            stub.add_response("list_users_in_group", answer, asked | after)
    with stub:
        found = CognitoRecipients(cognito, "eu-central-1_pool").recipients()
        stub.assert_no_pending_responses()
    return found


def test_who_may_be_written_to_is_enabled_confirmed_verified_and_has_a_role():
    wrong = [
        user(3, verified="false"),
        user(4, verified=""),
        user(5, status="FORCE_CHANGE_PASSWORD"),
        user(6, enabled=False),
        user(7, email=""),
    ]

    assert recipients(admin=[[user(1), *wrong]], agent=[[user(1)]], viewer=[[user(2, status="EXTERNAL_PROVIDER")]]) == [
        Recipient("sub-1", "1@example.com", frozenset({Role.ADMIN, Role.AGENT})),
        Recipient("sub-2", "2@example.com", frozenset({Role.VIEWER})),
    ]


def test_a_large_team_is_read_page_by_page():
    found = recipients(viewer=[[user(number) for number in range(60)], [user(60)]])

    assert len(found) == 61


def test_a_pool_that_does_not_answer_is_tried_again_later():
    cognito = SESSION.client("cognito-idp", aws_access_key_id="x", aws_secret_access_key="x")
    stub = Stubber(cognito)
    stub.add_client_error("list_users_in_group", "TooManyRequestsException")
    with stub, pytest.raises(TransientError):
        CognitoRecipients(cognito, "eu-central-1_pool").recipients()
