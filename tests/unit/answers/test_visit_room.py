"""However often robots come, what is kept of a mail's visits decides as all visits would, or against the click."""

from contextlib import ExitStack
from dataclasses import replace
from datetime import timedelta
from unittest import mock

import pytest
from hypothesis import given
from hypothesis import strategies as st

from afterbill.answers import visit_room
from afterbill.answers.click_signals import Signal, judge
from afterbill.answers.review_clicks import review_clicks
from afterbill.model import visits as model
from afterbill.model.visits import Integrity, Kind, Visit
from tests.factories import NOON, SECOND, day_of
from tests.unit.answers.click_world import ID, World

RULES = Integrity()
RUN = timedelta(minutes=15)


class Played:
    """A mail whose visits are kept within bounds, with a review every 15 minutes, and all its visits beside it."""

    def __init__(self, visits):
        self.world, self.all, self.answers = World(), [], []
        due = NOON + RUN
        for visit in sorted(visits, key=lambda one: one.code):
            while due <= visit.at:
                self.review(due)
                due += RUN
            self.all.append(visit)
            self.world.now = visit.at
            self.world.responses.visit(ID, visit)
            self.world.table.mark_for_review([ID], visit.at)
        for _ in range(3):
            self.review(due)
            due += RUN

    def review(self, now):
        before = self.world.invitation.answer
        review_clicks(self.world.table, RULES, now, day_of)
        after = self.world.invitation.answer
        if after != before:
            self.answers.append((now, after.rating))

    @property
    def kept(self):
        return self.world.invitation.visits


def limits(most, programs, of_one):
    """Another room for visits, as a context."""
    with ExitStack() as stack:
        for module in (model, visit_room):
            stack.enter_context(
                mock.patch.multiple(module, MOST_VISITS=most, MOST_PROGRAMS=programs, MOST_OF_ONE=of_one)
            )
        return stack.pop_all()


def bounded(visits):
    """Play with little room."""
    with limits(most=24, programs=6, of_one=8):
        return Played(visits)


def crowded_from(share, visits):
    """Play with room enough, which reviews make from that share of it on."""
    with mock.patch.object(model, "_CROWDED", share):
        return Played(visits)


PROGRAMS = [
    ("home", "safari"),
    ("home", "chrome"),
    ("gateway", "chrome"),
    *((f"net{one}", "chrome") for one in range(9)),
]
PAUSES = [0.0, 1.0, 4.0, 20.0, 45.0, 300.0, 550.0, 650.0, 1000.0]
AFTER = st.one_of(st.sampled_from(PAUSES), st.integers(1, 13000).map(lambda tenths: tenths / 10))
NUMBER, WHO = st.integers(0, 10), st.sampled_from(PROGRAMS)
STEP = st.one_of(
    st.tuples(st.sampled_from(["click", "click", "open", "hidden", "choice"]), NUMBER, WHO, AFTER),
    st.tuples(st.just("scan"), NUMBER, WHO, AFTER),
    st.tuples(st.just("pool"), NUMBER, WHO, AFTER),
    st.tuples(st.just("hammer"), NUMBER, WHO, AFTER),
)


def visits_of(steps):
    """The visits of steps: one use of a link, or a row of them."""
    now, visits = NOON + SECOND, []
    for what, number, who, after in steps:
        now += timedelta(seconds=after)
        single = what if what in {"open", "hidden"} else "click"
        rows = {
            "scan": [(one, who) for one in range(4)],
            "pool": list(enumerate(PROGRAMS[3:7])),
            "hammer": [(number, who)] * 7,
        }
        for place, (rating, program) in enumerate(rows.get(what, [(number, who)])):
            at = now + place * SECOND
            if single in {"click", "open"}:
                visits.append(Visit(at, Kind.OPENED, rating, *program))
            if single == "hidden":
                visits.append(Visit(at, Kind.HIDDEN, None, *program))
            if single == "click":
                visits.append(Visit(at + 0.4 * SECOND, Kind.SEEN, rating, *program))
        if what == "choice":
            visits.append(Visit(now + 5 * SECOND, Kind.SEEN, 10 - number, *who))
    return visits


MAILS = st.lists(STEP, max_size=40).map(visits_of)


def of_machines(visits):
    """The visits of programs that gave themselves away by themselves within one series."""
    found, series = set(), {}
    for visit in visits:
        own = series.setdefault(visit.program, [])
        if own and visit.at - own[-1][-1].at <= RULES.settling:
            own[-1].append(visit)
        else:
            own.append([visit])
    for one in (one for own in series.values() for one in own):
        numbers = {visit.rating for visit in one if visit.kind is Kind.OPENED}
        if len(numbers) > RULES.most_numbers or any(visit.kind is Kind.HIDDEN for visit in one):
            found |= set(one)
    return found


@given(MAILS)
def test_no_number_counts_that_would_not_if_every_visit_was_kept(visits):
    """But the one of a program that was near a machine, and only because of visits of that which are not kept."""
    played = bounded(visits)

    with limits(*[10_000] * 3):
        machines = of_machines(played.all)
        others = [visit for visit in played.all if visit not in machines]
        clicks = [*judge(played.all, None, RULES), *judge(others, None, RULES)]
    for now, rating in played.answers:
        assert any(not one.signals for one in clicks if one.visit.rating == rating and one.visit.at < now)


