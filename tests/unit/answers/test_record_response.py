from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from afterbill.answers.parse_answer import Problem, parse_answer
from afterbill.answers.rate_limit import RateLimiter
from afterbill.answers.record_response import (
    Outcome,
    RespondDeps,
    Responded,
    record_response,
    referral_token,
    report_seen,
    show_survey,
    show_unsubscribe,
    unsubscribe,
)
from afterbill.answers.visitors import Visitor
from afterbill.model import links
from afterbill.model.invitation import COMMENT_LENGTH, RETENTION, Answer, Invitation, State
from afterbill.model.links import Purpose
from afterbill.model.questions import SCALES, Question
from afterbill.model.visits import HIDDEN, MOST_OF_ONE, Kind, Visit
from afterbill_cli.memory.keys import MemoryLinkKeys
from tests.factories import (
    DAY,
    HOUR,
    KEYS,
    MINUTE,
    NOON,
    SECOND,
    customer,
    day_of,
    hash_address,
    invitation,
    survey_token,
)
from tests.world import World


@pytest.fixture
def world() -> World:
    """Ada's survey went out at noon."""
    world = World()
    world.stored.invitations[invitation().id] = invitation(state=State.SENT, sent_at=NOON, due_at=NOON)
    world.stored.people["ada"] = customer()
    return world


def stored(world: World) -> Invitation:
    return world.stored.invitations[invitation().id]


REASONS = frozenset({"price", "service"})
SOMEBODY = Visitor("c0000207", "firefox")


def responding(world: World, throttle: RateLimiter | None = None) -> RespondDeps:
    return RespondDeps(
        world.table, MemoryLinkKeys(KEYS), day_of, hash_address, REASONS, throttle or RateLimiter(most=1000)
    )


def open_page(
    world: World, rating: str | None, visitor: Visitor = SOMEBODY, needs: RespondDeps | None = None
) -> Responded:
    query = {} if rating is None else {"rating": rating}
    return show_survey(survey_token(stored(world)), query, visitor, needs or responding(world), world.now)


def report(world: World, rating: str, needs: RespondDeps | None = None) -> Responded:
    fields = {"seen": "1", "rating": rating}
    return report_seen(survey_token(stored(world)), fields, SOMEBODY, needs or responding(world), world.now)


@pytest.mark.parametrize("rating", range(11))
def test_every_rating_from_zero_to_ten_is_an_answer(world: World, rating: int) -> None:
    assert world.answer(stored(world), rating=str(rating)).outcome is Outcome.RECORDED
    assert stored(world).answer == Answer(rating)


@pytest.mark.parametrize(
    "rating", ["11", "-1", "9.5", "nine", "", " ", "07", " 7", "7 ", "+7", "１", "٣", "7\n", "1e1"]
)
def test_anything_else_is_no_rating(world: World, rating: str) -> None:
    asked = stored(world)
    assert world.answer(asked, rating=rating) == Responded(Outcome.INVALID, asked, Problem.RATING)
    assert stored(world) == asked


def test_a_form_without_a_rating_and_one_that_is_no_form_are_refused(world: World) -> None:
    assert world.answer(stored(world), comment="good").problem is Problem.RATING
    refused = record_response(survey_token(stored(world)), None, responding(world), NOON)
    assert (refused.outcome, refused.problem) == (Outcome.INVALID, Problem.FORM)


@given(st.dictionaries(st.sampled_from(["rating", "comment", "reason", "contact_ok", "x"]), st.text()))
def test_whatever_is_submitted_is_an_answer_or_a_problem_with_it(fields: dict[str, str]) -> None:
    parsed = parse_answer(fields, REASONS)
    rated = fields.get("rating") in {str(rating) for rating in range(11)}
    assert isinstance(parsed, Answer) == (rated and fields.get("reason", "") in {"", *REASONS})


