"""Alerts: what is told, to whom, how soon, and never twice."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from itertools import pairwise

import pytest

from afterbill.insight.periods import rolling
from afterbill.model.invitation import Answer
from afterbill.model.messages import Deferred
from afterbill_console.digest import alerts
from afterbill_console.digest.notify import HEALTH
from afterbill_console.digest.state import Heard
from afterbill_console.health.document import PLACE
from afterbill_console.preferences import Alert, Cadence
from afterbill_console.roles import Role
from tests.contract.people import customer
from tests.unit.console.office import NOTHING, ORIGIN, TOTAL, Office, row

NOON = datetime(2026, 11, 25, 12, tzinfo=UTC)
MINUTE, DAY = timedelta(minutes=1), timedelta(days=1)
TODAY = NOON.date()


@pytest.fixture
def office():
    """No digests; a first run that only begins to listen."""
    office = Office()
    office.notices.state = replace(office.notices.state, since=NOON, looked_at=NOON)
    return office


def join(office, role, **choices):
    return office.join(role, digest=Cadence.OFF, **choices)


# Low scores


@pytest.mark.parametrize(("role", "told"), [(Role.ADMIN, 1), (Role.AGENT, 1), (Role.ANALYST, 0), (Role.VIEWER, 0)])
def test_a_low_score_with_a_comment_is_told_at_once_to_those_who_usually_care(office, role, told):
    join(office, role)
    office.answer(1, 3, "Too dear.", NOON + MINUTE)

    office.run(NOON + 5 * MINUTE)
    office.run(NOON + 10 * MINUTE)

    assert len(office.mails()) == told
    assert ["Too dear." in mail.html for mail in office.mails()] == [True] * told


def test_an_analyst_may_choose_it_and_is_led_to_no_person(office):
    join(office, Role.ANALYST, alerts=frozenset({Alert.LOW_SCORE}))
    office.answer(1, 3, "Too dear.", NOON + MINUTE)
    office.run(NOON + 5 * MINUTE)
    (mail,) = office.mails()

    assert f"{1:032x}" not in mail.html + mail.text
    assert f"{ORIGIN}/app/responses?from=2026-11-25&to=2026-11-25&rating=3&touchpoint=payment_succeeded" in mail.text
    assert office.audit.noted == []


def test_a_viewer_never_gets_it_whatever_is_stored(office):
    join(office, Role.VIEWER, alerts=frozenset(Alert))
    office.answer(1, 3, "Too dear.", NOON + MINUTE)
    office.run(NOON + 5 * MINUTE)

    assert office.mails() == []


@pytest.mark.parametrize(
    ("rating", "comment", "parts"),
    [(7, "fine", {}), (3, "", {}), (9, "good", {}), (3, "x", {"customer_id": "restricted"})],
)
def test_nothing_else_is_told(office, rating, comment, parts):
    join(office, Role.ADMIN)
    one = office.answer(1, rating, comment, NOON + MINUTE, **parts)
    if parts:
        office.table.people[one.customer_id] = replace(customer(id=one.customer_id), restricted_at=NOON)

    office.run(NOON + 5 * MINUTE)

    assert office.mails() == []


def test_a_click_that_nobody_confirmed_is_not_told(office):
    join(office, Role.ADMIN)
    one = office.answer(1, 3, "x", NOON + MINUTE)
    office.table.invitations[one.id] = replace(one, answer=Answer(3, "x", confirmed=False))

    office.run(NOON + 5 * MINUTE)

    assert office.mails() == []


def test_a_comment_that_follows_the_number_is_told_when_it_comes(office):
    join(office, Role.ADMIN)
    one = office.answer(1, 3, "", NOON + MINUTE)
    office.run(NOON + 5 * MINUTE)
    office.table.invitations[one.id] = replace(one, answer=Answer(3, "Too dear."))
    office.run(NOON + 30 * MINUTE)

    assert len(office.mails()) == 1


def test_the_first_run_of_a_stack_tells_nothing_of_the_past(office):
    join(office, Role.ADMIN)
    office.notices.state = replace(office.notices.state, since=None)
    office.answer(1, 3, "old", NOON - MINUTE)

    office.run(NOON)

    assert office.mails() == []


def test_after_a_standstill_nothing_is_missing(office):
    join(office, Role.ADMIN)
    office.answer(1, 3, "Too dear.", NOON + MINUTE)

    office.run(NOON + 20 * 60 * MINUTE)

    assert len(office.mails()) == 1


def test_many_are_told_together_and_never_more_often_than_every_quarter_of_an_hour(office):
    join(office, Role.ADMIN)
    sent = []
    for minute in range(180):
        now = NOON + (minute + 1) * MINUTE
        office.answer(minute + 1, 3, f"comment {minute}", NOON + minute * MINUTE)
        before = len(office.mails())
        office.run(now)
        sent += [now] * (len(office.mails()) - before)
    gaps = [two - one for one, two in pairwise(sent)]

    assert all(gap >= 15 * MINUTE for gap in gaps[5:])
    assert len(sent) <= 5 + 12
    told = "".join(mail.text for mail in office.mails())
    assert all(f"comment {minute}\n" in told for minute in range(150))
    assert told.count("comment 77\n") == 1


def test_a_mail_lists_twenty_and_counts_the_others(office):
    join(office, Role.ADMIN)
    for number in range(1, 31):
        office.answer(number, 3, f"comment {number}", NOON + MINUTE)
    office.run(NOON + 5 * MINUTE)
    (mail,) = office.mails()

    assert mail.subject == "30 low scores with a comment"
    assert mail.text.count("3 of 10 · ") == 20
    assert "10 more are in the console." in mail.text


def test_where_one_is_refused_only_that_one_is_tried_again(office):
    join(office, Role.ADMIN)
    join(office, Role.AGENT)
    office.mailer.receipts = [Deferred("Throttling", MINUTE, paused=False)]
    office.answer(1, 3, "Too dear.", NOON + MINUTE)

    office.run(NOON + 5 * MINUTE)
    office.run(NOON + 10 * MINUTE)
    office.run(NOON + 15 * MINUTE)

    assert office.counted() == {"admin@example.com": 1, "agent@example.com": 1}


def test_an_answer_is_told_once_even_if_the_state_is_lost(office):
    join(office, Role.ADMIN)
    before = office.notices.state
    office.answer(1, 3, "Too dear.", NOON + MINUTE)
    office.run(NOON + 5 * MINUTE)
    office.notices.state = before
    office.run(NOON + 6 * MINUTE)

    assert len(office.mails()) == 1


# What reports tell


@pytest.fixture
def hourly(office):
    office.notices.state = replace(office.notices.state, looked_at=None)
    return office


def stored(office, name, days, body):
    office.reports.put(f"reports/{name}/nps/{days}d.json", name, rolling(days, TODAY), body, NOON)


@pytest.mark.parametrize(("role", "told"), [(Role.ADMIN, 1), (Role.AGENT, 0), (Role.ANALYST, 0), (Role.VIEWER, 0)])
def test_a_real_drop_is_told_once_in_a_week(hourly, role, told):
    join(hourly, role)
    for day in range(9):
        now = NOON + day * DAY
        for name, body in (
            ("trend", {"rows": [], "total": TOTAL | {"change": -9.0, "real": True}}),
            (
                "journey",
                {"rows": [row("", -20), row("renewed", -18, change=-31, real=True), row("other", 1, change=-2)]},
            ),
        ):
            hourly.reports.put(f"reports/{name}/nps/30d.json", name, rolling(30, now.date()), body, now)
        hourly.run(now)
        hourly.run(now + 2 * 60 * MINUTE)

    assert len(hourly.mails()) == 2 * told
    assert [mail.text.count("real change of") for mail in hourly.mails()] == [2, 2] * told


def test_two_looks_in_an_hour_are_one(hourly):
    join(hourly, Role.ADMIN)
    hourly.run(NOON)
    stored(hourly, "trend", 30, {"rows": [], "total": TOTAL | {"change": -9.0, "real": True}})

    hourly.run(NOON + 55 * MINUTE)
    assert hourly.mails() == []
    hourly.run(NOON + 60 * MINUTE)
    assert len(hourly.mails()) == 1


def test_a_refused_alert_is_tried_again(hourly):
    join(hourly, Role.ADMIN)
    hourly.mailer.receipts = [Deferred("Throttling", MINUTE, paused=False)]
    stored(hourly, "trend", 30, {"rows": [], "total": TOTAL | {"change": -9.0, "real": True}})

    hourly.run(NOON)
    hourly.run(NOON + 5 * MINUTE)

    assert len(hourly.mails()) == 1


@pytest.mark.parametrize("change", [{"change": 9.0, "real": True}, {"change": -9.0, "real": False}, {}])
def test_what_is_no_real_drop_is_not_told(change):
    assert list(alerts.drops({"total": TOTAL | change}, {"rows": [row("renewed", 1, change=-1) | change]})) == []


def test_without_reports_there_is_nothing_to_tell():
    assert list(alerts.drops(None, None)) == []
    assert list(alerts.unanswered(None)) == []
    assert list(alerts.fewer_answers(None)) == []
    assert list(alerts.drops({"why": "not_archived", "rows": []}, None)) == []


@pytest.mark.parametrize(("sent", "n", "told"), [(30, 0, 1), (29, 0, 0), (30, 1, 0)])
def test_surveys_that_nobody_answers_are_told(sent, n, told):
    trend = {"total": NOTHING | {"sent": sent, "n": n}, "first": "2026-11-19", "last": "2026-11-25"}

    assert len(list(alerts.unanswered(trend))) == told


def days(*rates, sent=20):
    return {"rows": [{"sent": sent, "response_rate": rate} for rate in rates]}


@pytest.mark.parametrize(
    ("trend", "told"),
    [
        (days(*[0.3] * 13, *[0.1] * 13, 0, 0, 0), 1),
        (days(*[0.3] * 26, 0, 0, 0), 0),
        (days(*[0.1] * 13, *[0.3] * 13, 0, 0, 0), 0),
        (days(*[0.3] * 13, *[0.1] * 13, 0, 0, 0, sent=1), 0),
        (days(*[0.5] * 3), 0),
        (days(*[0.3] * 13, *[None] * 13, 0, 0, 0), 1),
    ],
)
def test_a_response_rate_that_really_fell_is_told_and_new_surveys_do_not_count(trend, told):
    assert len(list(alerts.fewer_answers(trend))) == told


def health(at, name="shop"):
    return {"sources": [{"name": name, "accepted_at": at and at.isoformat()}, {"name": "polled", "polled": True}]}


def test_a_source_is_silent_by_its_own_rhythm():
    """One that speaks every hour for a month, and one that speaks every three days."""
    for rhythm, silence in ((timedelta(hours=1), 2 * DAY), (3 * DAY, 6 * DAY)):
        known, now = {}, NOON
        for _ in range(30 * DAY // rhythm):
            known, now = alerts.heard(known, health(now), now), now + rhythm
        last = known["shop"].last_at

        assert list(alerts.silent_sources(known, last + silence)) == []
        assert [one.id for one in alerts.silent_sources(known, last + silence + MINUTE)] == ["source#shop"]


def test_one_whose_rhythm_is_not_known_has_a_week():
    known = alerts.heard({}, health(NOON), NOON)

    assert list(alerts.silent_sources(known, NOON + 7 * DAY)) == []
    assert len(list(alerts.silent_sources(known, NOON + 7 * DAY + MINUTE))) == 1


def test_without_a_finding_what_was_known_stays_and_a_removed_source_is_forgotten():
    known = {"shop": Heard(NOON, NOON)}

    assert alerts.heard(known, None, NOON) == known
    assert alerts.heard(known, health(NOON, "other"), NOON).keys() == {"other"}
    assert alerts.heard(known, health(None), NOON) == {}


def test_the_finding_is_read_where_the_check_leaves_it():
    assert HEALTH == PLACE


def test_a_silent_source_is_told_to_an_admin(hourly):
    join(hourly, Role.ADMIN)
    hourly.reports.documents["console/health.json"] = health(NOON - 8 * DAY)
    hourly.run(NOON)
    (mail,) = hourly.mails()

    assert mail.subject == "shop has gone silent"
    assert f"{ORIGIN}/app/health" in mail.text


def test_a_silent_source_is_an_event_once_whoever_wants_mail(hourly):
    hourly.reports.documents["console/health.json"] = health(NOON - 8 * DAY)
    for hours in range(3):
        hourly.run(NOON + timedelta(hours=hours))

    assert [(event.type, event.detail["source"]) for event in hourly.bus.taken] == [("SourceSilent", "shop")]


@pytest.mark.parametrize("language", ["en", "de"])
def test_several_things_are_one_mail(hourly, language):
    join(hourly, Role.ADMIN, language=language)
    stored(
        hourly,
        "trend",
        30,
        {**days(*[0.3] * 13, *[0.1] * 13, 0, 0, 0), "total": TOTAL | {"change": -9.0, "real": True}},
    )
    stored(hourly, "trend", 7, {"rows": [], "total": NOTHING | {"sent": 40}})
    hourly.run(NOON)
    (mail,) = hourly.mails()

    assert mail.text.count(f"{ORIGIN}/app/") == 4
    assert mail.subject.startswith("Score ")
