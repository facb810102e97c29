"""Responses, in memory and in DynamoDB."""

from dataclasses import replace
from datetime import timedelta

import pytest

from afterbill.adapters.dynamodb import keys
from afterbill.adapters.dynamodb.items import stamp
from afterbill.intake.ports import FactQuery, FactWrites
from afterbill.model.customer import Recipient
from afterbill.model.invitation import Answer, Recorded, State
from afterbill.model.questions import SCALES, Question
from afterbill.model.visits import MOST_OF_ONE, MOST_PROGRAMS, MOST_VISITS, Kind, Visit, refused
from tests.contract.conftest import TABLE
from tests.contract.people import ADDRESS, ID, NOW, customer, invitation, mailed, sending, sent, stored

SOON, TOMORROW = NOW + timedelta(minutes=5), NOW + timedelta(days=1)
CLOSES = NOW + timedelta(days=30)
ANSWER = Answer(9, "Schnell", "speed", contact_ok=True)


def test_an_answer_to_nothing_is_none(world):
    assert world.responses.record(ID, ANSWER, NOW, "2026-11-22") is None
    assert world.responses.invitation(ID) is None


def test_an_answer_is_stored_with_its_moment_and_day(world):
    asked = sent(world)

    recorded = world.responses.record(ID, ANSWER, SOON, "2026-11-22")

    assert recorded == Recorded(replace(asked, answer=ANSWER, answered_at=SOON, answered_day="2026-11-22"), stored=True)
    assert world.responses.invitation(ID) == recorded.invitation


def test_where_nobody_is_known_nobody_permits_contact(world):
    asked, _ = stored(world, invitation(customer_id="", state=State.SENT, sent_at=NOW))

    assert world.responses.record(ID, ANSWER, SOON, "2026-11-22") == Recorded(asked, stored=False)
    assert world.responses.record(ID, replace(ANSWER, contact_ok=False), SOON, "2026-11-22").stored


def test_a_rating_of_0_is_an_answer(world):
    sent(world)

    assert world.responses.record(ID, Answer(0), SOON, "2026-11-22").invitation.answer == Answer(0)


def test_a_later_answer_replaces_the_first_and_keeps_its_day(world):
    sent(world)
    world.responses.record(ID, ANSWER, SOON, "2026-11-22")

    recorded = world.responses.record(ID, Answer(2), TOMORROW, "2026-11-23")

    assert recorded.stored
    assert recorded.invitation.answer == Answer(2)
    assert (recorded.invitation.answered_at, recorded.invitation.answered_day) == (SOON, "2026-11-22")


def test_an_answer_given_before_its_mail_was_marked_survives_the_mark(world):
    ours, _ = sending(world)

    assert world.responses.record(ID, ANSWER, NOW, "2026-11-22").stored
    world.invitations.mark_sent(mailed(ours))

    marked = world.responses.invitation(ID)
    assert (marked.state, marked.answer, marked.answered_day) == (State.SENT, ANSWER, "2026-11-22")


def test_an_answer_to_a_mail_whose_fate_is_unknown_counts(world):
    ours, _ = sending(world)
    world.invitations.mark_unknown(ours)

    assert world.responses.record(ID, ANSWER, SOON, "2026-11-22").stored


@pytest.mark.parametrize("state", [State.PENDING, State.CLOSED])
def test_what_was_not_asked_is_not_answered(world, state):
    asked, _ = stored(world, invitation(state=state))

    assert world.responses.record(ID, ANSWER, SOON, "2026-11-22") == Recorded(asked, stored=False)
    assert world.responses.invitation(ID) == asked


def test_an_answer_counts_until_the_moment_it_closes(world):
    asked = sent(world)

    assert asked.answer_until == CLOSES
    assert world.responses.record(ID, ANSWER, CLOSES, "2026-12-22").stored


def test_an_answer_that_is_too_late_changes_nothing(world):
    sent(world)
    first = world.responses.record(ID, ANSWER, SOON, "2026-11-22").invitation

    assert world.responses.record(ID, Answer(0), CLOSES + timedelta(seconds=1), "2026-12-22") == Recorded(
        first, stored=False
    )
    assert world.responses.invitation(ID) == first


def test_the_survey_closes_as_long_after_the_proof_of_sending_as_after_the_sending(world):
    """The moment of SES may differ from the claim's: the page and the write must agree on it."""
    ours, _ = sending(world)
    world.invitations.mark_unknown(ours)
    world.mail_events.confirm_sent(ours, "message-1", NOW + timedelta(minutes=1), "2026-11-22")
    last = CLOSES + timedelta(minutes=1)

    assert world.responses.invitation(ID).answer_until == last
    assert world.responses.record(ID, ANSWER, last, "2026-12-22").stored


@pytest.mark.parametrize("question", Question)
def test_a_rating_outside_the_scale_of_the_question_is_not_stored(world, question):
    asked = sent(world, invitation(segments={"plan": "Pro"} if question is Question.NPS else {"question": question}))
    stored = {rating: world.responses.record(ID, Answer(rating), SOON, "2026-11-22") for rating in range(11)}

    assert {rating for rating, recorded in stored.items() if recorded.stored} == set(SCALES[question].ratings)
    assert all(recorded.invitation.answerable(SOON) for recorded in stored.values())
    assert asked.question is question


