"""The row of an invitation, and the local day under which it lies."""

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from afterbill.insight.archive.rows import archived, comment_of, fact_day, hours_of, row_of, without_person
from afterbill.model.anonymous import anonymous, tombstone
from afterbill.model.billing import Money
from afterbill.model.invitation import NO_DAY, Answer, Delivery, State
from afterbill.model.recurring import Recurring
from afterbill.model.segments import ANONYMOUS
from afterbill.model.visits import Kind, Visit
from afterbill_reports.archive.columns import COMMENTS, FACTS, day_of, place
from tests.factories import HOUR, NOON, invitation

BERLIN, KOLKATA, KIRITIMATI = map(ZoneInfo, ("Europe/Berlin", "Asia/Kolkata", "Pacific/Kiritimati"))
DAY = date(2026, 11, 22)
SEGMENTS = {"source": "shop", "plan": " Team ", "country": "DE", "locale": "de", "account": "acme", "tier": "gold"}
SURVEY = invitation(
    segments=SEGMENTS | {"payment_method": "card", "channel": "mail"},
    products=("Seats", "Support"),
    money=Money(4900, "EUR"),
    recurring=Recurring(Money(12000, "EUR"), 1, "year"),
    state=State.SENT,
    delivery=Delivery.DELIVERED,
    sent_at=NOON + 3 * HOUR,
    sent_day="2026-11-22",
    delivered_at=NOON + 4 * HOUR,
    visits=(
        Visit(NOON + 5 * HOUR, Kind.HIDDEN),
        Visit(NOON + 5 * HOUR, Kind.OPENED, scanner=True),
        Visit(NOON + 6 * HOUR, Kind.OPENED),
        Visit(NOON + 7 * HOUR, Kind.SEEN, 9),
    ),
    answer=Answer(9, "Words.", "price"),
    answered_at=NOON + 8 * HOUR,
    answered_day="2026-11-22",
)


def plain(at):
    return at.replace(tzinfo=None)


def row(**changes):
    return row_of(replace(SURVEY, **changes), BERLIN, "Acme")


def test_a_row_has_every_column_and_no_words():
    assert list(row()) == list(FACTS) or set(row()) == set(FACTS)
    assert "Words." not in str(row())


def test_a_row_says_who_by_a_random_id_what_and_how_much():
    found = row()

    assert (found["customer_id"], found["account"], found["brand"]) == ("ada", "acme", "Acme")
    assert (found["plan"], found["country"], found["payment_method"]) == ("Team", "DE", "card")
    assert (found["source"], found["touchpoint"], found["channel"]) == ("shop", "payment_succeeded", "mail")
    assert (found["amount_minor"], found["currency"]) == (4900, "EUR")
    assert (found["recurring_minor"], found["recurring_currency"]) == (1000, "EUR")
    assert (found["segments"], found["products"]) == ({"tier": "gold"}, ["Seats", "Support"])


def test_moments_are_utc_without_a_zone_and_days_are_dates():
    found = row(occurred_at=NOON.astimezone(KOLKATA))

    assert found["occurred_at"] == plain(NOON)
    assert (found["fact_day"], found["sent_day"], found["answered_day"]) == (DAY, DAY, DAY)


def test_a_survey_was_opened_when_a_program_of_a_person_first_had_its_page():
    assert row()["opened_at"] == plain(NOON + 6 * HOUR)
    assert row(shown_at=NOON + HOUR)["opened_at"] == plain(NOON + HOUR)
    assert row(visits=())["opened_at"] is None


@pytest.mark.parametrize(
    ("question", "rating", "category"),
    [("nps", 9, "promoters"), ("nps", 8, "passives"), ("nps", 0, "detractors"), ("csat", 4, "favourable")],
)
def test_a_category_is_a_group_of_its_question(question, rating, category):
    found = row(segments={"question": question}, answer=Answer(rating))

    assert (found["question"], found["rating"], found["category"]) == (question, rating, category)


def test_what_nobody_answered_has_no_rating_and_no_category():
    found = row(answer=None, answered_at=None, answered_day="", money=None, recurring=None, delivery=None)

    names = ("rating", "category", "reason", "confirmed", "answered_at", "answered_day", "amount_minor", "delivery")
    assert {found[name] for name in (*names, "currency", "recurring_minor")} == {None}


