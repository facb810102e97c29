"""The conditions of a workflow on an answer, or on an event about none: each is held or not, and says why."""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from afterbill.model.questions import Category
from afterbill_actions.events import ABOUT_NO_RESPONSE, Event, EventType
from afterbill_actions.workflow import Occurrence, Turn, When

if TYPE_CHECKING:
    from afterbill.model.invitation import Answer, Invitation
    from afterbill_actions.ports import Snapshot

_WORST_FIRST = (Category.DETRACTOR, Category.PASSIVE, Category.PROMOTER)


@dataclass(frozen=True, slots=True)
class Finding:
    """One condition by its key in actions.toml: whether it is held, and why, in words; never a comment or address."""

    condition: str
    held: bool
    why: str


@dataclass(frozen=True, slots=True)
class _Case:
    """A response with its answer."""

    answer: "Answer"
    snapshot: "Snapshot"

    @property
    def invitation(self) -> "Invitation":
        return self.snapshot.invitation


def held(findings: Iterable[Finding]) -> bool:
    """Return True where every condition is held, also where there is none."""
    return all(finding.held for finding in findings)


def needs_earlier(conditions: Iterable[When]) -> bool:
    """Return True where a workflow looks at the customer's earlier answers, which cost a query."""
    return any(
        when.category_change or when.low_score or EventType.CATEGORY_CHANGED in when.events for when in conditions
    )


def judge(when: When, snapshot: "Snapshot") -> Sequence[Finding]:
    """Return what each condition that is set makes of a response as it stands now."""
    answer = snapshot.invitation.answer
    if answer is None:
        return [Finding("answer", held=False, why="there is no answer, or it was taken back as a machine's")]
    case = _Case(answer, snapshot)
    return [finding for check in _CHECKS for finding in check(when, case)]


def judge_event(when: When, event: Event) -> Sequence[Finding]:
    """Return what each condition makes of an event about no response; only events that are named fire."""
    told = event.detail
    segments = told.get("segments", {})
    findings = [Finding("events", event.type in when.events, _one_of(event.type, when.events))]
    named = (
        ("touchpoints", told.get("touchpoint"), when.touchpoints),
        ("sources", told.get("source"), when.sources),
        ("plans", segments.get("plan") if isinstance(segments, Mapping) else None, when.plans),
    )
    return [*findings, *(found for name, value, wanted in named for found in _listed(name, str(value or ""), wanted))]


def turn_of(snapshot: "Snapshot") -> Turn | None:
    """Return how the category changed: against the customer's answer before, else since this one was first given."""
    now, before = category_of(snapshot.invitation), _category_before(snapshot)
    if now is None or before is None or now is before:
        return None
    return Turn.BETTER if _WORST_FIRST.index(now) > _WORST_FIRST.index(before) else Turn.WORSE


def category_of(invitation: "Invitation") -> Category | None:
    """Return the category of a response; None where there is no answer."""
    return invitation.scale.category(invitation.answer.rating) if invitation.answer else None


def happened(snapshot: "Snapshot") -> frozenset[EventType]:
    """Return the events that were told of a response until now."""
    answer = snapshot.invitation.answer
    found = {
        EventType.RESPONSE_RECORDED: answer is not None,
        EventType.RESPONSE_CHANGED: answer is not None and snapshot.effects.versions > 1,
        EventType.RESPONSE_REVIEWED: answer is not None and not answer.confirmed,
        EventType.CATEGORY_CHANGED: turn_of(snapshot) is not None,
    }
    return frozenset(event for event, is_told in found.items() if is_told)


def _category_before(snapshot: "Snapshot") -> Category | None:
    """Return the category of the newest earlier answer; without one, of the first rating of this response."""
    earlier = [one for one in snapshot.earlier if one.answer and one.answered_at]
    if earlier:
        return category_of(max(earlier, key=lambda one: (one.answered_at, one.id)))
    first = snapshot.effects.first_rating
    return None if first is None else snapshot.invitation.scale.category(first)


def _events(when: When, case: _Case) -> Iterator[Finding]:
    if when.events:
        told = happened(case.snapshot)
        found = sorted(told & set(when.events))
        missing = ", ".join(one for one in when.events if one not in ABOUT_NO_RESPONSE) or "an event about no answer"
        yield Finding("events", bool(found), f"told: {', '.join(found)}" if found else f"not told so far: {missing}")