def test_a_confirmed_answer_takes_the_place_of_an_unconfirmed_one_and_of_its_label(world):
    stored(
        world,
        invitation(
            state=State.SENT, sent_at=NOW, sent_day="2026-11-22", answer=Answer(3, confirmed=False), label="hidden_link"
        ),
    )

    recorded = world.responses.record(ID, Answer(9), SOON, "2026-11-22").invitation

    assert (recorded.answer, recorded.label) == (Answer(9), "")
    assert world.responses.invitation(ID) == recorded


def test_visits_are_kept_in_their_order_and_answer_nothing(world):
    sent(world)
    first = Visit(NOW, Kind.OPENED, 9, "c0000207", "firefox")
    second = Visit(SOON, Kind.HIDDEN, None, "", "", scanner=True)

    world.responses.visit(ID, first)
    seen = world.responses.visit(ID, second)

    assert seen.visits == (first, second)
    assert seen.answer is None
    assert world.responses.invitation(ID) == seen


def test_a_visit_to_nothing_is_none_and_makes_nothing(world):
    assert world.responses.visit(ID, Visit(NOW, Kind.OPENED, 9)) is None
    assert world.responses.invitation(ID) is None


def scanned(*programs):
    """So many visits of each program."""
    return tuple(
        Visit(NOW, Kind.OPENED, 9, f"{number:08x}", "chrome")
        for number, many in enumerate(programs)
        for _ in range(many)
    )


def kept(world, visit):
    """How many visits are there before and after this one."""
    before = world.responses.invitation(ID).visits
    return len(before), len(world.responses.visit(ID, visit).visits)


def test_of_one_program_no_more_visits_are_kept_than_are_judged(world):
    stored(world, invitation(state=State.SENT, visits=scanned(MOST_OF_ONE - 1)))
    robot, person = Visit(SOON, Kind.SEEN, 9, "00000000", "chrome"), Visit(SOON, Kind.SEEN, 3, "00000000", "safari")

    assert kept(world, robot) == (MOST_OF_ONE - 1, MOST_OF_ONE)
    assert kept(world, robot) == (MOST_OF_ONE, MOST_OF_ONE)
    assert kept(world, person) == (MOST_OF_ONE, MOST_OF_ONE + 1)
    assert robot in world.responses.invitation(ID).visits


