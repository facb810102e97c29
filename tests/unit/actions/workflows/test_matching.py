"""Conditions of workflows: each is held or not, and says why."""

from dataclasses import replace
from datetime import timedelta

import pytest

from afterbill.model.billing import Money, Touchpoint
from afterbill.model.invitation import Answer, Invitation
from afterbill.model.questions import Category, Question
from afterbill.model.recurring import Recurring
from afterbill_actions.effects import Effects
from afterbill_actions.events import Event, EventType
from afterbill_actions.matching import Finding, held, judge, judge_event, needs_earlier
from afterbill_actions.ports import Snapshot
from afterbill_actions.workflow import Occurrence, Turn, When
from tests.factories import NOON
from tests.unit.actions.workflows.workflow_world import ID, NOW, answered, asked

CSAT = {"source": "shop", "question": "csat"}


def seen(
    invitation: Invitation, earlier: tuple[Invitation, ...] = (), versions: int = 1, first: int | None = None
) -> Snapshot:
    return Snapshot(invitation, None, Effects(ID, versions=versions, first_rating=first), earlier=earlier)


def before(rating: int, days: int = 30) -> Invitation:
    """Return an earlier answer of the same customer to the same question."""
    return answered(rating, id=f"{days:032x}", answered_at=NOW - timedelta(days=days))


def only(when: When, snapshot: Snapshot) -> tuple[bool, str]:
    (finding,) = judge(when, snapshot)
    return finding.held, finding.why


def test_without_conditions_every_answer_counts() -> None:
    assert judge(When(), seen(answered())) == []
    assert held([])


def test_no_answer_meets_nothing() -> None:
    (finding,) = judge(When(), seen(asked()))
    assert (finding.held, finding.why) == (False, "there is no answer, or it was taken back as a machine's")


def test_all_conditions_have_to_hold() -> None:
    findings = judge(When(ratings=frozenset({3}), comment=True), seen(answered(3)))
    assert findings == [
        Finding("ratings", held=True, why="the rating is 3, wanted: 3"),
        Finding("comment", held=False, why="there is no comment"),
    ]
    assert not held(findings)


CASES: list[tuple[When, Invitation, bool, str]] = [
    (When(ratings=frozenset({0, 1})), answered(3), False, "the rating is 3, wanted: 0, 1"),
    (When(categories=frozenset({Category.DETRACTOR})), answered(6), True, "detractor, wanted: detractor"),
    (
        When(categories=frozenset({Category.DETRACTOR})),
        answered(4, segments=CSAT),
        False,
        "promoter, wanted: detractor",
    ),
    (When(questions=frozenset({Question.NPS})), answered(), True, "nps, wanted: nps"),
    (
        When(questions=frozenset({Question.NPS, Question.CES})),
        answered(segments=CSAT),
        False,
        "csat, wanted: ces, nps",
    ),
    (
        When(touchpoints=frozenset({Touchpoint.RENEWED})),
        answered(),
        False,
        "payment_succeeded, wanted: renewed",
    ),
    (When(sources=frozenset({"shop"})), answered(), True, "shop, wanted: shop"),
    (When(plans=frozenset({"Pro"})), answered(segments={"plan": "Pro"}), True, "Pro, wanted: Pro"),
    (When(plans=frozenset({"Pro"})), answered(), False, "none is known, wanted: Pro"),
    (When(comment=True), answered(3, "Too dear"), True, "there is a comment"),
    (When(comment=False), answered(3, "Too dear"), False, "there is a comment"),
    (When(contact=True), answered(), False, "the customer did not agree to be contacted"),
    (When(contact=True), answered(answer=Answer(3, contact_ok=True)), True, "the customer may be contacted"),
    (When(confirmed=True), answered(), True, "the answer was sent"),
    (
        When(confirmed=True),
        answered(confirmed=False),
        False,
        "a number was clicked and its page seen, but nothing sent",
    ),
]


@pytest.mark.parametrize(("when", "invitation", "is_held", "why"), CASES)
def test_a_condition_on_the_answer(when: When, invitation: Invitation, is_held: bool, why: str) -> None:  # a case
    assert only(when, seen(invitation)) == (is_held, why)


MINOR = "EUR in minor units for a month, wanted: 5000 at least"
AT_LEAST_50 = When(recurring_at_least=5000, currency="EUR")


@pytest.mark.parametrize(
    ("recurring", "is_held", "why"),
    [
        (None, False, "no recurring amount is known"),
        (Recurring(Money(9900, "USD"), 1, "month"), False, "the amount is in USD, not in EUR"),
        (Recurring(Money(60000, "EUR"), 1, "year"), True, f"5000 {MINOR}"),
        (
            Recurring(Money(4999, "EUR"), 1, "month"),
            False,
            f"4999 {MINOR}",
        ),
    ],
)
def test_an_amount_counts_by_the_month_and_in_its_currency(
    recurring: Recurring | None,
    is_held: bool,  # a case
    why: str,
) -> None:
    assert only(AT_LEAST_50, seen(answered(recurring=recurring))) == (is_held, why)


# The customer's earlier answers

WORSE, BETTER = When(category_change=Turn.WORSE), When(category_change=Turn.BETTER)


