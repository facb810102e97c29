"""An operator is told of the first survey that lacks a legal basis, once for each source."""

import pytest

from afterbill.model.consent import PRESETS
from afterbill.model.customer import Suppression
from afterbill.model.errors import TransientError
from afterbill.model.invitation import SkipReason
from afterbill.outreach.delivery import Outcome
from afterbill.outreach.first_skips import ALL
from tests.factories import DAY, event, policy, ref
from tests.world import World

KEY = ("shop", "no_basis", ALL)


@pytest.fixture
def world() -> World:
    return World(policy(legal=PRESETS["strict"]))


def skip(world: World, payment: str = "1", **changes: object) -> None:
    world.capture(event(payment, customer=ref(id=f"cus_{payment}", email=f"{payment}@example.com"), **changes))
    assert [one.outcome for one in world.pass_time(4 * DAY)] == [Outcome.SKIPPED]


def test_the_first_survey_without_a_legal_basis_is_a_task(world: World) -> None:
    skip(world)
    task, _ = world.stored.tasks[KEY]
    assert (task.source, task.kind, task.occurred_at, task.urgent) == ("shop", SkipReason.NO_BASIS, world.now, True)
    assert task.details == {"touchpoint": "payment_succeeded", "invitation": event().invitation_id}


def test_those_after_it_cost_no_further_write(world: World) -> None:
    skip(world)
    world.stored.tasks.clear()
    skip(world, "2", occurred_at=world.now)
    assert not world.stored.tasks


def test_another_process_keeps_the_task_that_is_there(world: World) -> None:
    skip(world)
    first = world.stored.tasks[KEY]
    world.told.clear()
    skip(world, "2", occurred_at=world.now)
    assert world.stored.tasks == {KEY: first}


def test_each_source_has_its_own(world: World) -> None:
    skip(world)
    skip(world, "2", occurred_at=world.now, source="sandbox")
    assert {source for source, _, _ in world.stored.tasks} == {"shop", "sandbox"}


def test_what_somebody_decided_is_no_news(world: World) -> None:
    world.capture(event())
    world.stored.suppress(world.person().address_hash, Suppression.UNSUBSCRIBED, world.now, None)
    world.pass_time(4 * DAY)
    assert not world.stored.tasks


def test_a_table_that_does_not_answer_is_told_by_the_next_survey(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    def silent(*_: object) -> bool:
        raise TransientError("no answer")

    world.capture(event())
    with monkeypatch.context() as broken:
        broken.setattr(world.stored, "keep_task", silent)
        with pytest.raises(TransientError):
            world.pass_time(4 * DAY)
    assert world.invitation(event()).reason == SkipReason.NO_BASIS
    skip(world, "2", occurred_at=world.now)
    assert KEY in world.stored.tasks
