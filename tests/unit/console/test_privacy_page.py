"""Privacy: requests with their deadlines, receipts without a person, periods, and the audit trail of a day."""

from datetime import timedelta

import pytest

from afterbill.model.privacy import Act
from afterbill_console.roles import Role
from afterbill_dev.console.world import NOW


def privacy(world, place="", language="en"):
    answer = world.get(f"/app/privacy{place}", world.sign_in(Role.ADMIN, language))
    assert answer.status == 200
    return answer.body


def test_open_requests_stand_by_their_deadline(world):
    page = privacy(world)

    assert "3 open requests" in page
    assert page.index("overdue") < page.index("ready to be fetched")
    assert "a second look follows" in page


def test_receipts_count_what_was_removed_and_name_nobody(world):
    page = privacy(world)

    assert "surveys: 4" in page
    assert "One customer changed." in page
    assert not [id_ for id_ in world.table.people if id_ in page]


def test_periods_and_what_is_overdue_are_told(world):
    page = privacy(world)

    assert "730 days" in page
    assert "found 2 items that should be gone" in page
    assert "afterbill privacy report" in page


def test_before_the_first_pass_the_command_is_named(world):
    world.people.retained.progress = None

    assert "No retention run came to its end yet" in privacy(world)


def test_without_requests_the_page_says_so(world):
    world.people.requests.known.clear()

    assert "No request is open" in privacy(world)


def test_the_page_speaks_german(world):
    assert "überfällig" in privacy(world, language="de")


@pytest.fixture
def trail(world):
    for number in range(3):
        at = NOW - timedelta(hours=number)
        world.audit.note(
            Act(at, f"console:operator-{number}", "console customer", (f"{number}" * 32,), "asked by phone")
        )
    world.audit.note(Act(NOW - timedelta(days=1), "key:k1", "responses", found=250))
    return world


def test_the_acts_of_a_day_stand_the_newest_first(trail):
    page = privacy(trail, "/audit")

    assert page.index("operator-0") < page.index("operator-1") < page.index("operator-2")
    assert "key:k1" not in page
    assert "asked by phone" in page


def test_another_day_has_its_own(trail):
    page = privacy(trail, "/audit?day=2026-11-29")

    assert "key:k1" in page
    assert "and 250 more" in page
    assert "day=2026-11-30" in page


@pytest.mark.parametrize(("query", "left"), [("who=OPERATOR-1", 1), ("what=customer", 3), ("what=key", 0)])
def test_acts_are_narrowed_down(trail, query, left):
    assert privacy(trail, f"/audit?{query}").count("<code>console:operator") == left


@pytest.mark.parametrize("day", ["yesterday", "2030-01-01", ""])
def test_a_day_that_is_none_is_today(trail, day):
    assert "Acts of 30 Nov 2026" in privacy(trail, f"/audit?day={day}")


def test_of_many_acts_the_newest_are_shown(world):
    for number in range(120):
        world.audit.note(Act(NOW - timedelta(seconds=number), "console:o", "console customer", ("a" * 32,)))

    page = privacy(world, "/audit")
    assert page.count("<code>console:o</code>") == 100
    assert "20 more acts fit" in page


def test_a_person_is_opened_by_a_look_that_is_noted(trail):
    who = next(iter(trail.table.people))
    trail.audit.note(Act(NOW, "console:o", "console customer", (who,)))
    before = len(trail.audit.noted)

    assert f"/app/customers/{who}" in privacy(trail, "/audit")
    assert len(trail.audit.noted) == before
    trail.get(f"/app/customers/{who}", trail.sign_in(Role.ADMIN))
    assert trail.audit.noted[-1].whose == (who,)