@pytest.mark.parametrize(
    "comment",
    [
        "<script>alert('x')</script>",
        "😀 👩‍👩‍👧",
        "שלום عليكم \u202e",
        "one\n\ntwo",
        "'; DROP TABLE",
        "=HYPERLINK(0)",
        "one\ttab",
    ],
)
def test_a_comment_is_kept_as_it_was_written(world: World, comment: str) -> None:
    world.answer(stored(world), rating="9", comment=comment)
    assert stored(world).answer == Answer(9, comment=comment)


def test_the_line_ends_of_forms_and_the_blanks_around_a_comment_are_not_kept(world: World) -> None:
    world.answer(stored(world), rating="9", comment="  one\r\ntwo\r\n")
    assert stored(world).answer == Answer(9, comment="one\ntwo")


@pytest.mark.parametrize("typed", ["a\x00b", "a\x1bb", "\x7fab", "a\x9fb", "ab\x08", "a\x0bb", "\x00 ab \x01"])
def test_control_characters_are_no_text(world: World, typed: str) -> None:
    world.answer(stored(world), rating="9", comment=typed)
    assert stored(world).answer == Answer(9, comment="ab")


@pytest.mark.parametrize("reason", ["speed", "Price", " price", "price ", "__proto__", "<b>", "x" * 300, "\udfff"])
def test_a_reason_nobody_offered_is_refused(world: World, reason: str) -> None:
    assert world.answer(stored(world), rating="9", reason=reason).problem is Problem.REASON
    assert stored(world).answer is None


def test_half_a_surrogate_pair_becomes_a_question_mark(world: World) -> None:
    world.answer(stored(world), rating="9", comment="a\ud800b")
    assert stored(world).answer == Answer(9, comment="a?b")


def test_ten_thousand_characters_are_kept_whole(world: World) -> None:
    world.answer(stored(world), rating="9", comment="ä" * COMMENT_LENGTH)
    assert stored(world).answer == Answer(9, comment="ä" * 10_000)


def test_one_more_is_refused_rather_than_cut_off(world: World) -> None:
    refused = world.answer(stored(world), rating="9", comment="ä" * (COMMENT_LENGTH + 1))
    assert (refused.outcome, refused.problem) == (Outcome.INVALID, Problem.COMMENT)
    assert stored(world).answer is None


@pytest.mark.parametrize(("given", "meant"), [("on", True), ("true", True), ("", False), ("off", False), ("no", False)])
def test_only_a_clear_yes_permits_contact(world: World, given: str, meant: bool) -> None:
    world.answer(stored(world), rating="9", reason="price", contact_ok=given)
    assert stored(world).answer == Answer(9, reason="price", contact_ok=meant)


def test_the_first_answer_fixes_the_moment_and_the_operators_day(world: World) -> None:
    world.answer(stored(world), rating="9")
    assert (stored(world).answered_at, stored(world).answered_day) == (NOON, "2026-11-22")


def test_a_later_answer_changes_what_was_said_and_not_when(world: World) -> None:
    world.answer(stored(world), rating="9", comment="good")
    world.now += 3 * DAY
    assert world.answer(stored(world), rating="0").outcome is Outcome.RECORDED
    assert stored(world).answer == Answer(0)
    assert (stored(world).answered_at, stored(world).answered_day) == (NOON, "2026-11-22")


def test_the_page_that_follows_knows_what_was_recorded(world: World) -> None:
    recorded = world.answer(stored(world), rating="9")
    assert recorded.invitation == stored(world)


def test_the_last_moment_of_the_window_counts(world: World) -> None:
    world.now += 30 * DAY
    assert world.answer(stored(world), rating="9").outcome is Outcome.RECORDED


def test_after_it_the_survey_is_closed_and_the_answer_stays(world: World) -> None:
    world.answer(stored(world), rating="9")
    world.now += 30 * DAY + SECOND
    assert world.answer(stored(world), rating="0").outcome is Outcome.CLOSED
    assert stored(world).answer == Answer(9)


@pytest.mark.parametrize("state", [State.PENDING, State.CLOSED])
def test_what_nobody_was_asked_cannot_be_answered(world: World, state: State) -> None:
    world.change(invitation().id, state=state)
    assert world.answer(stored(world), rating="9").outcome is Outcome.CLOSED
    assert stored(world).answer is None


