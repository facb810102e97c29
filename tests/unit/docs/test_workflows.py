"""The page on workflows: its examples can be taken as they stand, and its table has every condition."""

import re
import tomllib
from pathlib import Path

import pytest

from afterbill_actions.events import ABOUT_NO_RESPONSE, EventType
from afterbill_actions.settings import actions_of
from afterbill_actions.settings.tables import WhenTable
from afterbill_actions.workflow import MOST_VERSIONS, SETTLES_AFTER_SECONDS, When
from tests.unit.docs.pages import ROOT, prose, read, spans

PAGE = "docs/workflows.md"
EXAMPLES = re.findall(r"^```toml\n(.*?)^```$", read(PAGE), re.MULTILINE | re.DOTALL)


def test_all_examples_together_are_an_actions_file() -> None:
    found = actions_of(tomllib.loads("".join(EXAMPLES)), ["shop"])

    assert set(found.connections) == {"helpdesk", "team"}
    assert set(found.workflows) == {"unhappy", "rescue", "silence"}
    assert found.workflows["silence"].when == When(events=(EventType.SOURCE_SILENT,))


def test_every_condition_has_its_row() -> None:
    rows = re.findall(r"^\| (`.+?) \|", prose(PAGE), re.MULTILINE)
    keys = {key for row in rows for key in re.findall(r"`(\w+)`", row)}
    assert keys == WhenTable.model_fields.keys()


def test_every_event_is_named() -> None:
    assert set(EventType) <= set(spans(PAGE))
    (sentence,) = re.findall(r"^(.*) are about no answer", prose(PAGE), re.MULTILINE)
    assert set(re.findall(r"`(\w+)`", sentence)) == ABOUT_NO_RESPONSE


def test_its_numbers_are_those_of_the_code() -> None:
    assert f"after {SETTLES_AFTER_SECONDS} quiet seconds" in prose(PAGE)
    assert f"more than {MOST_VERSIONS} versions" in prose(PAGE)


@pytest.mark.parametrize("page", sorted((ROOT / "docs/connections").glob("*.md")), ids=lambda page: page.stem)
def test_the_examples_of_a_connection_are_an_actions_file(page: Path) -> None:
    """Together with the connections that other pages show."""
    others = tomllib.loads("".join(EXAMPLES))["connections"]
    own = tomllib.loads("".join(re.findall(r"^```toml\n(.*?)^```$", page.read_text("utf-8"), re.MULTILINE | re.DOTALL)))
    found = actions_of({**own, "connections": {**others, **own.get("connections", {})}}, ["shop"])

    assert page.stem in {connection.connector for connection in found.connections.values()}
