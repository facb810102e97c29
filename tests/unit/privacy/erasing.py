"""Ada, who is known in every way there is, and all that erases her; others may be at work between any two calls."""

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from datetime import date, datetime, timedelta
from itertools import count as numbers
from typing import Any

from afterbill.insight.nps import MAILS, RATINGS
from afterbill.insight.tally import count
from afterbill.model.anonymous import erased
from afterbill.model.billing import CustomerRef, OperatorTask
from afterbill.model.invitation import Invitation
from afterbill.model.privacy import Erasure, PrivacyRequest, RequestKind
from afterbill.model.short_links import ShortLink
from afterbill.model.webhooks import Webhook
from afterbill.privacy.erase import EraseDeps
from afterbill_cli.memory.people import (
    MemoryForgettableAnswers,
    MemoryForgettableDeliveries,
    MemoryForgettableFacts,
    MemoryPeople,
)
from afterbill_cli.memory.privacy import MemoryPrivacyRequests
from afterbill_cli.memory.queues import MemoryEvidence
from afterbill_cli.memory.scores import MemoryScores
from tests.factories import DAY, HOUR, NOON, event, hash_address, policy, ref
from tests.world import World

LATER = event("2", occurred_at=NOON + 4 * DAY)
PHONE = hash_address("+491512345678")


@dataclass
class Entries:
    """The ledger, which keeps the same entry once."""

    erased: list[Erasure] = field(default_factory=list)

    def note_erasure(self, erasure: Erasure) -> None:
        if not any((one.at, one.request_id) == (erasure.at, erasure.request_id) for one in self.erased):
            self.erased.append(erasure)


@dataclass
class Between:
    """A port of `ada`, whose `turn` is called before each call of it."""

    port: Any
    ada: "Erasing"

    def __getattr__(self, name: str) -> Callable[..., Any]:
        method = getattr(self.port, name)

        def call(*arguments: Any) -> Any:
            self.ada.turn()
            return method(*arguments)

        return call


def hash_alias(name: str) -> str:
    return f"hash of {name}"


@dataclass
class Erasing:
    """A world with Ada in it, who answered one survey and waits for another, and the ports of her erasure."""

    world: World = field(default_factory=lambda: World(policy(cooldown=0 * DAY)))
    requests: Any = field(default_factory=MemoryPrivacyRequests)
    ledger: Any = field(default_factory=Entries)
    evidence: Any = field(default_factory=MemoryEvidence)
    sources: frozenset[str] = frozenset()
    later: timedelta = timedelta(0)

    def __post_init__(self) -> None:
        self.first = self.world.sent(event(customer=ref(name="Ada", phone="+491512345678")))
        assert self.world.answer(self.first, rating="9", comment="words of Ada")
        self.world.now = LATER.occurred_at
        self.world.capture(LATER)
        self.who = self.world.person().id
        table = self.table
        table.keep(ShortLink("0123456789", self.first.id, NOON, PHONE, self.who))
        table.keep_task(OperatorTask("shop", "crowded", "1", NOON, CustomerRef("cus_1", own_id=self.who)), "", NOON)
        webhook = Webhook("shop", {}, b"about Ada", NOON)
        self.evidence.keep(webhook)
        table.copies.add((self.evidence.name_of(webhook), self.who))
        table.events |= dict.fromkeys(table.events, self.who)
        self.rows = numbers(1)
        self.turn: Callable[[], None] = lambda: None

    @property
    def table(self) -> Any:
        return self.world.stored

    @property
    def request(self) -> PrivacyRequest:
        customers = frozenset({self.who})
        return PrivacyRequest(
            "request-1", RequestKind.ERASE, self.at, "arn", self.at + 30 * DAY, customer_ids=customers
        )

    @property
    def at(self) -> datetime:
        return LATER.occurred_at + HOUR

    def clock(self) -> datetime:
        return self.at + self.later

    @property
    def deps(self) -> EraseDeps:
        deliveries = MemoryForgettableDeliveries(self.table, self.world.timer, self.hash_number, lambda: self.at)
        return EraseDeps(
            people=self.port(MemoryPeople(self.table)),
            requests=self.port(self.requests),
            ledger=self.port(self.ledger),
            deliveries=self.port(deliveries),
            answers=self.port(MemoryForgettableAnswers(self.table, lambda: f"row-{next(self.rows)}")),
            facts=self.port(MemoryForgettableFacts(self.table, self.port(self.evidence))),
            hash_alias=hash_alias,
            clock=self.clock,
            sources=self.sources,
            copies=self.port(self.evidence),
        )

    def port(self, port: Any) -> Any:
        return Between(port, self)

    def hash_number(self, number: str | None, _country: str | None) -> str:
        return hash_address(number) if number else ""

    # What is there

    def scores(self) -> Any:
        """The scores as they would be counted now, of all days."""
        scores = MemoryScores(self.table.invitations)
        days = {day for one in self.table.invitations.values() for day in (one.sent_day, one.answered_day)} - {""}
        return {day: counted_on(scores, date.fromisoformat(day)) for day in sorted(days)}

    def left(self) -> dict[str, Any]:
        """Everything that leads to Ada or says something of her."""
        table = self.table
        alive = [id_ for id_, one in table.invitations.items() if not erased(one)]
        kinds = {"people": table.people, "aliases": table.aliases, "events": table.events, "codes": table.codes}
        kinds |= {"phones": table.phones, "tasks": table.tasks, "copies": table.copies, "alive": alive}
        kinds |= {"links": [*table.stops, *table.peers], "evidence": self.evidence.webhooks}
        kinds |= {"asked": [hashed for hashed, one in table.recipients.items() if one.last_asked_at]}
        return {kind: what for kind, what in kinds.items() if what}

    def snapshot(self) -> Any:
        """Everything there is; the ids of rows are random."""
        table = self.table
        invitations = sorted(map(repr, map(_nameless, table.invitations.values())))
        return (
            self.left(),
            invitations,
            table.recipients,
            table.erased,
            self.world.set_timers.schedules,
            self.requests.known,
            self.ledger.erased,
        )


def counted_on(recounts: Any, day: date) -> Any:
    """All numbers of a day by dimension and value, but for how many answers are of people who were removed."""
    answers = [one for page in recounts.answers_of(day) for one in page.items]
    sends = [one for page in recounts.sends_of(day) for one in page.items]
    return {
        (dimension, value): tally.numbers[: MAILS + len(RATINGS)]
        for dimension, tallies in count(answers, sends).items()
        for value, tally in tallies.items()
    }


def _nameless(one: Invitation) -> Invitation:
    return replace(one, id="") if one.id.startswith("row-") else one