def test_a_skipped_fact_has_its_reason_and_an_answer_from_elsewhere_has_none():
    assert row(state=State.CLOSED, reason="cooldown")["skip_reason"] == "cooldown"
    elsewhere = row(state=State.CLOSED, reason="collected", channel="import")
    assert (elsewhere["skip_reason"], elsewhere["imported"]) == (None, True)


def test_an_answer_by_nobody_known_is_anonymous_and_an_unconfirmed_one_says_so():
    found = row(segments={ANONYMOUS: "poster"}, answer=Answer(3, confirmed=False))

    assert (found["anonymous"], found["confirmed"], found["segments"]) == (True, False, {})


def test_a_row_of_somebody_removed_lies_under_the_day_that_counts_and_names_no_account():
    left = row_of(anonymous(replace(SURVEY, occurred_at=NOON - timedelta(days=9)), "0f" * 16), KIRITIMATI, "Acme")

    assert (left["removed"], left["fact_day"], left["customer_id"], left["account"]) == (True, DAY, None, None)
    assert (left["skip_reason"], left["rating"], left["brand"]) == (None, 9, "Acme")


def test_a_row_of_somebody_removed_who_only_answered_lies_under_the_day_of_the_answer():
    assert fact_day(NOON, BERLIN, ("", "2026-11-25")) == date(2026, 11, 25)
    assert fact_day(NOON, BERLIN, ("", "")) == DAY


@pytest.mark.parametrize(
    ("one", "is_one"),
    [
        (SURVEY, True),
        (replace(SURVEY, answered_day=NO_DAY), False),
        (tombstone(SURVEY), False),
        (anonymous(SURVEY, "0f" * 16), True),
        (replace(SURVEY, channel="link"), True),
        (replace(SURVEY, channel="link", answer=None), False),
    ],
    ids=["fact", "test", "tombstone", "anonymous row", "answer to a plain link", "plain link opened"],
)
def test_tests_tombstones_and_unanswered_openings_of_plain_links_are_no_facts(one, is_one):
    assert archived(one) is is_one


def test_words_are_rows_of_their_own():
    found = comment_of(SURVEY)

    assert set(found) == set(COMMENTS)
    assert (found["comment"], found["reported_comment"], found["rating"]) == ("Words.", None, 9)
    assert comment_of(replace(SURVEY, answer=Answer(9))) is None
    reported = comment_of(replace(SURVEY, answer=None, reported_comment="Too dear."))
    assert (reported["comment"], reported["reported_comment"], reported["rating"]) == (None, "Too dear.", None)


def test_a_row_without_a_person_keeps_everything_else():
    found = without_person(row())

    assert {name for name in FACTS if found[name] != row()[name]} == {"customer_id", "account"}


def test_a_file_is_named_after_its_day():
    name = place("facts", DAY)

    assert name == "facts/day=2026-11-22/part-0.parquet"
    assert day_of(name) == DAY


# The hours of a day


@pytest.mark.parametrize(
    ("zone", "day", "hours"),
    [
        ("UTC", date(2026, 11, 22), 24),
        ("Europe/Berlin", date(2026, 3, 29), 23),
        ("Europe/Berlin", date(2026, 10, 25), 25),
        ("Asia/Kolkata", date(2026, 11, 22), 25),
        ("Asia/Kathmandu", date(2026, 11, 22), 25),
        ("Australia/Lord_Howe", date(2026, 10, 4), 24),
        ("Africa/Cairo", date(2026, 4, 24), 23),
        ("Pacific/Kiritimati", date(2026, 11, 22), 25),
        ("Pacific/Apia", date(2011, 12, 30), 1),
    ],
)
def test_a_day_overlaps_so_many_hours_of_utc(zone, day, hours):
    """Half hours overlap one more, and where noon of UTC is another day, it comes along; Apia had no such day."""
    assert len(hours_of(day, ZoneInfo(zone))) == hours


@pytest.mark.parametrize(
    "zone", ["Europe/Berlin", "Asia/Kolkata", "Australia/Lord_Howe", "Africa/Cairo", "America/Havana"]
)
def test_every_moment_of_a_year_lies_in_an_hour_of_its_own_day(zone):
    here = ZoneInfo(zone)
    hours = {}
    at = datetime(2026, 1, 1, tzinfo=UTC)
    while at.year == 2026:
        day = fact_day(at, here)
        found = hours.get(day) or hours.setdefault(day, set(hours_of(day, here)))
        assert at.replace(minute=0) in found
        at += timedelta(minutes=30)
