"""People who changed their mind, and whom to talk to; people by name for those who may see people."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from afterbill.insight.reports.reading import naming
from afterbill.model.customer import Customer
from afterbill.model.privacy import Act
from afterbill_console.beside import Row, body, refresh
from afterbill_console.deps import ConsoleDeps
from afterbill_console.figures import figures, with_people
from afterbill_console.names import category
from afterbill_console.pages.revenue.categories import CATEGORIES
from afterbill_console.roles import Right
from afterbill_console.visit import Content, Visit

LISTS = ("referral", "upsell")
MOST_NAMED = 20
"""Customers of a list who are named; all of them together are read at once."""

ORDER = ("promoter", "passive", "detractor")


@dataclass(frozen=True, slots=True)
class Moves:
    """Customers by their category then, the rows, and now; `up` and `down` count who moved."""

    names: Sequence[str]
    rows: Sequence[tuple[str, Sequence[Row | None]]]
    n: int
    up: int
    down: int


@dataclass(frozen=True, slots=True)
class Candidates:
    """A list of whom to talk to: how many there are, and some of them where they may be seen."""

    name: str
    n: int
    people: Sequence[Customer] = ()


def show(visit: Visit, deps: ConsoleDeps) -> Content:
    """Return the view; whoever is named on it is noted before."""
    names = visit.may(Right.PEOPLE)
    report = with_people(visit, deps, "changes") if names else figures(visit, deps, "changes")
    said = body(report)
    people = _people(visit, deps, said) if said and names else {}
    return Content(
        "revenue/changes.html",
        {
            "report": report,
            "said": said,
            "between": _moves(visit, said["rows"]) if said else None,
            "within": _moves(visit, said["within"]) if said else None,
            "candidates": [_candidates(said["candidates"], name, people) for name in LISTS] if said else [],
        },
        refresh=refresh(report),
    )


def _people(visit: Visit, deps: ConsoleDeps, said: Row) -> Mapping[str, Customer]:
    """Return the first customers of each list who are still there and whose data may be used; one call."""
    listed = [id_ for name in LISTS for id_ in said["candidates"][name].get("customers", ())[:MOST_NAMED]]
    wanted = list(dict.fromkeys(listed))
    known = deps.people.stories.known(wanted) if wanted else {}
    usable = {id_: one for id_, one in known.items() if one.restricted_at is None}
    if usable:
        deps.audit.note(Act(visit.now, visit.who, "console candidates").about(usable))
    return usable


def _candidates(said: Row, name: str, people: Mapping[str, Customer]) -> Candidates:
    ids = naming(said[name], people).get("customers", ())[:MOST_NAMED]
    return Candidates(name, said[name]["n"], [people[id_] for id_ in ids])


def _moves(visit: Visit, rows: Sequence[Row]) -> Moves | None:
    """Return the moves as a square of categories; None where nobody answered twice."""
    if not rows:
        return None
    cells = {(row["from"], row["to"]): row for row in rows}
    named = sorted({name for key in cells for name in key}, key=lambda name: ORDER.index(CATEGORIES[name]))
    places = {name: ORDER.index(CATEGORIES[name]) for name in named}
    return Moves(
        [category(visit.t, name) for name in named],
        [(category(visit.t, then), [cells.get((then, now)) for now in named]) for then in named],
        sum(row["n"] for row in rows),
        sum(row["n"] for row in rows if places[row["to"]] < places[row["from"]]),
        sum(row["n"] for row in rows if places[row["to"]] > places[row["from"]]),
    )
