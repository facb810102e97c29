"""Requests that other systems tell: kept once, noted before anything else, about whoever is known."""

from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Any

import pytest

from afterbill.model.billing import CustomerRef
from afterbill.model.errors import TransientError
from afterbill.model.privacy import DEADLINE, MOST_NAMED, Act, RequestKind, RequestState
from afterbill.privacy.ask import Ask, AskDeps, Taken, fetched, take_request
from afterbill_cli.memory.privacy import MemoryPrivacyRequests
from tests.factories import ADA, NOON, customer, event, hash_address, hash_alias, invitation
from tests.world import World

ASK = Ask(RequestKind.ERASE, "letter 7", customer_id="customer-1")
KEY = "key:0123"
SOURCES = ["shop", "crm"]


@dataclass
class Trail:
    """The audit trail; while it is `closed` nothing can be noted."""

    acts: list[Act] = field(default_factory=list)
    closed: bool = False

    def note(self, act: Act) -> None:
        if self.closed:
            raise TransientError("closed")
        self.acts.append(act)


@dataclass
class Desk:
    world: World = field(default_factory=World)
    requests: MemoryPrivacyRequests = field(default_factory=MemoryPrivacyRequests)
    trail: Trail = field(default_factory=Trail)

    @property
    def deps(self) -> Any:
        return AskDeps(self.world.stored, self.requests, self.trail, hash_address, hash_alias, SOURCES.copy)  # type: ignore[arg-type]  # it only notes

    def take(self, ask: Ask = ASK, name: str = "1", now: datetime = NOON, who: str = KEY) -> Taken:
        return take_request(ask, who, name, self.deps, now)


@pytest.fixture
def desk() -> Desk:
    one = Desk()
    one.world.stored.people = {id_: customer(id=id_) for id_ in ("customer-1", "customer-2")}
    return one


def test_to_erase_an_address_marks_its_guests_of_every_source(desk: Desk) -> None:
    """Also where nobody is known by it: what happened before may be told later."""
    guests = {hash_alias(f"{source}@{hash_address(ADA)}") for source in SOURCES}

    assert desk.take(Ask(RequestKind.ERASE, "letter 8", email=ADA)).request.alias_hashes == guests
    assert desk.take(Ask(RequestKind.EXPORT, "letter 8", email=ADA), "2").request.alias_hashes == frozenset()


def test_a_customer_is_found_by_our_own_id(desk: Desk) -> None:
    request = desk.take().request

    assert (request.customer_ids, request.alias_hashes) == ({"customer-1"}, frozenset())
    assert (request.by, request.why, request.due_at) == (KEY, "letter 7", NOON + DEADLINE)
    assert desk.requests.request(request.id) == request


def test_a_customer_is_found_by_the_name_at_a_source_which_is_remembered_as_a_hash(desk: Desk) -> None:
    known = desk.world.capture(event(customer=CustomerRef("cus_1", ADA)))
    assert known.invitation

    request = desk.take(Ask(RequestKind.ERASE, "why", alias="shop#cus_1")).request

    assert request.customer_ids == {known.invitation.customer_id}
    assert request.alias_hashes == {hash_alias("shop#cus_1")}
    assert "cus_1" not in str(request)


def test_everybody_who_has_an_address_is_meant_by_it(desk: Desk) -> None:
    assert desk.take(Ask(RequestKind.ERASE, "why", email=ADA.upper())).request.customer_ids == {
        "customer-1",
        "customer-2",
    }


def test_by_a_survey_its_customer_is_meant_and_the_survey_itself_where_it_is_nobody_s(desk: Desk) -> None:
    surveys = {"a" * 32: invitation(id="a" * 32, customer_id="customer-1")}
    surveys["b" * 32] = invitation(id="b" * 32, customer_id="")
    desk.world.stored.invitations = surveys

    found = [desk.take(Ask(RequestKind.ERASE, "why", invitation_id=id_), id_).request for id_ in (*surveys, "c" * 32)]

    assert [one.customer_ids for one in found] == [{"customer-1"}, set(), set()]
    assert [one.invitation_ids for one in found] == [set(), {"b" * 32}, set()]