def _ratings(when: When, case: _Case) -> Iterator[Finding]:
    if when.ratings:
        rating = case.answer.rating
        yield Finding("ratings", rating in when.ratings, f"the rating is {rating}, wanted: {_numbers(when.ratings)}")


def _categories(when: When, case: _Case) -> Iterator[Finding]:
    return _listed("categories", str(category_of(case.invitation)), when.categories)


def _questions(when: When, case: _Case) -> Iterator[Finding]:
    return _listed("questions", case.invitation.question, when.questions)


def _touchpoints(when: When, case: _Case) -> Iterator[Finding]:
    return _listed("touchpoints", case.invitation.touchpoint, when.touchpoints)


def _sources(when: When, case: _Case) -> Iterator[Finding]:
    return _listed("sources", case.invitation.source, when.sources)


def _plans(when: When, case: _Case) -> Iterator[Finding]:
    return _listed("plans", case.invitation.segments.get("plan", ""), when.plans)


def _recurring(when: When, case: _Case) -> Iterator[Finding]:
    if when.recurring_at_least is None:
        return
    recurring = case.invitation.recurring
    if recurring is None:
        yield Finding("recurring_at_least", held=False, why="no recurring amount is known")
    elif (month := recurring.per_month).currency != when.currency:
        yield Finding(
            "recurring_at_least", held=False, why=f"the amount is in {month.currency}, not in {when.currency}"
        )
    else:
        why = f"{month.amount} {month.currency} in minor units for a month, wanted: {when.recurring_at_least} at least"
        yield Finding("recurring_at_least", month.amount >= when.recurring_at_least, why)


def _comment(when: When, case: _Case) -> Iterator[Finding]:
    is_there = bool(case.answer.comment)
    return _flag(
        "comment", when.comment, "there is a comment" if is_there else "there is no comment", is_there=is_there
    )


def _contact(when: When, case: _Case) -> Iterator[Finding]:
    agreed = case.answer.contact_ok
    words = "the customer may be contacted" if agreed else "the customer did not agree to be contacted"
    return _flag("contact", when.contact, words, is_there=agreed)


def _confirmed(when: When, case: _Case) -> Iterator[Finding]:
    confirmed = case.answer.confirmed
    words = "the answer was sent" if confirmed else "a number was clicked and its page seen, but nothing sent"
    return _flag("confirmed", when.confirmed, words, is_there=confirmed)


def _category_change(when: When, case: _Case) -> Iterator[Finding]:
    if when.category_change:
        turn, before = turn_of(case.snapshot), _category_before(case.snapshot)
        if before is None:
            why = "there is no earlier answer to the same question, and this one stands as it was first given"
        else:
            why = f"{before} before, {category_of(case.invitation)} now; wanted: {when.category_change}"
        yield Finding("category_change", turn is when.category_change, why)


def _low_score(when: When, case: _Case) -> Iterator[Finding]:
    if when.low_score:
        category = category_of(case.invitation)
        lower = sum(category_of(one) is Category.DETRACTOR for one in case.snapshot.earlier)
        wanted = lower == 0 if when.low_score is Occurrence.FIRST else lower > 0
        why = f"{category}; low scores of this customer before: {lower}; wanted: the {when.low_score} low score"
        yield Finding("low_score", category is Category.DETRACTOR and wanted, why)


_CHECKS: Sequence[Callable[[When, _Case], Iterator[Finding]]] = (
    _events,
    _ratings,
    _categories,
    _questions,
    _touchpoints,
    _sources,
    _plans,
    _recurring,
    _comment,
    _contact,
    _confirmed,
    _category_change,
    _low_score,
)


def _listed(name: str, value: str, wanted: Iterable[str]) -> Iterator[Finding]:
    names = frozenset(map(str, wanted))
    if names:
        yield Finding(name, value in names, _one_of(value, names))


def _one_of(value: str, wanted: Iterable[str]) -> str:
    return f"{value or 'none is known'}, wanted: {', '.join(sorted(wanted))}"


def _flag(name: str, wanted: bool | None, words: str, *, is_there: bool) -> Iterator[Finding]:  # noqa: FBT001  # a condition
    if wanted is not None:
        yield Finding(name, is_there is wanted, words)


def _numbers(ratings: Iterable[int]) -> str:
    return ", ".join(map(str, sorted(ratings)))
