"""The connector that docs/extend-actions.md shows works as it stands there."""

import json
import re
from datetime import UTC, datetime
from typing import Any

import pytest

from afterbill.model.invitation import Answer
from afterbill_actions.connection import Connection
from afterbill_actions.connector import Connector, Job, Open
from afterbill_actions.effects import Written
from afterbill_actions.exchange import NO_REPLY, Reply, Request
from afterbill_actions.outcome import Done, Later, Outcome
from tests.factories import invitation
from tests.unit.docs.pages import read

NOW = datetime(2026, 12, 1, 9, tzinfo=UTC)
ONE = invitation(answer=Answer(3), answered_at=NOW)


class Tasky:
    """The system of the page: tasks by number. `lost` replies do their work and say nothing."""

    def __init__(self) -> None:
        self.tasks: dict[str, dict[str, Any]] = {}
        self.lost = 0

    def __call__(self, request: Request) -> Reply:
        assert request.headers["authorization"] == "Bearer secret"
        reply = self._answer(request.method, request.url.removeprefix("https://tasky.example"), request.body)
        if self.lost:
            self.lost -= 1
            return Reply(NO_REPLY)
        return reply

    def _answer(self, method: str, path: str, body: bytes) -> Reply:
        number = path.rpartition("/")[2]
        if method == "GET":
            wanted = path.partition("reference=")[2]
            found = [{"id": n, **task} for n, task in self.tasks.items() if task["reference"] == wanted]
            return Reply(200, json.dumps(found).encode())
        if method == "POST":
            number = str(len(self.tasks) + 1)
        elif number not in self.tasks:
            return Reply(404)
        if method == "DELETE":
            del self.tasks[number]
            return Reply(204)
        self.tasks[number] = json.loads(body)
        return Reply(200, json.dumps({"id": number}).encode())


@pytest.fixture(scope="module")
def connector() -> Connector:
    (text,) = re.findall(r"^```python\n(.*?)^```$", read("docs/extend-actions.md"), re.MULTILINE | re.DOTALL)
    module: dict[str, Any] = {}
    exec(compile(text, "docs/extend-actions.md", "exec"), module)  # noqa: S102  # a page of ours
    found = module["CONNECTOR"]
    assert isinstance(found, Connector)
    return found


@pytest.fixture
def tasky() -> Tasky:
    return Tasky()


def opened(tasky: Tasky) -> Open:
    return Open(Connection("tasks", "tasky", "https://tasky.example", 60), {"token": "secret"}, tasky, NOW)


def job(**changes: Any) -> Job:
    return Job(**{"settings": {"list": "inbox"}, "mark": "afterbill-1", "invitation": ONE, **changes})


def done(outcome: Outcome) -> Written:
    assert isinstance(outcome, Done)
    return Written("tasks", "task", "v", NOW, outcome.record)


def test_an_answer_is_a_task_and_a_changed_one_the_same_task(connector: Connector, tasky: Tasky) -> None:
    action = connector.actions["task"]
    written = done(action.write(job(), opened(tasky)))
    changed = invitation(answer=Answer(9), answered_at=NOW)
    action.write(job(invitation=changed, written=written), opened(tasky))
    (task,) = tasky.tasks.values()

    assert task["title"] == "NPS 9 of 10 (promoter)"


def test_after_a_lost_reply_it_finds_its_task(connector: Connector, tasky: Tasky) -> None:
    action, tasky.lost = connector.actions["task"], 1

    assert isinstance(action.write(job(), opened(tasky)), Later)
    done(action.write(job(maybe=True), opened(tasky)))
    assert len(tasky.tasks) == 1


@pytest.mark.parametrize("step", ["undo", "erase"])
def test_it_takes_back_what_it_wrote_and_nothing_else(connector: Connector, tasky: Tasky, step: str) -> None:
    action = connector.actions["task"]
    tasky.tasks["7"] = {"reference": "somebody's own"}
    written = done(action.write(job(), opened(tasky)))
    for _ in range(2):
        done(getattr(action, step)(job(written=written), opened(tasky)))

    assert list(tasky.tasks) == ["7"]


def test_it_proves_its_token(connector: Connector, tasky: Tasky) -> None:
    done(connector.probe(opened(tasky)))
