"""Privacy requests of billing systems: kept once, and without anybody's name."""

from dataclasses import replace
from datetime import timedelta

import pytest

from afterbill.intake.capture_fact import Outcome
from afterbill.model.billing import CustomerRef
from afterbill.model.privacy import DEADLINE, PrivacyAsk, PrivacyRequest, RequestKind, RequestState
from afterbill_cli.memory.queues import MemoryEvidence
from tests.factories import ADA, NOON, event, hash_address, hash_alias
from tests.world import World

ASK = PrivacyAsk("shop", RequestKind.ERASE, "redact-1", NOON - timedelta(hours=1), CustomerRef("cus_1", ADA))
GUEST = f"shop@{hash_address(ADA)}"


@pytest.fixture
def world() -> World:
    return World()


def asked(world: World, ask: PrivacyAsk = ASK) -> PrivacyRequest:
    """The request that comes of it."""
    (captured,) = world.understand(lambda *_: (ask,))
    assert captured.outcome is Outcome.REQUESTED
    (request,) = world.stored.requests.values()
    return request


def test_it_holds_our_ids_and_hashes_and_nothing_of_the_person(world: World) -> None:
    known = world.capture(event(customer=CustomerRef("cus_1", ADA)))
    assert known.invitation

    request = asked(world)

    assert request.customer_ids == {known.invitation.customer_id}
    assert request.alias_hashes == {hash_alias("shop#cus_1"), hash_alias(GUEST)}
    assert (request.by, request.source, request.copies) == ("source:shop", "", frozenset())
    assert not any(told in str(request) for told in ("cus_1", ADA, hash_address(ADA)))


def test_who_bought_as_a_guest_of_the_shop_too_is_meant_by_their_address(world: World) -> None:
    world.capture(event("1", customer=CustomerRef(email=ADA)))
    world.capture(event("2", customer=CustomerRef("cus_1", ADA)))

    assert asked(world).customer_ids == {world.stored.aliases[name] for name in ("shop#cus_1", GUEST)}


def test_who_has_the_address_at_another_source_is_not_meant(world: World) -> None:
    world.capture(replace(event(), source="other", customer=CustomerRef("cus_1", ADA)))

    assert asked(world).customer_ids == frozenset()


def test_who_is_known_by_nothing_but_an_id_has_one_name(world: World) -> None:
    assert asked(world, replace(ASK, customer=CustomerRef("cus_1"))).alias_hashes == {hash_alias("shop#cus_1")}


def test_it_is_due_thirty_days_after_it_was_asked(world: World) -> None:
    request = asked(world)

    assert (request.requested_at, request.due_at) == (ASK.occurred_at, ASK.occurred_at + DEADLINE)


def test_a_moment_to_come_is_now_for_marks_must_not_hide_what_happens_later(world: World) -> None:
    assert asked(world, replace(ASK, occurred_at=NOON + timedelta(days=9))).requested_at == NOON


def test_the_copy_of_its_webhook_goes_with_the_customer(world: World) -> None:
    world.evidence = MemoryEvidence()

    request = asked(world)

    assert request.copies == {world.evidence.name_of(world.evidence.webhooks[0])}


def test_the_copy_of_its_webhook_is_found_by_whoever_it_means(world: World) -> None:
    world.capture(event(customer=ASK.customer))
    world.evidence = MemoryEvidence(remembered=world.stored.copies)
    request = asked(world, replace(ASK, kind=RequestKind.EXPORT))

    (name,) = request.copies
    assert world.stored.copies == {(name, customer_id) for customer_id in request.customer_ids}
    assert request.customer_ids


@pytest.mark.parametrize(
    ("kind", "state", "source"),
    [
        (RequestKind.EXPORT, RequestState.READY, ""),
        (RequestKind.ERASE, RequestState.OPEN, ""),
        (RequestKind.ERASE_SOURCE, RequestState.OPEN, "shop"),
    ],
)
def test_an_export_waits_to_be_fetched_and_the_rest_to_be_done(
    world: World, kind: RequestKind, state: RequestState, source: str
) -> None:
    request = asked(world, replace(ASK, kind=kind))

    assert (request.kind, request.state, request.source) == (kind, state, source)


def test_told_again_it_is_one_request_and_another_one_is_another(world: World) -> None:
    asked(world)

    assert world.understand(lambda *_: (ASK,))[0].outcome is Outcome.DUPLICATE
    for other in (replace(ASK, id="redact-2"), replace(ASK, kind=RequestKind.EXPORT)):
        assert world.understand(lambda *_, one=other: (one,))[0].outcome is Outcome.REQUESTED
    assert len(world.stored.requests) == 3
