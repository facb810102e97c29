"""Everything is checked again when a survey is due."""

from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from afterbill.domain.customer import Customer, Pending
from afterbill.domain.invitation import Invitation, SkipReason
from afterbill.domain.policy import Schedule, Situation, Stops, decide, recheck, stoppable
from afterbill.domain.webhooks import Source
from tests.factories import DAY, HOUR, NOON, SECOND, customer, event, invitation, rule

MOMENTS = st.timedeltas(-300 * DAY, 300 * DAY).map(NOON.__add__)
DUE = NOON + 3 * DAY


def rechecked(
    one: Invitation | None = None, person: Customer | None = None, *, stopped: bool = False, now: datetime = DUE
) -> SkipReason | None:
    return recheck(one or invitation(), Situation(person or customer(), stopped), now)


def test_a_due_invitation_goes_out_when_nothing_has_happened() -> None:
    assert rechecked() is None


@pytest.mark.parametrize(
    ("reason", "circumstances"),
    [
        (SkipReason.CUSTOMER_DELETED, {"person": customer(deleted=True)}),
        (SkipReason.SUPPRESSED, {"person": customer(suppressed="bounced")}),
        (SkipReason.NO_ADDRESS, {"person": customer(address=None)}),
        (SkipReason.STOPPED, {"stopped": True}),
        (SkipReason.STOPPED, {"person": customer(last_adverse_at=NOON + HOUR)}),
        (SkipReason.EXPIRED, {"now": DUE + 30 * DAY + SECOND}),
        (SkipReason.COOLDOWN, {"person": customer(last_asked_at=DUE - 90 * DAY + SECOND)}),
        (SkipReason.SUPERSEDED, {"person": customer(pending=Pending("other", 80, DUE + DAY))}),
    ],
)
def test_it_does_not_go_out_when(reason: SkipReason, circumstances: dict[str, Any]) -> None:
    assert rechecked(**circumstances) is reason


def test_it_does_not_go_out_when_its_customer_is_gone() -> None:
    assert recheck(invitation(), Situation(None), DUE) is SkipReason.NO_CUSTOMER


@pytest.mark.parametrize(
    "circumstances",
    [
        {"one": invitation(stoppable=False), "stopped": True},
        {"one": invitation(stoppable=False), "person": customer(last_adverse_at=NOON + HOUR)},
        {"person": customer(last_adverse_at=NOON - SECOND)},
        {"now": DUE + 30 * DAY},
        {"person": customer(last_asked_at=DUE - 90 * DAY)},
        {"one": invitation(cooldown=timedelta(0)), "person": customer(last_asked_at=DUE)},
        {"person": customer(pending=Pending(invitation().id, 50, DUE))},
        {"person": customer(pending=Pending("other", 80, DUE + 90 * DAY))},
        {"one": invitation(cooldown=timedelta(0)), "person": customer(pending=Pending("other", 80, DUE))},
    ],
)
def test_it_goes_out_although(circumstances: dict[str, Any]) -> None:
    assert rechecked(**circumstances) is None


PEOPLE = st.builds(
    customer,
    deleted=st.booleans(),
    suppressed=st.sampled_from(["", "bounced", "unsubscribed"]),
    last_asked_at=st.none() | MOMENTS,
    last_adverse_at=st.none() | MOMENTS,
    pending=st.none() | st.builds(Pending, st.just("other"), st.integers(0, 100), MOMENTS, st.booleans()),
)


@given(PEOPLE, st.booleans(), MOMENTS, st.sampled_from(Stops))
def test_what_is_decided_would_be_decided_again_at_once(
    person: Customer,
    stopped: bool,  # noqa: FBT001
    now: datetime,
    stops: Stops,
) -> None:
    """Nothing is scheduled that the check before sending would refuse although nothing happened in between."""
    one, by = event(occurred_at=now), rule(stops=stops)
    decision = decide(one, by, Source("shop", "test"), Situation(person, stopped), now)
    if isinstance(decision, Schedule):
        waiting = replace(person, pending=Pending(one.invitation_id, by.priority, decision.due_at))
        ask = invitation(
            id=one.invitation_id,
            occurred_at=now,
            due_at=decision.due_at,
            stoppable=stoppable(one.touchpoint, by),
        )
        assert recheck(ask, Situation(waiting, stopped), decision.due_at) is None