@given(MAILS)
def test_making_room_changes_no_verdict(visits):
    with limits(*[10_000] * 3):
        assert crowded_from(0.0, visits).answers == crowded_from(2.0, visits).answers


@given(MAILS)
def test_there_is_never_more_than_there_is_room_for(visits):
    played = bounded(visits)

    assert len(played.kept) <= 24 + 2
    assert len({one.visitor_key for one in played.kept}) <= 6 + 2


def scan(who, after, pace=0.2):
    """Every page in a browser, the hidden link first."""
    at = NOON + after * SECOND
    pages = [
        Visit(at + (place + 1) * pace * SECOND + seen, kind, place, *who)
        for place in range(11)
        for kind, seen in ((Kind.OPENED, 0 * SECOND), (Kind.SEEN, 0.4 * SECOND))
    ]
    return [Visit(at, Kind.HIDDEN, None, *who), *pages]


def click(rating, after, who=("home", "safari")):
    at = NOON + after * SECOND
    return [Visit(at, Kind.OPENED, rating, *who), Visit(at + SECOND, Kind.SEEN, rating, *who)]


GATEWAY = ("gateway", "chrome")


@pytest.mark.parametrize("pace", [3.0, 60.0, 400.0, 900.0, 3600.0, 86400.0])
@pytest.mark.parametrize("scans", [1, 10, 25])
def test_a_browser_that_comes_again_and_again_is_never_counted_and_costs_nobody_their_click(pace, scans):
    robot = [visit for time in range(scans) for visit in scan(GATEWAY, 5 + pace * time)]
    gone = (max(visit.at for visit in robot) - NOON).total_seconds()

    assert Played(robot).answers == []
    assert [rating for _, rating in Played([*robot, *click(7, gone + 60)]).answers] == [7]


@pytest.mark.parametrize("pace", [400.0, 3600.0, 86400.0])
def test_who_clicks_between_two_scans_is_heard(pace):
    robot = [visit for time in range(20) for visit in scan(GATEWAY, 5 + pace * time)]

    assert [rating for _, rating in Played([*robot, *click(7, 10 * pace - 120)]).answers] == [7]


@pytest.mark.parametrize("pace", [0.0, 5.0, 3600.0])
def test_twenty_people_of_a_mailing_list_have_a_gateway_each_and_one_of_them_clicks(pace):
    robots = [visit for member in range(20) for visit in scan((f"gateway{member}", "chrome"), 5 + pace * member)]
    gone = (max(visit.at for visit in robots) - NOON).total_seconds()

    assert Played(robots).answers == []
    assert [rating for _, rating in Played([*robots, *click(7, gone + 60)]).answers] == [7]


@pytest.mark.parametrize(("after", "heard"), [(700, False), (899, False), (901, True)])
def test_behind_a_full_list_no_click_counts_until_room_was_made(after, heard):
    flood = [visit for one in range(210) for visit in click(5, 5 + one, (f"net{one}", "chrome"))]
    played = Played([*flood, *click(7, after)])

    assert [rating for _, rating in played.answers] == [7] * heard
    assert played.world.invitation.label == ("" if heard else "crowded")


def test_where_there_are_as_many_programs_as_there_is_room_for_a_click_may_lack_what_others_did():
    minutes = [NOON + timedelta(minutes=number) for number in range(4)]
    kept = ()
    with limits(most=600, programs=3, of_one=60):
        for visit in (
            Visit(minutes[0], Kind.OPENED, 9, "one", "chrome"),
            Visit(minutes[1], Kind.OPENED, 9, "two", "chrome"),
            Visit(minutes[2], Kind.OPENED, 9, "home", "safari"),
            Visit(minutes[2] + SECOND, Kind.SEEN, 9, "home", "safari"),
            Visit(minutes[3], Kind.OPENED, 9, "three", "chrome"),
        ):
            kept = model.with_visit(kept, visit)
        (click,) = judge(kept, None, RULES)

    assert click.signals == (Signal.CROWDED,)


@pytest.mark.parametrize(("after", "signals"), [(60, (Signal.CROWDED,)), (601, ())])
def test_a_visit_that_was_refused_as_a_review_made_room_is_missing_no_longer_than_any_gap(after, signals):
    (verdict,) = judge([model.refused(NOON), *click(7, after)], None, RULES)

    assert verdict.signals == signals


def test_what_is_known_of_a_machine_lasts_while_it_may_go_on():
    note = Visit(NOON, Kind.MACHINE, 1, *GATEWAY)

    for who in (GATEWAY, ("gateway", "firefox")):
        (verdict,) = judge([note, *click(9, 599, who)], None, RULES)
        assert verdict.signals == (Signal.KNOWN_MACHINE,)
    assert judge([note, *click(9, 601, GATEWAY)], None, RULES)[0].signals == ()
    assert judge([replace(note, rating=None), *click(9, 599, ("gateway", "safari"))], None, RULES)[0].signals == ()
