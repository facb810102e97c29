"""Invitations and customers as the contract tests need them."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

from afterbill.intake.ports import FactWrites
from afterbill.model.customer import Customer, Recipient, Waiting
from afterbill.model.invitation import Invitation, State

NOW = datetime(2026, 11, 22, 13, 30, 15, tzinfo=UTC)
DUE = datetime(2026, 11, 22, 13, 20, tzinfo=UTC)
ID, OTHER_ID, THIRD_ID = "0a" * 16, "0b" * 16, "0c" * 16
LINK = "stripe|acct|in_1"
ADDRESS = "5e1f" * 8
ADA = Recipient(ADDRESS)
"""The address of everybody here, whom nobody ever asked."""


def invitation(id_: str = ID, **changes) -> Invitation:
    plain = Invitation(
        id=id_,
        fact=f"stripe|acct|{id_}|payment_succeeded|",
        customer_id="customer-1",
        address_hashes=(ADDRESS,),
        touchpoint="payment_succeeded",
        stage="purchase",
        source="stripe",
        channel="mail",
        locale="de",
        created_at=DUE - timedelta(days=3),
        occurred_at=DUE - timedelta(days=3, minutes=1),
        due_at=DUE,
        expiry=timedelta(days=30),
        patience=timedelta(days=14),
        cooldown=timedelta(days=90),
        segments={"touchpoint": "payment_succeeded", "plan": "pro"},
        objects={"invoice": "in_1", "customer": "cus_1"},
    )
    return replace(plain, **changes)


def customer(id_: str = "customer-1", **changes) -> Customer:
    return replace(Customer(id_, address="ada@example.com", address_hash=ADDRESS, locale="de", country="DE"), **changes)


def waiting(*ids: str) -> dict[str, Waiting]:
    return {id_: Waiting(50, DUE, DUE + timedelta(days=14)) for id_ in ids or (ID,)}


def claimed(one: Invitation, attempt: str = "attempt-1", at: datetime = NOW) -> Invitation:
    """The invitation as send_survey claims it."""
    return replace(one, state=State.SENDING, attempt=attempt, claimed_at=at)


def mailed(one: Invitation, at: datetime = NOW) -> Invitation:
    """A claimed invitation as send_survey marks it."""
    return replace(one, message_id="message-1", sent_at=at, sent_day="2026-11-22")


def stored(world, one: Invitation | None = None, who: Customer | None = None) -> tuple[Invitation, Customer]:
    """Both in the table, and as the table holds them."""
    one, who = one or invitation(), who or customer()
    assert world.facts.commit(FactWrites(invitation=one, customers=(who,)))
    return world.invitations.invitation(one.id), world.facts.customers([who.id])[who.id]


def sending(world, one: Invitation | None = None) -> tuple[Invitation, Customer]:
    """An invitation that a sender has claimed."""
    one, who = stored(world, one)
    assert world.invitations.claim(claimed(one), who, ADA)
    return claimed(one), who


def sent(world, one: Invitation | None = None) -> Invitation:
    one, _ = sending(world, one)
    world.invitations.mark_sent(mailed(one))
    return world.invitations.invitation(one.id)


def unsent(world, hour: int) -> list[str]:
    """Ids of what is neither sent nor closed of that hour (UTC) of the day."""
    since = DUE.replace(hour=hour, minute=0)
    page = world.sweeps.not_sent("2026-11-22", since, since + timedelta(minutes=59, seconds=59))
    return [place.id for place in page.places]
