"""Answers that change while requests are lost, refused and repeated: in the end each system holds what it should."""

import random
import re
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from itertools import pairwise

import pytest

from afterbill.model.invitation import Answer
from afterbill_actions.connector import Action, Job
from afterbill_actions.connectors.freshdesk.actions import CONNECTOR as FRESHDESK
from afterbill_actions.connectors.shopify.actions import CONNECTOR as SHOPIFY
from afterbill_actions.exchange import NO_REPLY, NOT_SENT, Reply, Request
from afterbill_actions.outcome import Done, GoesOn, Later
from tests.unit.actions.answers import MARK, Desk, Wire, job, written
from tests.unit.actions.freshdesk.helpdesk import Helpdesk
from tests.unit.actions.shopify.shop import CUSTOMER, ORDER, Shop, shop

ANSWERS = (Answer(3, "Late."), Answer(9, "Good."), Answer(7), Answer(3, "Late, and broken."), None)
FAULTS = (Reply(NO_REPLY), Reply(500), Reply(200, b"<html>"), Reply(429), Reply(409), Reply(NOT_SENT, b"away"))


@dataclass
class Weather:
    """Spoils one request in three while it is bad, before it is done or afterwards."""

    system: Shop | Helpdesk
    chance: random.Random
    bad: bool = True

    def __call__(self, request: Request) -> Reply:
        if not self.bad or self.chance.random() > 1 / 3:
            return self.system(request)
        fault = self.chance.choice(FAULTS)
        if fault.status not in {NOT_SENT, 429, 409} and self.chance.random() < 1 / 2:
            self.system(request)
        return fault


@dataclass
class Effect:
    """One effect as the outbox keeps it: its record, and whether somebody may have written without our hearing."""

    action: Action
    desk: Desk
    chance: random.Random
    record: Mapping[str, str] = field(default_factory=dict)
    unsure: bool = False
    stands: Answer | None = None

    def reach(self, answer: Answer | None, *, gives_up: bool) -> None:
        """Bring the effect to an answer, or take it back; a newer answer may come before it is done."""
        attempts = 0
        if answer == self.stands and not self.unsure:
            return
        while True:
            known = written(self.record) if self.record else None
            outcome = self._parts(replace(job(answer), written=known, maybe=attempts > 0 or self.unsure))
            if isinstance(outcome, Done):
                self.record, self.unsure, self.stands = outcome.record, False, answer
                return
            assert isinstance(outcome, Later), outcome
            attempts += 1
            if gives_up and self.chance.random() < 1 / 3:
                self.unsure = True
                return

    def _parts(self, at: Job) -> Done | Later:
        step = self.action.write if at.invitation and at.invitation.answer else self.action.undo
        while True:
            outcome = step(at, self.desk.open())
            if not isinstance(outcome, GoesOn):
                return outcome  # type: ignore[return-value]  # whoever asks looks
            self.record, self.unsure = outcome.record, True
            at = replace(at, written=written(self.record), maybe=True)


def carried(action: Action, system: Shop | Helpdesk, secret: Mapping[str, str], seed: int) -> Answer | None:
    """Let an answer change several times in bad weather; return what it is in the end."""
    chance = random.Random(seed)
    weather = Weather(system, chance)
    effect = Effect(action, Desk(Wire(weather), secret=secret), chance)
    for _ in range(chance.randint(1, 5)):
        effect.reach(chance.choice(ANSWERS), gives_up=True)
    weather.bad = False
    last = chance.choice(ANSWERS)
    effect.reach(last, gives_up=False)
    return last


SEEDS = range(60)
SECRETS = ({"token": "shpat_1"}, {"client_id": "app", "client_secret": "right"})


@pytest.mark.parametrize("seed", SEEDS)
def test_tags_are_those_of_the_last_answer_and_of_others(seed: int) -> None:
    store = shop()

    last = carried(SHOPIFY.actions["tags"], store, SECRETS[seed % 2], seed)

    bands = {3: "detractor", 7: "passive", 9: "promoter"}
    wanted = [f"NPS {last.rating}", f"NPS {bands[last.rating]}"] if last else []
    assert sorted(store.records[ORDER]["tags"]) == sorted(["theirs", *wanted])
    assert sorted(store.records[CUSTOMER]["tags"]) == sorted(["vip", *wanted])


@pytest.mark.parametrize("seed", SEEDS)
def test_the_note_holds_the_last_comment_once_beside_what_others_wrote(seed: int) -> None:
    store = shop()
    store.records[ORDER]["note"] = "Theirs."

    last = carried(SHOPIFY.actions["note"], store, SECRETS[seed % 2], seed)

    stands = store.records[ORDER]["note"]
    assert stands.startswith("Theirs.")
    if last is None:
        assert stands == "Theirs."
    else:
        assert stands.count(f"--- {MARK} ---") == 1
        assert stands.count(f"NPS {last.rating} of 10") == 1
        assert last.comment in stands


@pytest.mark.parametrize("seed", SEEDS)
@pytest.mark.parametrize("shared", [False, True])
def test_there_is_one_ticket_with_one_note_for_each_thing_that_was_told(seed: int, shared: bool) -> None:
    helpdesk = Helpdesk()
    if shared:
        helpdesk.add(tags=["afterbill"])

    last = carried(FRESHDESK.actions["ticket"], helpdesk, {"key": "k"}, seed)

    ours = [one for one in helpdesk.tickets.values() if MARK[:32] in one["tags"]]
    assert len(helpdesk.tickets) <= 1
    told = re.findall(r"Reference: (\S+)", " ".join(helpdesk.notes.get(1, ())))
    assert all(one != following for one, following in pairwise(told)), told
    if told:
        assert ("taken-back" in told[-1]) is (last is None)
    for one in ours:
        assert ("afterbill-taken-back" in one["tags"]) is (last is None)
        assert [tag for tag in one["tags"] if tag == f"NPS {last.rating if last else 3}"] == (
            [f"NPS {last.rating}"] if last else []
        )
        assert one["status"] == (2 if last else 5)
    if last:
        assert told
