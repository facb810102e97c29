"""Digests: when one comes, what its reader finds in it, and that nobody gets it twice."""

import re
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from itertools import pairwise

import pytest

from afterbill.model.errors import TransientError
from afterbill.model.messages import Deferred, QuotaUsedUp, Rejected, Unknown
from afterbill_console.digest.comments import MOST_READ
from afterbill_console.digest.hand_over import Outcome
from afterbill_console.digest.periods import periods_of
from afterbill_console.preferences import Cadence
from afterbill_console.roles import Right, Role, rights_of
from tests.contract.people import customer
from tests.unit.console.office import MONDAY, NOTHING, ORIGIN, TOTAL, ZONE, Office, row
from tests.unit.mortal import KilledError, Mortal

WEDNESDAY = datetime(2026, 11, 25, 12, tzinfo=UTC)
HOSTILE = "<img src=x onerror=alert(1)>\r\nBcc: x@example.com\n=HYPERLINK(1) \u202eevil\u202c {{ 7*7 }}"


@pytest.fixture
def office():
    office = Office()
    office.answer(1, 2, "Too dear.", WEDNESDAY)
    office.answer(2, 9, "Great!", WEDNESDAY)
    office.answer(3, 5, "", WEDNESDAY)
    office.tasks.waiting = {"shop": 3}
    office.reports.totals["2026-11-16"] = TOTAL | {"n": 137, "sent": 488, "response_rate": 0.25}
    office.reports.journey = [
        row("", -22),
        row("renewed", -18, change=-31, real=True),
        row("order_paid", -13, change=2),
    ]
    # Alerts have tests of their own.
    office.notices.state = replace(office.notices.state, looked_at=MONDAY)
    return office


def silent(office):
    """No alerts: only digests are looked at."""
    for who, choices in office.preferences.choices.items():
        office.preferences.choices[who] = replace(choices, alerts=frozenset())


# When


@pytest.mark.parametrize(
    ("day", "expected"),
    [
        (date(2026, 11, 30), {"daily": "2026-11-29..2026-11-29", "weekly": "2026-11-23..2026-11-29"}),
        (date(2026, 12, 1), {"daily": "2026-11-30..2026-11-30", "monthly": "2026-11"}),
        (
            date(2027, 3, 1),
            {"daily": "2027-02-28..2027-02-28", "weekly": "2027-02-22..2027-02-28", "monthly": "2027-02"},
        ),
        (date(2026, 11, 25), {"daily": "2026-11-24..2026-11-24"}),
    ],
)
def test_a_digest_is_about_the_whole_days_before(day, expected):
    assert {cadence.value: period.window.name for cadence, period in periods_of(day).items()} == expected


def test_days_of_all_digests_of_a_cadence_follow_each_other():
    days = [date(2026, 1, 1) + timedelta(days=number) for number in range(400)]
    for cadence in (Cadence.DAILY, Cadence.WEEKLY, Cadence.MONTHLY):
        windows = [found[cadence].window for day in days if cadence in (found := periods_of(day))]

        assert all(one.last + timedelta(days=1) == two.first for one, two in pairwise(windows))


@pytest.mark.parametrize(("cadence", "number"), [("weekly", 52), ("daily", 365), ("monthly", 12), ("off", 0)])
def test_a_year_has_one_digest_for_each_period_whatever_the_clock_does(office, cadence, number):
    """Every hour of a year, through both changes of the clock."""
    office.join(Role.VIEWER, digest=Cadence(cadence))
    office.notices.state = replace(office.notices.state, digests=date(2026, 1, 1))
    now, end = datetime(2026, 1, 1, 12, 1, tzinfo=UTC), datetime(2027, 1, 1, 12, 1, tzinfo=UTC)
    sent = []
    while now < end:
        before = len(office.mailer.outbox)
        office.run(now)
        sent += [now.astimezone(ZONE)] * (len(office.mailer.outbox) - before)
        now += timedelta(hours=1)

    assert len(sent) == number
    assert {(at.hour, at.minute) for at in sent} <= {(7, 1)}
    assert {at.weekday() for at in sent} <= ({0} if cadence == "weekly" else set(range(7)))


def test_it_does_not_come_before_seven(office):
    office.join(Role.ADMIN)

    office.run(MONDAY - timedelta(minutes=6))
    assert office.mails() == []
    office.run(MONDAY)
    office.run(MONDAY + timedelta(minutes=5))
    assert len(office.mails()) == 1


def test_it_waits_until_its_reports_are_there(office):
    office.join(Role.ADMIN)
    office.reports.answers_at_once = False

    assert office.run().waiting
    assert sorted(office.reports.asked) == ["journey", "trend", "trend"]
    office.reports.answers_at_once = True
    office.run(MONDAY + timedelta(minutes=5))

    assert len(office.mails()) == 1


