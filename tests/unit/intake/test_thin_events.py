"""The API is asked for what an event leaves out, and for nothing else; each element stands alone."""

from collections.abc import Iterable
from dataclasses import replace
from typing import Any

import pytest

from afterbill.intake.capture_fact import Captured, Outcome
from afterbill.intake.connector import Api, Call, Login
from afterbill.model.billing import UNMATCHED, BillingEvent, ObjectReference, OperatorTask
from afterbill.model.errors import ConfigurationError, PayloadError, TransientError
from afterbill.model.invitation import SkipReason, State
from afterbill.model.webhooks import Source, Webhook
from afterbill.outreach.policy import Stops
from afterbill_cli.memory.queues import MemoryEvidence
from tests.factories import ADA, NOBODY, NOON, event, hash_address, news, policy, ref, refund
from tests.unit.loop.crashes import every_fault
from tests.world import World

API = Api("https://api.example.com", Login.KEY)
THIN = ref(email=None)
"""Ada, as an event names her that has no address."""


def find_customer(found: BillingEvent, _source: Source, call: Call) -> BillingEvent:
    answer: Any = call(f"/customers/{found.customer.id}") or {}
    return replace(found, customer=replace(found.customer, email=answer.get("email")))


def resolve(reference: ObjectReference, _source: Source, call: Call) -> tuple[BillingEvent, ...]:
    answer: Any = call(f"/payments/{reference.id}")
    return (event(reference.id, customer=ref(email=answer["email"])),) if answer else ()


def confirm(_webhook: Webhook, _source: Source, call: Call) -> bool:
    return call("/verify", method="POST") is not None


@pytest.fixture
def world() -> World:
    world = World(abilities={"API": API, "find_customer": find_customer, "resolve": resolve})
    world.apis.answers |= {"/customers/cus_1": {"email": ADA}, "/payments/1": {"email": ADA}}
    return world


def reference(id_: str = "1") -> ObjectReference:
    return ObjectReference("shop", f"evt_{id_}", NOON, "payment", id_)


def understand(world: World, *found: object, **more: Any) -> tuple[Captured, ...]:
    return world.understand(lambda *_: found, **more)


def outcomes(captured: Iterable[Captured]) -> list[Outcome]:
    return [one.outcome for one in captured]


class TestWhoIsIt:
    def test_the_address_of_a_stranger_is_asked_for(self, world: World) -> None:
        captured = world.capture(event(customer=THIN))

        assert captured.outcome is Outcome.SCHEDULED
        assert world.person().address == ADA

    def test_somebody_known_by_an_alias_is_not_asked_for(self, world: World) -> None:
        world.capture(news(ref()))

        captured = world.capture(event(customer=THIN))

        assert captured.outcome is Outcome.SCHEDULED
        assert world.apis.asked == []

    def test_an_event_that_names_its_customer_asks_nobody(self, world: World) -> None:
        world.capture(event())

        assert world.apis.asked == []

    def test_a_duplicate_asks_nobody(self, world: World) -> None:
        world.capture(event(customer=THIN))
        world.apis.asked.clear()

        assert world.capture(event(customer=THIN)).outcome is Outcome.DUPLICATE
        assert world.apis.asked == []

    def test_a_touchpoint_nobody_is_asked_at_asks_nobody(self, world: World) -> None:
        world.policy = policy(ask=False)

        captured = world.capture(event(customer=THIN))

        assert (captured.outcome, world.apis.asked) == (Outcome.SKIPPED, [])

    def test_what_takes_back_all_of_a_customer_must_know_whose(self, world: World) -> None:
        world.policy = policy(ask=False, stops=Stops.CUSTOMER)

        world.capture(event(customer=THIN))

        assert world.apis.asked == ["/customers/cus_1"]

    def test_a_refund_of_one_payment_asks_nobody(self, world: World) -> None:
        world.capture(refund(customer=THIN))

        assert world.apis.asked == []

    def test_test_mode_asks_nobody(self, world: World) -> None:
        captured = world.capture(event(customer=THIN, test=True))

        assert captured.invitation
        assert (captured.invitation.reason, world.apis.asked) == (SkipReason.TEST_MODE, [])

    def test_a_lesson_asks_nobody(self, world: World) -> None:
        world.capture(news(THIN))

        assert world.apis.asked == []

    def test_somebody_the_api_knows_nothing_of_is_asked_for_once(self, world: World) -> None:
        captured = world.capture(event(customer=ref(id="cus_2", email=None)))

        assert world.apis.asked == ["/customers/cus_2"]
        assert captured.outcome is Outcome.SCHEDULED  # an address may still come before it is due

    def test_without_credentials_the_event_is_captured_as_it_is(self, world: World) -> None:
        world.apis.closed = True

        captured = world.capture(event(customer=NOBODY))

        assert captured.invitation
        assert captured.invitation.reason == SkipReason.NO_CUSTOMER

    def test_a_silent_api_leaves_nothing_behind(self, world: World) -> None:
        world.apis.down = True

        with pytest.raises(TransientError):
            world.capture(event(customer=THIN))

        assert world.stored.invitations == {}


