"""What actions.toml wants of events, read without its checks."""

import tomllib

import pytest

from afterbill.settings import config
from afterbill_actions.connectors.registry import NAMES, load
from afterbill_actions.events import EventType
from afterbill_actions.publishing import TELLS, Publishing, publishing, publishing_of
from afterbill_actions.settings import load_actions
from afterbill_cli.configuration import SHIPPED

WORKFLOWS = """
[events]
publish = ["ResponseRecorded", "SourceSilent"]

[workflows.objections]
when = { events = ["CustomerObjected"] }

[workflows.unhappy]
when = { ratings = "0-6", events = ["ResponseRecorded"] }

[workflows.everything]
"""


def test_without_a_word_all_events_are_published_and_nobody_is_woken():
    assert publishing_of({}) == Publishing(frozenset(EventType), frozenset(), frozenset())


@pytest.fixture
def configured(monkeypatch):
    """Puts a folder onto the import path, as the configuration layer is."""

    def put(folder):
        monkeypatch.syspath_prepend(folder)
        config.folder.cache_clear()

    yield put
    config.folder.cache_clear()


def test_a_folder_without_the_file_wants_what_the_defaults_are(tmp_path, configured):
    (tmp_path / "surveys.toml").touch()
    configured(tmp_path)

    assert publishing() == Publishing()


def test_the_shipped_file_says_the_same_with_and_without_its_checks(configured):
    configured(SHIPPED)
    checked = load_actions()

    assert set(publishing().types) == set(checked.events)
    assert set(publishing().workflows) == set(checked.workflows)


def test_wanted_events_workflows_and_those_about_no_answer_are_read():
    wanted = publishing_of(tomllib.loads(WORKFLOWS))

    assert wanted.types == {EventType.RESPONSE_RECORDED, EventType.SOURCE_SILENT}
    assert wanted.workflows == {"objections", "unhappy", "everything"}
    assert wanted.asked == {EventType.CUSTOMER_OBJECTED}


def test_channels_tell_by_the_action_that_their_connector_has_for_it():
    tables = {"connections": {"team": {"connector": "slack"}, "shop": {"connector": "shopify"}}}

    assert publishing_of({**tables, "notices": {"to": ["team"]}}).channels == {"team": "message"}
    assert {name: action for name in NAMES for action, one in load(name).actions.items() if one.tell} == TELLS
