"""Whatever an answer does, and however messages come: in the end exactly what it wants is written, each once."""

from collections.abc import Callable
from datetime import timedelta

from hypothesis import given, settings
from hypothesis import strategies as st

from afterbill.model.invitation import Answer
from afterbill_actions.workflow import MOST_VERSIONS, ActionOf, When, Workflow
from tests.unit.actions.workflows.workflow_world import ID, World

WORKFLOWS = {
    "unhappy": Workflow("unhappy", When(ratings=frozenset(range(7))), [ActionOf("helpdesk", "note")]),
    "happy": Workflow("happy", When(ratings=frozenset({9, 10})), [ActionOf("chat", "note")]),
    "worded": Workflow("worded", When(comment=True, confirmed=True), [ActionOf("chat", "note")]),
}

answers = st.none() | st.builds(
    Answer, st.sampled_from([3, 8, 9, 10]), st.sampled_from(["", "!"]), confirmed=st.booleans()
)
systems = st.sampled_from(["helpdesk", "chat"])


class Life:
    """The life of an answer: changes come to the publisher in order, messages of the queue in any."""

    def __init__(self) -> None:
        self.world, self.stream, self.aside, self.versions = World(WORKFLOWS), [], [], 0

    def answer(self, given: Answer | None) -> None:
        """Change the answer, not so often that it is taken for a loop."""
        self.versions += 1
        if self.versions < MOST_VERSIONS:
            self.stream.append(self.world.answer(given))

    def answer_while(self, system: str, given: Answer | None, *, told: bool) -> None:
        """Change it in the midst of the next call of a system; `told`: workflows have looked at it before that ends."""

        def change() -> None:
            self.answer(given)
            if told:
                while self.stream:
                    self.publish()
                self.world.evaluate_all()

        self.world.systems[system].during.append(change)

    def publish(self) -> None:
        """Hand the oldest change to the publisher."""
        if self.stream:
            self.world.publish(self.stream.pop(0))

    def deliver(self, numbers: list[int], *, again: bool) -> None:
        """Deliver some of the messages that are due, in disorder; `again` leaves them in the queue."""
        for number in numbers:
            if messages := [one for one in self.world.queue.messages if one[0] <= self.world.now]:
                message = messages[number % len(messages)]
                if not again:
                    self.world.queue.messages.remove(message)
                self.world.deliver(message[1])

    def lose(self) -> None:
        """Put all messages aside, as a queue of dead letters does, until somebody hands them in again."""
        self.aside += self.world.queue.messages
        self.world.queue.messages.clear()

    def wait(self, seconds: int) -> None:
        """Let time go by."""
        self.world.now += timedelta(seconds=seconds)

    def rest(self) -> None:
        """Hand in everything that is left."""
        for system in self.world.systems.values():
            system.during.clear()
        while self.stream:
            self.publish()
        self.world.queue.messages += self.aside
        self.world.rest()


steps = st.lists(
    st.one_of(
        st.builds(lambda given: lambda life: life.answer(given), answers),
        st.builds(lambda given: lambda life: [life.answer(given), life.publish(), life.world.rest()], answers),
        st.builds(
            lambda system, given, told: lambda life: life.answer_while(system, given, told=told),
            systems,
            answers,
            st.booleans(),
        ),
        st.just(Life.publish),
        st.builds(
            lambda numbers, again: lambda life: life.deliver(numbers, again=again),
            st.lists(st.integers(0, 9), min_size=1, max_size=6),
            st.booleans(),
        ),
        st.just(Life.lose),
        st.builds(lambda seconds: lambda life: life.wait(seconds), st.integers(1, 200)),
    ),
    min_size=3,
    max_size=20,
)


def wanted(answer: Answer | None) -> dict[str, list[str]]:
    """Return what the systems have to hold, in words of this test alone."""
    if answer is None:
        return {"helpdesk": [], "chat": []}
    text = f"{answer.rating}{answer.comment}"
    notes = int(answer.rating >= 9) + int(bool(answer.comment) and answer.confirmed)  # promoters
    return {"helpdesk": [text] * (answer.rating <= 6), "chat": [text] * notes}  # detractors


@settings(max_examples=200, deadline=None)
@given(steps)
def test_in_the_end_each_system_holds_exactly_what_the_answer_wants(plan: list[Callable[[Life], object]]) -> None:
    life = Life()
    for step in plan:
        step(life)
    life.rest()

    written = life.world.written()
    effects = life.world.effects.held.get(ID)
    assert written == wanted(life.world.table.invitations[ID].answer)
    assert len(effects.written if effects else ()) == sum(map(len, written.values()))


def test_what_was_written_while_the_answer_changed_is_put_right() -> None:
    life = Life()
    life.answer(Answer(3))
    life.answer_while("helpdesk", Answer(10), told=True)
    life.publish()
    life.world.rest()

    assert life.world.written() == {"helpdesk": [], "chat": ["10"]}
