"""A trial of a workflow: each of its actions writes a made-up answer to a connection's test record, and removes it."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any

from afterbill.model.billing import Money, Touchpoint
from afterbill.model.channels import Channel
from afterbill.model.customer import Customer
from afterbill.model.invitation import Answer, Invitation, State
from afterbill.model.questions import Question
from afterbill_actions.connection import Connection
from afterbill_actions.connector import Connector, Job, Open, Step
from afterbill_actions.effects import UNSURE, Written
from afterbill_actions.events import ABOUT_NO_RESPONSE, Event
from afterbill_actions.exchange import Exchange
from afterbill_actions.job import mark_of
from afterbill_actions.outcome import Denied, Done, GoesOn, Outcome, Unclear
from afterbill_actions.told import told
from afterbill_actions.version import version_of
from afterbill_actions.workflow import ActionOf, Configuration, When, Workflow

COMMENT = "A test of afterbill: this answer is made up, and is removed again."
_TEST = "test_"
"""The beginning of the settings of a connection that name its test record: `test_order`, `test_email`."""
_PARTS = 10
"""Parts in which one action is done, at most."""


@dataclass(frozen=True, slots=True)
class TrialDeps:
    """The needs of a trial: connectors by name, secrets by connection, and the exchange that sends."""

    connector: Callable[[str], Connector]
    secret: Callable[[str], Mapping[str, str]]
    send: Exchange
    link: Callable[[str], str]


@dataclass(frozen=True, slots=True)
class Tried:
    """One action: what came of writing, and of removing what was written; None where nothing is to be removed."""

    action: ActionOf
    written: Outcome
    removed: Outcome | None = None

    @property
    def succeeded(self) -> bool:
        """True where it was written, and is gone again if it is to be."""
        return isinstance(self.written, Done) and (self.removed is None or isinstance(self.removed, Done))


def run_trial(
    workflow: Workflow, configuration: Configuration, deps: TrialDeps, invitation_id: str, now: datetime
) -> Iterator[Tried]:
    """Try the actions of a workflow one after the other; what may have been written is always removed.

    A workflow about no answer tells of a made-up event; what was told stays.
    """
    invitation = made_up(workflow.when, invitation_id, now)
    event = _made_up_event(workflow.when, invitation_id, now)
    for do in workflow.do:
        connection = configuration.connections[do.connection]
        connector = deps.connector(connection.connector)
        secret = deps.secret(connection.name)
        if connector.secrets and not any(needed <= secret.keys() for needed in connector.secrets):
            yield Tried(do, Denied(f"no secret is stored: run `afterbill connect {connection.name}`"))
            continue
        opened = Open(connection, secret, deps.send, now)
        job = _job(do, connection, invitation, deps.link(invitation_id))
        tell = connector.actions[do.action].tell
        if event and tell:
            yield Tried(do, _done(tell, replace(job, invitation=None, text=told(event, do.settings)), opened))
        else:
            yield _tried(do, connector, job, opened)


def made_up(when: When, invitation_id: str, now: datetime) -> Invitation:
    """Return a response that nobody gave, as far as can be one that meets the conditions."""
    question = min(when.questions, default=Question.NPS)
    touchpoint = min(when.touchpoints, default=Touchpoint.PAYMENT_SUCCEEDED)
    source, plan = min(when.sources, default="test"), min(when.plans, default="")
    segments = {"source": source, "touchpoint": str(touchpoint), "plan": plan}
    segments |= {} if question is Question.NPS else {"question": str(question)}
    blank = Invitation(
        id=invitation_id,
        fact="",
        customer_id=invitation_id,
        touchpoint=touchpoint,
        stage="purchase",
        source=source,
        channel=Channel.MAIL,
        locale="en",
        created_at=now,
        occurred_at=now,
        due_at=now,
        expiry=timedelta(days=1),
        segments={name: value for name, value in segments.items() if value},
        money=Money(4900, when.currency or "EUR"),
        state=State.SENT,
        answered_at=now,
    )
    answer = Answer(
        _rating(when, blank), "" if when.comment is False else COMMENT, contact_ok=when.contact is not False
    )
    return replace(blank, answer=answer)


def _made_up_event(when: When, id_: str, now: datetime) -> Event | None:
    """Return an event that nothing caused; None for a workflow about answers."""
    about_none = [event for event in when.events if event in ABOUT_NO_RESPONSE]
    if not about_none:
        return None
    detail = {"source": min(when.sources, default="test"), "customer": "test", "touchpoint": "test", "invitation": id_}
    return Event(id_, about_none[0], now, detail)


def _rating(when: When, invitation: Invitation) -> int:
    """Return the lowest rating that the conditions allow."""
    scale = invitation.scale
    wanted = [one for one in scale.ratings if not when.ratings or one in when.ratings]
    return next((one for one in wanted if not when.categories or scale.category(one) in when.categories), scale.lowest)


def _job(do: ActionOf, connection: Connection, invitation: Invitation, link: str) -> Job:
    record = {
        name.removeprefix(_TEST): str(value) for name, value in connection.settings.items() if _is_test(name, value)
    }
    address = record.pop("email", "")
    return Job(
        settings=do.settings,
        mark=mark_of(invitation.id),
        link=link,
        invitation=replace(invitation, source=connection.source or invitation.source, objects=record),
        customer=Customer(invitation.customer_id, address=address or None, name="Test"),
        mail_address=address,
        customer_ids=tuple(filter(None, [record.get("customer", "")])),
        version=version_of(invitation.answer),
    )


def _is_test(name: str, value: Any) -> bool:  # noqa: ANN401  # a setting
    return name.startswith(_TEST) and bool(value)


def _tried(do: ActionOf, connector: Connector, job: Job, opened: Open) -> Tried:
    action = connector.actions[do.action]
    written = _done(action.write, job, opened)
    perhaps = isinstance(written, Done | GoesOn | Unclear)
    if not perhaps:
        return Tried(do, written)
    record = written.record if isinstance(written, Done | GoesOn) else {}
    known = Written(do.connection, do.action, job.version, opened.now, record) if record else None
    return Tried(
        do, written, _done(action.erase, replace(job, written=known, maybe=not record, reason="erased"), opened)
    )


def _done(step: Step, job: Job, opened: Open) -> Outcome:
    """Carry a step out with all its parts."""
    outcome = step(job, opened)
    for _ in range(_PARTS):
        if not isinstance(outcome, GoesOn):
            break
        part = Written(opened.connection.name, "", UNSURE, opened.now, outcome.record)
        outcome = step(replace(job, written=part, maybe=True), opened)
    return outcome