@pytest.mark.parametrize("state", [State.SENDING, State.UNKNOWN])
def test_a_mail_whose_end_is_unknown_can_be_answered_by_whoever_got_it(world: World, state: State) -> None:
    world.change(invitation().id, state=state)
    assert world.answer(stored(world), rating="9").outcome is Outcome.RECORDED


Use = Callable[[str, RespondDeps], Responded]
SURVEY_VISITS: list[Use] = [
    lambda token, needs: show_survey(token, {}, SOMEBODY, needs, NOON + HOUR),
    lambda token, needs: show_survey(token, {"rating": "9"}, SOMEBODY, needs, NOON + HOUR),
    lambda token, needs: record_response(token, {"rating": "9"}, needs, NOON + HOUR),
    lambda token, needs: record_response(token, {"rating": "eleven"}, needs, NOON + HOUR),
]
UNSUBSCRIBE_VISITS: list[Use] = [
    lambda token, needs: show_unsubscribe(token, needs, NOON + HOUR),
    lambda token, needs: unsubscribe(token, needs, NOON + HOUR),
]
VISITS = [
    *((visit, Purpose.SURVEY) for visit in SURVEY_VISITS),
    *((visit, Purpose.UNSUBSCRIBE) for visit in UNSUBSCRIBE_VISITS),
]


@pytest.mark.parametrize(("visit", "purpose"), VISITS)
def test_a_forged_link_and_one_of_another_purpose_lead_nowhere(world: World, visit: Use, purpose: Purpose) -> None:
    before = (stored(world), world.stored.people["ada"])
    for token in ("", "forged", survey_token(stored(world), Purpose(3 - purpose))):
        assert visit(token, responding(world)) == Responded(Outcome.NOT_FOUND)
    assert (stored(world), world.stored.people["ada"]) == before


@pytest.mark.parametrize(("visit", "purpose"), VISITS)
def test_a_link_to_what_no_longer_exists_leads_nowhere(world: World, visit: Use, purpose: Purpose) -> None:
    token = survey_token(invitation(id="ff" * 16), purpose)
    assert visit(token, responding(world)) == Responded(Outcome.NOT_FOUND)


@pytest.mark.parametrize(("visit", "purpose"), VISITS)
def test_an_expired_link_is_closed(world: World, visit: Use, purpose: Purpose) -> None:
    token = survey_token(stored(world), purpose, lives=HOUR - SECOND)
    assert visit(token, responding(world)) == Responded(Outcome.CLOSED, stored(world))
    assert stored(world).answer is None
    assert not world.stored.suppressions


def test_opening_the_pages_any_number_of_times_answers_nothing(world: World) -> None:
    before = (stored(world), world.stored.people["ada"])
    for _ in range(3):
        assert open_page(world, None) == Responded(Outcome.SHOWN, stored(world))
        asked = show_unsubscribe(survey_token(stored(world), Purpose.UNSUBSCRIBE), responding(world), NOON)
        assert asked == Responded(Outcome.ASKED, stored(world))
    assert (stored(world), world.stored.people["ada"]) == before
    assert not world.stored.suppressions


@pytest.mark.parametrize(
    ("rating", "visitor", "kind", "number"),
    [
        ("9", SOMEBODY, Kind.OPENED, 9),
        (HIDDEN, SOMEBODY, Kind.HIDDEN, None),
        ("9", Visitor(probing=True), Kind.PROBED, 9),
        (None, Visitor(probing=True), Kind.PROBED, None),
        ("9", Visitor(probing=True, ahead=True), Kind.AHEAD, 9),
        (HIDDEN, Visitor(probing=True), Kind.HIDDEN, None),
    ],
)
def test_a_use_that_says_something_is_kept(
    world: World, rating: str | None, visitor: Visitor, kind: Kind, number: int | None
) -> None:
    shown = open_page(world, rating, visitor)
    assert shown == Responded(Outcome.SHOWN, stored(world))
    assert stored(world).visits == (Visit(NOON, kind, number, visitor.network, visitor.family, visitor.scanner),)
    assert stored(world).answer is None


