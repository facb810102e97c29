"""The legal basis in the attributes of a customer, and the basis a country demands."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from afterbill.model.consent import PRESETS, Basis, BasisKind, Legal, Need, basis_of, lawful, moment_of, newest

NOW = datetime(2026, 11, 22, 9, 0, tzinfo=UTC)
WORDS = "Yes, ask me by mail how satisfied I am."
AGREED = {"consent_at": "2026-05-01T10:00:00+02:00", "consent_text": WORDS}
TOLD = {"notice_at": "2026-03-01T08:00:00Z"}
CONSENT = Basis(BasisKind.CONSENT, datetime(2026, 5, 1, 8, 0, tzinfo=UTC), WORDS)
CUSTOMER = Basis(BasisKind.CUSTOMER, datetime(2026, 3, 1, 8, 0, tzinfo=UTC))


def test_a_consent_is_its_time_and_its_wording():
    assert basis_of(AGREED, NOW) == CONSENT


@pytest.mark.parametrize("missing", ["consent_at", "consent_text"])
def test_half_a_consent_proves_nothing(missing):
    assert basis_of({**AGREED, missing: ""}, NOW) is None
    assert basis_of({name: value for name, value in AGREED.items() if name != missing}, NOW) is None


def test_a_wording_of_blanks_is_none():
    assert basis_of({**AGREED, "consent_text": " \n"}, NOW) is None


def test_an_existing_customer_is_one_who_was_told():
    assert basis_of(TOLD, NOW) == CUSTOMER


def test_a_consent_is_the_better_basis():
    assert basis_of(TOLD | AGREED, NOW) == CONSENT
    assert basis_of(TOLD | AGREED | {"consent_at": "soon"}, NOW) == CUSTOMER


def test_nothing_is_proved_by_other_attributes():
    assert basis_of({}, NOW) is None
    assert basis_of({"plan": "Pro", "consent_text": WORDS, "consent_withdrawn_at": "2026-01-01"}, NOW) is None


@pytest.mark.parametrize("attributes", [AGREED, TOLD])
def test_what_is_yet_to_come_is_no_basis(attributes):
    at = basis_of(attributes, NOW).at

    assert basis_of(attributes, at) is not None
    assert basis_of(attributes, at - timedelta(seconds=1)) is None


@pytest.mark.parametrize(
    ("withdrawn", "holds"),
    [
        ("2026-05-01T07:59:59Z", True),
        ("2026-05-01T08:00:00Z", False),
        ("2026-06-01T00:00:00Z", False),
        ("2099-01-01", False),
        ("2026-04-30", True),
        ("2026-05-01", False),
        ("yes", False),
        ("2026-05-01T07:00:00", False),
        ("", True),
    ],
)
def test_a_consent_ends_with_its_withdrawal_and_begins_anew_after_it(withdrawn, holds):
    assert (basis_of({**AGREED, "consent_withdrawn_at": withdrawn}, NOW) is not None) is holds


@pytest.mark.parametrize("withdrawn", ["2026-05-02", "2026-02-01"])
def test_who_has_withdrawn_is_not_asked_as_an_existing_customer_either(withdrawn):
    assert basis_of({**TOLD, "consent_withdrawn_at": withdrawn}, NOW) is None


@pytest.mark.parametrize(
    ("text", "means"),
    [
        ("2026-05-01T10:00:00+02:00", datetime(2026, 5, 1, 8, tzinfo=UTC)),
        ("2026-05-01T08:00:00Z", datetime(2026, 5, 1, 8, tzinfo=UTC)),
        (" 2026-05-01 08:00:00.5Z ", datetime(2026, 5, 1, 8, 0, 0, 500_000, tzinfo=UTC)),
        ("2026-05-01", datetime(2026, 5, 1, tzinfo=UTC)),
        ("20260501", datetime(2026, 5, 1, tzinfo=UTC)),
        ("1777622400", datetime(2026, 5, 1, 8, tzinfo=UTC)),
        ("999999999", datetime(2001, 9, 9, 1, 46, 39, tzinfo=UTC)),
    ],
)
def test_a_time_is_iso_8601_a_day_or_unix_seconds(text, means):
    assert moment_of(text) == means


@pytest.mark.parametrize(
    "text",
    ["", "true", "2026-05-01T10:00:00", "01.05.2026", "2026-02-30", "1777622400000", "42", "0001-01-01T00:00:00+23:00"],
)
def test_any_other_time_tells_nothing(text):
    assert moment_of(text) is None
    assert basis_of({**AGREED, "consent_at": text}, NOW) is None
    assert basis_of({"notice_at": text}, NOW) is None


def test_of_several_tellings_the_newest_consent_counts_with_its_own_wording():
    renewed = {"consent_at": "2026-07-01", "consent_text": "Ask me, please."}

    assert newest(AGREED, renewed, {"plan": "Pro"}) == newest(renewed, AGREED) == renewed
    assert newest(AGREED, {"consent_at": "2026-07-01"}, {"consent_text": "Nobody agreed to this."}) == AGREED
    assert newest(AGREED | TOLD, {"consent_at": "soon", "consent_text": WORDS, "notice_at": "soon"}) == AGREED | TOLD


def test_of_several_tellings_the_newest_withdrawal_and_notice_count():
    early = {"consent_withdrawn_at": "2026-01-01", "notice_at": "2026-03-01T08:00:00Z"}
    late = {"consent_withdrawn_at": "2026-06-01", "notice_at": "2026-02-01"}

    assert newest(early, late) == {"consent_withdrawn_at": "2026-06-01", "notice_at": "2026-03-01T08:00:00Z"}
    assert newest(late, {"consent_withdrawn_at": "yes"})["consent_withdrawn_at"] == "yes"
    assert newest({"consent_withdrawn_at": "2026-06-01"}, {"consent_withdrawn_at": "2026-06-01T10:00:00Z"}) == {
        "consent_withdrawn_at": "2026-06-01"
    }
    assert newest() == {}


@given(st.dictionaries(st.sampled_from([*AGREED, *TOLD, "consent_withdrawn_at"]), st.text() | st.datetimes().map(str)))
def test_no_attributes_whatsoever_raise(attributes):
    basis = basis_of(attributes, NOW)

    assert basis is None or basis.at <= NOW


@pytest.mark.parametrize(
    ("need", "allowed"),
    [
        (Need.CONSENT, [CONSENT]),
        (Need.CUSTOMER, [CONSENT, CUSTOMER]),
        (Need.NOTHING, [CONSENT, CUSTOMER, None]),
    ],
)
def test_a_need_is_met_by_its_basis_or_a_better_one(need, allowed):
    assert [basis for basis in (CONSENT, CUSTOMER, None) if lawful(need, basis)] == allowed


def test_a_country_demands_its_own_another_the_default_and_an_unknown_one_the_strictest():
    legal = Legal(Need.CUSTOMER, {"DE": Need.CONSENT, "US": Need.NOTHING})

    assert [legal.need(country) for country in ("DE", "US", "FR", None)] == [
        "consent",
        "nothing",
        "customer",
        "consent",
    ]


def test_strict_asks_everywhere_for_the_existing_customer_and_relaxed_for_nothing():
    assert [PRESETS["strict"].need(country) for country in ("DE", "US", None)] == [Need.CUSTOMER] * 3
    assert [PRESETS["relaxed"].need(country) for country in ("DE", "US", None)] == [Need.NOTHING] * 3
