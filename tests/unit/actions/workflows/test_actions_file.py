"""actions.toml: what it means, and how its mistakes are named."""

import re
import tomllib
from itertools import dropwhile
from pathlib import Path

import pytest

from afterbill.model.billing import Touchpoint
from afterbill.model.errors import ConfigurationError
from afterbill.model.questions import Category, Question
from afterbill_actions.connection import Connection
from afterbill_actions.connectors.registry import NAMES
from afterbill_actions.events import EventType
from afterbill_actions.settings import actions_of, load_actions
from afterbill_actions.settings.tables import WhenTable
from afterbill_actions.workflow import ActionOf, Configuration, Occurrence, Turn, When, Workflow
from tests.unit.actions.workflows.systems import load

SHIPPED = Path(__file__).resolve().parents[4] / "layers/config/actions.toml"
SETTING = re.compile(r"# ((?:\[|[a-z_]+ = ).*)")
CONNECTIONS = """\
[connections.helpdesk]
connector = "freshdesk"
domain = "acme"
[connections.chat]
connector = "webhooks"
url = "https://chat.example/rooms/7/"
source = "shop"
per_minute = 20
"""
MESSAGE = '[[workflows.w.do]]\nconnection = "chat"\naction = "message"\n'
RATINGS = 'must be ratings from 0 to 10 in quotes, such as "0-6", "9" or "0-2,9"'
AMOUNT = 'must be an amount for a month with its currency, such as "50 EUR" or "49.90 USD"'
NO_SOURCE = "surveys.toml has no such table under [sources]"
NO_CONNECTION = "there is no such table under [connections]"
UNHAPPY = """\
[workflows.unhappy]
when = { ratings = "0-6", questions = ["nps"] }
[[workflows.unhappy.do]]
connection = "helpdesk"
action = "ticket"
priority = "urgent"
"""


def read(text: str, before: str = CONNECTIONS) -> Configuration:
    whole = before + text
    return actions_of(tomllib.loads(whole), {"shop", "events"}, load, whole)


def mistakes(text: str, before: str = CONNECTIONS) -> list[str]:
    with pytest.raises(ConfigurationError) as caught:
        read(text, before)
    return str(caught.value).splitlines()


def when(conditions: str) -> str:
    return f"[workflows.w]\n[workflows.w.when]\n{conditions}\n{MESSAGE}"


# What it means


def test_a_folder_without_the_file_has_no_actions(tmp_path: Path) -> None:
    assert load_actions(tmp_path / "actions.toml") == Configuration()


def test_the_shipped_file_sets_nothing_in_motion() -> None:
    assert load_actions(SHIPPED) == Configuration()


def test_the_examples_in_the_shipped_file_can_be_taken_as_they_stand() -> None:
    examples, _, _ = SHIPPED.read_text(encoding="utf-8").partition("# All conditions;")
    found = actions_of(tomllib.loads(uncommented(examples)), {"shop"})

    assert set(found.connections) == {"shop", "helpdesk", "team"}
    assert [do.action for do in found.workflows["unhappy"].do] == ["ticket", "message"]
    assert found.notices == ("team",)


def test_the_shipped_file_explains_every_condition() -> None:
    _, _, conditions = SHIPPED.read_text(encoding="utf-8").partition("# All conditions;")
    (explained,) = tomllib.loads(uncommented(conditions))["workflows"].values()
    assert explained["when"].keys() == WhenTable.model_fields.keys()


def uncommented(text: str) -> str:
    """Return the settings among the comments from the first table on, as an operator takes them."""
    lines = [found[1] for line in text.splitlines() if (found := SETTING.fullmatch(line))]
    return "\n".join(dropwhile(lambda line: not line.startswith("["), lines))


def test_connections_have_the_address_and_the_rate_of_their_connector_unless_they_say_otherwise() -> None:
    assert read("").connections == {
        "helpdesk": Connection(
            "helpdesk", "freshdesk", "https://acme.helpdesk.example", 80, settings={"domain": "acme"}
        ),
        "chat": Connection("chat", "webhooks", "https://chat.example/rooms/7", 20, "shop"),
    }


def test_a_workflow_has_its_conditions_and_the_checked_settings_of_its_actions() -> None:
    assert read(UNHAPPY).workflows == {
        "unhappy": Workflow(
            "unhappy",
            When(ratings=frozenset(range(7)), questions=frozenset({Question.NPS})),
            [ActionOf("helpdesk", "ticket", {"priority": "urgent", "tags": []})],
        )
    }


