"""What is left of a person who was removed, and when that ends."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

from afterbill.model.privacy import PrivacyRequest, RequestKind, RequestState
from afterbill.privacy.remains import LOOKS_WITHIN, Periods, kept_longest, remains
from afterbill.settings.surveys import load_policy

ROOT = Path(__file__).resolve().parents[3]
NOON = datetime(2026, 11, 22, 12, tzinfo=UTC)
DAY = timedelta(days=1)
PERIODS = Periods(surveys=430 * DAY, audit=1095 * DAY, recovery=7 * DAY, logs=30 * DAY, copies=90 * DAY)
SETTLING = PrivacyRequest(
    "5f" * 16,
    RequestKind.ERASE,
    NOON,
    "key:1",
    NOON,
    state=RequestState.SETTLING,
    settle_at=NOON,
    alias_hashes=frozenset({"0a"}),
    removed={"invitations": 3, "objections_kept": 1},
)
DONE = replace(SETTLING, state=RequestState.DONE, done_at=NOON + timedelta(minutes=5))


def ends(request: PrivacyRequest, periods: Periods = PERIODS, *, kept: bool = False) -> dict[str, datetime | None]:
    return {one.what: one.ends_at for one in remains(request, periods, NOON) if one.kept is kept}


def test_copies_end_by_themselves_counted_from_the_end_of_the_second_look() -> None:
    assert ends(DONE) == {
        "stream": DONE.done_at + DAY,
        "archive": DONE.done_at + timedelta(hours=3),
        "results": DONE.done_at + timedelta(hours=3) + 2 * DAY,
        "recovery": DONE.done_at + 7 * DAY,
        "logs": DONE.done_at + 30 * DAY,
        "copies": DONE.done_at + 90 * DAY,
        "dead_letters": DONE.done_at + 14 * DAY,
    }


def test_until_then_the_second_look_comes_within_an_hour_and_all_counts_from_there() -> None:
    assert ends(SETTLING)["second_look"] == NOON + LOOKS_WITHIN
    assert ends(SETTLING)["recovery"] == NOON + LOOKS_WITHIN + 7 * DAY


def test_what_a_stack_does_not_have_is_not_left() -> None:
    assert list(ends(DONE, Periods(dead_letters=timedelta()))) == ["stream", "archive", "results"]


def test_what_is_kept_on_purpose_is_named_with_its_end_or_without_one() -> None:
    assert ends(DONE, kept=True) == {
        "tombstones": DONE.done_at + 430 * DAY,
        "objections": None,
        "marks": None,
        "ledger": None,
        "request": DONE.done_at + 90 * DAY,
        "audit": DONE.done_at + 1095 * DAY,
    }


def test_of_somebody_who_was_not_known_there_is_nothing_but_the_request() -> None:
    nobody = replace(DONE, removed={}, alias_hashes=frozenset())

    assert list(ends(nobody, kept=True)) == ["ledger", "request", "audit"]


def test_a_tombstone_is_kept_as_long_as_the_slowest_survey_would_be() -> None:
    policy = load_policy(ROOT / "layers" / "config" / "surveys.toml")

    assert kept_longest(policy) > policy.retention.responses
    assert kept_longest(replace(policy, rules={})) == policy.retention.responses