@pytest.mark.parametrize("rating", [None, "", "eleven", "07"])
def test_a_use_that_says_nothing_is_only_read(world: World, rating: str | None) -> None:
    assert open_page(world, rating).outcome is Outcome.SHOWN
    assert stored(world).visits == ()


@pytest.mark.parametrize(
    ("rating", "visitor", "kinds"),
    [
        ("9", SOMEBODY, []),
        ("9", Visitor(probing=True), [Kind.PROBED]),
        ("9", Visitor(probing=True, ahead=True), [Kind.AHEAD]),
        (HIDDEN, SOMEBODY, [Kind.HIDDEN]),
    ],
)
def test_a_page_that_a_browser_loads_again_is_no_new_click_and_hides_no_machine(
    world: World, rating: str, visitor: Visitor, kinds: list[Kind]
) -> None:
    query = {"rating": rating, "again": "1"}
    shown = show_survey(survey_token(stored(world)), query, visitor, responding(world), world.now)
    assert shown.outcome is Outcome.SHOWN
    assert [visit.kind for visit in stored(world).visits] == kinds


def test_no_more_visits_are_kept_than_are_judged(world: World) -> None:
    for _ in range(MOST_OF_ONE + 3):
        assert open_page(world, "9").outcome is Outcome.SHOWN
    assert len(stored(world).visits) == MOST_OF_ONE


def test_a_page_that_was_seen_is_kept_and_is_no_answer(world: World) -> None:
    assert report(world, "9") == Responded(Outcome.SEEN, stored(world))
    assert stored(world).visits == (Visit(NOON, Kind.SEEN, 9, "c0000207", "firefox"),)
    assert stored(world).answer is None


@pytest.mark.parametrize("rating", ["", "11", "none", "9.0"])
def test_what_was_seen_is_one_number(world: World, rating: str) -> None:
    assert report(world, rating) == Responded(Outcome.INVALID, problem=Problem.RATING)
    assert stored(world).visits == ()


def test_nothing_is_seen_of_what_is_expired_erased_or_not_ours(world: World) -> None:
    expired = survey_token(stored(world), lives=-HOUR)
    erased = survey_token(invitation(id="ff" * 16))
    fields = {"seen": "1", "rating": "9"}
    outcomes = [
        report_seen(token, fields, SOMEBODY, responding(world), NOON).outcome for token in ("forged", expired, erased)
    ]
    assert outcomes == [Outcome.NOT_FOUND, Outcome.CLOSED, Outcome.NOT_FOUND]
    assert stored(world).visits == ()


@pytest.mark.parametrize("question", Question)
def test_a_rating_is_one_of_the_scale_of_its_question(world: World, question: Question) -> None:
    world.change(invitation().id, segments={"question": question})
    for rating in range(11):
        fits = rating in SCALES[question].ratings
        answered = world.answer(stored(world), rating=str(rating))
        report(world, str(rating), responding(world))
        assert (answered.outcome, answered.problem) == (
            (Outcome.RECORDED, None) if fits else (Outcome.INVALID, Problem.RATING)
        )
    assert {visit.rating for visit in stored(world).visits} == set(SCALES[question].ratings)


def test_a_confirmed_answer_takes_the_place_of_an_unconfirmed_one_and_of_its_label(world: World) -> None:
    world.change(invitation().id, answer=Answer(3, confirmed=False), label="hidden_link")
    world.answer(stored(world), rating="9")
    assert (stored(world).answer, stored(world).label) == (Answer(9), "")


@pytest.mark.parametrize("seen", ["", "0", "2", "yes", "false", "True"])
def test_a_report_says_yes_or_is_refused(world: World, seen: str) -> None:
    fields = {"seen": seen, "rating": "9"}
    reported = report_seen(survey_token(stored(world)), fields, SOMEBODY, responding(world), NOON)
    assert reported == Responded(Outcome.INVALID, problem=Problem.FORM)
    assert stored(world).visits == ()