class TestReferences:
    def test_what_happened_is_asked_for(self, world: World) -> None:
        (captured,) = understand(world, reference())

        assert captured.outcome is Outcome.SCHEDULED

    def test_what_is_gone_is_ignored(self, world: World) -> None:
        assert outcomes(understand(world, reference("gone"))) == [Outcome.IGNORED]

    def test_a_reversal_whose_payment_the_api_does_not_name_is_kept_as_a_task(self, world: World) -> None:
        task = OperatorTask("shop", UNMATCHED, "re_1", NOON)
        world.abilities["resolve"] = lambda *_: (task,)

        assert outcomes(understand(world, reference())) == [Outcome.RECORDED]
        assert [kept for kept, _ in world.stored.tasks.values()] == [task]

    def test_a_provider_that_resolves_nothing_ignores_them(self, world: World) -> None:
        del world.abilities["resolve"]

        assert outcomes(understand(world, reference())) == [Outcome.IGNORED]

    def test_without_credentials_the_message_waits_and_the_error_says_what_to_do(self, world: World) -> None:
        world.apis.closed = True

        with pytest.raises(ConfigurationError, match=r"source shop needs credentials .* `afterbill source add`"):
            understand(world, reference())


class TestManyInOne:
    def test_when_the_api_is_down_the_rest_is_captured_and_the_message_comes_again(self, world: World) -> None:
        world.apis.down = True
        with pytest.raises(TransientError):
            understand(world, event("1"), reference("2"), event("3"))
        world.apis.down = False
        world.apis.answers["/payments/2"] = {"email": ADA}

        assert len(world.stored.invitations) == 2
        again = understand(world, event("1"), reference("2"), event("3"))
        assert [one.outcome is Outcome.DUPLICATE for one in again] == [True, False, True]

    def test_one_bad_element_is_put_aside_and_the_others_are_captured(self, world: World) -> None:
        captured = understand(world, event("1"), PayloadError("entry 1 has no id"), event("2"))

        assert outcomes(captured)[1] is Outcome.UNREADABLE
        assert len(world.stored.invitations) == 2
        assert [problem for _, problem in world.dead_letters.webhooks] == ["entry 1 has no id"]

    def test_an_error_without_words_is_put_aside_as_well(self, world: World) -> None:
        understand(world, PayloadError())

        assert len(world.dead_letters.webhooks) == 1

    def test_what_must_come_again_is_not_put_aside_yet(self, world: World) -> None:
        world.apis.down = True

        with pytest.raises(TransientError):
            understand(world, PayloadError("bad"), reference())

        assert world.dead_letters.webhooks == []

    def test_a_long_batch_goes_back_in_slices(self, world: World) -> None:
        many = [event(str(number)) for number in range(25)]

        assert outcomes(understand(world, *many)) == [Outcome.SPLIT]

        assert [webhook.part for webhook in world.inbox.webhooks] == [0, 1, 2]
        assert world.stored.invitations == {}

    def test_the_slices_together_are_the_batch_each_element_once(self, world: World) -> None:
        many = [event(str(number)) for number in range(25)]

        found = [understand(world, *many, part=part) for part in range(3)]

        assert [len(one) for one in found] == [10, 10, 5]
        assert world.stored.invitations.keys() == {one.invitation_id for one in many}

    def test_a_slice_beyond_the_end_is_nothing(self, world: World) -> None:
        assert outcomes(understand(world, event(), part=7)) == [Outcome.IGNORED]

    def test_ten_are_no_long_batch(self, world: World) -> None:
        assert len(understand(world, *(event(str(number)) for number in range(10)))) == 10


