"""The page about events: every event is in it with its schema, and its pattern takes what it says."""

import json
import re
from pathlib import Path

import pytest
from jsonschema import Draft202012Validator
from moto.events.models import EventPattern

from afterbill.model.invitation import Answer
from afterbill_actions.adapters.bus import entry
from afterbill_actions.events import EventType, events_of
from tests.unit.actions.events.stream_world import answered, change, sent

DOCS = Path(__file__).resolve().parents[3] / "docs"
PAGE = (DOCS / "events.md").read_text("utf-8")
(PATTERN,) = re.findall(r"```json\n(.*?)```", PAGE, re.DOTALL)
PRO, FREE = ({"source": "shop", "plan": plan} for plan in ("Pro", "Free"))


def delivered(before, after):
    """The events of a change as EventBridge hands them to rules."""
    for event in events_of(change(before, after)):
        put = entry(event, "afterbill-events")
        yield {
            "id": "another one",
            "source": put["Source"],
            "detail-type": put["DetailType"],
            "detail": json.loads(put["Detail"]),
        }


def taken(before, after):
    pattern = EventPattern.load(PATTERN)
    return [event["detail-type"] for event in delivered(before, after) if pattern.matches_event(event)]


@pytest.mark.parametrize(
    ("before", "after", "types"),
    [
        (sent(segments=PRO), answered(3, segments=PRO), ["ResponseRecorded"]),
        (answered(9, segments=PRO), answered(2, segments=PRO), ["ResponseChanged"]),
        (sent(segments=PRO), answered(7, segments=PRO), []),
        (sent(segments=FREE), answered(3, segments=FREE), []),
        (sent(segments=PRO), answered(answer=Answer(3), segments=PRO), []),
    ],
    ids=["a low score", "one that became low", "a middling one", "of another plan", "without a comment"],
)
def test_the_pattern_of_the_page_takes_low_scores_with_a_comment(before, after, types):
    assert taken(before, after) == types


def test_the_page_names_every_event_with_its_schema():
    rows = re.findall(r"^\| \[`(\w+)`\]\(events/(\w+)\.json\)", PAGE, re.MULTILINE)

    assert sorted(rows) == sorted((kind, kind) for kind in EventType)


@pytest.mark.parametrize("kind", EventType)
def test_a_schema_is_a_schema_and_lets_nothing_pass_that_it_does_not_name(kind):
    schema = json.loads((DOCS / "events" / f"{kind}.json").read_text("utf-8"))
    Draft202012Validator.check_schema(schema)

    assert schema["title"] == kind
    assert schema["additionalProperties"] is False
    assert {"id", "at"} <= set(schema["required"])
