"""Plain links: a survey of one's own, at once, for whoever opens one."""

from collections import Counter
from dataclasses import replace
from itertools import count

import pytest

from afterbill.answers.hosted import HostedLink
from afterbill.answers.in_product import user_hash
from afterbill.answers.open_link import MOST_OF_ALL, MOST_OPENED, Opener, Opening, OpenLinkDeps, open_link
from afterbill.answers.open_link import Outcome as Opened
from afterbill.answers.rate_limit import RateLimiter
from afterbill.answers.record_response import Outcome, RespondDeps, record_response, show_survey
from afterbill.answers.visitors import Visitor
from afterbill.model import links
from afterbill.model.invitation import Answer, State
from afterbill.model.questions import Question
from afterbill_cli.memory.keys import MemoryLinkKeys, MemoryUserKeys
from afterbill_cli.memory.table import MemoryTable
from tests.factories import DAY, HOUR, KEYS, NOON, SECOND, customer, day_of, hash_address

LINK = HostedLink("counter", "support_resolved", "support")
SECRET = MemoryUserKeys().known[0]
ANYBODY = Opener("de")


def of(user, hash_=None):
    return Opener("de", user, user_hash(user, SECRET) if hash_ is None else hash_)


@pytest.fixture
def table():
    return MemoryTable(people={"ada": customer(country="DE")}, aliases={"shop#cus_1": "ada"})


@pytest.fixture
def opening(table):
    numbers = (f"{number:032x}" for number in count(1))
    return OpenLinkDeps(table, MemoryUserKeys(), MemoryLinkKeys(KEYS), "shop", day_of, lambda: next(numbers))


def responding(table):
    return RespondDeps(table, MemoryLinkKeys(KEYS), day_of, hash_address)


def test_everybody_who_opens_it_has_a_survey_of_their_own(opening, table):
    first, second = (open_link(LINK, ANYBODY, opening, NOON).token for _ in range(2))

    assert first != second
    assert len(table.invitations) == 2


def test_it_knows_the_link_the_language_and_the_channel_and_nothing_of_the_person(opening, table):
    open_link(LINK, ANYBODY, opening, NOON)

    (one,) = table.invitations.values()
    assert (one.touchpoint, one.stage, one.channel, one.locale) == ("support_resolved", "support", "link", "de")
    assert one.segments == {
        "locale": "de",
        "source": "links.counter",
        "touchpoint": "support_resolved",
        "stage": "support",
        "channel": "link",
        "anonymous": "counter",
    }
    assert one.customer_id == ""
    assert not one.contactable


def test_nothing_is_known_of_somebody_restricted(opening, table):
    table.people["ada"] = replace(table.people["ada"], restricted_at=NOON)

    open_link(LINK, of("cus_1"), opening, NOON)

    (one,) = table.invitations.values()
    assert (one.customer_id, "country" in one.segments) == ("", False)


def test_it_was_not_sent_and_can_be_answered_at_once(opening, table):
    token = open_link(LINK, ANYBODY, opening, NOON).token

    (one,) = table.invitations.values()
    assert (one.state, one.sent_day) == (State.SENT, "")
    assert show_survey(token, {}, Visitor(), responding(table), NOON).outcome is Outcome.SHOWN
    assert record_response(token, {"rating": "9"}, responding(table), NOON + HOUR).outcome is Outcome.RECORDED


def test_it_closes_after_a_day(opening, table):
    token = open_link(LINK, ANYBODY, opening, NOON).token

    late = record_response(token, {"rating": "9"}, responding(table), NOON + DAY + SECOND)

    assert late.outcome is Outcome.CLOSED


def test_it_asks_what_its_touchpoint_asks(opening, table):
    open_link(HostedLink("counter", "support_resolved", "support", Question.CSAT), ANYBODY, opening, NOON)

    (one,) = table.invitations.values()
    assert one.question is Question.CSAT


AHEAD, HEAD, SCANNER = Visitor(probing=True, ahead=True), Visitor(probing=True), Visitor(scanner=True)


@pytest.mark.parametrize(
    ("visitor", "outcome"),
    [(AHEAD, Opened.AHEAD), (HEAD, Opened.DOOR), (SCANNER, Opened.DOOR)],
    ids=["prefetch", "head", "scanner"],
)
def test_nothing_is_made_for_programs_that_look_at_links(opening, table, visitor, outcome):
    assert open_link(LINK, replace(ANYBODY, visitor=visitor), opening, NOON) == Opening(outcome)
    assert table.invitations == {}


@pytest.mark.parametrize("visitor", [AHEAD, HEAD, SCANNER], ids=["prefetch", "head", "scanner"])
def test_the_button_on_the_door_opens_a_survey_for_everybody(opening, visitor):
    pressed = replace(ANYBODY, visitor=visitor, pressed=True)

    assert open_link(LINK, pressed, opening, NOON).outcome is Opened.OPENED