class TestConfirmation:
    @pytest.fixture(autouse=True)
    def asking(self, world: World) -> None:
        world.abilities["confirm"] = confirm

    def test_what_the_provider_vouches_for_is_captured(self, world: World) -> None:
        world.apis.answers["POST /verify"] = {}

        assert outcomes(understand(world, event())) != [Outcome.REFUSED]

    def test_what_it_does_not_vouch_for_is_not_even_read(self, world: World) -> None:
        world.evidence = MemoryEvidence()

        assert understand(world, event()) == (Captured(Outcome.REFUSED),)

        assert (world.stored.invitations, world.evidence.webhooks) == ({}, [])

    def test_what_it_cannot_judge_is_put_aside(self, world: World) -> None:
        def confused(*_: object) -> bool:
            raise PayloadError("status 422")

        world.abilities["confirm"] = confused

        assert outcomes(understand(world, event())) == [Outcome.UNREADABLE]
        assert len(world.dead_letters.webhooks) == 1

    def test_a_provider_that_does_not_answer_is_asked_again_later(self, world: World) -> None:
        world.apis.down = True

        with pytest.raises(TransientError):
            understand(world, event())

    def test_without_credentials_nothing_can_be_confirmed(self, world: World) -> None:
        world.apis.closed = True

        with pytest.raises(ConfigurationError, match="credentials"):
            understand(world, event())


class TestSandbox:
    @pytest.fixture(autouse=True)
    def sandbox(self, world: World) -> None:
        shop = Source("shop", "test", sandbox=True)
        world.policy = replace(policy(), sources={"shop": shop, "open": replace(shop, name="open", test_mode=True)})

    def test_everything_from_a_sandbox_is_a_test(self, world: World) -> None:
        captured = world.capture(event())

        assert captured.invitation
        assert captured.invitation.reason == SkipReason.TEST_MODE
        assert world.stored.people == {}

    def test_its_lessons_teach_nothing(self, world: World) -> None:
        assert world.capture(news(ref())).outcome is Outcome.IGNORED

    def test_a_source_in_test_mode_lets_it_through(self, world: World) -> None:
        captured = world.capture(event(source="open", customer=THIN), source="open")

        assert captured.invitation
        assert captured.invitation.state is State.PENDING
        assert world.apis.asked == ["/customers/cus_1"]


class TestTasks:
    def test_what_a_person_has_to_decide_is_kept_with_a_hashed_address(self, world: World) -> None:
        task = OperatorTask("shop", "privacy", "request-1", NOON, ref())

        assert outcomes(understand(world, task)) == [Outcome.RECORDED]

        assert world.stored.tasks == {("shop", "privacy", "request-1"): (task, hash_address(ADA))}

    def test_one_without_an_address_is_kept_without(self, world: World) -> None:
        understand(world, OperatorTask("shop", "verifier", "1", NOON))

        ((_, kept),) = world.stored.tasks.values()
        assert kept == ""


class TestEvidence:
    @pytest.fixture(autouse=True)
    def evidence(self, world: World) -> None:
        world.evidence = MemoryEvidence()

    def test_a_copy_is_kept_of_what_nobody_can_read_too(self, world: World) -> None:
        understand(world, PayloadError("bad"))

        assert len(world.evidence.webhooks) == 1

    def test_a_batch_is_kept_once_and_not_its_slices(self, world: World) -> None:
        many = [event(str(number)) for number in range(21)]
        understand(world, *many)
        for part in range(2):
            understand(world, *many, part=part)

        assert [webhook.part for webhook in world.evidence.webhooks] == [None]

    def test_the_same_webhook_again_is_one_copy(self, world: World) -> None:
        understand(world, event())
        understand(world, event())

        assert len(world.evidence.webhooks) == 1


