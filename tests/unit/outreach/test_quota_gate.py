"""A quota that is used up: one gate for all senders, hours of waiting in one transition each, one probe."""

from collections import Counter
from contextlib import suppress
from dataclasses import replace
from typing import Any

import pytest

from afterbill.model.channels import Channel
from afterbill.model.customer import Waiting
from afterbill.model.errors import TransientError
from afterbill.model.invitation import SkipReason, State
from afterbill.model.messages import Deferred, QuotaUsedUp, Rejected, Unknown
from afterbill.outreach.caps import SendingCaps
from afterbill.outreach.delivery import Outcome, SendResult
from afterbill.outreach.quota_gate import Gate, closed
from afterbill_cli.memory.queues import MemoryMailer
from tests.factories import DAY, HOUR, MINUTE, NOON, OFFICE, SECOND, customer, hash_address, invitation, policy
from tests.unit.loop.crashes import every_fault, pass_days
from tests.world import World, due_survey, texting

ID = invitation().id
MAIL, SMS, APP = Channel.MAIL, Channel.SMS, Channel.IN_APP
USED_UP = QuotaUsedUp("ThrottlingException")
WAITS = SendResult(Outcome.DEFERRED, SkipReason.SERVICE_QUOTA)


def due(*receipts: Any, **rules: Any) -> World:
    """Ada's survey is due this moment; it may wait for two days."""
    world = due_survey()
    world.policy = policy(**{"patience": 2 * DAY, "sending": SendingCaps(per_day=99), **rules})
    world.texting, world.mailer.receipts = texting, list(receipts)
    world.change(ID, patience=2 * DAY)
    world.change_person("ada", phone="+4915123456789", last_seen_at=world.now)
    return world


def another(world: World, number: int) -> str:
    """One more survey, of a customer of its own."""
    id_ = f"{number:032x}"
    one = invitation(id=id_, customer_id=id_, patience=2 * DAY)
    world.stored.invitations[id_] = one
    address = f"{number}@example.com"
    world.stored.people[id_] = customer(id=id_, address=address, address_hash=hash_address(address))
    return id_


def test_pauses_double_up_to_four_hours() -> None:
    gate, pauses, now = None, [], NOON
    for _ in range(4):
        gate = closed(gate, now)
        pauses.append(gate.pause)
        now = gate.until
    assert pauses == [HOUR, 2 * HOUR, 4 * HOUR, 4 * HOUR]
    assert gate
    assert gate.since == NOON


def test_the_survey_that_meets_the_quota_waits_for_hours() -> None:
    world = due(USED_UP)
    world.change_person("ada", waiting={ID: Waiting(50, world.now, world.now + 30 * DAY)})
    assert world.send(ID) == WAITS
    one = world.stored.invitations[ID]
    assert (one.state, one.deferrals[-1].reason) == (State.PENDING, SkipReason.SERVICE_QUOTA)
    assert world.now + HOUR <= one.ready_at <= world.now + 2 * HOUR
    assert world.counters.used.total() == 0
    assert (world.person().last_asked_at, list(world.person().waiting)) == (None, [ID])
    assert world.queued.messages == []


def test_all_others_wait_without_asking_the_service() -> None:
    world = due(USED_UP)
    world.send(ID)
    ids = [another(world, number) for number in range(50)]
    assert [world.send(id_) for id_ in ids] == [WAITS] * 50
    waits = [world.stored.invitations[id_].ready_at for id_ in ids]
    assert len(set(waits)) > 40, "they come back spread over the hour"
    assert world.outbox == []


def test_once_its_time_is_over_one_survey_probes_and_opens_it_for_all() -> None:
    world = due(USED_UP)
    world.send(ID)
    ids = [another(world, number) for number in range(20)]
    for id_ in ids:
        world.send(id_)
    outcomes = Counter(sent.outcome for sent in world.live(3 * HOUR))
    assert outcomes[Outcome.SENT] == 21
    assert world.counters.gates == {}


