"""The sweep of connections: whoever has entries that are not over is woken, should a message have been lost."""

from collections.abc import Collection, Sequence

from afterbill_actions.ports import Connections, Outbox, Wakes

_PAGE, _PAGES = 100, 20
"""Entries of one query, and queries for one connection: behind the cursor few entries are over."""


def wake_connections(names: Collection[str], connections: Connections, outbox: Outbox, wakes: Wakes) -> Sequence[str]:
    """Wake each connection with open entries, and return their names; one that was refused waits for somebody."""
    waiting = [name for name in sorted(names) if _waits(name, connections, outbox)]
    for name in waiting:
        wakes.drain(name)
    return waiting


def _waits(name: str, connections: Connections, outbox: Outbox) -> bool:
    state = connections.state(name)
    after = state.cursor
    for _ in range(0 if state.denied else _PAGES):
        page = outbox.entries(name, after, _PAGE)
        if not page:
            return False
        if any(not entry.over for entry in page):
            return True
        after = page[-1].place
    return not state.denied
