"""The laboratory's table over simulated traffic, and what makes it fail."""

from dataclasses import replace

import pytest

from afterbill.model.invitation import Answer
from afterbill.model.visits import Integrity
from afterbill_dev.lab import __main__ as lab
from afterbill_dev.lab.clients import KINDS
from afterbill_dev.lab.competitor_rules import COMPETITORS
from afterbill_dev.lab.results import Row, table, wilson
from afterbill_dev.lab.survey_harness import Seen
from afterbill_dev.lab.traffic import Use, mailing
from tests.factories import invitation

STATED = {"one number, visible", "no JavaScript, no sending", "leave before it is shown"}


@pytest.fixture(scope="module")
def rows(integrity):
    return {row.kind: row for row in lab.simulated(7, 40, integrity)}


@pytest.mark.parametrize("kind", [kind for kind in KINDS if not kind.limit], ids=lambda kind: kind.name)
def test_nothing_is_counted_wrongly_or_lost_but_what_is_stated(rows, kind):
    row = rows[kind.name]

    assert row.n == (4 if kind.crowd else 40)
    assert row.wrong == row.stated == (40 if kind.name in STATED else 0)


@pytest.mark.parametrize("kind", [kind.name for kind in KINDS if kind.limit])
def test_a_limit_is_shown_and_not_expected_to_hold(rows, kind):
    assert rows[kind].wrong == 40
    assert rows[kind].holds


def test_the_rivals_rules_fail_where_they_are_known_to(rows):
    assert rows["GET all links"].competitors == {
        "auto-record": 40,
        "5 s loaded": 0,
        "confirm only": 0,
        "hidden link": 0,
    }
    assert rows["tap, leave after 3 s"].competitors["5 s loaded"] == 40
    assert rows["tap twice"].competitors["confirm only"] == 40
    assert rows["tap after an antivirus"].competitors["hidden link"] == 40
    assert rows["picks another on the page, leaves"].competitors["auto-record"] == 40
    assert rows["tap and send"].competitors == dict.fromkeys(COMPETITORS, 0)


def test_the_same_seed_is_the_same_traffic(monkeypatch):
    monkeypatch.setattr(lab, "KINDS", KINDS[::4])
    first, again, other = (lab.simulated(seed, 2, Integrity()) for seed in (1, 1, 2))

    assert first == again
    assert first != other


def test_a_rule_that_is_switched_off_is_missed(capsys, monkeypatch):
    lax = replace(Integrity(), most_numbers=11)
    monkeypatch.setattr(lab, "KINDS", [kind for kind in KINDS if kind.name == "browser pool, all links"])
    monkeypatch.setattr(lab, "load_policy", lambda _path: type("P", (), {"integrity": lax}))
    monkeypatch.setattr("afterbill_dev.lab.survey_harness.HIDDEN", "")  # and the mail has no hidden link

    assert lab.main(["--mails", "5"]) == 1
    assert "more than is stated: browser pool, all links" in capsys.readouterr().err


def test_the_table_says_kind_number_share_and_interval(rows):
    lines = table([rows["one number, visible"]]).splitlines()

    heading = "kind n afterbill 95 % stated auto-record 5 s loaded confirm only hidden link"
    assert lines[0].split() == heading.split()
    assert lines[1].startswith("one number, visible  counted  40     100.00  91.24-100.00     all        100.0")


def test_the_interval_is_wilsons():
    assert [round(side, 2) for side in wilson(0, 1000)] == [0.0, 0.38]
    assert [round(side, 2) for side in wilson(5, 10)] == [23.66, 76.34]


def test_many_mails_are_spread_over_the_cores(monkeypatch):
    used = []

    class Cores:
        def __enter__(self):
            return self

        def __exit__(self, *_):
            pass

        def map(self, _row, names):
            used.extend(names)
            return [Row(name, person=True) for name in names]

    monkeypatch.setattr(lab, "ProcessPoolExecutor", Cores)
    lab.simulated(1, 100, Integrity())

    assert used == [kind.name for kind in KINDS]


def test_what_was_sent_is_changed_only_by_sending():
    tapped = Use(90, "3", "ada", person=True, script=True, visible=3, network="home")
    row = Row("ada", person=True)
    row.add(mailing("ada", [replace(tapped, at=60, link="9", method="POST"), tapped]), Integrity())

    assert (row.wrong, row.stated) == (1, 1)


def test_a_robot_that_passes_for_a_person_may_cost_one_their_tap():
    tap = Use(60, "9", "ada", person=True, script=True, visible=3, network="home")
    robot = Use(7000, "2", "robot", person=False, script=True, visible=3, network="cloud")
    row, robot_row = Row("ada", person=True), Row("robot", person=False)
    mail = mailing("both", [tap, robot])
    row.add(mail, Integrity(), "ada")
    robot_row.add(mail, Integrity(), "robot")

    assert (row.wrong, row.stated, robot_row.wrong, robot_row.stated) == (1, 1, 1, 1)


def test_a_robot_that_passes_for_a_person_excuses_no_number_but_its_own(monkeypatch):
    passing = Use(60, "4", "one", person=False, script=True, visible=3, network="cloud")
    other = replace(passing, at=7000, link="2", client="two", method="HEAD", network="probe")
    row = Row("both", person=False)
    for number in (4, 2):
        seen = Seen(((8000.0, Answer(number, confirmed=False)),), invitation())
        monkeypatch.setattr("afterbill_dev.lab.results.observe", lambda *_given, seen=seen: seen)
        row.add(mailing("both", [passing, other]), Integrity())

    assert (row.wrong, row.stated) == (2, 1)
    assert not row.holds


def test_a_robot_that_passes_for_a_person_does_not_excuse_that_a_tap_was_lost(monkeypatch):
    tap = Use(60, "9", "ada", person=True, script=True, visible=3, network="home")
    robot = Use(7000, "2", "robot", person=False, script=True, visible=3, network="cloud")
    monkeypatch.setattr("afterbill_dev.lab.results.observe", lambda *_given: Seen((), invitation()))
    row = Row("ada", person=True)
    row.add(mailing("both", [tap, robot]), Integrity(), "ada")

    assert (row.wrong, row.stated) == (1, 0)