def test_a_report_that_could_not_be_computed_is_waited_for(office):
    office.join(Role.ADMIN)
    office.reports.why = "failed"

    assert office.run().waiting
    assert office.mails() == []


@pytest.mark.parametrize("cadence", ["weekly", "daily"])
def test_nothing_comes_when_nothing_came(office, cadence):
    office.join(Role.ADMIN, digest=Cadence(cadence))
    office.table.invitations.clear()
    office.reports.totals["2026-11-23" if cadence == "weekly" else "2026-11-29"] = NOTHING

    office.run()

    assert office.mails() == []
    assert office.notices.state.digests == date(2026, 11, 30)


def test_surveys_that_nobody_answered_are_something(office):
    office.join(Role.VIEWER)
    office.table.invitations.clear()
    office.reports.totals["2026-11-23"] = NOTHING | {"sent": 31}

    office.run()

    assert office.mails()[0].subject == "0 answers (23 Nov – 29 Nov 2026)"


def test_an_agent_without_a_comment_and_a_task_gets_none(office):
    office.join(Role.AGENT)
    office.table.invitations.clear()
    office.tasks.waiting = {}

    office.run()

    assert office.mails() == []


def test_who_is_removed_gets_none(office):
    who = office.join(Role.ADMIN)
    del office.recipients.people[who.operator]

    office.run()

    assert office.mails() == []


# What


@pytest.mark.parametrize("language", ["en", "de"])
@pytest.mark.parametrize("role", Role)
def test_it_holds_what_the_role_may_see_and_nothing_else(office, role, language):
    office.join(role, language=language)
    office.run()
    (mail,) = office.mails()
    rights = rights_of({role})

    for part in (mail.text, mail.html):
        assert ("510" in part) == (Right.FIGURES in rights)
        assert ("Too dear." in part) == (Right.COMMENTS in rights)
        assert (f"{ORIGIN}/app/customers/{1:032x}" in part) == ({Right.COMMENTS, Right.PEOPLE} <= rights)
        assert (f"{1:032x}" in part) == (Right.PEOPLE in rights)
        assert (f"{ORIGIN}/app/tasks" in part) == (Right.PEOPLE in rights)
        assert f"{ORIGIN}/app/me" in part
    assert f'<html lang="{language}"' in mail.html
    assert mail.headers["List-Unsubscribe"] == f"<{ORIGIN}/app/me>"


def test_figures_are_those_of_the_reports(office):
    office.join(Role.VIEWER)
    office.run()
    text = office.mails()[0].text.replace("\u00a0", " ")

    assert "Net Promoter Score: −23, +4, no real change\n95 % interval −34 to −10, 142 answers\n" in text
    assert "Surveys sent: 510 (before: 488)\nAnswers: 142 (before: 137)\nResponse rate: 24 % (before: 25 %)\n" in text
    assert "Answers with a comment: 67 % (before: –)" in text
    assert re.search(r"- .*: score −18, a real change of −31 \(95 % interval −27 to −9, 40 answers\)", text)
    assert re.search(r"Lowest touchpoint: .*: −18 \(95 % interval −27 to −9, 40 answers\)", text)


def test_a_score_without_one_before_says_that_there_is_nothing_to_compare_with(office):
    office.join(Role.VIEWER)
    office.reports.totals["2026-11-23"] = TOTAL | {"change": None}
    office.run()

    assert "Net Promoter Score: −23, nothing before to compare with\n" in office.mails()[0].text


def test_an_agent_reads_of_open_tasks_in_the_subject(office):
    office.join(Role.AGENT)
    office.table.invitations.clear()
    office.run()

    assert office.mails()[0].subject == "3 open tasks"


def test_without_a_real_change_it_says_so(office):
    office.join(Role.VIEWER)
    office.reports.journey = [row("renewed", -18, change=-3)]
    office.run()
    text = office.mails()[0].text.replace("\u00a0", " ")

    assert "No touchpoint really changed" in text
    assert "Lowest" not in text


def test_comments_of_low_scores_come_first_and_are_five_at_most(office):
    for number in range(10, 20):
        office.answer(number, number % 11, f"comment {number}", WEDNESDAY + timedelta(minutes=number))
    office.join(Role.ANALYST)
    office.run()

    assert re.findall(r"^(\d+) of 10 · ", office.mails()[0].text, re.MULTILINE) == ["0", "1", "2", "2", "3"]


def test_comments_of_other_days_are_not_its_own(office):
    office.answer(7, 0, "of the week before", WEDNESDAY - timedelta(days=7))
    office.answer(8, 0, "of this Monday", MONDAY)
    office.join(Role.ANALYST, alerts=frozenset())
    office.run()
    text = office.mails()[0].text.replace("\u00a0", " ")

    assert "of the week" not in text
    assert "of this Monday" not in text
    assert "(before: 100 %)" in text


