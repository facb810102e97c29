"""No page shows a person to a role that may see none, and no comment to a role that may read none.

Every page of the console is opened by every role over the whole world.
"""

import re
from collections.abc import Iterator
from html import unescape

import pytest

from afterbill_console.pages.routes import ROUTES
from afterbill_console.roles import RIGHTS, Right, Role
from afterbill_dev.console.words import HOSTILE
from afterbill_dev.console.world import World

YEAR = "from=2025-12-02&to=2026-11-30"
QUERIES = ("", "?window=365d", f"?{YEAR}&tab=all", f"?{YEAR}&tab=low", "?day=2026-11-30")


def answered(world: World) -> list[str]:
    return [one.id for one in world.facts if one.answer]


def places(world: World) -> Iterator[str]:
    """Every address that is opened by a GET, with ids of answers and of people in it."""
    ids = {"responses": answered(world)[:3], "customers": list(world.table.people)[:3]}
    for route in ROUTES:
        if route.method == "GET" and "{" not in route.path:
            yield from (f"{route.path}{query}" for query in QUERIES)
        elif route.method == "GET":
            yield from (route.path.replace("{id}", id_) for id_ in ids.get(route.path.split("/")[2], ["a" * 32]))


def marks_of_people(world: World) -> dict[str, str]:
    """All by which a person could be known, by what it is."""
    found = {}
    for one in world.table.people.values():
        parts = {"id": one.id, "address": one.address, "phone": one.phone, "name": one.name, "hash": one.address_hash}
        found |= {text: name for name, text in parts.items() if text}
    found |= {one.customer_id: "id" for one in world.facts}
    found |= {alias.partition("#")[2]: "alias" for alias in world.table.aliases}
    found |= {"4915112345678": "phone", "DE89 3704": "account", "grete.mustermann@": "address"}
    return found | {"/app/customers": "link"}


def opened(world: World, role: Role) -> Iterator[tuple[str, str]]:
    ticket = world.sign_in(role)
    for place in places(world):
        try:
            answer = world.get(place, ticket)
        except ModuleNotFoundError:  # a page that others build
            continue
        yield place, unescape(answer.body)


@pytest.fixture
def noted(world: World) -> World:
    """The world after an agent left marks of a person in notes."""
    ticket = world.sign_in(Role.AGENT)
    for id_ in answered(world)[:3]:
        world.post(f"/app/responses/{id_}", ticket, "note=zq7-note+of+Erika")
    return world


@pytest.mark.parametrize("role", [role for role in Role if Right.PEOPLE not in RIGHTS[role]])
def test_who_may_see_no_person_sees_none(noted, role):
    marks = marks_of_people(noted) | {"zq7-note": "note"}
    pattern = re.compile("|".join(map(re.escape, sorted(marks, key=len, reverse=True))))

    seen = [
        (place, marks[match[0]], match[0]) for place, body in opened(noted, role) for match in pattern.finditer(body)
    ]
    assert seen == []


@pytest.mark.parametrize("role", [role for role in Role if Right.COMMENTS not in RIGHTS[role]])
def test_who_may_read_no_comment_reads_none(noted, role):
    comments = {one.answer.comment[:30] for one in noted.facts if one.answer and one.answer.comment}

    seen = [(place, text) for place, body in opened(noted, role) for text in comments if text in body]
    assert seen == []


@pytest.mark.parametrize("role", [Role.ADMIN, Role.AGENT])
def test_who_may_see_people_sees_them(noted, role):
    """Else the tests above would find nothing anywhere."""
    marks = marks_of_people(noted)
    seen = {marks[mark] for _, body in opened(noted, role) for mark in marks if mark in body}

    assert {"id", "address", "phone", "name", "link"} <= seen


def test_comments_are_read_by_who_may(noted):
    bodies = "".join(body for _, body in opened(noted, Role.ANALYST))

    assert HOSTILE[8] in bodies


@pytest.mark.parametrize("role", [Role.ADMIN, Role.AGENT])
def test_every_person_who_is_shown_is_in_the_audit(noted, role):
    ticket = noted.sign_in(role)
    for place in places(noted):
        noted.audit.noted.clear()
        try:
            body = noted.get(place, ticket).body
        except ModuleNotFoundError:  # a page that others build
            continue
        if place.startswith(("/app/privacy", "/app/responses/export")):
            continue  # the trail is no look at a person; of the export its own test tells
        shown = set(re.findall(r"/app/customers/([0-9a-f]{32})", body))
        assert (place, shown - {id_ for act in noted.audit.noted for id_ in act.whose}) == (place, set())


def test_every_person_of_an_export_is_in_the_audit(world):
    body = world.get(f"/app/responses/export?{YEAR}&tab=all", world.sign_in(Role.AGENT)).body

    named = {id_ for act in world.audit.noted for id_ in act.whose}
    assert {one.id for one in world.table.people.values() if one.id in body} == named
