from datetime import datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from afterbill.model.billing import BillingEvent, CustomerRef, Touchpoint
from afterbill.model.customer import (
    MOST_WAITING,
    Customer,
    Suppression,
    Waiting,
    await_survey,
    learn,
    weightiest,
)
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
    described = CustomerRef("cus_1", ADA, "Ada", "en", "GB", "Europe/London", {"seats": "5"})
    person = learn(STRANGER, news(described, plan="pro"))
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
    person = learn(STRANGER, news(CustomerRef("cus_1", name="Ada")))
    assert learn(person, news(CustomerRef("cus_1", name="Ada"), NOON + 23 * HOUR)) is person
    assert learn(person, news(CustomerRef("cus_1", name="Ada"))) is person


def test_an_address_that_was_put_right_stays_so_whenever_the_mistake_arrives() -> None:
    """Or the survey would go to whoever has the address that was typed by mistake."""
    person = learn(STRANGER, news(ref()))
    person = learn(person, news(ref(), NOON + HOUR))
    assert learn(person, news(ref(email="eve@example.com"), NOON + HOUR / 2)).address == ADA


def test_what_is_said_again_a_day_later_counts_from_then_on() -> None:
    """Or an older word that comes late would win over it: mail would go to an address that was left long ago."""
    person = learn(STRANGER, news(ref(email="new@example.com")))
    person = learn(person, news(ref(email="new@example.com"), NOON + 20 * DAY))
    person = learn(person, news(ref(email="older@example.com"), NOON + 10 * DAY))
    assert person.address == "new@example.com"


@st.composite
def histories(draw: st.DrawFn) -> list[BillingEvent]:
    """Values that never come back once they are replaced, said at moments of their own, each event saying some."""
    moments = sorted(draw(st.sets(NOVEMBER, min_size=1, max_size=5)))

    def some(value: str) -> str | None:
        return value if draw(st.booleans()) else None

    def described(number: int) -> CustomerRef:
        seats = {"seats": str(number)} if draw(st.booleans()) else {}
        return CustomerRef("c", some(f"{number}@example.com"), some(f"name {number}"), some("de"), attributes=seats)

    return [news(described(number), at, plan=some(f"plan {number}")) for number, at in enumerate(moments)]


@given(histories(), st.randoms(use_true_random=False))
def test_events_teach_the_same_in_any_order(events: list[BillingEvent], random: object) -> None:
    shuffled = [*events, *events]
    random.shuffle(shuffled)
    assert profile(taught(STRANGER, *shuffled)) == profile(taught(STRANGER, *events))


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


def waits(*priorities: int, until: datetime = NOON + DAY) -> dict[str, Waiting]:
    return {f"survey {priority}": Waiting(priority, NOON, until) for priority in priorities}


def test_a_customer_waits_for_the_better_survey_first() -> None:
    waiting = await_survey(waits(50, 80), "new", Waiting(70, NOON, NOON + DAY), NOON)
    assert list(waiting) == ["survey 80", "new", "survey 50"]


def test_of_two_as_good_for_the_one_due_first() -> None:
    waiting = await_survey(waits(50), "new", Waiting(50, NOON - HOUR, NOON + DAY), NOON)
    assert list(waiting) == ["new", "survey 50"]


def test_only_the_best_are_remembered() -> None:
    waiting = await_survey(waits(10, 20, 30, 40, 50), "new", Waiting(60, NOON, NOON + DAY), NOON)
    assert list(waiting) == ["new", "survey 50", "survey 40", "survey 30", "survey 20"]
    assert len(waiting) == MOST_WAITING
    assert "worst" not in await_survey(waiting, "worst", Waiting(0, NOON, NOON + DAY), NOON)


def test_those_that_gave_up_are_forgotten() -> None:
    given_up = waits(80, until=NOON - HOUR)
    assert list(await_survey(given_up | waits(50, until=NOON), "new", Waiting(10, NOON, NOON), NOON)) == [
        "survey 50",
        "new",
    ]


def test_a_survey_heard_of_again_is_waited_for_once() -> None:
    waiting = await_survey(waits(50), "survey 50", Waiting(50, NOON + HOUR, NOON + DAY), NOON)
    assert waiting == {"survey 50": Waiting(50, NOON + HOUR, NOON + DAY)}


@pytest.mark.parametrize(
    ("reasons", "kept"),
    [
        ((), None),
        ((None, Suppression.BOUNCED), Suppression.BOUNCED),
        ((Suppression.BOUNCED, Suppression.UNSUBSCRIBED), Suppression.UNSUBSCRIBED),
        ((Suppression.COMPLAINED, Suppression.UNSUBSCRIBED), Suppression.COMPLAINED),
    ],
)
def test_a_wish_outweighs_a_bounce_and_the_first_wish_stays(
    reasons: tuple[Suppression | None, ...], kept: Suppression | None
) -> None:
    assert weightiest(*reasons) == kept


def test_a_consent_is_never_made_of_two_halves() -> None:
    when = learn(customer(), event(customer=ref(attributes={"consent_at": "2026-05-01T00:00:00Z"})))
    what = learn(when, event(customer=ref(attributes={"consent_text": "Yes, ask me."})))
    assert "consent_at" not in what.attributes
    assert "consent_text" not in what.attributes
