"""Keep what a person has to decide, with the customer it is about where one is known."""

from dataclasses import replace
from datetime import datetime

from afterbill.intake.capture_fact import Captured, CaptureDeps, Outcome
from afterbill.intake.identify_customer import alias_of, is_forgotten
from afterbill.intake.ports import FactQuery
from afterbill.model.billing import OperatorTask

_KEPT = {
    (True, True): Outcome.RECORDED,
    (True, False): Outcome.PARKED,
    (False, True): Outcome.DUPLICATE,
    (False, False): Outcome.DUPLICATE,
}
"""(task is new, task is urgent) -> outcome."""


def capture_task(task: OperatorTask, deps: CaptureDeps, now: datetime) -> Captured:
    """Keep one task, unless too many of its kind wait, or its customer was erased; safe to repeat."""
    if task.most and deps.facts.tasks_waiting(task.source, task.kind, now) >= task.most:
        return Captured(Outcome.DROPPED, problem=f"{task.most} tasks {task.kind} wait already")
    if alias := alias_of(task, deps.hash_address):
        snapshot = deps.facts.look_up(FactQuery(alias=alias, alias_hash=deps.hash_alias(alias)))
        customer_id = snapshot.customer_ids.get(alias)
        if is_forgotten(task, snapshot.erased_at, known=customer_id is not None):
            return Captured(Outcome.ERASED)
        task = replace(task, customer=replace(task.customer, own_id=customer_id))
    address = task.customer.address
    is_new = deps.facts.keep_task(task, deps.hash_address(address) if address else "", now)
    return Captured(_KEPT[is_new, task.urgent], customer_id=task.customer.own_id or "")
