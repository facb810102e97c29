import itertools
from datetime import datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from afterbill.domain.billing import BillingEvent, CustomerRef, Touchpoint
from afterbill.domain.customer import Customer, Pending, address_hash, learn, merge, weightiest
from tests.factories import ADA, DAY, HOUR, NOON, cancellation, customer, event, news, ref, refund

NOVEMBER = st.integers(0, 20).map(lambda hours: NOON + hours * HOUR)
STRANGER = Customer("c")


def taught(person: Customer, *events: BillingEvent) -> Customer:
    for one in events:
        person = learn(person, one)
    return person


def profile(person: Customer) -> tuple[object, ...]:
    return person.address, person.name, person.locale, person.country, person.time_zone, dict(person.attributes)


def test_a_customer_is_learned_from_what_an_event_says() -> None:
    said = CustomerRef("cus_1", ADA, "Ada", "en", "GB", "Europe/London", {"seats": "5"})
    person = learn(STRANGER, news(said, plan="pro"))
    assert profile(person) == (ADA, "Ada", "en", "GB", "Europe/London", {"seats": "5", "plan": "pro"})


def test_a_newer_word_replaces_an_older_one() -> None:
    moved = learn(customer(), news(ref(email="ada@new.example"), NOON + DAY))
    assert moved.address == "ada@new.example"


def test_silence_replaces_nothing() -> None:
    assert learn(customer(name="Ada"), news(ref(), NOON + DAY)).name == "Ada"
    assert learn(customer(), news(CustomerRef("cus_1", email=" "), NOON + DAY)).address == ADA


def test_an_older_word_fills_a_gap() -> None:
    person = taught(STRANGER, news(ref(), NOON), news(ref(country="GB"), NOON - DAY))
    assert (person.address, person.country) == (ADA, "GB")


def test_a_late_change_of_address_counts_although_a_newer_payment_was_seen_first() -> None:
    first = news(ref(email="ada@old.example"), NOON)
    changed = news(ref(email="ada@new.example"), NOON + HOUR)
    paid = event(customer=CustomerRef("cus_1"), plan="pro", occurred_at=NOON + DAY)
    assert taught(STRANGER, first, paid, changed).address == "ada@new.example"


def test_of_two_words_in_the_same_second_the_one_that_arrives_last_counts() -> None:
    assert taught(STRANGER, news(ref(name="A")), news(ref(name="B"))).name == "B"


def test_what_is_said_again_changes_nothing_so_that_nothing_is_written() -> None:
    person = learn(STRANGER, news(ref(name="Ada")))
    assert learn(person, news(ref(name="Ada"), NOON + DAY)) is person


@st.composite
def histories(draw: st.DrawFn) -> list[BillingEvent]:
    """Values that never come back once they are replaced, said at moments of their own, each event saying some."""
    moments = sorted(draw(st.sets(NOVEMBER, min_size=1, max_size=5)))

    def some(value: str) -> str | None:
        return value if draw(st.booleans()) else None

    def said(number: int) -> CustomerRef:
        seats = {"seats": str(number)} if draw(st.booleans()) else {}
        return CustomerRef("c", some(f"{number}@example.com"), some(f"name {number}"), some("de"), attributes=seats)

    return [news(said(number), at, plan=some(f"plan {number}")) for number, at in enumerate(moments)]


@given(histories(), st.randoms(use_true_random=False))
def test_events_teach_the_same_in_any_order(events: list[BillingEvent], random: object) -> None:
    shuffled = [*events, *events]
    random.shuffle(shuffled)  # type: ignore[attr-defined]  # hypothesis gives a random.Random
    assert profile(taught(STRANGER, *shuffled)) == profile(taught(STRANGER, *events))


@given(histories(), st.integers(0, 5))
def test_what_two_customers_learned_is_merged_as_if_one_had_learned_it(events: list[BillingEvent], cut: int) -> None:
    whole = profile(taught(STRANGER, *events))
    mine, theirs = taught(STRANGER, *events[:cut]), taught(Customer("d"), *events[cut:])
    assert profile(merge(mine, theirs)) == profile(merge(theirs, mine)) == whole


