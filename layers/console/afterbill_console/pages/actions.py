"""Actions: the connections and their health, and what was written to them, the newest first.

The page takes the session, one batch for all connections, and one query of the log. It shows ids of answers and nobody.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from afterbill_actions.connection import ConnectionState
from afterbill_actions.operate import DROPPABLE, RETRIABLE, drop, retry
from afterbill_actions.outbox import Entry, EntryState
from afterbill_console.answer import redirect
from afterbill_console.deps import ConsoleDeps
from afterbill_console.people.looks import note, note_many
from afterbill_console.visit import Content, Shown, Visit

PATH = "/app/actions"
_SHOWN = 50
_LOOKED_THROUGH = 500
"""Entries of which the parked ones are shown: a longer log has pages."""
_LONGEST_PLACE = 300
_REPLAYED = frozenset({"webhooks"})
"""Connectors whose receivers know a repeat: only there is done again what is done."""


@dataclass(frozen=True, slots=True)
class Health:
    """A connection as it stands: `new`, `well`, `rests`, `fails` or `denied`."""

    name: str
    connector: str
    state: ConnectionState
    verdict: str


@dataclass(frozen=True, slots=True)
class Line:
    """An entry of the log, and what may be done about it."""

    entry: Entry
    at: datetime
    retriable: bool
    droppable: bool


def show(visit: Visit, deps: ConsoleDeps) -> Shown:
    """Return the page."""
    return _page(visit, deps)


def change(visit: Visit, deps: ConsoleDeps) -> Shown:
    """Retry or drop one entry, and return to its log."""
    name, place, act = (visit.form.get(field, "") for field in ("connection", "place", "act"))
    known = name in deps.actions.names and 0 < len(place) <= _LONGEST_PLACE
    entry = deps.actions.operate.outbox.entry(name, place) if known else None
    if entry is None or act not in {"retry", "drop"}:
        return _page(visit, deps, gone=True)
    if entry.invitation_id:
        note(visit, deps, f"action {act}", [entry.invitation_id])
    else:
        note_many(visit, deps, f"action {act}", 0)
    done = (retry if act == "retry" else drop)(entry, deps.actions.operate, visit.now)
    return redirect(f"{PATH}?connection={name}") if done else _page(visit, deps, gone=True)


def _page(visit: Visit, deps: ConsoleDeps, *, gone: bool = False) -> Content:
    query, names = visit.request.query, deps.actions.names
    wanted = query.get("connection", "") or visit.form.get("connection", "")
    chosen = wanted if wanted in names else next(iter(names), "")
    parked = query.get("show") == "parked"
    found = _log(chosen, query.get("before", ""), deps, parked=parked) if chosen else ()
    lines = [_line(entry, replayed=names[chosen] in _REPLAYED) for entry in found[:_SHOWN]]
    variables = {
        "connections": _health(names, deps, visit.now) if names else [],
        "chosen": chosen,
        "parked": parked,
        "lines": lines,
        "older": lines[-1].entry.place if len(found) > _SHOWN else "",
        "gone": gone,
    }
    return Content("actions.html", variables, 409 if gone else 200)


def _log(chosen: str, before: str, deps: ConsoleDeps, *, parked: bool) -> Sequence[Entry]:
    place = before if len(before) <= _LONGEST_PLACE else ""
    found = deps.actions.operate.outbox.newest(chosen, _LOOKED_THROUGH if parked else _SHOWN + 1, place)
    return [entry for entry in found if entry.state is EntryState.PARKED] if parked else found


def _line(entry: Entry, *, replayed: bool) -> Line:
    at = entry.ended_at or entry.claimed_at or entry.first_due_at
    retriable = entry.state in RETRIABLE and (replayed or entry.state is not EntryState.DONE)
    return Line(entry, at, retriable, entry.state in DROPPABLE)


def _health(names: Mapping[str, str], deps: ConsoleDeps, now: datetime) -> list[Health]:
    states = deps.actions.states.states(list(names))
    return [Health(name, names[name], states[name], verdict(states[name], now)) for name in names]


def verdict(state: ConnectionState, now: datetime) -> str:
    """Return how it stands with a connection, in one word."""
    if state.denied:
        return "denied"
    if state.rests_until and state.rests_until > now:
        return "rests"
    if state.failures:
        return "fails"
    return "well" if state.succeeded_at else "new"
