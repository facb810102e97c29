"""Looks at people, noted in the audit trail before anything is shown or changed."""

from collections.abc import Iterable

from afterbill.model.privacy import MOST_NAMED, Act
from afterbill_console.deps import ConsoleDeps
from afterbill_console.visit import Visit


def note(visit: Visit, deps: ConsoleDeps, what: str, whose: Iterable[str], why: str = "") -> None:
    """Note that the operator sees or changes something about these people, by our ids; nothing where they are none.

    An act names MOST_NAMED people at most, so that more of them take several.
    """
    ids = list(dict.fromkeys(filter(None, whose)))
    for start in range(0, len(ids), MOST_NAMED):
        act = Act(visit.now, visit.who, f"console {what}", why=why)
        deps.audit.note(act.about(ids[start : start + MOST_NAMED]))


def note_many(visit: Visit, deps: ConsoleDeps, what: str, found: int) -> None:
    """Note that the operator takes so much with them in which nobody is named."""
    deps.audit.note(Act(visit.now, visit.who, f"console {what}", found=found))
