"""Tasks: the most urgent first, done by a form."""

import re
from datetime import timedelta

import pytest

from afterbill_console.pages.tasks import urgency
from afterbill_console.roles import Role
from afterbill_dev.console.world import NOW

DONE = "source=stripe&kind=unmatched_reversal&id=re_1"


def test_what_is_overdue_stands_first(world):
    page = world.get("/app/tasks", world.sign_in(Role.AGENT)).body

    assert re.findall(r'<h2 id="tasks-(\w+)"', page) == ["overdue", "soon", "open"]
    assert page.index("acme.example") < page.index("other.example") < page.index("Refund without a known payment")


def test_the_secret_of_a_verifier_is_on_no_page_and_no_form_confirms_it(world):
    ticket = world.sign_in(Role.ADMIN)

    assert "a secret that no page shows" not in world.get("/app/tasks", ticket).body
    assert world.post("/app/tasks", ticket, "source=shop&kind=verifier&id=v1").status == 409
    assert world.people.tasks.task("shop", "verifier", "v1").done_at is None


def test_a_task_is_done_and_noted(world):
    ticket = world.sign_in(Role.AGENT)
    answer = world.post("/app/tasks", ticket, DONE)

    assert (answer.status, answer.headers["Location"]) == (303, "/app/tasks")
    assert world.audit.noted[-1].what == "console task done"
    assert "Refund without a known payment" not in world.get("/app/tasks", ticket).body


def test_a_task_about_somebody_is_a_look_at_them(world):
    ticket, (who, *_) = world.sign_in(Role.AGENT), world.table.people
    page = world.get("/app/tasks", ticket).body

    assert f"/app/customers/{who}" in page
    assert [(act.what, act.whose) for act in world.audit.noted] == [("console tasks", (who,))]
    world.post("/app/tasks", ticket, "source=stripe&kind=too_many_attributes&id=cus_0")
    assert world.audit.noted[-1].whose == (who,)


@pytest.mark.parametrize("form", ["", "source=stripe&kind=unmatched_reversal&id=another"])
def test_a_task_that_is_not_there_changes_nothing(world, form):
    answer = world.post("/app/tasks", world.sign_in(Role.AGENT), form)

    assert answer.status == 409
    assert "Nothing was changed" in answer.body


def test_who_is_faster_does_it(world, monkeypatch):
    monkeypatch.setattr(world.people.tasks, "finish", lambda *_: False)

    assert world.post("/app/tasks", world.sign_in(Role.AGENT), DONE).status == 409


def test_without_tasks_there_is_nothing_to_decide(world):
    world.table.tasks.clear()

    assert "Nothing to decide" in world.get("/app/tasks", world.sign_in(Role.AGENT)).body


def test_the_page_takes_one_look_at_the_tasks(world):
    world.get("/app/tasks", world.sign_in(Role.AGENT))

    assert world.people.tasks.calls == {"open_tasks": 1}


@pytest.mark.parametrize(("days", "expected"), [(-1, "overdue"), (0, "overdue"), (7, "soon"), (8, "later")])
def test_a_deadline_is_as_urgent_as_it_is_near(days, expected):
    assert urgency(NOW + timedelta(days=days), NOW) == expected
    assert urgency(None, NOW) == "open"
