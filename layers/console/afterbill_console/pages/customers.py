"""Customers: the search, and the story of one. Every look is noted in the audit trail before anything is shown.

A part of a story takes the session, a query of the customer's index, and one batch; long stories come in parts. What
was asked about a person's data has a page of its own: the session and one query.
"""

import re
from collections.abc import Mapping, Sequence
from typing import Any

from afterbill.model.consent import Need, basis_of
from afterbill.model.customer import Customer
from afterbill.model.plain_text import one_line
from afterbill.model.privacy import PrivacyRequest, RequestKind
from afterbill.model.retention import as_kept
from afterbill_console.answer import redirect
from afterbill_console.deps import ConsoleDeps
from afterbill_console.pages.responses import line_of
from afterbill_console.people.found import find as find_people
from afterbill_console.people.handling import Handled
from afterbill_console.people.looks import note
from afterbill_console.people.ports import Told
from afterbill_console.people.story import steps
from afterbill_console.visit import Content, Shown, Visit

PATH = "/app/customers"
_ID = re.compile(r"[0-9a-f]{32}", re.ASCII)


def search(_visit: Visit, _deps: ConsoleDeps) -> Shown:
    """Return the form; what is looked for is sent in a body, so that no address stands in an address."""
    return _searched({})


def find(visit: Visit, deps: ConsoleDeps) -> Shown:
    """Lead to the customer that the form means; to a choice where there are several."""
    found = find_people(visit.form.get("who", ""), deps.people)
    note(visit, deps, "customer search", [*found.customers, found.invitation])
    if found.invitation:
        return redirect(f"/app/responses/{found.invitation}")
    if len(found.customers) == 1:
        return redirect(f"{PATH}/{found.customers[0]}")
    known = deps.people.stories.known(found.customers) if found.customers else {}
    several = [(id_, known_by(known.get(id_))) for id_ in found.customers]
    return _searched({"several": several, "nobody": not several})


def _searched(variables: Mapping[str, Any]) -> Content:
    return Content("customers.html", {"several": [], "nobody": False, **variables})


def known_by(customer: Customer | None) -> str:
    """Return enough of a customer's address to tell them from another, and no more."""
    holder, at, domain = (customer.address or "" if customer else "").rpartition("@")
    return f"{holder[:1]}***{at}{domain}" if at else ""


def story(visit: Visit, deps: ConsoleDeps) -> Shown:
    """Return a part of the story, or the requests about this customer's data."""
    id_, query = visit.parameters["id"], visit.request.query
    if not _ID.fullmatch(id_):
        return _unknown()
    if "requests" in query:
        return _requests(visit, deps, id_)
    try:
        told = deps.people.stories.story(id_, query.get("after", ""))
    except ValueError:
        return _unknown()
    if told.customer is None and not told.answers and not told.tasks:
        return _removed(visit, deps, id_)
    note(visit, deps, "customer", [id_])
    if told.customer and told.customer.restricted_at:
        return Content("story_restricted.html", {"id": id_, "since": told.customer.restricted_at})
    return Content("story.html", _told(told, visit, deps) | {"id": id_})


def _told(told: Told, visit: Visit, deps: ConsoleDeps) -> dict[str, Any]:
    kept = [Handled(as_kept(one.response, deps.people.retention, visit.now), one.handling) for one in told.answers]
    lines = {one.response.id: line_of(one, visit) for one in kept if one.response.answer and one.response.answered_at}
    known = _known(told.customer, visit, deps) if told.customer else {}
    found = {
        "steps": steps(kept, told.tasks, visit.now, told.effects.values()),
        "lines": lines,
        "customer": told.customer,
        "known": known,
    }
    return found | {"next": told.next, "unreadable": told.unreadable}


def _known(customer: Customer, visit: Visit, deps: ConsoleDeps) -> Mapping[str, str]:
    """Return what is known of a customer, by the name of its text."""
    t, numbers = visit.t, visit.numbers
    basis, need = basis_of(customer.attributes, visit.now), deps.people.legal().need(customer.country)
    held = t(f"story.basis_{basis.kind}", day=numbers.day(basis.at.date())) if basis else t("story.basis_none")
    moments = {
        "last_asked": customer.last_asked_at,
        "last_seen": customer.last_seen_at,
        "kept_until": customer.kept_until,
    }
    facts = {
        "name": customer.name or "",
        "address": customer.address or "",
        "phone": customer.phone or "",
        "country": customer.country or "",
        "language": customer.locale or "",
        "plan": customer.attributes.get("plan", ""),
        "basis": f"{held} {t(f'story.need_{need}')}" if need is not Need.NOTHING or basis else t("story.need_nothing"),
        "objection": t(f"story.suppressed_{customer.suppressed}") if customer.suppressed else "",
        "deleted": t("story.deleted_at_source") if customer.deleted else "",
        "subscriptions": numbers.count(len(customer.subscriptions)) if customer.subscriptions else "",
        **{name: numbers.moment(at) for name, at in moments.items() if at},
    }
    return {name: one_line(text) for name, text in facts.items() if text}


def _removed(visit: Visit, deps: ConsoleDeps, id_: str) -> Content:
    """Return the page that says when somebody was removed, as long as the request is kept; else that of nobody."""
    erasures = [one for one in _about(id_, deps) if one.kind is RequestKind.ERASE and one.done_at]
    if not erasures:
        return _unknown()
    note(visit, deps, "customer", [id_])
    return Content("story_removed.html", {"id": id_, "done_at": erasures[-1].done_at})


def _requests(visit: Visit, deps: ConsoleDeps, id_: str) -> Content:
    found = _about(id_, deps)
    if not found:
        return _unknown()
    note(visit, deps, "customer requests", [id_])
    return Content("story_requests.html", {"id": id_, "requests": found})


def _about(id_: str, deps: ConsoleDeps) -> Sequence[PrivacyRequest]:
    return [one for one in deps.people.requests.requests() if id_ in one.customer_ids]


def _unknown() -> Content:
    return Content("story_unknown.html", {}, 404)
