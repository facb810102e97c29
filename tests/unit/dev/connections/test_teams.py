"""The fake flow takes what Teams' Workflows take, and nothing else."""

from typing import Any

import pytest

from afterbill_dev.local.connections import accounts
from afterbill_dev.local.connections.teams import BURST, Teams
from tests.unit.dev.connections.callers import Caller, Clock

FLOW = f"{accounts.TEAMS_FLOW}?sig={accounts.TEAMS['sig']}"
CARD = {
    "type": "AdaptiveCard",
    "version": "1.5",
    "body": [
        {"type": "TextBlock", "text": "Rated 3", "wrap": True},
        {"type": "ColumnSet", "columns": [{"items": [{"type": "FactSet", "facts": []}]}]},
    ],
    "actions": [{"type": "Action.OpenUrl", "title": "Open", "url": "https://app.example.com/c/1"}],
}


def message(card: Any = CARD, **changes: Any) -> dict[str, Any]:
    kind = "application/vnd.microsoft.card.adaptive"
    return {"type": "message", "attachments": [{"contentType": kind, "contentUrl": None, "content": card, **changes}]}


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def flow(clock: Clock) -> Caller:
    return Caller(Teams(clock, clock.wait))


def test_a_card_is_taken_without_a_word(flow: Caller) -> None:
    assert flow.call("POST", FLOW, message())[:2] == (202, "")
    assert flow.state == {"calls": 1, "messages": [{"card": CARD}]}


@pytest.mark.parametrize(
    "sent",
    [
        {"text": "Rated 3"},
        {"type": "message", "attachments": []},
        message() | {"summary": "x"},
        message() | {"type": "card"},
        message() | {"attachments": ["x"]},
        message(contentType="text/plain"),
        message(contentUrl="https://example.com"),
        message(name="x"),
        message({}),
        message({**CARD, "version": "2.0"}),
        message({**CARD, "body": []}),
        message({**CARD, "body": "x"}),
        message({**CARD, "colour": "red"}),
        message({**CARD, "body": [{"type": "Poll"}]}),
        message({**CARD, "body": [{"type": "TextBlock"}]}),
        message({**CARD, "body": [{"type": "Container", "items": [{"type": "TextBlock"}]}]}),
        message({**CARD, "actions": [{"type": "Action.OpenUrl", "title": "Open"}]}),
        message({**CARD, "body": [{"type": "TextBlock", "text": "x" * 28 * 1024}]}),
    ],
)
def test_anything_else_is_refused(flow: Caller, sent: dict[str, Any]) -> None:
    assert flow.call("POST", FLOW, sent).status == 400
    assert flow.state["messages"] == []


def test_the_address_is_the_secret(flow: Caller) -> None:
    assert flow.call("POST", f"{accounts.TEAMS_FLOW}?sig=other", message()).status == 401
    assert flow.call("POST", "/workflows/other", message()).status == 404


def test_the_address_of_the_stack_opens_it(flow: Caller) -> None:
    url = accounts.teams_workflow("http://127.0.0.1:8425/").removeprefix("http://127.0.0.1:8425/connections/teams")

    assert flow.call("POST", url, message()).status == 202


def test_too_many_cards_have_to_wait(flow: Caller, clock: Clock) -> None:
    statuses = [flow.call("POST", FLOW, message()).status for _ in range(BURST + 1)]

    assert (statuses[-2], statuses[-1]) == (202, 429)
    clock.turn(seconds=1)
    assert flow.call("POST", FLOW, message()).status == 202


def test_a_card_may_be_posted_although_nobody_hears_of_it(flow: Caller) -> None:
    flow.fail(status=502, after_write=True)

    assert flow.call("POST", FLOW, message()).status == 502
    assert len(flow.state["messages"]) == 1


def test_a_flow_that_lost_its_owner_refuses(flow: Caller) -> None:
    flow.fail(error="WorkflowTriggerIsNotEnabled")

    assert flow.call("POST", FLOW, message()).content["error"]["code"] == "WorkflowTriggerIsNotEnabled"
