"""The connector of actions that docs/extend.md shows works as it stands there."""

import json
import re
from dataclasses import dataclass, field, replace
from typing import Any

import pytest

from afterbill_actions.connector import Connector
from afterbill_actions.exchange import Reply, Request
from afterbill_actions.outcome import Denied, Done, Later, NeedsPerson
from tests.unit.actions.answers import CUSTOMER, HAPPY, MARK, Desk, Wire, job, written
from tests.unit.docs.pages import read

PAGE = read("docs/extend.md").partition("## A connector that writes")[2].partition("## A touchpoint")[0]


def block(language: str) -> str:
    (text,) = re.findall(rf"^```{language}\n(.*?)^```$", PAGE, re.MULTILINE | re.DOTALL)
    return text


@dataclass
class Deskly:
    """Notes by their id."""

    notes: dict[str, dict[str, Any]] = field(default_factory=dict)

    def __call__(self, request: Request) -> Reply:
        if request.headers["authorization"] != "Bearer k":
            return Reply(401)
        path = request.url.removeprefix("https://system.example")
        match request.method, path.strip("/").split("/"):
            case "GET", _:
                wanted = path.partition("=")[2]
                return self.reply({"notes": [one for one in self.notes.values() if one["reference"] == wanted]})
            case "POST", ["customers", customer, "notes"] if customer == CUSTOMER:
                return self.stored(str(len(self.notes) + 1), request)
            case "PUT", ["notes", id_] if id_ in self.notes:
                return self.stored(id_, request)
            case "DELETE", ["notes", id_] if id_ in self.notes:
                del self.notes[id_]
                return Reply(204)
        return Reply(404)

    def stored(self, id_: str, request: Request) -> Reply:
        self.notes[id_] = {"id": id_, **json.loads(request.body)}
        return self.reply(self.notes[id_])

    def reply(self, body: Any) -> Reply:
        return Reply(200, json.dumps(body).encode())


@pytest.fixture(scope="module")
def connector() -> Connector:
    module: dict[str, Any] = {"__name__": "deskly"}
    exec(compile(block("python"), "docs/extend.md", "exec"), module)  # noqa: S102  # a page of ours
    made: Connector = module["CONNECTOR"]
    return made


@pytest.fixture
def desk() -> Desk:
    return Desk(Wire(Deskly()))


def note(connector: Connector) -> Any:
    return connector.actions["note"]


def test_it_writes_one_note_and_changes_it_in_place(connector: Connector, desk: Desk) -> None:
    first = desk.run(note(connector).write, job())
    assert isinstance(first, Done)
    desk.run(note(connector).write, job(HAPPY, written=written(first.record)))

    (one,) = desk.wire.system.notes.values()  # type: ignore[attr-defined]  # the system of this module
    assert one["reference"] == MARK
    assert one["text"].startswith("NPS 9 of 10")


def test_after_a_lost_reply_it_looks_before_it_writes(connector: Connector, desk: Desk) -> None:
    desk.wire.lose(1)
    assert isinstance(desk.run(note(connector).write, job()), Later)
    desk.run(note(connector).write, job(maybe=True))

    assert len(desk.wire.system.notes) == 1  # type: ignore[attr-defined]  # the system of this module
    assert desk.most <= 3


@pytest.mark.parametrize("step", ["undo", "erase"])
def test_it_takes_back_what_it_wrote_also_twice(connector: Connector, desk: Desk, step: str) -> None:
    first = desk.run(note(connector).write, job())
    assert isinstance(first, Done)
    gone = job(None, written=written(first.record))

    assert [desk.run(getattr(note(connector), step), gone) for _ in "12"] == [Done(), Done()]
    assert desk.wire.system.notes == {}  # type: ignore[attr-defined]  # the system of this module


def test_words_of_the_customer_stay_here_unless_a_workflow_asks(connector: Connector, desk: Desk) -> None:
    desk.run(note(connector).write, job())
    assert b"It came late." not in desk.wire.sent[-1].body
    desk.run(note(connector).write, job(settings={"comment": True}))
    assert b"It came late." in desk.wire.sent[-1].body


@pytest.mark.parametrize("whom", [(), ("unknown",)])
def test_a_customer_who_cannot_be_named_is_left_to_a_person(
    connector: Connector, desk: Desk, whom: tuple[str, ...]
) -> None:
    assert isinstance(desk.run(note(connector).write, job(customer_ids=whom)), NeedsPerson)


def test_the_key_is_proved_by_a_read(connector: Connector, desk: Desk) -> None:
    assert connector.probe(desk.open()) == Done()
    assert isinstance(connector.probe(replace(desk.open(), secret={"key": "wrong"})), Denied)