def test_somebody_whose_data_are_restricted_is_not_quoted(office):
    restricted = replace(customer(id=f"{1:032x}"), restricted_at=WEDNESDAY)
    office.table.people[restricted.id] = restricted
    office.join(Role.ADMIN)
    office.run()

    assert "Too dear." not in office.mails()[0].html
    assert "Great!" in office.mails()[0].html


@pytest.mark.parametrize("language", ["en", "de"])
def test_words_of_a_customer_change_nothing_around_them(office, language):
    office.answer(1, 0, HOSTILE, WEDNESDAY)
    office.join(Role.ADMIN, language=language)
    office.run()
    (mail,) = office.mails()

    assert "<img" not in mail.html
    assert "&lt;img src=x onerror=alert(1)&gt; Bcc: x@example.com =HYPERLINK(1) evil {{ 7*7 }}" in mail.html
    assert "\u202e" not in mail.html + mail.text
    assert "\nBcc" not in mail.text
    assert "\n" not in mail.subject


def test_more_answers_than_are_looked_at_have_no_comment_rate(office):
    for number in range(MOST_READ):
        office.answer(number + 10, 8, "", WEDNESDAY)
    office.join(Role.VIEWER)
    office.run()

    assert "Answers with a comment: – (before: –)" in office.mails()[0].text.replace("\u00a0", " ")


def test_who_is_led_to_is_noted_first(office):
    office.join(Role.ADMIN)
    office.run()

    noted = [(act.who, act.what, act.whose) for act in office.audit.noted]
    assert noted == [("console:operator-admin", "console mail", (f"{1:032x}", f"{2:032x}"))]


def test_a_mail_without_people_notes_nobody(office):
    office.join(Role.ANALYST)
    office.run()

    assert office.audit.noted == []


# Once


def test_a_refusal_is_tried_again_and_everything_else_is_not(office):
    for number, receipt in enumerate(
        [Deferred("Throttling", timedelta(minutes=1), paused=False), QuotaUsedUp("x"), Rejected("x"), Unknown("x")]
    ):
        office.mailer.receipts = [receipt]
        office.notices.state = replace(office.notices.state, digests=None)
        office.claims.held.clear()
        office.claims.handed.clear()
        office.mailer.outbox.clear()
        office.join(Role.VIEWER)

        first = office.run(MONDAY + timedelta(seconds=number))
        office.run(MONDAY + timedelta(minutes=5))

        again = isinstance(receipt, Deferred | QuotaUsedUp)
        assert len(office.mails()) == int(again)
        assert first.mails[Outcome.REFUSED if again else Outcome.GIVEN_UP] == 1


@pytest.mark.parametrize("calls", range(1, 40))
def test_killed_between_any_two_calls_everybody_gets_one_at_most(office, calls):
    for role in Role:
        office.join(role)
    silent(office)
    mortal = Mortal(None, calls)
    for name in ("claims", "mailer", "notices"):
        setattr(office, name, _Shared(mortal, getattr(office, name)))

    try:
        office.run()
    except KilledError:
        died = True
    else:
        died = False
    for name in ("claims", "mailer", "notices"):
        setattr(office, name, getattr(office, name).table)
    first = office.counted()
    office.run(MONDAY + timedelta(minutes=5))
    office.run(MONDAY + timedelta(minutes=10))

    assert max(office.counted().values()) == 1
    assert len(office.counted()) >= (3 if died else 4)
    assert first.items() <= office.counted().items()


class _Shared:
    """Several ports that die together, at one of the calls of them all."""

    def __init__(self, mortal, table):
        self.mortal, self.table = mortal, table

    def __getattr__(self, name):
        def call(*arguments):
            self.mortal.table = self.table
            return getattr(self.mortal, name)(*arguments)

        return call


def test_a_mail_that_cannot_be_made_gives_its_claim_up(office, monkeypatch):
    office.join(Role.VIEWER)
    monkeypatch.setattr("afterbill_console.digest.compose.Composer.digest", lambda *_: 1 / 0)
    with pytest.raises(ZeroDivisionError):
        office.run()

    assert office.claims.held == {}


def test_it_leads_to_the_answers_of_every_score(office):
    office.join(Role.ANALYST)
    office.answer(1, 9, "Great!", MONDAY - timedelta(days=1))
    office.run()

    assert "/app/responses?from=2026-11-23&amp;to=2026-11-29&amp;tab=all" in office.mails()[0].html


def test_a_run_keeps_the_lists_of_the_feed(office):
    one = office.answer(1, 9, "", MONDAY - timedelta(days=1))
    office.run()

    assert [listed.id for listed in office.earlier.listed(MONDAY.date()).answers] == [one.id]


def test_a_step_that_fails_leaves_the_others_alone(office, monkeypatch):
    office.join(Role.VIEWER)

    def fails(*_, **__):
        raise TransientError("no answers now")

    monkeypatch.setattr("afterbill_console.digest.low_scores.find", fails)
    run = office.run()

    assert [str(error) for error in run.errors] == ["no answers now"]
    assert len(office.mails()) == 1
