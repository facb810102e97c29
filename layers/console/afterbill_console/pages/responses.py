"""The feed of answers, one answer, and what operators do about it.

The feed takes the session, a query and a batch; an answer takes the session, a batch, and what it set in motion.
Whoever may see people is noted in the audit trail with those they see; to all others nobody is shown.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from html import escape
from typing import Any

from afterbill.content.catalog import STAGES
from afterbill.model.billing import Touchpoint
from afterbill.model.channels import Channel
from afterbill.model.errors import UnreadableError
from afterbill.model.invitation import Invitation
from afterbill.model.plain_text import harmless
from afterbill.model.query import QueryError
from afterbill.model.questions import Question
from afterbill.model.retention import as_kept
from afterbill.model.segments import REMOVED
from afterbill.runtime.http import pairs_of
from afterbill_actions.effects import Written
from afterbill_console.answer import redirect
from afterbill_console.deps import ConsoleDeps
from afterbill_console.names import dimension, value
from afterbill_console.people.asked import SWITCHES, TABS, Wanted, dimensions_of, wanted_in
from afterbill_console.people.feed import read_feed
from afterbill_console.people.handling import (
    LONGEST_NOTE,
    MOST_NOTES,
    MOST_TAGS,
    Handled,
    Handling,
    note_in,
    tags_in,
)
from afterbill_console.people.looks import note
from afterbill_console.people.private import of_nobody
from afterbill_console.roles import Right
from afterbill_console.visit import Content, Shown, Visit

PATH = "/app/responses"
_CHOICES = {"touchpoint": Touchpoint, "stage": STAGES, "channel": Channel, "question": Question}
_SHORTENED = 280
"""Bytes of a comment in the feed, as HTML: fifty of them, and all around them, stay below 60 KB."""


@dataclass(frozen=True, slots=True)
class Line:
    """An answer as the feed shows it; `customer_id` is empty for whoever may not see it, and of who was removed."""

    id: str
    at: datetime
    rating: int
    highest: int
    category: str
    comment: str
    shortened: bool
    contact_ok: bool
    confirmed: bool
    removed: bool
    one: Invitation
    handling: Handling
    customer_id: str = ""

    @property
    def scopes(self) -> Mapping[str, str]:
        """The known segments of the fact, by dimension."""
        segments = self.one.segments
        known = {"source": self.one.source, "plan": segments.get("plan"), "country": segments.get("country")}
        return {name: value for name, value in known.items() if value and not self.removed}


def show(visit: Visit, deps: ConsoleDeps) -> Shown:
    """Return the feed."""
    try:
        wanted = wanted_in(pairs_of(visit.request), visit.today, deps.rules)
    except QueryError as error:
        return Content("filters_wrong.html", {"faults": error.faults}, 400)
    page = read_feed(wanted, deps.people.answers, shown_to(visit, deps))
    lines = [line_of(one, visit) for one in page.answers]
    note(visit, deps, "responses", (line.customer_id for line in lines))
    following = wanted.link(PATH, page.next) if page.next else ""
    variables = {"wanted": wanted, "page": page, "lines": lines, "following": following, "tabs": list(TABS)}
    return Content("responses.html", variables | _fields(wanted, visit, deps) | {"acts": visit.may(Right.PEOPLE)})


def _fields(wanted: Wanted, visit: Visit, deps: ConsoleDeps) -> dict[str, Any]:
    """Return the fields of the filters: choices of names that are known, free ones for what an operator may choose."""
    t = visit.t
    choices = {name: [(one, value(t, name, one)) for one in values] for name, values in _CHOICES.items()}
    choices["confirmed"] = [(name, t(f"responses.confirmed_{name}")) for name in ("true", "false")]
    free = [*(name for name in dimensions_of(deps.rules) if name not in choices), "tag"]
    more = wanted.given.keys() & {*choices, *free, *SWITCHES, "rating"}
    fields = {"choices": choices, "free": free, "switches": SWITCHES, "more": more, "query": visit.request.raw_query}
    labels = {name: dimension(t, name) for name in (*choices, *free)}
    return fields | {"labels": labels | {name: t(f"responses.{name}") for name in ("confirmed", "tag")}}


def mark(visit: Visit, deps: ConsoleDeps) -> Shown:
    """Mark one answer of the feed as read or unread, and return to the feed."""
    read = visit.form.get("read", "")
    refused = _changed(visit, deps, read or visit.form.get("unread", ""), _marking(visit, deps, read=bool(read)))
    return refused or redirect(f"{PATH}?{visit.request.raw_query}".rstrip("?"))


def one(visit: Visit, deps: ConsoleDeps) -> Shown:
    """Return one answer, with all that operators did about it."""
    return _one(visit, deps)


def change(visit: Visit, deps: ConsoleDeps) -> Shown:
    """Do what a form of the page of one answer asks for, and return to it."""
    id_, form = visit.parameters["id"], visit.form
    try:
        if "tags" in form:
            act = _tagging(deps, tags_in(form["tags"]))
        elif "note" in form:
            act = _noting(visit, deps, note_in(form["note"]))
        else:
            act = _marking(visit, deps, read="read" in form)
    except ValueError:
        return _one(visit, deps, fault="tags" if "tags" in form else "note")
    return _changed(visit, deps, id_, act) or redirect(f"{PATH}/{id_}")


_Act = Callable[[str], bool]


def _tagging(deps: ConsoleDeps, tags: Sequence[str]) -> _Act:
    return lambda id_: deps.people.handlings.set_tags(id_, tags)


def _noting(visit: Visit, deps: ConsoleDeps, text: str) -> _Act:
    return lambda id_: deps.people.handlings.add_note(id_, visit.session.operator, visit.now, text)


def _marking(visit: Visit, deps: ConsoleDeps, *, read: bool) -> _Act:
    return lambda id_: deps.people.handlings.mark_read(id_, visit.session.operator, visit.now, read=read)


def _changed(visit: Visit, deps: ConsoleDeps, id_: str, act: _Act) -> Shown | None:
    """Do it, noted before; return the page that says that nothing was done, None where it was."""
    found = _read(visit, deps, id_)
    if found is None:
        return _gone()
    note(visit, deps, "response changed", [found.response.customer_id or id_])
    return None if act(id_) else _one(visit, deps, fault="full")


def _one(visit: Visit, deps: ConsoleDeps, fault: str = "") -> Shown:
    found = _read(visit, deps, visit.parameters.get("id", ""))
    if found is None:
        return _gone()
    line = line_of(found, visit, whole=True)
    note(visit, deps, "response", [line.customer_id])
    bounds = {"most_tags": MOST_TAGS, "most_notes": MOST_NOTES, "longest": LONGEST_NOTE}
    variables = {"line": line, "fault": fault, "acts": visit.may(Right.PEOPLE), "bounds": bounds}
    variables |= {"effects": _effects(line.id, deps)}
    return Content("response.html", variables, 400 if fault else 200)


def _effects(id_: str, deps: ConsoleDeps) -> Sequence[Written]:
    """Return what an answer set in motion, the last first."""
    found = deps.actions.effects.effects([id_]).get(id_)
    return sorted(found.written.values(), key=lambda one: one.at, reverse=True) if found else ()


def _gone() -> Content:
    return Content("response_gone.html", {}, 404)


def _read(visit: Visit, deps: ConsoleDeps, id_: str) -> Handled | None:
    """Return an answer that may be shown; None for one that is not there, or whose customer is restricted."""
    part = deps.people.answers.read([id_]) if id_.isalnum() else None
    stored = part.answers.get(id_) if part else None
    if part is None or stored is None or isinstance(stored, UnreadableError) or stored.response.answer is None:
        return None
    if stored.response.test or stored.response.customer_id in part.restricted:
        return None
    return Handled(shown_to(visit, deps)(stored.response), stored.handling)


def shown_to(visit: Visit, deps: ConsoleDeps) -> Callable[[Invitation], Invitation]:
    """Return the function to what the operator may see of an answer."""

    def shown(response: Invitation) -> Invitation:
        kept = as_kept(response, deps.people.retention, visit.now)
        return kept if visit.may(Right.PEOPLE) else of_nobody(kept)

    return shown


def line_of(handled: Handled, visit: Visit, *, whole: bool = False) -> Line:
    """Return the answer as it is shown: harmless, and without a person to whoever may see none."""
    response, answer = handled.response, handled.response.answer
    if answer is None or response.answered_at is None:
        raise ValueError(f"{response.id} is no answer")
    comment = harmless(answer.comment).strip()
    short = comment if whole else shortened(comment)
    removed = REMOVED in response.segments
    seen = visit.may(Right.PEOPLE) and not removed
    return Line(
        response.id,
        response.answered_at,
        answer.rating,
        response.scale.highest,
        response.scale.category(answer.rating).value,
        short,
        short != comment,
        answer.contact_ok,
        answer.confirmed,
        removed,
        response,
        handled.handling,
        response.customer_id if seen else "",
    )


def shortened(text: str) -> str:
    """Return the beginning of a text that takes _SHORTENED bytes of a page at most."""
    if len(escape(text).encode()) <= _SHORTENED:
        return text
    low, high = 0, len(text)
    while low < high:
        middle = (low + high + 1) // 2
        fits = len(escape(text[:middle]).encode()) <= _SHORTENED
        low, high = (middle, high) if fits else (low, middle - 1)
    return f"{text[:low].rstrip()}…"