GONE = news(ref(deleted=True), NOON)


def test_a_deletion_is_learned_once() -> None:
    person = learn(customer(), GONE)
    assert person.deleted
    assert learn(person, GONE) is person


@pytest.mark.parametrize(
    "after",
    [
        cancellation(NOON),
        cancellation(NOON + DAY),
        refund(at=NOON + DAY),
        event(touchpoint=Touchpoint.DISPUTED, occurred_at=NOON + DAY),
        event(occurred_at=NOON),
        event(occurred_at=NOON - DAY),
        news(ref(), NOON + DAY),
    ],
)
def test_what_follows_a_deletion_does_not_bring_the_customer_back(after: BillingEvent) -> None:
    assert taught(customer(), GONE, after).deleted


def test_a_later_purchase_does() -> None:
    assert not taught(customer(), GONE, event(occurred_at=NOON + DAY)).deleted


def test_a_deletion_from_before_that_purchase_no_longer_counts() -> None:
    back = taught(customer(), GONE, event(occurred_at=NOON + DAY))
    assert not learn(back, news(ref(deleted=True), NOON - DAY)).deleted
    assert learn(back, news(ref(deleted=True), NOON + 2 * DAY)).deleted


TIMES = st.none() | NOVEMBER


@given(TIMES, TIMES)
def test_merging_keeps_the_later_time_of_each_kind(first: datetime | None, second: datetime | None) -> None:
    later = max(filter(None, (first, second)), default=None)
    mine = customer(last_asked_at=first, last_adverse_at=first)
    merged = merge(mine, Customer("b", last_asked_at=second, last_adverse_at=second))
    assert (merged.last_asked_at, merged.last_adverse_at) == (later, later)


def test_the_survivor_of_a_merge_waits_for_one_survey() -> None:
    mine, theirs = Pending("1", 50, NOON), Pending("2", 50, NOON)
    assert merge(customer(pending=mine), Customer("b", pending=theirs)).pending == mine
    assert merge(customer(), Customer("b", pending=theirs)).pending == theirs


@pytest.mark.parametrize(("mine", "theirs"), list(itertools.product([True, False], repeat=2)))
def test_of_two_merged_customers_one_must_still_exist(mine: bool, theirs: bool) -> None:  # noqa: FBT001
    merged = merge(customer(deleted=mine), Customer("b", deleted=theirs))
    assert merged.deleted == (mine and theirs)


@pytest.mark.parametrize("reason", ["unsubscribed", "complained"])
def test_whoever_of_the_two_wished_it_is_never_written_to(reason: str) -> None:
    assert merge(customer(suppressed=reason), Customer("b")).suppressed == reason
    assert merge(customer(suppressed="bounced"), Customer("b", suppressed=reason)).suppressed == reason


def test_a_bounce_survives_a_merge_only_with_the_address_that_bounced() -> None:
    bounced = Customer("b", address="gone@example.com", suppressed="bounced")
    assert merge(customer(address=None), bounced).suppressed == "bounced"
    assert merge(customer(learned_at={"address": NOON}), bounced).suppressed == ""
    assert merge(customer(suppressed="bounced"), Customer("b", address="ADA@example.com")).suppressed == "bounced"


@pytest.mark.parametrize(
    ("reasons", "kept"),
    [
        ((), ""),
        (("", "bounced"), "bounced"),
        (("bounced", "unsubscribed"), "unsubscribed"),
        (("complained", "unsubscribed"), "complained"),
    ],
)
def test_a_wish_outweighs_a_bounce_and_the_first_wish_stays(reasons: tuple[str, ...], kept: str) -> None:
    assert weightiest(*reasons) == kept


def test_an_address_is_recognised_by_its_hash_whatever_its_letter_case() -> None:
    assert address_hash(" Ada@Example.COM ", b"key") == address_hash(ADA, b"key")


def test_without_the_key_nobody_can_tell_whose_hash_it_is() -> None:
    assert address_hash(ADA, b"key") != address_hash(ADA, b"other")
    assert "ada" not in address_hash(ADA, b"key")