@pytest.mark.parametrize(
    "before",
    [(1,) * MOST_PROGRAMS, (MOST_OF_ONE,) * (MOST_VISITS // MOST_OF_ONE)],
    ids=["programs", "visits"],
)
@pytest.mark.parametrize("kind", [Kind.OPENED, Kind.HIDDEN, Kind.SEEN])
def test_behind_a_full_list_nothing_of_another_program_is_kept_be_it_an_opening_or_a_click(world, before, kind):
    stored(world, invitation(state=State.SENT, visits=scanned(*before)))

    assert kept(world, Visit(SOON, kind, 9, "0badcafe", "safari")) == (sum(before), sum(before) + 1)
    assert kept(world, Visit(CLOSES, kind, 9, "0badcafe", "safari")) == (sum(before) + 1, sum(before) + 1)
    assert world.responses.invitation(ID).visits[-1] == refused(CLOSES)


def test_who_is_among_the_most_programs_still_leaves_visits(world):
    stored(world, invitation(state=State.SENT, visits=scanned(*(1,) * MOST_PROGRAMS)))

    assert kept(world, Visit(SOON, Kind.SEEN, 9, "00000000", "chrome")) == (MOST_PROGRAMS, MOST_PROGRAMS + 1)


def test_a_full_list_is_no_dearer_to_write_than_ten_kilobytes(world):
    longest = [
        Visit(NOW, Kind.OPENED, 10, f"{number:08x}", "thunderbird", scanner=True) for number in range(MOST_PROGRAMS)
    ]
    stored(world, invitation(state=State.SENT, visits=tuple(longest * (MOST_VISITS // MOST_PROGRAMS))))

    names = sum(len(visit.visitor_key) + 4 for visit in longest)
    assert names + MOST_VISITS * (len(str(longest[0].code)) // 2 + 3) < 12_000


def test_a_visit_of_a_number_that_is_not_on_the_scale_is_not_kept(world):
    asked = sent(world, invitation(segments={"question": "csat"}))

    assert world.responses.visit(ID, Visit(NOW, Kind.SEEN, 9)) == asked
    assert world.responses.visit(ID, Visit(NOW, Kind.SEEN, 5)).visits == (Visit(NOW, Kind.SEEN, 5),)


def test_a_longest_comment_is_stored(world):
    sent(world)
    longest = Answer(5, "🎉" * 10_000)

    assert world.responses.record(ID, longest, SOON, "2026-11-22").invitation.answer == longest


def test_customers_are_found_by_id(world):
    world.facts.commit(FactWrites(customers=(customer("a"), customer("b"))))

    assert world.responses.customer("b") == customer("b", version=1)
    assert world.responses.customer("nobody") is None
    assert world.responses.customer("") is None


def suppression(world, address_hash=ADDRESS):
    return world.facts.look_up(FactQuery(address_hash=address_hash)).recipient.suppressed


def test_suppressing_holds_for_the_address_and_its_holder(world):
    _, who = stored(world)

    world.responses.suppress(ADDRESS, "unsubscribed", NOW, who)

    assert suppression(world) == "unsubscribed"
    assert world.responses.customer(who.id) == replace(who, suppressed="unsubscribed", version=2)


def test_an_address_without_a_holder_is_suppressed_too(world):
    world.responses.suppress(ADDRESS, "unsubscribed", NOW, None)

    assert suppression(world) == "unsubscribed"


def test_a_bounce_is_about_the_address_alone(world):
    """Its holder has another one tomorrow, or a telephone."""
    _, who = stored(world)

    world.responses.suppress(ADDRESS, "bounced", NOW, who)

    assert suppression(world) == "bounced"
    assert world.responses.customer(who.id) == who


@pytest.mark.parametrize(
    ("first", "then", "kept"),
    [
        ("unsubscribed", "complained", "unsubscribed"),
        ("unsubscribed", "bounced", "unsubscribed"),
        ("bounced", "unsubscribed", "unsubscribed"),
        ("bounced", "complained", "complained"),
        ("bounced", "bounced", "bounced"),
    ],
)
def test_only_a_bounce_gives_way_to_another_reason(world, first, then, kept):
    _, who = stored(world)
    world.responses.suppress(ADDRESS, first, NOW, who)
    world.responses.suppress(ADDRESS, then, TOMORROW, world.responses.customer(who.id))

    assert suppression(world) == kept
    assert world.responses.customer(who.id).suppressed == (kept if kept != "bounced" else None)


def test_a_holder_is_marked_also_when_their_address_was_suppressed_before(world):
    """Another customer of the address objected, or a first try died between the two writes."""
    _, who = stored(world)
    world.responses.suppress(ADDRESS, "complained", NOW, None)

    world.responses.suppress(ADDRESS, "unsubscribed", TOMORROW, who)

    assert suppression(world) == "complained"
    assert world.responses.customer(who.id).suppressed == "unsubscribed"


def test_a_holder_who_was_erased_since_stays_erased(world):
    world.responses.suppress(ADDRESS, "unsubscribed", NOW, customer(version=1))

    assert suppression(world) == "unsubscribed"
    assert world.responses.customer("customer-1") is None


def test_a_customer_who_changed_since_they_were_read_is_marked_all_the_same(world):
    _, before = stored(world)
    world.facts.commit(FactWrites(customers=(replace(before, name="Ada"),)))

    world.responses.suppress(ADDRESS, "unsubscribed", NOW, before)

    assert world.responses.customer(before.id) == replace(before, name="Ada", suppressed="unsubscribed", version=3)


def test_what_was_said_of_an_address_hinders_no_claim_of_its_moment(world):
    """Asked first, suppressed then: both stand on the same item."""
    sending(world)

    world.responses.suppress(ADDRESS, "unsubscribed", SOON, None)

    assert world.facts.look_up(FactQuery(address_hash=ADDRESS)).recipient == Recipient(ADDRESS, NOW, "unsubscribed")


class TestLifting:
    """An operator may lift a suppression; what was said before is not to come back by a message that came late."""

    def lift(self, world, at=NOW):
        if world.dynamodb is None:
            world.facts.lifted[ADDRESS] = at
            world.facts.recipients.pop(ADDRESS, None)
            return
        world.dynamodb.update_item(
            TableName=TABLE,
            Key=keys.address(ADDRESS),
            UpdateExpression="SET lifted_at = :at REMOVE reason, since",
            ExpressionAttributeValues={":at": {"S": stamp(at)}},
        )

    @pytest.mark.parametrize("reason", ["unsubscribed", "complained", "bounced"])
    @pytest.mark.parametrize("said_at", [NOW - timedelta(hours=1), NOW], ids=["before", "at that moment"])
    def test_what_was_said_before_does_not_come_back(self, world, reason, said_at):
        _, who = stored(world)
        world.responses.suppress(ADDRESS, reason, NOW - timedelta(days=1), None)
        self.lift(world)

        world.responses.suppress(ADDRESS, reason, said_at, who)

        assert suppression(world) is None
        assert world.responses.customer(who.id) == who

    @pytest.mark.parametrize("reason", ["unsubscribed", "complained", "bounced"])
    def test_what_is_said_later_counts(self, world, reason):
        _, who = stored(world)
        self.lift(world)

        world.responses.suppress(ADDRESS, reason, SOON, who)

        assert suppression(world) == reason
        assert world.responses.customer(who.id).suppressed == (reason if reason != "bounced" else None)

    def test_a_bounce_since_does_not_bring_an_earlier_objection_back(self, world):
        _, who = stored(world)
        self.lift(world)
        world.responses.suppress(ADDRESS, "bounced", SOON, None)

        world.responses.suppress(ADDRESS, "unsubscribed", NOW, who)

        assert suppression(world) == "bounced"
        assert world.responses.customer(who.id) == who
