"""A deployed stack with people in it, for the commands of privacy."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

from afterbill.adapters.dynamodb.facts import FactsTable
from afterbill.adapters.dynamodb.people import PeopleTable
from afterbill.adapters.dynamodb.privacy_requests import PrivacyRequestsTable
from afterbill.adapters.dynamodb.responses import ResponsesTable
from afterbill.intake.ports import FactWrites
from afterbill.model.addresses import address_hash
from afterbill.model.customer import Customer, Suppression
from afterbill.model.invitation import Answer, Invitation, State
from afterbill.model.links import derive_key
from afterbill_cli.acts import ledger_of
from afterbill_cli.deployed import Deployed
from tests.contract.people import NOW, customer, invitation
from tests.contract.scores_table import TABLE

ADA, BOB, GUEST, ANSWERED, ANONYMOUS = "a1" * 16, "b2" * 16, "c3" * 16, "d4" * 16, "e5" * 16
"""Ids of two customers and a guest, of an answered survey of Ada's, and of one of nobody's."""
ADDRESS, NUMBER = "ada@example.com", "+4915123456789"
COMMENT = "Bob at the desk was of great help."
WHY = "asked by letter"


def hashed(spelling: str) -> str:
    return address_hash(spelling, derive_key("x" * 64, "identity"))


def answered(id_: str = ANSWERED, customer_id: str = ADA, **changes: Any) -> Invitation:
    """A survey that went out and was answered with a comment."""
    return replace(
        invitation(id_, customer_id=customer_id),
        address_hashes=(hashed(ADDRESS),) if customer_id else (),
        state=State.SENT,
        sent_at=NOW,
        sent_day="2026-11-22",
        answer=Answer(9, COMMENT),
        answered_at=NOW,
        answered_day="2026-11-22",
        **changes,
    )


def person(id_: str, address: str | None = ADDRESS, **changes: Any) -> Customer:
    return customer(id_, address=address, address_hash=hashed(address) if address else "", **changes)


class Town:
    """The content of the stack, to be filled and looked at."""

    def __init__(self, stack: Deployed) -> None:
        self.stack = stack
        self.facts = FactsTable(stack.client("dynamodb"), TABLE)
        self.people = PeopleTable(stack.client("dynamodb"), TABLE)
        self.requests = PrivacyRequestsTable(stack.client("dynamodb"), TABLE)
        self.responses = ResponsesTable(stack.client("dynamodb"), TABLE)

    def settle(self, *customers: Customer, aliases: dict[str, str] | None = None) -> None:
        named = {alias: (owner, None) for alias, owner in (aliases or {}).items()}
        assert self.facts.commit(FactWrites(customers=customers, aliases=named))

    def ask(self, one: Invitation) -> None:
        assert self.facts.commit(FactWrites(one))

    def object(self, spelling: str = ADDRESS) -> None:
        self.responses.suppress(hashed(spelling), Suppression.UNSUBSCRIBED, NOW, None)

    def acts(self) -> list[tuple[str, tuple[str, ...], str]]:
        """The acts noted until now: the command, whose data, and the reason."""
        now = datetime.now(UTC)
        acts = ledger_of(self.stack).acts(now - timedelta(hours=1), now)
        return [(act.what, act.whose, act.why) for act in acts]


def town_of(stack: Deployed) -> Town:
    """Ada, whom stripe knows and who answered, a guest of paddle with her address, and Bob with another one."""
    stack.client("scheduler").create_schedule_group(Name="surveys")
    town = Town(replace(stack, outputs={**stack.outputs, "ScheduleGroupName": "surveys"}))
    aliases = {"stripe#cus_9": ADA, f"paddle@{hashed(ADDRESS)}": GUEST, "paddle#bob": BOB}
    town.settle(person(ADA, phone=NUMBER), person(GUEST), person(BOB, "bob@example.com"), aliases=aliases)
    town.ask(answered())
    town.ask(answered(ANONYMOUS, ""))
    return town
