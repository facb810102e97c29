"""A restored table gets back from the ledger what it lost."""

from dataclasses import dataclass, field, replace
from datetime import timedelta
from typing import Any

import pytest

from afterbill.model.customer import Suppression
from afterbill.model.errors import TransientError
from afterbill.model.privacy import Erasure, Objection, PrivacyRequest, Restriction
from afterbill_cli.memory.ledger import MemoryLedger, MemoryRestored
from afterbill_cli.memory.people import MemoryPeople
from afterbill_cli.memory.table import MemoryTable
from afterbill_cli.privacy.reapplying import Reapplied, ReapplyDeps, merged, reapply
from tests.contract.people import ID, OTHER_ID, customer, invitation
from tests.factories import NOON

ERASED_AT = NOON - timedelta(days=3)
HASHED = "5e1f"


def hash_alias(name: str) -> str:
    return f"hash of {name}"


def hashes(*names: str) -> frozenset[str]:
    return frozenset(map(hash_alias, names))


ADA = Erasure("r1", ERASED_AT, hashes("customer-1"), hashes("shop#cus_1"))
NOBODY = Erasure("r2", ERASED_AT, hashes(OTHER_ID), frozenset())
OBJECTION = Objection(HASHED, ERASED_AT, Suppression.UNSUBSCRIBED)


@dataclass
class Restore:
    """A restored table with Ada in it, whom the ledger knows as erased, Bob, and an invitation of nobody."""

    ledger: MemoryLedger = field(default_factory=MemoryLedger)
    table: MemoryTable = field(default_factory=MemoryTable)
    asked: list[PrivacyRequest] = field(default_factory=list)
    failing: bool = False

    def __post_init__(self) -> None:
        for one in (customer(), customer("customer-2", address_hash=HASHED)):
            self.table.people[one.id] = one
        self.table.invitations[ID] = replace(invitation(), customer_id="customer-1")
        self.table.invitations[OTHER_ID] = replace(invitation(OTHER_ID), customer_id="")

    def knows(self, *erasures: Erasure, objections: tuple[Objection, ...] = ()) -> "Restore":
        for erasure in erasures:
            self.ledger.note_erasure(erasure)
        for objection in objections:
            self.ledger.note_objection(objection)
        self.ledger.counted = 0
        return self

    def erase(self, request: PrivacyRequest, _now: Any) -> PrivacyRequest:
        if self.failing:
            raise TransientError("killed")
        self.asked.append(request)
        return request

    def reapply(self) -> Reapplied:
        people = MemoryPeople(self.table)
        deps = ReapplyDeps(self.ledger, MemoryRestored(self.table), people, self.table, self.erase, hash_alias)
        return reapply(deps, "arn", NOON)


def test_whoever_was_erased_is_erased_again_as_of_the_first_time() -> None:
    restore = Restore().knows(ADA)

    assert restore.reapply() == Reapplied(missing=1, erasures=1, customers=1)
    (request,) = restore.asked
    assert (request.id, request.requested_at, request.by) == ("r1", ERASED_AT, "arn")
    assert (request.customer_ids, request.invitation_ids) == ({"customer-1"}, frozenset())
    assert request.alias_hashes == hashes("shop#cus_1")


def test_an_invitation_of_nobody_is_erased_again_by_its_own_id() -> None:
    restore = Restore().knows(NOBODY)

    assert restore.reapply() == Reapplied(missing=1, erasures=1, invitations=1)
    assert restore.asked[0].invitation_ids == {OTHER_ID}


def test_a_customer_whose_item_is_gone_is_found_by_what_they_left() -> None:
    restore = Restore().knows(ADA)
    del restore.table.people["customer-1"]

    assert restore.reapply().customers == 1


class TestNames:
    """Ada was erased as customer-9, whom the restored table never knew; an old event made her customer-1 there."""

    @pytest.fixture
    def restore(self) -> Restore:
        restore = Restore().knows(replace(ADA, subject_hashes=hashes("customer-9")))
        restore.table.aliases["shop#cus_1"] = "customer-1"
        restore.table.people["customer-1"] = customer(learned_at={"name": ERASED_AT})
        restore.table.invitations[ID] = replace(restore.table.invitations[ID], occurred_at=ERASED_AT)
        return restore

    def test_who_came_again_by_an_old_event_is_erased_by_the_name(self, restore: Restore) -> None:
        assert restore.reapply().customers == 1
        assert restore.asked[0].customer_ids == {"customer-1"}

    def test_a_customer_who_cannot_be_read_is_erased_by_it_too(self, restore: Restore) -> None:
        del restore.table.people["customer-1"]

        assert restore.reapply().customers == 1

    def test_who_came_anew_after_the_erasure_stays(self, restore: Restore) -> None:
        restore.table.people["customer-1"] = customer(learned_at={"name": NOON})

        assert restore.reapply().customers == 0

    def test_who_was_asked_about_something_newer_stays(self, restore: Restore) -> None:
        restore.table.invitations[ID] = replace(restore.table.invitations[ID], occurred_at=NOON)

        assert restore.reapply().customers == 0

    def test_who_has_something_that_cannot_be_read_stays(self, restore: Restore) -> None:
        restore.table.unreadable.add(ID)

        assert restore.reapply().customers == 0


