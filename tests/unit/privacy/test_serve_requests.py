"""Privacy requests are done one after the other, whatever becomes of the others, and go on where time ended."""

from collections import Counter
from collections.abc import Callable, Collection, Iterator
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from itertools import count, islice
from typing import Any

import pytest

from afterbill.model.campaigns import SLOTS, slot_of
from afterbill.model.errors import TransientError, UnreadableError
from afterbill.model.privacy import DEADLINE, Person, PrivacyRequest, RequestKind, RequestState
from afterbill.privacy.deadlines import NOTICE
from afterbill.privacy.serve_requests import TOGETHER, Served, ServeDeps, serve_requests
from afterbill_cli.memory.privacy import MemoryPrivacyRequests
from tests.factories import NOON, hash_alias
from tests.unit.mortal import KilledError, Mortal

SETTLES = timedelta(minutes=20)
ERASE = PrivacyRequest("erase-1", RequestKind.ERASE, NOON, "key:1", NOON + DEADLINE, customer_ids=frozenset({"ada"}))
SHOP = PrivacyRequest("shop-1", RequestKind.ERASE_SOURCE, NOON, "source:shop", NOON + DEADLINE, source="shop")


@dataclass
class Office:
    """Customers by id with their aliases, and who erases and restricts them."""

    aliases: dict[str, frozenset[str]] = field(default_factory=dict)
    requests: MemoryPrivacyRequests = field(default_factory=MemoryPrivacyRequests)
    restricted: list[str] = field(default_factory=list)
    broken: set[str] = field(default_factory=set)
    marked: set[str] = field(default_factory=set)

    def customers_in(self, slot: int) -> Iterator[str]:
        return iter([id_ for id_ in self.aliases if slot_of(id_) == slot])

    def person(self, customer_id: str) -> Person:
        return Person(customer_id, aliases=self.aliases.get(customer_id, frozenset()))

    def mark_erased(self, alias_hashes: Collection[str], _at: datetime) -> None:
        self.marked |= set(alias_hashes)

    def forget_names(self, customer_id: str, aliases: Collection[str]) -> int:
        self.aliases[customer_id] -= set(aliases)
        return len(aliases)

    def erase(self, request: PrivacyRequest, now: datetime) -> PrivacyRequest:
        if request.id in self.broken:
            raise TransientError(request.id)
        gone = [id_ for id_ in request.customer_ids if self.aliases.pop(id_, None)]
        removed = dict(Counter(request.removed) + Counter({"customers": len(gone)}))
        if request.state is RequestState.OPEN:
            after = replace(request, state=RequestState.SETTLING, settle_at=now + SETTLES, removed=removed)
        else:
            after = replace(request, state=RequestState.DONE, done_at=now, removed=removed)
        self.requests.store_request(after)
        return after

    def restrict(self, request: PrivacyRequest, now: datetime) -> PrivacyRequest:
        self.restricted += sorted(request.customer_ids)
        after = replace(request, state=RequestState.DONE, done_at=now)
        self.requests.store_request(after)
        return after

    def run(self, now: datetime = NOON, steps: int = 10**6, through: Callable[[Any], Any] = lambda one: one) -> Served:
        left, here, requests = count(), through(self), through(self.requests)
        deps = ServeDeps(requests, here, here, here.erase, here.restrict, hash_alias)
        return serve_requests(deps, now, lambda: next(left) < steps)

    def live(self, runs: int = 7, through: Callable[[Any], Any] = lambda one: one) -> None:
        for number in range(runs):
            self.run(NOON + number * SETTLES, through=through)

    def state(self, id_: str) -> RequestState:
        return self.requests.known[id_].state


@pytest.fixture
def office() -> Office:
    return Office(
        {"ada": frozenset({"shop#1", "shop@hash"}), "bob": frozenset({"shop#2"}), "eve": frozenset({"web#1"})}
    )


def test_an_erasure_is_begun_and_looked_at_again_when_it_has_settled(office: Office) -> None:
    office.requests.keep_request(ERASE)

    assert office.run().served == (ERASE.id,)
    assert (office.state(ERASE.id), "ada" in office.aliases) == (RequestState.SETTLING, False)

    assert office.run(NOON + SETTLES / 2).served == ()
    assert office.run(NOON + SETTLES).served == (ERASE.id,)
    assert office.state(ERASE.id) is RequestState.DONE
    assert office.run(NOON + 2 * SETTLES) == Served()


