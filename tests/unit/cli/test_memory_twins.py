"""Promises of the memory twins that no use case here relies on."""

import pytest

from afterbill.intake.connector import Token
from afterbill.model.customer import Waiting
from afterbill.model.invitation import Delivery, SkipReason, State
from afterbill.outreach.reputation import SendingPause
from afterbill_cli.memory.keys import MemorySendingSwitch, MemoryTokens
from afterbill_cli.memory.scores import MemoryScores
from afterbill_cli.memory.table import MemoryTable
from tests.factories import DAY, NOON, customer, invitation

OLD, NEW = Token("old", "r", None), Token("new", "r", None)


def test_a_token_is_bought_once_and_found_by_whoever_still_holds_the_old_one() -> None:
    tokens = MemoryTokens({"xero": OLD})
    assert tokens.token("xero") == OLD
    assert tokens.renewed("xero", OLD, lambda _known: NEW) == NEW
    assert tokens.renewed("xero", OLD, lambda _known: pytest.fail("bought twice")) == NEW


def test_a_token_that_is_refused_stays_as_it_was() -> None:
    tokens = MemoryTokens({"xero": OLD})
    assert tokens.renewed("xero", OLD, lambda _known: None) is None
    assert tokens.token("xero") == OLD


def test_without_a_consent_there_is_nothing_to_renew() -> None:
    assert MemoryTokens().token("xero") is None
    assert MemoryTokens().renewed("xero", OLD, lambda _known: NEW) is None


def test_a_lease_is_ended_by_its_owner_alone() -> None:
    scores = MemoryScores()
    assert scores.take_lease("mine", NOON, NOON + DAY)
    scores.release_lease("theirs")
    assert not scores.take_lease("theirs", NOON, NOON + DAY)
    scores.release_lease("mine")
    assert scores.take_lease("theirs", NOON, NOON + DAY)


def test_a_switch_that_stands_is_not_turned_over_by_another_reason() -> None:
    first, second = SendingPause("bounces", NOON), SendingPause("complaints", NOON + DAY)
    switch = MemorySendingSwitch()
    assert switch.stop(first)
    assert switch.stop(first), "the same call again"
    assert not switch.stop(second)
    assert switch.pause_reason() == "bounces"
    assert switch.resume(NOON.date())
    assert not switch.resume(NOON.date())


@pytest.mark.parametrize("state", [State.PENDING, State.SENT, State.CLOSED])
def test_only_what_may_be_on_its_way_is_settled(state: State) -> None:
    stored = invitation(state=state, delivery=Delivery.DELIVERED)
    table = MemoryTable({stored.id: stored})
    table.confirm_sent(stored, "m", NOON, "2026-11-22")
    table.deliver(stored.id, Delivery.DELIVERED)
    table.deliver("gone", Delivery.BOUNCED)
    assert table.invitations == {stored.id: stored}


def test_what_was_claimed_since_is_not_closed_but_its_customer_waits_no_longer() -> None:
    read, person = invitation(), customer(waiting={invitation().id: Waiting(50, NOON, NOON + DAY)})
    table = MemoryTable({read.id: invitation(state=State.SENDING)}, {"ada": person})
    table.close(read, SkipReason.SUPPRESSED)
    assert table.invitations[read.id].state is State.SENDING
    assert table.people["ada"].waiting == {}