def everything() -> tuple[object, ...]:
    return event("1"), reference("2"), PayloadError("bad"), OperatorTask("shop", "privacy", "1", NOON)


def thin_world() -> World:
    world = World(abilities={"API": API, "resolve": resolve}, evidence=MemoryEvidence())
    world.apis.answers["/payments/2"] = {"email": ADA}
    return world


def test_a_batch_killed_at_any_call_and_repeated_loses_nothing_and_doubles_no_fact() -> None:
    ruined = 0
    for world in every_fault(thin_world, lambda world: understand(world, *everything())):
        ruined += 1
        captured = understand(world, *everything())

        assert outcomes(captured)[2] is Outcome.UNREADABLE
        assert outcomes(captured)[3] in (Outcome.RECORDED, Outcome.DUPLICATE)
        assert len(world.stored.invitations) == 2
        assert len(world.stored.tasks) == 1
        assert {problem for _, problem in world.dead_letters.port.webhooks} == {"bad"}
        assert len(world.evidence.port.webhooks) == 1
    assert ruined > 30


def test_a_long_batch_killed_while_it_is_cut_is_cut_again_and_each_fact_is_one() -> None:
    many = [event(str(number)) for number in range(45)]
    for world in every_fault(thin_world, lambda world: understand(world, *many)):
        understand(world, *many)

        for webhook in world.inbox.port.webhooks:
            understand(world, *many, part=webhook.part)
        assert world.stored.invitations.keys() == {one.invitation_id for one in many}


class TestTime:
    def test_what_is_not_begun_comes_again_with_its_webhook(self, world: World) -> None:
        left = iter([True, False])

        with pytest.raises(TransientError, match="no time"):
            world.understand(lambda *_: (event("1"), event("2")), has_time=lambda: next(left))

        assert world.stored.invitations.keys() == {event("1").invitation_id}

    def test_a_batch_beyond_all_measure_is_put_aside_as_it_is(self, world: World) -> None:
        (captured,) = understand(world, *(event(str(number)) for number in range(1001)))

        assert captured.problem == "The body holds 1001 events, more than 1000."
        assert world.inbox.webhooks == []


def test_a_bug_in_one_element_does_not_stop_the_others(world: World) -> None:
    def resolve(*_: object) -> tuple[()]:
        raise RuntimeError

    world.abilities |= {"API": API, "resolve": resolve}

    with pytest.raises(RuntimeError):
        understand(world, reference(), event("1"))

    assert world.stored.invitations.keys() == {event("1").invitation_id}


def test_a_task_that_is_known_is_not_recorded_again(world: World) -> None:
    task = OperatorTask("shop", "redact", "1", NOON)

    found = [outcomes(understand(world, task)) for _ in range(2)]

    assert found == [[Outcome.RECORDED], [Outcome.DUPLICATE]]


def test_a_task_that_nobody_has_to_hear_of_is_parked(world: World) -> None:
    assert outcomes(understand(world, OperatorTask("shop", "verifier", "1", NOON, urgent=False))) == [Outcome.PARKED]


def test_no_more_tasks_of_a_kind_are_kept_than_may_wait(world: World) -> None:
    def verifier(id_: str) -> OperatorTask:
        return OperatorTask("shop", "verifier", id_, NOON, urgent=False, most=2)

    found = [outcomes(understand(world, verifier(id_)))[0] for id_ in ("1", "2", "3")]

    assert found == [Outcome.PARKED, Outcome.PARKED, Outcome.DROPPED]
    assert [id_ for _, _, id_ in world.stored.tasks] == ["1", "2"]


def test_no_copy_is_kept_of_what_nobody_vouches_for() -> None:
    world = World(evidence=MemoryEvidence(), abilities={"is_unsigned": lambda _webhook: True})

    understand(world, event())

    assert world.evidence.webhooks == []