def test_every_condition_can_be_set() -> None:
    text = when("""\
events = ["ResponseChanged"]
ratings = "0-2,5"
categories = ["detractor"]
touchpoints = ["renewed"]
sources = ["shop"]
plans = ["A plan nobody has"]
recurring_at_least = "49.90 EUR"
comment = true
contact = false
confirmed = true
category_change = "worse"
low_score = "repeated"
""")
    assert read(text).workflows["w"].when == When(
        events=(EventType.RESPONSE_CHANGED,),
        ratings=frozenset({0, 1, 2, 5}),
        categories=frozenset({Category.DETRACTOR}),
        touchpoints=frozenset({Touchpoint.RENEWED}),
        sources=frozenset({"shop"}),
        plans=frozenset({"A plan nobody has"}),
        recurring_at_least=4990,
        currency="EUR",
        comment=True,
        contact=False,
        confirmed=True,
        category_change=Turn.WORSE,
        low_score=Occurrence.REPEATED,
    )


@pytest.mark.parametrize(("text", "minor"), [("500 JPY", 500), ("5 KWD", 5000), ("0.5 USD", 50)])
def test_amounts_are_counted_in_minor_units_of_their_currency(text: str, minor: int) -> None:
    assert read(when(f'recurring_at_least = "{text}"')).workflows["w"].when.recurring_at_least == minor


def test_all_kinds_of_events_are_published_unless_the_file_names_some() -> None:
    assert read("").events == frozenset(EventType)
    assert read('[events]\npublish = ["SurveySent"]').events == {EventType.SURVEY_SENT}


def test_notices_go_to_connections_with_a_place_for_them() -> None:
    assert read('[notices]\nto = ["chat"]').notices == ("chat",)


def test_a_workflow_can_tell_of_an_event_about_no_answer() -> None:
    silent = read(when('events = ["SourceSilent"]\nsources = ["shop"]')).workflows["w"].when
    assert silent == When(events=(EventType.SOURCE_SILENT,), sources=frozenset({"shop"}))


def test_this_machine_is_permitted_where_the_local_stack_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AFTERBILL_LOOPBACK", "1")
    local = '[connections.chat]\nconnector = "webhooks"\nurl = "http://127.0.0.1:8123/chat"\n'
    assert read("", local).connections["chat"].url == "http://127.0.0.1:8123/chat"


# Its mistakes


def test_a_file_that_is_no_toml_is_told_by_its_line(tmp_path: Path) -> None:
    (tmp_path / "surveys.toml").write_text("[sources]\n", encoding="utf-8")
    (tmp_path / "actions.toml").write_text("# mine\n[connections\n", encoding="utf-8")
    with pytest.raises(ConfigurationError, match=r"^actions\.toml: line 2: "):
        load_actions(tmp_path / "actions.toml")


@pytest.mark.parametrize("sources", ["sources = 3\n", "[sources.other]\n"])
def test_the_sources_are_those_of_the_surveys_toml_beside_it(tmp_path: Path, sources: str) -> None:
    (tmp_path / "surveys.toml").write_text(sources, encoding="utf-8")
    (tmp_path / "actions.toml").write_text(CONNECTIONS, encoding="utf-8")
    with pytest.raises(ConfigurationError, match=r'source: surveys.toml has no such table under \[sources\]: "shop"'):
        load_actions(tmp_path / "actions.toml", load)


