"""The actions of a world: three connections in different health, and what the newest answers set in motion."""

from datetime import datetime, timedelta

from afterbill.model.invitation import Invitation
from afterbill_actions.connection import ConnectionState
from afterbill_actions.effects import UNSURE, Effects, Written, effect_name
from afterbill_actions.operate import OperateDeps
from afterbill_actions.outbox import Entry, EntryState, Operation, place_of
from afterbill_actions.version import version_of
from afterbill_cli.memory.actions.effects import MemoryEffects
from afterbill_cli.memory.actions.outbox import Held, MemoryConnections, MemoryOutbox, MemoryWakes
from afterbill_cli.memory.actions.responses import MemoryActionResponses
from afterbill_cli.memory.table import MemoryTable
from afterbill_console.actions import ActionsDeps

NAMES = {"helpdesk": "freshdesk", "shop": "shopify", "team": "slack", "warehouse": "webhooks"}
_ACTIONS = {"helpdesk": "ticket", "shop": "tags", "team": "message"}
_MINUTE = timedelta(minutes=1)
_NEWEST = 80
_LOW = 6


def actions_of(table: MemoryTable, now: datetime) -> tuple[ActionsDeps, MemoryEffects]:
    """Return the stores, with an entry for each action that the newest answers asked for."""
    effects, connections = MemoryEffects(), MemoryConnections()
    outbox = MemoryOutbox(connections, lambda: now)
    answered = [one for one in table.invitations.values() if one.answer and one.answered_at and not one.test]
    answered.sort(key=lambda one: one.answered_at or now)
    for one in answered[-_NEWEST:]:
        _set_in_motion(one, outbox, effects)
    connections.held = {
        "helpdesk": Held(ConnectionState("helpdesk", succeeded_at=now - 20 * _MINUTE)),
        "shop": Held(
            ConnectionState(
                "shop",
                denied="the credentials are refused (status 401)",
                denied_at=now - 90 * _MINUTE,
                succeeded_at=now - 600 * _MINUTE,
                failed_at=now - 90 * _MINUTE,
                failure="the credentials are refused (status 401)",
                failures=1,
            )
        ),
        "team": Held(
            ConnectionState(
                "team",
                succeeded_at=now - 30 * _MINUTE,
                failed_at=now - _MINUTE,
                failure="ratelimited",
                failures=1,
                rests_until=now + _MINUTE,
            )
        ),
    }
    operate = OperateDeps(outbox, connections, MemoryActionResponses(table, effects), MemoryWakes(lambda: now))
    return ActionsDeps(NAMES, connections, operate, effects), effects


def _set_in_motion(one: Invitation, outbox: MemoryOutbox, effects: MemoryEffects) -> None:
    """Let a low answer make a ticket and a message, and any answer tags; every seventh ends otherwise."""
    rating = one.answer.rating if one.answer else 0
    wanted = ("helpdesk", "team", "shop") if rating <= _LOW else ("shop",)
    at = (one.answered_at or one.created_at) + timedelta(seconds=30)
    version = version_of(one.answer)
    written = dict[str, Written]()
    for name in wanted:
        workflow = "unhappy" if rating <= _LOW else "everybody"
        effect = effect_name(workflow, name, _ACTIONS[name])
        number = int(one.id[:4], 16) if one.id[:4].isalnum() else 0
        state, reason = _end(name, number)
        outbox.put([_entry(one, name, effect, at, version, state, reason)])
        if state is EntryState.DONE or reason:
            stands = version if state is EntryState.DONE else UNSURE
            written[effect] = Written(name, _ACTIONS[name], stands, at + _MINUTE)
    effects.held[one.id] = Effects(one.id, version, at, 1, written=written)


def _end(name: str, number: int) -> tuple[EntryState, str]:
    if name == "shop" and number % 5 == 0:
        return EntryState.OPEN, ""
    if name == "team" and number % 7 == 0:
        return EntryState.PARKED, "an attempt was cut off, and nobody can look it up"
    return EntryState.DONE, ""


def _entry(  # noqa: PLR0913, PLR0917  # the fields of an entry
    one: Invitation, name: str, effect: str, at: datetime, version: str, state: EntryState, reason: str
) -> Entry:
    over = state in {EntryState.DONE, EntryState.PARKED}
    return Entry(
        name,
        place_of(at, f"{one.id}.{version}", effect),
        effect,
        Operation.WRITE,
        at,
        one.id,
        version,
        "" if over else one.customer_id,
        attempts=1 if over else 0,
        claimed_at=at if over else None,
        state=state,
        reason=reason,
        ended_at=at + _MINUTE if over else None,
    )