def test_a_link_is_not_used_without_end(world: World) -> None:
    needs = responding(world, RateLimiter(most=2, seconds=60))
    uses = [open_page(world, "9", needs=needs).outcome for _ in range(3)]
    assert uses == [Outcome.SHOWN, Outcome.SHOWN, Outcome.TOO_MANY]
    assert len(stored(world).visits) == 2
    token = survey_token(stored(world))
    sent = [record_response(token, {"rating": "9"}, needs, NOON, SOMEBODY.network).outcome for _ in range(3)]
    assert sent == [Outcome.RECORDED, Outcome.RECORDED, Outcome.TOO_MANY]
    assert report(world, "9", needs).outcome is Outcome.TOO_MANY
    world.now += MINUTE
    assert open_page(world, "9", needs=needs).outcome is Outcome.SHOWN


def test_a_robot_elsewhere_locks_nobody_out(world: World) -> None:
    needs = replace(responding(world, RateLimiter(most=2)), crowd=RateLimiter(most=3))
    robot, another = Visitor("0b0700b0"), Visitor("0b0700b1")
    assert [open_page(world, "3", robot, needs).outcome for _ in range(9)][2:] == [Outcome.TOO_MANY] * 7
    assert open_page(world, "9", needs=needs).outcome is Outcome.SHOWN
    assert open_page(world, "3", another, needs).outcome is Outcome.TOO_MANY  # from all of them together
    assert report(world, "9", needs).outcome is Outcome.SEEN
    answered = record_response(survey_token(stored(world)), {"rating": "9"}, needs, NOON, SOMEBODY.network)
    assert answered.outcome is Outcome.RECORDED


def test_the_link_to_pass_on_names_the_invitation_and_serves_nothing_else(world: World) -> None:
    token = referral_token(stored(world), responding(world))
    assert token == referral_token(stored(world), responding(world))
    read = links.read(token, Purpose.REFERRAL, KEYS)
    assert read == links.Link(stored(world).id, stored(world).answer_until + RETENTION)
    assert links.read(token, Purpose.SURVEY, KEYS) is None


def leave(world: World, after: timedelta = timedelta(0)) -> Responded:
    return unsubscribe(survey_token(stored(world), Purpose.UNSUBSCRIBE), responding(world), NOON + after)


def test_unsubscribing_suppresses_the_address_and_its_holder(world: World) -> None:
    assert leave(world) == Responded(Outcome.UNSUBSCRIBED, stored(world))
    assert world.stored.suppressions == {hash_address("ada@example.com"): "unsubscribed"}
    assert world.stored.people["ada"].suppressed == "unsubscribed"


def test_unsubscribing_twice_is_harmless(world: World) -> None:
    leave(world)
    version = world.stored.people["ada"].version
    assert leave(world, HOUR).outcome is Outcome.UNSUBSCRIBED
    assert world.stored.people["ada"].version == version


def test_unsubscribing_works_long_after_the_survey_closed(world: World) -> None:
    assert leave(world, 399 * DAY).outcome is Outcome.UNSUBSCRIBED


def test_an_objection_is_heard_after_an_erasure_too(world: World) -> None:
    world.stored.people.clear()
    assert leave(world).outcome is Outcome.UNSUBSCRIBED
    assert world.stored.suppressions == {hash_address("ada@example.com"): "unsubscribed"}


def test_an_objection_is_about_the_address_that_the_survey_went_to(world: World) -> None:
    world.change_person("ada", address="new@example.com", address_hash=hash_address("new@example.com"))
    leave(world)
    assert world.stored.suppressions == {hash_address("ada@example.com"): "unsubscribed"}
    assert world.stored.people["ada"].suppressed is None


def test_a_link_signed_by_a_key_that_was_rotated_in_a_moment_ago_works_at_once() -> None:
    world = World()
    one = world.sent()
    keys = MemoryLinkKeys({0: KEYS[0]}, upcoming={1: KEYS[1]})
    rotated = RespondDeps(world.table, keys, day_of, hash_address)
    assert show_survey(survey_token(one), {}, SOMEBODY, rotated, world.now).outcome is Outcome.SHOWN