def test_while_one_probes_the_others_wait() -> None:
    world = due()
    gate = Gate(NOON, world.now - SECOND, HOUR)
    world.counters.gates["mail"] = gate.probed(world.now)
    assert world.send(ID) == WAITS


def test_where_another_sender_was_faster_its_probe_is_waited_for() -> None:
    world = due()
    stale, fresh = Gate(NOON, world.now - SECOND, HOUR), Gate(NOON, world.now + MINUTE, HOUR)
    world.caps = Overtaken(world.counters, stale, fresh)
    assert world.send(ID) == WAITS
    assert world.counters.used.total() == 0
    world = due()
    world.caps = Overtaken(world.counters, stale, None)
    assert world.send(ID) == SendResult(Outcome.SENT)


class Overtaken:
    """A gate that is read, and is another by the time it is probed."""

    def __init__(self, caps: Any, *gates: Gate | None) -> None:
        self.caps, self.gates = caps, list(gates)

    def __getattr__(self, name: str) -> Any:
        return getattr(self.caps, name)

    def gate(self, _channel: str) -> Gate | None:
        return self.gates.pop(0) if self.gates else None

    def probe(self, *_: object) -> bool:
        return False


def test_a_probe_that_dies_leaves_the_next_one_to_the_next_survey() -> None:
    world = due(Unknown("silence"))
    world.counters.gates["mail"] = Gate(NOON, world.now, HOUR)
    assert world.send(ID).outcome is Outcome.UNKNOWN
    other = another(world, 1)
    assert world.send(other) == WAITS
    world.now += 6 * MINUTE
    assert world.send(another(world, 2)) == SendResult(Outcome.SENT)


PROBES = Gate(NOON, NOON, HOUR)


def probing(*receipts: Any, **rules: Any) -> World:
    """The gate was shut, and the next survey probes."""
    world = due(*receipts, **rules)
    world.counters.gates["mail"] = PROBES
    return world


def throttled(world: World) -> None:
    world.mailer.receipts = [Deferred("TooManyRequestsException", MINUTE, paused=False)]


def rejected(world: World) -> None:
    world.mailer.receipts = [Rejected("MessageRejected")]


def too_many(world: World) -> None:
    world.policy = policy(patience=2 * DAY, sending=SendingCaps(per_hour=1))
    world.counters.used[f"hour#{world.now:%Y-%m-%dT%H}"] = 1


def overtaken(world: World) -> None:
    world.table = Without(world.stored, "claim", lambda *_: False)


def without_a_table(world: World) -> None:
    world.table = Without(world.stored, "claim", silence)


def unwritable(world: World) -> None:
    world.compose = silence


def silence(*_: object) -> Any:
    raise TransientError


class Without:
    """A port with another method in place of its own."""

    def __init__(self, port: Any, name: str, method: Any) -> None:
        self.port, self.name, self.method = port, name, method

    def __getattr__(self, name: str) -> Any:
        return self.method if name == self.name else getattr(self.port, name)


@pytest.mark.parametrize("befalls", [throttled, rejected, too_many, overtaken, without_a_table, unwritable])
def test_what_tells_nothing_of_the_quota_leaves_the_probe_to_the_next_survey(befalls: Any) -> None:
    world = probing()
    befalls(world)
    with suppress(TransientError):
        assert world.send(ID).outcome is not Outcome.SENT
    assert world.counters.gates == {"mail": PROBES}


def test_a_gate_that_cannot_be_left_keeps_no_survey_from_being_given_back() -> None:
    world = probing()
    throttled(world)
    world.caps = Without(world.counters, "probe", OnlyOnce(world.counters))
    assert world.send(ID).outcome is Outcome.THROTTLED
    assert world.stored.invitations[ID].state is State.PENDING


class OnlyOnce:
    """The gate answers one probe, and then no more."""

    def __init__(self, caps: Any) -> None:
        self.caps, self.left = caps, 1

    def __call__(self, channel: str, gate: Gate, probed: Gate) -> bool:
        self.left -= 1
        if self.left < 0:
            raise TransientError
        return bool(self.caps.probe(channel, gate, probed))