def test_a_category_is_worse_than_in_the_newest_answer_before() -> None:
    snapshot = seen(answered(7), (before(9, days=30), before(2, days=90)))
    assert only(WORSE, snapshot) == (True, "promoter before, passive now; wanted: worse")
    assert only(BETTER, snapshot)[0] is False


def test_a_category_is_better_than_before() -> None:
    assert only(BETTER, seen(answered(9), (before(8),)))[0] is True


@pytest.mark.parametrize("when", [WORSE, BETTER])
def test_another_number_of_the_same_category_is_no_change(when: When) -> None:
    assert only(when, seen(answered(3), (before(6),)))[0] is False


def test_without_an_earlier_answer_it_counts_since_this_one_was_first_given() -> None:
    assert only(WORSE, seen(answered(3), first=9)) == (True, "promoter before, detractor now; wanted: worse")
    assert only(WORSE, seen(answered(3), (before(3),), first=9))[0] is False


def test_a_first_answer_as_it_was_given_is_no_change() -> None:
    words = "there is no earlier answer to the same question, and this one stands as it was first given"
    assert only(WORSE, seen(answered(3))) == (False, words)


FIRST, REPEATED = When(low_score=Occurrence.FIRST), When(low_score=Occurrence.REPEATED)


@pytest.mark.parametrize(
    ("rating", "earlier", "first", "repeated"),
    [
        (3, (), True, False),
        (3, (before(9),), True, False),
        (3, (before(9, days=10), before(6, days=50)), False, True),
        (9, (before(2),), False, False),
        (7, (), False, False),
    ],
)
def test_a_low_score_is_the_first_of_a_customer_or_a_further_one(
    rating: int,
    earlier: tuple[Invitation, ...],
    first: bool,  # a case
    repeated: bool,  # a case
) -> None:
    snapshot = seen(answered(rating), earlier)
    assert (only(FIRST, snapshot)[0], only(REPEATED, snapshot)[0]) == (first, repeated)


def test_a_low_score_says_what_it_counted() -> None:
    why = "detractor; low scores of this customer before: 1; wanted: the repeated low score"
    assert only(REPEATED, seen(answered(3), (before(4),)))[1] == why


@pytest.mark.parametrize(
    ("when", "needed"),
    [
        (When(ratings=frozenset({3})), False),
        (WORSE, True),
        (FIRST, True),
        (When(events=(EventType.CATEGORY_CHANGED,)), True),
    ],
)
def test_earlier_answers_are_read_only_where_a_condition_looks_at_them(when: When, needed: bool) -> None:  # a case
    assert needs_earlier([When(), when]) is needed


# Events


@pytest.mark.parametrize(
    ("event", "snapshot", "is_held"),
    [
        (EventType.RESPONSE_RECORDED, seen(answered()), True),
        (EventType.RESPONSE_CHANGED, seen(answered()), False),
        (EventType.RESPONSE_CHANGED, seen(answered(), versions=2), True),
        (EventType.RESPONSE_REVIEWED, seen(answered()), False),
        (EventType.RESPONSE_REVIEWED, seen(answered(confirmed=False)), True),
        (EventType.CATEGORY_CHANGED, seen(answered(3), (before(9),)), True),
        (EventType.CATEGORY_CHANGED, seen(answered(3), (before(3),)), False),
        (EventType.SURVEY_SENT, seen(answered()), False),
    ],
)
def test_an_event_counts_once_it_was_told_of_the_response(
    event: EventType, snapshot: Snapshot, is_held: bool
) -> None:  # a case
    assert only(When(events=(event,)), snapshot)[0] is is_held


def test_events_say_which_were_told() -> None:
    both = When(events=(EventType.RESPONSE_RECORDED, EventType.RESPONSE_CHANGED))
    assert only(both, seen(answered(), versions=2))[1] == "told: ResponseChanged, ResponseRecorded"
    assert only(When(events=(EventType.RESPONSE_CHANGED,)), seen(answered()))[1] == "not told so far: ResponseChanged"
    assert (
        only(When(events=(EventType.SOURCE_SILENT,)), seen(answered()))[1]
        == "not told so far: an event about no answer"
    )


SILENT = Event("e1", EventType.SOURCE_SILENT, NOON, {"source": "shop"})


def test_an_event_about_no_answer_fires_only_where_it_is_named() -> None:
    assert held(judge_event(When(events=(EventType.SOURCE_SILENT,)), SILENT))
    assert not held(judge_event(When(), SILENT))
    assert not held(judge_event(When(events=(EventType.CUSTOMER_OBJECTED,)), SILENT))


def test_an_event_meets_conditions_on_what_it_tells() -> None:
    silent = When(events=(EventType.SOURCE_SILENT,))
    assert held(judge_event(replace(silent, sources=frozenset({"shop"})), SILENT))
    assert judge_event(replace(silent, sources=frozenset({"other"})), SILENT)[1] == Finding(
        "sources", held=False, why="shop, wanted: other"
    )
    sent = Event("e2", EventType.SURVEY_SENT, NOON, {"touchpoint": "renewed", "segments": {"plan": "Pro"}})
    wanted = When(
        events=(EventType.SURVEY_SENT,), touchpoints=frozenset({Touchpoint.RENEWED}), plans=frozenset({"Pro"})
    )
    assert held(judge_event(wanted, sent))
    assert not held(judge_event(wanted, replace(sent, detail={"touchpoint": "renewed", "segments": None})))