@pytest.mark.parametrize("kind", [RequestKind.RESTRICT, RequestKind.RELEASE])
def test_a_restriction_and_its_end_are_done_at_once(office: Office, kind: RequestKind) -> None:
    office.requests.keep_request(replace(ERASE, kind=kind))

    office.run()

    assert (office.restricted, office.state(ERASE.id)) == (["ada"], RequestState.DONE)


def test_an_export_waits_for_whoever_asked(office: Office) -> None:
    office.requests.keep_request(replace(ERASE, kind=RequestKind.EXPORT))

    assert office.run().served == (ERASE.id,)
    assert office.run() == Served()
    assert office.state(ERASE.id) is RequestState.READY


def test_one_that_fails_holds_up_no_other(office: Office) -> None:
    office.broken = {ERASE.id}
    office.requests.keep_request(ERASE)
    office.requests.keep_request(replace(ERASE, id="erase-2", requested_at=NOON + SETTLES))

    run = office.run()

    assert run.served == ("erase-2",)
    assert [(id_, str(error)) for id_, error in run.failed] == [(ERASE.id, ERASE.id)]
    assert office.state(ERASE.id) is RequestState.OPEN


def test_one_that_cannot_be_read_holds_up_no_other_and_is_told(office: Office) -> None:
    office.requests.keep_request(ERASE)
    office.requests.unreadable.append(UnreadableError("PRIVACY erase-2: unknown RequestKind"))

    run = office.run()

    assert run.served == (ERASE.id,)
    assert ["erase-2" in text for text in run.unreadable] == [True]


def test_nothing_is_begun_without_time(office: Office) -> None:
    office.requests.keep_request(ERASE)
    office.requests.keep_request(replace(ERASE, id="erase-2"))

    assert office.run(steps=1) == Served((ERASE.id,), waiting=1)


@pytest.mark.parametrize(
    ("request_", "before", "due_soon"),
    [
        (ERASE, NOTICE, 1),
        (ERASE, NOTICE + timedelta(seconds=1), 0),
        (replace(ERASE, kind=RequestKind.EXPORT, state=RequestState.READY), NOTICE, 1),
        (replace(ERASE, state=RequestState.DONE), NOTICE, 0),
    ],
)
def test_what_is_not_done_a_week_before_its_deadline_is_due_soon(
    office: Office, request_: PrivacyRequest, before: timedelta, due_soon: int
) -> None:
    office.requests.keep_request(request_)

    assert office.run(request_.due_at - before).due_soon == due_soon


