"""The laboratory's table over simulated traffic, and what makes it fail."""

import re
from dataclasses import replace

import pytest

from afterbill.model.invitation import Answer
from afterbill.model.visits import Integrity
from afterbill_dev.lab import __main__ as lab
from afterbill_dev.lab.clients import KINDS
from afterbill_dev.lab.competitor_rules import COMPETITORS
from afterbill_dev.lab.results import Row, table, wilson
from afterbill_dev.lab.survey_harness import Seen, observe
from afterbill_dev.lab.traffic import Use, mailing
from afterbill_dev.paths import ROOT
from tests.factories import invitation

MAILS = 20
SOMETIMES = "tap within 10 min after 5 networks' pool"
STATED = {"one number, visible", "no JavaScript, no sending", "leave before it is shown"}


@pytest.fixture(scope="module")
def rows(integrity):
    return {row.kind: row for row in lab.simulated(7, MAILS, integrity)}


@pytest.mark.parametrize("kind", [kind for kind in KINDS if not kind.limit], ids=lambda kind: kind.name)
def test_nothing_is_counted_wrongly_or_lost_but_what_is_stated(rows, kind):
    row = rows[kind.name]

    assert row.n == kind.played(MAILS)
    assert row.wrong == row.stated == (MAILS if kind.name in STATED else 0)


@pytest.mark.parametrize("kind", [kind.name for kind in KINDS if kind.limit and kind.name != SOMETIMES])
def test_a_limit_is_shown_and_not_expected_to_hold(rows, kind):
    assert rows[kind].wrong == MAILS
    assert rows[kind].holds


def test_a_tap_minutes_after_a_pool_that_reuses_networks_is_sometimes_lost(rows):
    assert MAILS / 4 < rows[SOMETIMES].wrong < MAILS * 7 / 8
    assert rows[SOMETIMES].holds


def test_the_published_table_has_the_laboratorys_kinds_and_numbers_of_mails():
    page = (ROOT / "docs" / "answer-integrity.md").read_text(encoding="utf-8")
    published = re.findall(r"^(.+?) {2,}(counted|lost|limit) +(\d+) ", page, re.MULTILINE)
    mails = int(re.search(r"^seed \d+, (\d+) mails of each kind", page, re.MULTILINE)[1])

    what = {True: "lost", False: "counted"}
    assert published == [
        (kind.name, "limit" if kind.limit else what[kind.person], str(kind.played(mails))) for kind in KINDS
    ]


def test_the_rivals_rules_fail_where_they_are_known_to(rows):
    assert rows["GET all links"].competitors == {
        "auto-record": MAILS,
        "5 s loaded": 0,
        "confirm only": 0,
        "hidden link": 0,
    }
    assert rows["tap, leave after 3 s"].competitors["5 s loaded"] == MAILS
    assert rows["tap twice"].competitors["confirm only"] == MAILS
    assert rows["tap after an antivirus"].competitors["hidden link"] == MAILS
    assert rows["picks another on the page, leaves"].competitors["auto-record"] == MAILS
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
    assert lines[1].startswith(f"one number, visible  counted  {MAILS}     100.00  83.89-100.00     all        100.0")


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


@pytest.mark.parametrize(("picked", "wrong", "stated"), [("7", 1, 1), ("79", 1, 1), ("792", 0, 0)])
def test_a_robot_that_chooses_few_numbers_on_the_page_it_opened_passes_for_a_person(picked, wrong, stated):
    opened = Use(60, "4", "robot", person=False, script=True, visible=3, network="cloud")
    picks = [replace(opened, at=70 + 10 * place, link=one, method="PICK") for place, one in enumerate(picked)]
    row = Row("robot", person=False)
    row.add(mailing("robot", [opened, *picks]), Integrity(), "robot")

    assert (row.wrong, row.stated) == (wrong, stated)


def test_a_robot_that_chooses_too_many_numbers_to_be_reported_does_not_pass_for_a_person():
    opened = Use(60, "4", "robot", person=False, script=True, visible=3, network="cloud")
    picks = [replace(opened, at=70 + int(one) / 100, link=one, method="PICK", visible=0.01) for one in "012"]
    row = Row("robot", person=False)
    row.add(mailing("robot", [opened, *picks]), Integrity(), "robot")

    assert (row.wrong, row.stated) == (1, 0)


def test_a_robot_that_opens_two_numbers_does_not_pass_for_a_person():
    first = Use(60, "4", "robot", person=False, script=True, visible=3, network="cloud")
    row = Row("robot", person=False)
    row.add(mailing("robot", [first, replace(first, at=90, link="2")]), Integrity(), "robot")

    assert (row.wrong, row.stated) == (1, 0)


def test_of_a_page_five_numbers_are_reported_as_by_its_script():
    opened = Use(60, "4", "ada", person=True, script=True, visible=3, network="home")
    picks = [replace(opened, at=70 + 10 * place, link=one, method="PICK") for place, one in enumerate("747478")]
    script = (ROOT / "layers/core/afterbill/content/web/templates/seen.js").read_text(encoding="utf-8")
    seen = observe(mailing("ada", [opened, *picks]), Integrity())
    anew = observe(mailing("ada", [opened, *picks, replace(opened, at=3000, link="8")]), Integrity())

    assert "reports = 5" in script
    assert (seen.answer.rating, anew.answer.rating) == (4, 8)


@pytest.mark.parametrize(("visible", "rating"), [(3, 9), (0.1, 4)])
def test_a_page_that_is_loaded_again_reports_only_what_it_had_not(visible, rating):
    older = Use(60, "4", "ada", person=True, script=True, visible=visible, network="home")
    newer = replace(older, at=90, link="9", visible=3)
    again = replace(older, at=900, method="RELOAD", visible=3)

    seen = observe(mailing("ada", [older, replace(newer, at=50) if visible < 1 else newer, again]), Integrity())

    assert seen.answer.rating == rating


def test_the_address_of_a_page_loaded_again_reports_nothing_in_another_browser():
    own = Use(60, "4", "ada", person=True, script=True, visible=0.1, network="home")

    seen = observe(
        mailing("ada", [own, replace(own, at=900, method="RELOAD", visible=3, network="office")]), Integrity()
    )

    assert seen.answer is None


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