CASES = {
    "an unknown table": ("[workflow.x]\n", 'workflow: "workflow" is unknown; did you mean "workflows"? (line 9)'),
    "an unknown connector": (
        '[connections.x]\nconnector = "slak"\n',
        'connections.x.connector: "slak" is unknown; did you mean "slack"? (line 10)',
    ),
    "a connector that is nothing like any": (
        '[connections.x]\nconnector = "jira"\n',
        f'connections.x.connector: "jira" is unknown; there are: {", ".join(NAMES)} (line 10)',
    ),
    "a connection without a connector": ("[connections.x]\n", "connections.x.connector: is missing (line 9)"),
    "a misspelt key of connections": (
        '[connections.x]\nconector = "slack"\n',
        'connections.x.conector: "conector" is unknown; did you mean "connector"? (line 10)',
    ),
    "a name that is none": (
        '[connections.Shop]\nconnector = "slack"\n',
        'connections.Shop: must be a name of 1 to 40 signs out of a to z, 0 to 9, "_" and "-", not "Shop" (line 9)',
    ),
    "a setting its connector misses": (
        '[connections.x]\nconnector = "freshdesk"\n',
        "connections.x.domain: is missing (line 9)",
    ),
    "a setting its connector does not like": (
        '[connections.x]\nconnector = "freshdesk"\ndomain = "Acme Inc"\n',
        'connections.x.domain: is not written as it should be: "Acme Inc" (line 11)',
    ),
    "a setting its connector does not have": (
        '[connections.x]\nconnector = "freshdesk"\ndomian = "acme"\n',
        'connections.x.domian: "domian" is unknown; did you mean "domain"? (line 11)',
    ),
    "a setting that is like none": (
        '[connections.x]\nconnector = "freshdesk"\ndomain = "acme"\ncolour = "red"\n',
        'connections.x.colour: "colour" is unknown; there are: connector, domain, per_minute, source, url (line 12)',
    ),
    "a system without an address": (
        '[connections.x]\nconnector = "webhooks"\n',
        "connections.x.url: is missing: enter the https:// address of Chat (line 9)",
    ),
    "a setting that makes no address": (
        '[connections.x]\nconnector = "freshdesk"\ndomain = ""\n',
        "connections.x.url: is missing: enter the https:// address of Helpdesk (line 9)",
    ),
    "a shop of no source": (
        '[connections.x]\nconnector = "shopify"\nurl = "https://shop.example"\n',
        "connections.x.source: is missing: name the [sources] entry whose orders Shop has (line 9)",
    ),
    "a source that is not there": (
        '[connections.x]\nconnector = "freshdesk"\ndomain = "a"\nsource = "shp"\n',
        f'connections.x.source: {NO_SOURCE}: "shp" is unknown; did you mean "shop"? (line 12)',
    ),
    "too many calls": (
        '[connections.x]\nconnector = "freshdesk"\ndomain = "a"\nper_minute = 0\n',
        "connections.x.per_minute: must be at least 1, not 0 (line 12)",
    ),
    "a key without a connection": (
        '[connections]\nconnector = "slack"\n',
        "connections.connector: must stand under a name of its own, as in [connections.NAME] (line 10)",
    ),
    "a connection that is no table": (
        '[connections]\nteam = "slack"\n',
        'connections.team: must be a table, not "slack" (line 10)',
    ),
    "a workflow without actions": ("[workflows.w]\n", "workflows.w.do: is missing (line 9)"),
    "a workflow with an empty list": (
        "[workflows.w]\ndo = []\n",
        "workflows.w.do: must have one action at least: a workflow without any does nothing (line 10)",
    ),
    "an action in single brackets": (
        '[workflows.w.do]\nconnection = "chat"\n',
        "workflows.w.do: must be written in double brackets, [[...do]], once for each (line 9)",
    ),
    "an unknown connection": (
        '[workflows.w]\n[[workflows.w.do]]\nconnection = "hat"\naction = "message"\n',
        f'workflows.w.do.0.connection: {NO_CONNECTION}: "hat" is unknown; did you mean "chat"? (line 11)',
    ),
    "an unknown action": (
        '[workflows.w]\n[[workflows.w.do]]\nconnection = "helpdesk"\naction = "tag"\n',
        'workflows.w.do.0.action: "tag" is unknown; Helpdesk has: priority, ticket (line 12)',
    ),
    "an action without its name": (
        '[workflows.w]\n[[workflows.w.do]]\nconnection = "helpdesk"\n',
        "workflows.w.do.0.action: is missing (line 10)",
    ),
    "a setting the action does not like": (
        '[workflows.w]\n[[workflows.w.do]]\nconnection = "helpdesk"\naction = "ticket"\npriority = "max"\n',
        'workflows.w.do.0.priority: must be one of low, high, urgent, not "max" (line 13)',
    ),
    "a setting the action does not have": (
        '[workflows.w]\n[[workflows.w.do]]\nconnection = "helpdesk"\naction = "ticket"\nprio = "high"\n',
        'workflows.w.do.0.prio: "prio" is unknown; did you mean "priority"? (line 13)',
    ),
    "an effect twice": (
        f"[workflows.w]\n{MESSAGE}{MESSAGE}",
        'workflows.w.do.1: "message" stands twice for "chat" (line 13)',
    ),
    "ratings in disorder": (
        when('ratings = "6-0"'),
        f'workflows.w.when.ratings: {RATINGS}, not "6-0" (line 11)',
    ),
    "ratings without quotes": (
        when("ratings = 9"),
        f"workflows.w.when.ratings: {RATINGS}, not 9 (line 11)",
    ),
    "a rating off the scale": (
        when('ratings = "0-2"\nquestions = ["csat"]'),
        "workflows.w.when.ratings: 0 is not on the scale of the question: csat 1 to 5 (line 11)",
    ),
    "conditions that exclude each other": (
        when('ratings = "9-10"\ncategories = ["detractor"]\nquestions = ["nps"]'),
        "workflows.w.when: would never fire: no answer meets categories and ratings at once (line 10)",
    ),
    "a low score among good ones": (
        when('ratings = "8-10"\nlow_score = "first"\nquestions = ["rebuy"]'),
        "workflows.w.when: would never fire: no answer meets low_score and ratings at once (line 10)",
    ),
    "an unknown condition": (
        when('rating = "0-6"'),
        'workflows.w.when.rating: "rating" is unknown; did you mean "ratings"? (line 11)',
    ),
    "an unknown category": (
        when('categories = ["detractors"]'),
        'workflows.w.when.categories.0: "detractors" is unknown; did you mean "detractor"? (line 11)',
    ),
    "a list that is none": (when('plans = "Pro"'), 'workflows.w.when.plans: must be a list, not "Pro" (line 11)'),
    "an unknown source": (
        when('sources = ["stripe"]'),
        f'workflows.w.when.sources: {NO_SOURCE}: "stripe" is unknown (line 11)',
    ),
    "an amount without a currency": (
        when('recurring_at_least = "50"'),
        f'workflows.w.when.recurring_at_least: {AMOUNT}, not "50" (line 11)',
    ),
    "an amount with more decimals than its currency": (
        when('recurring_at_least = "50.5 JPY"'),
        f'workflows.w.when.recurring_at_least: {AMOUNT}, not "50.5 JPY" (line 11)',
    ),
    "an event that does not exist": (
        when('events = ["ResponseDeleted"]'),
        'workflows.w.when.events.0: "ResponseDeleted" is unknown; did you mean "ResponseReviewed"? (line 11)',
    ),
    "a condition that an event never meets": (
        when('events = ["SourceSilent"]\nratings = "0-6"'),
        'workflows.w.when.ratings: is never met by "SourceSilent", which is about no answer (line 12)',
    ),
    "an action with no place for events": (
        when('events = ["CustomerObjected"]').replace("chat", "helpdesk").replace("message", "ticket"),
        'workflows.w.do.0.action: "ticket" cannot tell of "CustomerObjected", which is about no answer (line 14)',
    ),
    "notices to nobody": (
        '[notices]\nto = ["nobody"]\n',
        'notices.to.0: there is no such table under [connections]: "nobody" is unknown (line 10)',
    ),
    "notices to a system without a place for them": (
        '[notices]\nto = ["helpdesk"]\n',
        "notices.to.0: Helpdesk has no place for digests and alerts (line 10)",
    ),
    "an event that cannot be published": (
        '[events]\npublish = ["SurveySend"]\n',
        'events.publish.0: "SurveySend" is unknown; did you mean "SurveySent"? (line 10)',
    ),
}


