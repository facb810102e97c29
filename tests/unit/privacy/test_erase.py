"""Erasing: everything that leads to a person goes, scores stay, and it may be killed anywhere and be run again."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

import pytest

from afterbill.answers.record_response import Outcome as Responded
from afterbill.answers.record_response import RespondDeps, unsubscribe
from afterbill.intake.ports import FactWrites
from afterbill.model.anonymous import erased
from afterbill.model.customer import Customer, Suppression
from afterbill.model.errors import TransientError
from afterbill.model.invitation import Answer, State
from afterbill.model.links import Purpose
from afterbill.model.privacy import Erasure, Removed, RequestState
from afterbill.privacy.erase import SETTLES_AFTER, erase
from afterbill_cli.memory.keys import MemoryLinkKeys
from afterbill_cli.memory.people import MemoryForgettableFacts
from afterbill_cli.memory.privacy import MemoryPrivacyRequests
from tests.factories import ADA, DAY, KEYS, MINUTE, day_of, hash_address, refund, ses_event, survey_token
from tests.unit.loop.crashes import SimulatedCrash
from tests.unit.privacy.erasing import LATER, PHONE, Erasing

SECOND_LOOK = SETTLES_AFTER


def first_look(ada: Erasing, **changes: Any) -> Any:
    return erase(replace(ada.request, **changes), ada.deps, ada.at)


def whole(ada: Erasing) -> Any:
    return erase(first_look(ada), ada.deps, ada.at + SECOND_LOOK)


# What it does


def test_two_at_once_keep_what_each_of_them_did():
    """An operator and the function may be at the same request: neither forgets names or counts of the other."""
    ada = Erasing()
    ada.turn = other_at_work(ada)
    done = first_look(ada)

    assert done.alias_hashes > {"of the other"}
    assert done.removed[Removed.TIMERS] == 7
    assert done == ada.requests.request("request-1")


def other_at_work(ada: Erasing) -> Callable[[], None]:
    """Who stores what they found just after the request was kept."""
    turns = iter(range(100))

    def turn() -> None:
        stored = ada.requests.known.get("request-1")
        if stored and next(turns) == 1:
            names, counted = frozenset({"of the other"}), {Removed.TIMERS: 7}
            ada.requests.advance_request(replace(stored, alias_hashes=names, removed=counted))

    return turn


def test_a_request_that_somebody_ended_meanwhile_stays_ended():
    ada = Erasing()
    settling = first_look(ada)
    deps = replace(ada.deps, requests=Overtaken(ada.requests))
    done = erase(settling, deps, ada.at + SECOND_LOOK)

    assert done.state is RequestState.DONE
    assert done.version == 4


@dataclass
class Overtaken:
    """Requests of which another store comes just before the first one."""

    requests: MemoryPrivacyRequests
    always: bool = False
    over: bool = False

    def keep_request(self, request: Any) -> bool:
        return self.requests.keep_request(request)

    def request(self, id_: str) -> Any:
        return self.requests.request(id_)

    def advance_request(self, request: Any) -> bool:
        if self.always or not self.over:
            self.over = True
            stored: Any = self.requests.request(request.id)
            self.requests.advance_request(replace(stored, state=RequestState.DONE))
        return self.requests.advance_request(request)


def test_a_request_that_changes_all_the_time_is_left_to_a_later_run():
    ada = Erasing()
    deps = replace(ada.deps, requests=Overtaken(ada.requests, always=True))

    with pytest.raises(TransientError, match="request changed"):
        erase(ada.request, deps, ada.at)


def test_nothing_of_a_person_is_left_and_every_score_is_the_same():
    ada = Erasing()
    before = ada.scores()
    whole(ada)

    assert ada.left() == {}
    assert ada.scores() == before
    assert ada.world.set_timers.schedules == {}


def test_the_request_tells_what_was_done():
    ada = Erasing()
    done = first_look(ada)

    assert done == ada.requests.request("request-1")
    assert (done.state, done.settle_at) == (RequestState.SETTLING, ada.at + SETTLES_AFTER)
    assert done.removed == {
        Removed.CUSTOMERS: 1,
        Removed.ALIASES: 1,
        Removed.INVITATIONS: 2,
        Removed.EVENTS: 2,
        Removed.SHORT_LINKS: 1,
        Removed.PHONES: 1,
        Removed.PAYMENT_LINKS: 0,
        Removed.TASKS: 1,
        Removed.COPIES: 1,
        Removed.TIMERS: 1,
        Removed.ADDRESSES: 1,
        Removed.WRITTEN_ELSEWHERE: 0,
        Removed.OBJECTIONS_KEPT: 0,
        Removed.ROWS_KEPT: 1,
        Removed.ANSWERS_KEPT: 1,
    }


def test_the_second_look_ends_it():
    ada = Erasing()
    settling = first_look(ada)

    assert erase(settling, ada.deps, ada.at + SETTLES_AFTER - MINUTE) == settling
    done = erase(settling, ada.deps, ada.at + SETTLES_AFTER)
    assert (done.state, done.done_at) == (RequestState.DONE, ada.at + SETTLES_AFTER)
    assert done.removed == settling.removed
    assert erase(done, ada.deps, ada.at + DAY) == done


def test_names_are_noted_before_anything_is_removed():
    ada = Erasing()
    alias = next(iter(ada.table.aliases))
    done = first_look(ada, alias_hashes=frozenset({"of the webhook"}))

    names = frozenset({f"hash of {alias}", "of the webhook"})
    assert done.alias_hashes == names
    assert ada.ledger.erased == [Erasure("request-1", ada.at, frozenset({f"hash of {ada.who}"}), names)]
    assert ada.table.erased == dict.fromkeys(names, ada.at)


def test_their_names_as_guests_of_every_source_are_marked_too():
    """An event that was never captured may tell of the address alone."""
    ada = Erasing(sources=frozenset({"shop", "other"}))
    first_look(ada)

    guests = {f"hash of {source}@{hash_address(ADA)}" for source in ("shop", "other")}
    assert guests < ada.table.erased.keys()


def test_the_second_look_waits_for_what_began_before_the_first_one_ended():
    ada = Erasing(later=MINUTE)
    settling = first_look(ada)

    assert settling.settle_at == ada.at + MINUTE + SETTLES_AFTER
    ada.later = SETTLES_AFTER + 2 * MINUTE
    assert erase(settling, ada.deps, settling.settle_at).done_at == ada.at + ada.later


def test_who_never_was_is_erased_without_an_error():
    ada = Erasing()
    before = ada.left()
    done = first_look(ada, customer_ids=frozenset({"nobody"}))

    assert set(done.removed.values()) == {0}
    assert ada.left() == before


def test_copies_of_the_webhook_that_asked_are_deleted():
    ada = Erasing()
    name = ada.evidence.name_of(ada.evidence.webhooks[0])
    done = first_look(ada, customer_ids=frozenset(), copies=frozenset({name}))

    assert name not in map(ada.evidence.name_of, ada.evidence.webhooks)
    assert done.removed[Removed.COPIES] == 1


def test_where_no_copies_are_kept_any_more_those_from_before_are_left_to_their_end():
    ada = Erasing()
    kept = set(ada.table.copies)
    deps = replace(ada.deps, copies=None, facts=MemoryForgettableFacts(ada.table))
    done = erase(replace(ada.request, copies=frozenset({"one"})), deps, ada.at)

    assert (done.state, done.removed[Removed.COPIES]) == (RequestState.SETTLING, 0)
    assert ada.table.copies == kept


def test_an_invitation_of_nobody_is_removed_by_its_id():
    ada = Erasing()
    one = ada.world.change(ada.first.id, customer_id="")
    before = ada.scores()
    done = first_look(ada, customer_ids=frozenset(), invitation_ids=frozenset({one.id}))

    assert erased(ada.table.invitations[one.id])
    assert (done.removed[Removed.INVITATIONS], done.removed[Removed.ANSWERS_KEPT]) == (1, 1)
    assert ada.scores() == before


def test_a_person_with_an_invitation_that_cannot_be_read_is_erased():
    ada = Erasing()
    before = ada.scores()
    ada.table.unreadable.add(ada.first.id)
    whole(ada)

    assert ada.left() == {}
    assert ada.scores() == before


def test_an_objection_that_only_the_customer_carries_outlives_them():
    ada = Erasing()
    ada.world.change_person(ada.who, suppressed=Suppression.UNSUBSCRIBED)
    done = whole(ada)

    assert ada.table.suppressions == dict.fromkeys([hash_address(ADA), PHONE], Suppression.UNSUBSCRIBED)
    assert done.removed[Removed.OBJECTIONS_KEPT] == 2


def test_an_objection_of_two_customers_at_one_address_counts_once():
    ada = Erasing()
    bob = replace(ada.world.person(), id="bob", phone=None, version=1)
    ada.table.people["bob"] = bob
    ada.table.suppress(hash_address(ADA), Suppression.UNSUBSCRIBED, ada.at, None)

    done = first_look(ada, customer_ids=frozenset({ada.who, "bob"}))
    assert done.removed[Removed.OBJECTIONS_KEPT] == 1
    assert erase(done, ada.deps, ada.at + SECOND_LOOK).removed[Removed.OBJECTIONS_KEPT] == 1


def test_the_link_of_an_old_mail_takes_no_answer_and_still_keeps_an_objection():
    ada = Erasing()
    whole(ada)
    deps = RespondDeps(ada.table, MemoryLinkKeys(KEYS), day_of, hash_address, frozenset())

    assert ada.world.answer(ada.first, rating="9").outcome is Responded.CLOSED
    link = survey_token(ada.first, Purpose.UNSUBSCRIBE)
    assert unsubscribe(link, deps, ada.at).outcome is Responded.UNSUBSCRIBED
    assert ada.table.suppressions == {hash_address(ADA): Suppression.UNSUBSCRIBED}


def test_several_customers_are_one_request():
    ada = Erasing()
    ada.table.people["another"] = Customer("another", 1, address=ADA, address_hash=hash_address(ADA))
    ada.table.aliases["shop#2"] = "another"
    done = first_look(ada, customer_ids=frozenset({ada.who, "another"}))

    assert ada.left() == {}
    assert (done.removed[Removed.CUSTOMERS], done.removed[Removed.ALIASES]) == (2, 2)


# Killed anywhere


def calls_of(act: Callable[[Erasing], Any]) -> int:
    ada, calls = Erasing(), [0]

    def turn() -> None:
        calls[0] += 1

    ada.turn = turn
    act(ada)
    return calls[0]


CALLS = calls_of(whole)


def at_call(number: int, act: Callable[[], Any]) -> Callable[[], None]:
    """Let somebody act just before the call of this number, once."""
    calls = [0]

    def turn() -> None:
        calls[0] += 1
        if calls[0] == number:
            act()

    return turn


def die() -> None:
    raise SimulatedCrash


UNPLANNED = {Removed.TIMERS, Removed.ADDRESSES, Removed.OBJECTIONS_KEPT, Removed.PAYMENT_LINKS}
"""The kinds that are not counted of a run that was killed."""


@pytest.mark.parametrize("number", range(1, CALLS + 1))
def test_killed_at_any_call_and_run_again_it_ends_the_same(number):
    expected, ada = Erasing(), Erasing()
    whole(expected)
    ada.turn = at_call(number, die)
    with pytest.raises(SimulatedCrash):
        whole(ada)
    ada.turn = lambda: None
    whole(ada)

    for one in (expected, ada):
        done = one.requests.known["request-1"]
        planned = {kind: number for kind, number in done.removed.items() if kind not in UNPLANNED}
        one.requests.known["request-1"] = replace(done, removed=planned)
    assert ada.snapshot() == expected.snapshot()


@pytest.mark.parametrize("number", range(1, CALLS + 1))
def test_two_erasures_at_once_end_as_one(number):
    """The same request by two at a time, and another one about the same person."""
    expected, ada = Erasing(), Erasing()
    scores = ada.scores()
    whole(expected)
    other = replace(ada.request, id="request-2")

    def others() -> None:
        ada.turn = lambda: None
        for request in (ada.request, other):
            erase(erase(request, ada.deps, ada.at), ada.deps, ada.at + SECOND_LOOK)

    ada.turn = at_call(number, others)
    whole(ada)

    assert ada.left() == {}
    assert ada.scores() == scores
    assert {one.state for one in ada.requests.known.values()} == {RequestState.DONE}
    assert ada.table.invitations.keys() - {"row-1"} == expected.table.invitations.keys() - {"row-1"}


# Others at work


def answer(ada: Erasing) -> None:
    ada.table.record(ada.first.id, Answer(3, "other words of Ada"), ada.at, "2026-11-25")


def send(ada: Erasing) -> None:
    ada.world.change(LATER.invitation_id, due_at=ada.at, deferred_until=None)
    ada.world.change_person(ada.who, last_asked_at=None) if ada.who in ada.table.people else None
    ada.world.now = ada.at
    ada.world.send(LATER.invitation_id)


def complain(ada: Erasing) -> None:
    ada.world.report(ses_event("complaint", ada.first.id))


def bounce(ada: Erasing) -> None:
    ada.world.report(ses_event("bounce_permanent", ada.first.id))


def import_row(ada: Erasing) -> None:
    """As an import that read the customer just before."""
    if known := ada.table.people.get(ada.who):
        ada.table.commit(FactWrites(customers=(replace(known, name="Ada Lovelace"),)))


def name_again(ada: Erasing) -> None:
    if known := ada.table.people.get(ada.who):
        ada.table.commit(FactWrites(customers=(known,), aliases={"shop#other": (known.id, None)}))


def give_back(ada: Erasing) -> None:
    ada.world.capture(refund("1", at=ada.at))


def see(ada: Erasing) -> None:
    if known := ada.table.people.get(ada.who):
        ada.table.seen(known, ada.at)


OTHERS = [answer, send, complain, bounce, import_row, name_again, give_back, see]


@pytest.mark.parametrize("number", range(1, CALLS + 1))
@pytest.mark.parametrize("act", OTHERS, ids=lambda act: act.__name__)
def test_whatever_happens_in_between_nothing_is_left_and_scores_stay(act, number):
    ada = Erasing()
    after: list[Any] = []

    def turn() -> None:
        act(ada)
        after.append(ada.scores())

    ada.turn = at_call(number, turn)
    whole(ada)

    new_people = {one.id for one in ada.table.people.values()} - {ada.who}
    left = ada.left()
    if new_people:  # an event afterwards makes a new person: of these nothing was asked to be removed
        assert act is give_back
    else:
        assert left == {}
    assert ada.who not in ada.table.people
    assert not [one for one in ada.table.invitations.values() if one.customer_id == ada.who]
    assert ada.scores() == after[0]
    if act is complain:
        assert ada.table.suppressions[hash_address(ADA)] == Suppression.COMPLAINED


def test_names_that_come_to_be_known_meanwhile_are_noted_too():
    ada = Erasing()
    ada.turn = at_call(CALLS // 2, lambda: name_again(ada))
    done = whole(ada)

    known = frozenset[str]().union(*(entry.alias_hashes for entry in ada.ledger.erased))
    assert known == done.alias_hashes == ada.table.erased.keys()


@pytest.mark.parametrize("number", range(1, CALLS + 1))
def test_a_survey_that_is_being_sent_comes_back_to_nothing(number):
    """Its sender claimed it before, and marks it as sent after."""
    ada = Erasing()
    one = ada.world.change(
        LATER.invitation_id, state=State.SENDING, attempt="attempt-9", claimed_at=ada.at, deferred_until=None
    )
    before = ada.scores()
    sent = replace(one, state=State.SENT, sent_at=ada.at, sent_day="2026-11-26", message_id="message")
    ada.turn = at_call(number, lambda: ada.table.mark_sent(sent))
    whole(ada)
    ada.table.mark_sent(sent)
    ada.table.confirm_sent(one, "message", ada.at, "2026-11-26")

    assert ada.left() == {}
    assert erased(ada.table.invitations[one.id])
    counted = {day: tallies for day, tallies in ada.scores().items() if day != "2026-11-26"}
    assert counted == before


def test_a_customer_who_changes_all_the_time_is_left_to_a_later_run():
    ada = Erasing()
    ada.turn = lambda: see_often(ada)

    with pytest.raises(TransientError, match="changed"):
        whole(ada)


def see_often(ada: Erasing) -> None:
    known = ada.table.people[ada.who]
    ada.table.commit(FactWrites(customers=(known,)))
