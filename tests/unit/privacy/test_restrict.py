"""Restricted customers: what is stored of them is kept, and nobody uses it."""

import pytest

from afterbill.model.invitation import SkipReason
from afterbill.model.privacy import PrivacyRequest, RequestKind, RequestState, Restriction
from afterbill.outreach.delivery import Outcome, SendResult
from afterbill.privacy.restrict import RestrictDeps, restrict
from afterbill_cli.memory.ledger import MemoryLedger
from afterbill_cli.memory.table import MemoryTable
from tests.factories import DAY, NOON, customer, event, hash_alias, news, policy, ref
from tests.world import World, due_survey


class Requests(list[PrivacyRequest]):
    """Keeps what is stored of requests."""

    def store_request(self, request: PrivacyRequest) -> None:
        self.append(request)


def asked(kind: RequestKind) -> PrivacyRequest:
    return PrivacyRequest("1", kind, NOON, "arn", NOON + DAY, customer_ids=frozenset({"ada", "gone"}))


def done(table: MemoryTable, kind: RequestKind, ledger: MemoryLedger | None = None) -> PrivacyRequest:
    requests = Requests()
    deps = RestrictDeps(table, requests, ledger or MemoryLedger(), hash_alias)  # type: ignore[arg-type]  # one method is used
    carried_out = restrict(asked(kind), deps, NOON)
    assert requests == [carried_out]
    return carried_out


@pytest.fixture
def world() -> World:
    """A survey of Ada's is due, and she is restricted."""
    world = due_survey()
    done(world.stored, RequestKind.RESTRICT)
    return world


def test_who_is_known_is_restricted_from_now_on() -> None:
    table = MemoryTable(people={"ada": customer()})

    carried_out = done(table, RequestKind.RESTRICT)
    assert (carried_out.state, carried_out.done_at, carried_out.changed) == (RequestState.DONE, NOON, 1)
    assert table.people["ada"].restricted_at == NOON


def test_the_ledger_knows_it_for_a_table_that_is_restored() -> None:
    ledger = MemoryLedger()

    done(MemoryTable(people={"ada": customer()}), RequestKind.RESTRICT, ledger)

    assert list(ledger.restrictions()) == [
        Restriction(hash_alias("ada"), NOON, restricted=True),
        Restriction(hash_alias("gone"), NOON, restricted=True),
    ]


def test_a_restriction_is_lifted() -> None:
    table = MemoryTable(people={"ada": customer(restricted_at=NOON)})

    assert done(table, RequestKind.RELEASE).changed == 1
    assert table.people["ada"].restricted_at is None


def test_what_was_waiting_is_not_sent(world: World) -> None:
    (one,) = world.stored.invitations

    assert world.send(one) == SendResult(Outcome.SKIPPED, SkipReason.RESTRICTED)
    assert world.outbox == []


def test_nobody_is_reminded() -> None:
    world = World(policy=policy(reminder=3 * DAY))
    sent = world.sent()
    world.change_person(world.person().id, restricted_at=world.now)
    world.now += 3 * DAY

    assert world.send(sent.id, 2) == SendResult(Outcome.NOT_REMINDED, SkipReason.RESTRICTED)


def test_a_new_fact_is_kept_and_asked_about_never() -> None:
    world = World()
    world.capture(news(ref()))
    world.change_person(world.person().id, restricted_at=NOON)

    captured = world.capture(event(customer=ref(country="DE"))).invitation
    assert captured
    assert (captured.reason, captured.customer_id) == (SkipReason.RESTRICTED, world.person().id)
    assert (world.person().country, world.person().restricted_at) == ("DE", NOON)


def test_who_is_released_is_asked_again() -> None:
    world = due_survey()
    (one,) = world.stored.invitations
    done(world.stored, RequestKind.RESTRICT)
    done(world.stored, RequestKind.RELEASE)

    assert world.send(one).outcome is Outcome.SENT