def test_a_restriction_counts_again_and_its_end() -> None:
    restore = Restore()
    restore.table.people["customer-2"] = customer("customer-2", restricted_at=ERASED_AT)
    restore.ledger.note_restriction(Restriction(hash_alias("customer-1"), ERASED_AT, restricted=True))
    restore.ledger.note_restriction(Restriction(hash_alias("customer-2"), ERASED_AT, restricted=False))
    restore.knows()

    assert restore.reapply() == Reapplied(missing=2, restricted=2)
    restricted_at = [restore.table.people[f"customer-{number}"].restricted_at for number in (1, 2)]
    assert restricted_at == [ERASED_AT, None]


def test_a_ledger_that_lost_entries_is_applied_as_it_is_and_both_are_equal_again() -> None:
    restore = Restore().knows(ADA)
    restore.ledger.note_restriction(Restriction(hash_alias("customer-2"), ERASED_AT, restricted=True))
    restore.ledger.counted = 5

    assert restore.reapply() == Reapplied(missing=-3, erasures=1, customers=1)
    assert restore.ledger.missing() == 0


def test_a_part_of_a_request_is_a_request_of_its_own() -> None:
    restore = Restore().knows(replace(ADA, request_id="whole/part"))

    restore.reapply()

    assert [request.id for request in restore.asked] == ["whole-part"]


def test_their_names_are_marked_again_although_nobody_is_found() -> None:
    restore = Restore().knows(replace(ADA, subject_hashes=hashes("customer-9")))

    assert restore.reapply() == Reapplied(missing=1, erasures=1)
    assert (restore.asked, restore.table.erased) == ([], {hash_alias("shop#cus_1"): ERASED_AT})


def test_an_objection_counts_again_for_the_address_and_whoever_holds_it() -> None:
    restore = Restore().knows(objections=(OBJECTION,))

    assert restore.reapply() == Reapplied(missing=1, objections=1)
    assert restore.table.recipient(HASHED).suppressed is Suppression.UNSUBSCRIBED
    assert restore.table.people["customer-2"].suppressed is Suppression.UNSUBSCRIBED


def test_a_lifting_counts_again() -> None:
    restore = Restore()
    restore.table.suppress(HASHED, Suppression.BOUNCED, ERASED_AT, None)
    restore.knows(objections=(OBJECTION, Objection(HASHED, NOON)))

    restore.reapply()

    assert restore.table.recipient(HASHED).suppressed is None


def test_afterwards_the_table_misses_nothing_and_a_second_run_does_nothing() -> None:
    restore = Restore().knows(ADA, NOBODY, objections=(OBJECTION,))

    assert restore.reapply().complete
    assert restore.ledger.missing() == 0
    assert restore.reapply() == Reapplied(0)
    assert len(restore.asked) == 2


def test_a_run_that_is_killed_leaves_sending_stopped_and_the_next_does_all_of_it() -> None:
    restore = Restore(failing=True).knows(ADA)
    with pytest.raises(TransientError):
        restore.reapply()
    assert restore.ledger.missing() == 1

    restore.failing = False
    assert restore.reapply() == Reapplied(missing=1, erasures=1, customers=1)


def test_what_somebody_else_noted_meanwhile_is_left_to_another_run(monkeypatch: pytest.MonkeyPatch) -> None:
    restore = Restore().knows(ADA)
    monkeypatch.setattr(restore, "erase", lambda request, _now: restore.knows(NOBODY) and request)

    assert not restore.reapply().complete
    assert restore.ledger.missing() == 2


def test_entries_of_one_request_are_one_erasure_at_its_first_moment() -> None:
    later = Erasure("r1", NOON, ADA.subject_hashes, hashes("shop#cus_2"))

    assert merged([ADA, NOBODY, later]) == [replace(ADA, alias_hashes=hashes("shop#cus_1", "shop#cus_2")), NOBODY]