@pytest.mark.parametrize("told", [{"customer_id": "customer-9"}, {"alias": "shop#9"}, {"email": "nobody@example.com"}])
def test_who_never_was_known_is_no_error(desk: Desk, told: dict[str, str]) -> None:
    request = desk.take(Ask(RequestKind.ERASE, "why", **told)).request

    assert (request.customer_ids, request.invitation_ids, request.state) == (set(), set(), RequestState.OPEN)


@pytest.mark.parametrize(
    ("kind", "state"), [(RequestKind.EXPORT, RequestState.READY), (RequestKind.RESTRICT, RequestState.OPEN)]
)
def test_an_export_can_be_fetched_at_once(desk: Desk, kind: RequestKind, state: RequestState) -> None:
    assert desk.take(replace(ASK, kind=kind)).request.state is state


def test_told_again_it_is_the_same_whatever_became_of_it(desk: Desk) -> None:
    first = desk.take().request
    done = replace(first, state=RequestState.DONE)
    desk.requests.store_request(done)
    desk.world.stored.people = {}

    assert desk.take(now=NOON + timedelta(days=1)) == Taken(done, repeated=True)


def test_a_name_that_was_used_for_another_request_is_refused(desk: Desk) -> None:
    first = desk.take().request

    assert desk.take(replace(ASK, why="another")) == Taken(first, reused=True)


def test_names_of_two_keys_are_apart(desk: Desk) -> None:
    assert desk.take().request.id != desk.take(who="key:other").request.id


def test_told_twice_at_once_it_is_one_request(desk: Desk) -> None:
    class Racing(MemoryPrivacyRequests):
        def request(self, id_: str) -> Any:
            found, self.known = self.known.get(id_), self.later
            return found

        later: Any

    racing = Racing()
    racing.later = {(first := desk.take().request).id: first}
    desk.requests = racing

    assert desk.take() == Taken(first, repeated=True)


def test_it_is_noted_before_it_is_kept_and_not_kept_where_it_cannot_be_noted(desk: Desk) -> None:
    desk.trail.closed = True

    with pytest.raises(TransientError):
        desk.take()

    assert desk.requests.known == {}


def test_the_trail_says_who_did_what_to_whom_and_why(desk: Desk) -> None:
    desk.take()

    assert desk.trail.acts == [Act(NOON, KEY, "privacy erase", ("customer-1",), "letter 7", 1)]


def test_of_many_the_trail_names_some_and_counts_all(desk: Desk) -> None:
    desk.world.stored.people = {f"{number}": customer(id=f"{number}") for number in range(MOST_NAMED + 1)}

    desk.take(Ask(RequestKind.ERASE, "why", email=ADA))

    (act,) = desk.trail.acts
    assert (len(act.whose), act.found) == (MOST_NAMED, MOST_NAMED + 1)


class TestFetching:
    def test_an_export_that_is_fetched_is_done_and_can_be_fetched_again(self, desk: Desk) -> None:
        ready = desk.take(replace(ASK, kind=RequestKind.EXPORT)).request

        done = fetched(ready, KEY, desk.deps, NOON)
        again = fetched(done, KEY, desk.deps, NOON + timedelta(days=1))

        assert (done.state, done.done_at) == (RequestState.DONE, NOON)
        assert again == done == desk.requests.request(ready.id)
        assert [act.what for act in desk.trail.acts] == ["privacy export"] * 3

    def test_it_is_not_shown_where_that_cannot_be_noted(self, desk: Desk) -> None:
        ready = desk.take(replace(ASK, kind=RequestKind.EXPORT)).request
        desk.trail.closed = True

        with pytest.raises(TransientError):
            fetched(ready, KEY, desk.deps, NOON)

        assert desk.requests.request(ready.id) == ready
