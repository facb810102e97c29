"""Jobs of connectors as tests need them: Ada's answers about an order."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from afterbill.model.invitation import Answer
from afterbill_actions.connection import Connection
from afterbill_actions.connector import Job, Open, Step
from afterbill_actions.effects import Written
from afterbill_actions.exchange import NO_REPLY, Reply, Request
from afterbill_actions.outcome import Done, GoesOn, Outcome
from afterbill_actions.version import version_of
from tests.factories import ADA, NOON, invitation

ID = "0123456789abcdef0123456789abcdef"
MARK = f"afterbill-{ID}"
LINK = "https://console.example/console/responses/1"
ORDER, CUSTOMER = "4501", "7301"
UNHAPPY = Answer(3, "It came late.", contact_ok=True)
HAPPY = Answer(9, "All is well now.")


def job(answer: Answer | None = UNHAPPY, **changes: Any) -> Job:
    """A job about an answer that came through a mail to Ada."""
    asked = invitation(id=ID, customer_id="c1", objects={"order": ORDER}, answer=answer)
    defaults: dict[str, Any] = {
        "settings": {},
        "mark": MARK,
        "link": LINK,
        "invitation": asked,
        "mail_address": ADA,
        "customer_ids": (CUSTOMER,),
    }
    return Job(**defaults | changes)


def written(record: Mapping[str, str], answer: Answer | None = UNHAPPY) -> Written:
    return Written("system", "action", version_of(answer), NOON, record)


@dataclass
class Wire:
    """Sends requests to a system that a test plays, and spoils those it is told to.

    `faults` are by the number of a request, from 1: what comes back instead, before the request is done or after it.
    """

    system: Callable[[Request], Reply]
    faults: dict[int, Reply] = field(default_factory=dict)
    after: bool = False
    sent: list[Request] = field(default_factory=list)

    def __call__(self, request: Request) -> Reply:
        self.sent.append(request)
        fault = self.faults.get(len(self.sent))
        if fault is None or self.after:
            reply = self.system(request)
        return reply if fault is None else fault

    def lose(self, *numbers: int) -> None:
        """Let the system do these requests, and nobody hear of it."""
        self.after, self.faults = True, {len(self.sent) + number: Reply(NO_REPLY) for number in numbers}


@dataclass
class Desk:
    """Runs steps as the outbox does: GoesOn goes on, whatever else ends an attempt."""

    wire: Wire
    url: str = "https://system.example"
    secret: Mapping[str, str] = field(default_factory=lambda: {"key": "k"})
    settings: Mapping[str, Any] = field(default_factory=dict)
    kept: dict[str, Any] = field(default_factory=dict)
    most: int = 0

    def open(self) -> Open:
        connection = Connection("system", "any", self.url, 60, settings=self.settings)
        return Open(connection, self.secret, self.wire, NOON, self.kept)

    def run(self, step: Step, job: Job) -> Outcome:
        while True:
            before = len(self.wire.sent)
            outcome = step(job, self.open())
            self.most = max(self.most, len(self.wire.sent) - before)
            if not isinstance(outcome, GoesOn):
                return outcome
            answer = job.invitation.answer if job.invitation else None
            job = replace(job, written=written(outcome.record, answer), maybe=True)

    def done(self, step: Step, job: Job) -> Mapping[str, str]:
        """Run a step that has to succeed, and return its record."""
        outcome = self.run(step, job)
        assert isinstance(outcome, Done), outcome
        return outcome.record


def again(before: Job, record: Mapping[str, str] | None = None, *, answer: Answer | None = None) -> Job:
    """The job as it stands after a record was stored, with another answer where one came."""
    asked = before.invitation
    assert asked is not None
    changed = replace(asked, answer=answer) if answer else asked
    kept = written(record, asked.answer) if record else before.written
    return replace(before, invitation=changed, written=kept)