class TestSources:
    def test_all_whom_only_this_source_knows_are_removed(self, office: Office) -> None:
        office.requests.keep_request(SHOP)

        office.live()

        assert set(office.aliases) == {"eve"}
        done = office.requests.known[SHOP.id]
        assert (done.state, done.found, done.removed) == (RequestState.DONE, 2, {"customers": 2})

    def test_who_is_known_by_another_source_too_stays_without_their_name_at_this_one(self, office: Office) -> None:
        office.aliases["bob"] |= {"web#2"}
        office.aliases["nobody"] = frozenset()
        office.requests.keep_request(SHOP)

        office.live()

        assert office.aliases == {"bob": {"web#2"}, "eve": {"web#1"}, "nobody": set()}
        assert office.marked == {hash_alias("shop#2")}
        done = office.requests.known[SHOP.id]
        assert (done.found, done.shared, done.removed) == (1, 1, {"customers": 1, "aliases": 1})

    def test_a_few_are_removed_by_each_request_which_is_due_with_the_whole(self, office: Office) -> None:
        neighbours = islice((id_ for id_ in map(str, count()) if slot_of(id_) == SLOTS - 1), TOGETHER + 1)
        office.aliases = dict.fromkeys(neighbours, frozenset({"shop#1"}))
        office.requests.keep_request(SHOP)

        office.run()

        parts = office.requests.parts(SHOP.id)
        assert [one.id for one in office.requests.requests()] == [SHOP.id]
        assert sorted(len(one.customer_ids) for one in parts) == [1, TOGETHER]
        assert {(one.kind, one.due_at, one.by) for one in parts} == {(RequestKind.ERASE, SHOP.due_at, SHOP.by)}

    def test_it_goes_on_where_time_ended_and_ends_after_its_parts(self, office: Office) -> None:
        office.requests.keep_request(SHOP)

        office.run(steps=1 + SLOTS // 2)
        assert (office.requests.known[SHOP.id].walked, office.state(SHOP.id)) == (SLOTS // 2, RequestState.OPEN)

        office.run(NOON + SETTLES)
        assert office.state(SHOP.id) is RequestState.SETTLING
        office.run(NOON + SETTLES)
        assert office.state(SHOP.id) is RequestState.SETTLING

        office.live(runs=9)
        assert (office.state(SHOP.id), set(office.aliases)) == (RequestState.DONE, {"eve"})

    def test_a_source_without_customers_is_empty(self, office: Office) -> None:
        office.requests.keep_request(replace(SHOP, source="nowhere"))

        office.live(runs=5)

        assert office.state(SHOP.id) is RequestState.DONE

    def test_whom_a_walk_missed_the_next_one_meets_until_one_meets_nobody(self, office: Office) -> None:
        office.requests.keep_request(SHOP)
        office.live(runs=3)
        office.aliases["late"] = frozenset({"shop#3"})

        office.live(runs=9)

        assert set(office.aliases) == {"eve"}
        assert (office.requests.known[SHOP.id].walks, office.requests.known[SHOP.id].found) == (3, 3)

    def test_a_group_is_left_in_its_midst_when_time_ends(self, office: Office) -> None:
        neighbours = islice((id_ for id_ in map(str, count()) if slot_of(id_) == 0), TOGETHER + 1)
        office.aliases = dict.fromkeys(neighbours, frozenset({"shop#1"}))
        office.requests.keep_request(SHOP)

        office.run(steps=2)
        begun = office.requests.known[SHOP.id]
        assert (begun.walked, begun.within, begun.met) == (0, sorted(office.aliases)[TOGETHER - 1], TOGETHER)

        office.live(runs=9)
        assert (office.state(SHOP.id), office.requests.known[SHOP.id].found) == (RequestState.DONE, TOGETHER + 1)

    def test_a_part_that_cannot_be_read_keeps_it_open(self, office: Office) -> None:
        office.requests.keep_request(SHOP)
        office.live(runs=3)
        office.requests.unreadable.append(UnreadableError(f"PRIVACY#{SHOP.id} 1: unknown RequestKind"))

        office.live(runs=9)

        assert office.state(SHOP.id) is not RequestState.DONE

    def test_it_lets_other_requests_go_first(self, office: Office) -> None:
        office.requests.keep_request(SHOP)
        office.requests.keep_request(replace(ERASE, requested_at=NOON + SETTLES))

        assert office.run(NOON + SETTLES).served == (ERASE.id, SHOP.id)


LAST = tuple(islice((id_ for id_ in map(str, count()) if slot_of(id_) >= SLOTS - 2), 3))
"""Customers of the last two groups: a walk to them is short."""


@pytest.mark.parametrize("fatal", range(1, 25))
def test_killed_at_any_call_and_run_again_the_end_is_the_same(fatal: int) -> None:
    office = Office(dict(zip(LAST, map(frozenset, ({"shop#1"}, {"shop#2"}, {"web#1"})), strict=True)))
    office.requests.keep_request(replace(ERASE, customer_ids=frozenset(LAST[:1])))
    office.requests.keep_request(replace(SHOP, walked=SLOTS - 2))
    lives = Lives(fatal)

    with pytest.raises(KilledError):
        office.live(through=lives.of)
    office.live()

    assert set(office.aliases) == {LAST[2]}
    assert {one.state for one in office.requests.known.values()} == {RequestState.DONE}


class Lives:
    """A process of several parts that dies at one call of any of them."""

    def __init__(self, calls: int) -> None:
        self.mortal = Mortal(None, calls)

    def of(self, part: Any) -> Any:
        lives = self

        class Part:
            def __getattr__(self, name: str) -> Any:
                def call(*arguments: Any) -> Any:
                    lives.mortal.table = part
                    return getattr(lives.mortal, name)(*arguments)

                return call

        return Part()