def test_an_exhausted_day_costs_few_tries() -> None:
    world = due()
    mailer = UsedUp()
    world.mailer = mailer
    ids = [ID, *(another(world, number) for number in range(30))]
    for id_ in ids:
        world.send(id_)
    world.live(DAY)
    assert mailer.tried <= 9
    waits = [len(world.stored.invitations[id_].deferrals) for id_ in ids]
    assert max(waits) <= 16
    assert {world.stored.invitations[id_].state for id_ in ids} == {State.PENDING}


class UsedUp(MemoryMailer):
    """Takes nothing all day."""

    tried = 0

    def send(self, _mail: Any) -> Any:
        self.tried += 1
        return USED_UP


def test_what_would_come_too_late_is_closed_with_that_reason() -> None:
    world = due(USED_UP)
    world.change(ID, patience=HOUR / 2)
    assert world.send(ID) == SendResult(Outcome.SKIPPED, SkipReason.SERVICE_QUOTA)


def test_the_wait_ends_in_the_sending_window() -> None:
    world = due(USED_UP, window=OFFICE)
    world.now += 3 * HOUR
    assert world.send(ID) == WAITS
    ready_at = world.stored.invitations[ID].ready_at
    assert (ready_at.date(), 8 <= ready_at.hour < 16) == ((world.now + DAY).date(), True), "nine to five in Berlin"


@pytest.mark.parametrize("channel", [SMS, APP])
def test_the_mail_gate_holds_no_other_channel(channel: Channel) -> None:
    world = due(channels=(channel,), seen_within=DAY)
    world.counters.gates["mail"] = closed(None, world.now)
    assert world.send(ID) == SendResult(Outcome.SENT)


def test_nor_does_the_spend_limit_of_text_messages_hold_mail() -> None:
    world = due(QuotaUsedUp("MONTHLY_SPEND_LIMIT_REACHED_FOR_TEXT"), channels=(SMS,))
    assert world.send(ID) == WAITS
    world.policy = policy()
    assert world.send(another(world, 1)) == SendResult(Outcome.SENT)


def test_a_rejected_channel_stays_rejected_behind_a_gate() -> None:
    world = due(Rejected("no"), USED_UP, channels=(SMS, MAIL))
    assert world.send(ID) == WAITS


def sent(*receipts: Any, **rules: Any) -> World:
    world = due(**rules)
    world.send(ID)
    world.mailer.receipts = list(receipts)
    return world


def test_a_reminder_waits_too() -> None:
    world = sent(USED_UP, reminder=7 * DAY)
    assert world.live(7 * DAY)[-1] == WAITS
    one = world.stored.invitations[ID]
    assert (one.reminded_at, one.delivery_number) == (None, 1)
    assert world.live(3 * HOUR)[-1] == SendResult(Outcome.REMINDED)
    assert (len(world.outbox), world.counters.gates) == (2, {})


def test_so_does_another_channel() -> None:
    world = sent(USED_UP, channels=(SMS, MAIL), fallback=2 * DAY)
    assert world.live(2 * DAY)[-1] == WAITS
    assert world.stored.invitations[ID].channel == SMS
    assert world.live(3 * HOUR)[-1] == SendResult(Outcome.SENT_ANOTHER_WAY)


def test_whatever_dies_a_survey_that_met_the_quota_goes_out_once() -> None:
    for world in every_fault(lambda: due(USED_UP, reminder=7 * DAY), lambda world: world.send(ID)):
        world.now += 3 * MINUTE
        world.send(ID)
        pass_days(world, 0.5)
        one = world.stored.invitations[ID]
        assert one.state in {State.SENT, State.UNKNOWN}
        assert len(world.outbox) == (one.state is State.SENT)


def test_a_key_spreads_over_as_long_as_the_gate_was_closed() -> None:
    gate = replace(closed(None, NOON), pause=4 * HOUR)
    moments = [gate.back_at(str(number)) for number in range(99)]
    assert min(moments) < gate.until + HOUR
    assert gate.until + 3 * HOUR < max(moments) <= gate.until + 4 * HOUR
