"""Tasks: what waits for a decision, the most urgent first. The page takes the session and one look at the tasks.

Whose a task is stands there as a link to their story, so the page is a look at these people.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta

from afterbill_console.answer import redirect
from afterbill_console.deps import ConsoleDeps
from afterbill_console.people.looks import note, note_many
from afterbill_console.people.ports import MOST_TASKS, VERIFIER, Task
from afterbill_console.visit import Content, Shown, Visit

PATH = "/app/tasks"
SOON = timedelta(days=7)


@dataclass(frozen=True, slots=True)
class Waiting:
    """A task, and how urgent it is: `overdue`, `soon`, `later`, or `open` without a deadline."""

    task: Task
    urgency: str


_ORDER = ("overdue", "soon", "later", "open")


def show(visit: Visit, deps: ConsoleDeps) -> Shown:
    """Return the list."""
    return _list(visit, deps)


def done(visit: Visit, deps: ConsoleDeps) -> Shown:
    """Mark one task as done, and return to the list."""
    source, kind, id_ = (visit.form.get(name, "") for name in ("source", "kind", "id"))
    task = deps.people.tasks.task(source, kind, id_)
    if task is None or task.done_at or task.kind == VERIFIER:
        return _list(visit, deps, gone=True)
    note(visit, deps, "task done", [task.customer_id])
    if not task.customer_id:
        note_many(visit, deps, "task done", 0)
    return redirect(PATH) if deps.people.tasks.finish(source, kind, id_, visit.now) else _list(visit, deps, gone=True)


def _list(visit: Visit, deps: ConsoleDeps, *, gone: bool = False) -> Content:
    found = deps.people.tasks.open_tasks()
    waiting = sorted((Waiting(one, urgency(one.due_at, visit.now)) for one in found), key=_rank)
    note(visit, deps, "tasks", (one.task.customer_id for one in waiting))
    groups = [(name, [one.task for one in waiting if one.urgency == name]) for name in _ORDER]
    shown = [(name, tasks) for name, tasks in groups if tasks]
    return Content(
        "tasks.html",
        {"groups": shown, "gone": gone, "verifier": VERIFIER, "many": len(found) == MOST_TASKS},
        409 if gone else 200,
    )


def urgency(due_at: datetime | None, now: datetime) -> str:
    """Return how urgent a deadline is."""
    if due_at is None:
        return "open"
    if due_at <= now:
        return "overdue"
    return "soon" if due_at <= now + SOON else "later"


def _rank(one: Waiting) -> tuple[int, datetime]:
    return _ORDER.index(one.urgency), one.task.due_at or one.task.occurred_at
