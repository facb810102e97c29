"""Sources that fell silent become events, one for each silence."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import datetime

from afterbill.model.errors import TransientError
from afterbill_actions.events import Event, EventType, silence
from afterbill_actions.ports import Bus, Wakes


@dataclass(frozen=True, slots=True)
class SilenceDeps:
    """The bus, None where these events are not wanted there, and the queue, None where no workflow names them."""

    bus: Bus | None
    wakes: Wakes | None = None


def silence_deps(
    bus: Bus, wakes: Wakes | None, types: Collection[EventType], asked: Collection[EventType]
) -> SilenceDeps:
    """Return what tells of silences, where `types` go onto the bus and workflows name the events `asked`."""
    kind = EventType.SOURCE_SILENT
    return SilenceDeps(bus if kind in types else None, wakes if kind in asked else None)


def tell_silences(
    silent: Mapping[str, datetime], told: Mapping[str, datetime], deps: SilenceDeps, now: datetime
) -> Mapping[str, datetime]:
    """Tell of the sources that are silent, given with their last events, and return those of them that are told now.

    `told` are those that were told before. What could not be told is left out, and tried again by the next run.
    """
    done = {source: at for source, at in silent.items() if told.get(source) == at}
    new = {source: silence(source, at, now) for source, at in silent.items() if source not in done}
    missed = set(deps.bus.publish([*new.values()])) if new and deps.bus else set[str]()
    for source, event in new.items():
        if event.id not in missed and _woken(event, deps):
            done[source] = silent[source]
    return done


def _woken(event: Event, deps: SilenceDeps) -> bool:
    try:
        if deps.wakes:
            deps.wakes.tell(event)
    except TransientError:
        return False
    return True