@pytest.mark.parametrize("case", CASES)
def test_a_mistake_is_named_by_its_key_and_its_line(case: str) -> None:
    text, message = CASES[case]
    assert mistakes(text) == [f"actions.toml: {message}"]


URL = "must be the https:// address of a system in the internet, without user, query and fragment"


@pytest.mark.parametrize(
    "url",
    [
        "http://chat.example",
        "http://127.0.0.1:8123",
        "https://127.0.0.1",
        "https://10.0.0.7/chat",
        "https://169.254.169.254/latest",
        "https://localhost",
        "https://chat.internal",
        "https://ann:secret@chat.example",
        "https://chat.example/?token=1",
        "https://chat.example/../admin",
        "chat.example",
    ],
)
def test_an_address_that_is_not_in_the_internet_is_refused(url: str) -> None:
    table = f'[connections.x]\nconnector = "webhooks"\nurl = "{url}"\n'
    assert mistakes(table) == [f'actions.toml: connections.x.url: {URL}, not "{url}" (line 11)']


def test_all_mistakes_are_told_at_once() -> None:
    found = mistakes(
        '[connections.x]\nconnector = "freshdesk"\n[notices]\nto = ["nobody"]\n' + UNHAPPY.replace("helpdesk", "x")
    )
    assert [line.split(": ")[1] for line in found] == ["connections.x.domain", "notices.to.0"]
