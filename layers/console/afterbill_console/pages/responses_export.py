"""The answers of the feed as a file for spreadsheets: bounded, and noted in the audit trail before it is sent."""

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from afterbill.answers.response_rows import COLUMNS, row
from afterbill.model.query import QueryError
from afterbill.model.spreadsheet import csv_text
from afterbill.runtime.http import pairs_of
from afterbill_console.answer import HEADERS, Answer
from afterbill_console.deps import ConsoleDeps
from afterbill_console.pages.responses import PATH, shown_to
from afterbill_console.people.asked import Wanted, wanted_in
from afterbill_console.people.feed import read_feed
from afterbill_console.people.handling import Handled
from afterbill_console.people.looks import note, note_many
from afterbill_console.roles import Right
from afterbill_console.visit import Content, Shown, Visit

MOST_BYTES, MOST_PAGES = 5_000_000, 200
"""Bounds of one export: an answer of Lambda takes 6 MB, and all of it is to be there within the time of a page."""

_ROW = 300
"""Bytes of a line without its words, about."""
_OF_NOBODY = tuple(column for column in COLUMNS if column not in {"id", "customer", "answered_at"})
"""For whoever may see no person: the day stays, a moment could be looked up elsewhere."""


def show(visit: Visit, deps: ConsoleDeps) -> Shown:
    """Return CSV; where there are more answers, the last line and the header Link say where they begin."""
    try:
        wanted = wanted_in(pairs_of(visit.request), visit.today, deps.rules)
    except QueryError as error:
        return Content("filters_wrong.html", {"faults": error.faults}, 400)
    answers, following = _collected(wanted, visit, deps)
    people = visit.may(Right.PEOPLE)
    if people:
        note(visit, deps, "responses export", (one.response.customer_id or one.response.id for one in answers))
    else:
        note_many(visit, deps, "responses export", len(answers))
    columns = [*(COLUMNS if people else _OF_NOBODY), "tags", *(["read_at", "notes"] if people else [])]
    body = csv_text(columns, map(_exported, answers))
    if following:
        body += csv_text([visit.t("responses.export_more"), following], [])
    name = f"responses-{wanted.days.first}-{wanted.days.last}.csv"
    sent = {"Content-Type": "text/csv; charset=utf-8", "Content-Disposition": f'attachment; filename="{name}"'}
    more = {"Link": f'<{following}>; rel="next"'} if following else {}
    return Answer(200, f"\ufeff{body}", {**HEADERS, **sent, **more})


def _collected(wanted: Wanted, visit: Visit, deps: ConsoleDeps) -> tuple[Sequence[Handled], str]:
    """Return as many answers as fit one file, and the address of the file behind it; empty where it has all."""
    found: list[Handled] = []
    size = 0
    for _ in range(MOST_PAGES):
        page = read_feed(wanted, deps.people.answers, shown_to(visit, deps))
        found += page.answers
        size += sum(map(_size, page.answers))
        if page.next is None:
            return found, ""
        wanted = replace(wanted, place=page.next)
        if size > MOST_BYTES:
            break
    return found, f"{deps.origin}{wanted.link(f'{PATH}/export', wanted.place)}"


def _size(one: Handled) -> int:
    comment = one.response.answer.comment if one.response.answer else ""
    return _ROW + len(comment.encode()) + sum(len(each.text.encode()) for each in one.handling.notes)


def _exported(one: Handled) -> dict[str, Any]:
    handling = one.handling
    notes = "\n".join(f"{each.at:%Y-%m-%d}: {each.text}" for each in handling.notes)
    read_at = handling.read_at.isoformat(timespec="seconds") if handling.read_at else None
    return {**row(one.response), "tags": ", ".join(handling.tags) or None, "read_at": read_at, "notes": notes or None}