def test_a_permission_to_be_contacted_that_is_sent_by_hand_is_not_stored(opening, table):
    token = open_link(LINK, ANYBODY, opening, NOON).token
    sent = {"rating": "9", "comment": "Call me", "contact_ok": "true"}

    assert record_response(token, sent, responding(table), NOON).outcome is Outcome.RECORDED

    (one,) = table.invitations.values()
    assert one.answer == Answer(9, "Call me")


def at(network):
    return replace(ANYBODY, visitor=Visitor(network=network))


def test_a_flood_of_openings_of_one_link_from_one_network_is_refused(opening, table):
    limited = replace(opening, throttle=RateLimiter(2))
    other = replace(LINK, name="other")

    outcomes = [open_link(link, at("shop"), limited, NOON).outcome for link in (LINK, LINK, LINK, other)]

    assert outcomes == [Opened.OPENED, Opened.OPENED, Opened.TOO_MANY, Opened.OPENED]
    assert len(table.invitations) == 3


def test_thousands_of_openings_from_one_network_lock_the_link_for_nobody_else(opening, table):
    flood = [open_link(LINK, at("cloud"), opening, NOON).outcome for _ in range(2 * MOST_OF_ALL)]
    others = [open_link(LINK, at(f"network {number}"), opening, NOON).outcome for number in range(1000)]

    assert Counter(flood)[Opened.OPENED] == MOST_OPENED
    assert set(others) == {Opened.OPENED}
    assert len(table.invitations) == MOST_OPENED + 1000


def test_a_minute_later_the_network_may_open_it_again(opening):
    limited = replace(opening, throttle=RateLimiter(1))

    outcomes = [open_link(LINK, at("shop"), limited, now).outcome for now in (NOON, NOON, NOON + 60 * SECOND)]

    assert outcomes == [Opened.OPENED, Opened.TOO_MANY, Opened.OPENED]


def test_all_networks_together_cost_no_more_than_the_crowd_is_allowed(opening, table):
    limited = replace(opening, crowd=RateLimiter(5))

    outcomes = [open_link(LINK, at(f"network {number}"), limited, NOON).outcome for number in range(9)]

    assert outcomes == [Opened.OPENED] * 5 + [Opened.TOO_MANY] * 4
    assert len(table.invitations) == 5


class TestOfAUser:
    def test_a_customer_meets_the_same_survey_all_day(self, opening, table):
        first, second = (open_link(LINK, of("cus_1"), opening, NOON + number * HOUR).token for number in (0, 1))

        (one,) = table.invitations.values()
        assert {links.read(token, links.Purpose.SURVEY, KEYS).invitation_id for token in (first, second)} == {one.id}
        assert (one.customer_id, one.segments["country"], one.sent_at) == ("ada", "DE", NOON)

    def test_it_has_the_segments_that_are_declared(self, opening, table):
        table.people["ada"] = customer(country="DE", attributes={"seat_count": "12"})
        open_link(replace(LINK, declared={"seats": "seat_count"}), of("cus_1"), opening, NOON)

        (one,) = table.invitations.values()
        assert one.segments["seats"] == "12"

    def test_an_answer_of_a_proven_user_is_not_anonymous(self, opening, table):
        for user in ("cus_1", "new-here"):
            open_link(LINK, of(user), opening, NOON)

        assert [one.segments.get("anonymous") for one in table.invitations.values()] == [None, None]
        assert [one.contactable for one in table.invitations.values()] == [True, False]

    def test_nobody_else_can_lock_them_out_not_even_in_their_own_network(self, opening):
        limited = replace(opening, throttle=RateLimiter(2), crowd=RateLimiter(2))
        office = Visitor(network="office")
        for _ in range(9):
            open_link(LINK, at("office"), limited, NOON)
            open_link(LINK, replace(of("cus_2"), visitor=office), limited, NOON)

        outcomes = [open_link(LINK, replace(of("cus_1"), visitor=office), limited, NOON).outcome for _ in range(3)]

        assert outcomes == [Opened.OPENED, Opened.OPENED, Opened.TOO_MANY]

    def test_the_next_day_brings_a_new_one(self, opening, table):
        for now in (NOON, NOON + DAY):
            open_link(LINK, of("cus_1"), opening, now)

        assert len(table.invitations) == 2

    def test_a_user_no_event_has_told_of_is_asked_all_the_same(self, opening, table):
        open_link(LINK, of("new-here"), opening, NOON)

        (one,) = table.invitations.values()
        assert one.customer_id == ""

    @pytest.mark.parametrize(
        "opener",
        [of("cus_1", user_hash("cus_2", SECRET)), of("cus_1", ""), of("", "0" * 64), of("x" * 201)],
        ids=["hash of another user", "no hash", "no user", "too long"],
    )
    def test_whoever_is_not_who_the_link_says_gets_nothing(self, opening, table, opener):
        assert open_link(LINK, opener, opening, NOON) == Opening(Opened.UNPROVEN)
        assert table.invitations == {}
