"""Connections: the systems an operator lets afterbill write to."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any


@dataclass(frozen=True, slots=True)
class Connection:
    """One connection of actions.toml.

    `url` is the address of the system, https and without a slash at its end. `source` is the source whose orders and
    customers the system knows, empty where it knows people by their address only. `settings` are those of the
    connector, checked. One that is `exclusive` is about answers of its source and no other. At most `per_minute` calls
    are made in a minute.
    """

    name: str
    connector: str
    url: str
    per_minute: int
    source: str = ""
    settings: Mapping[str, Any] = field(default_factory=dict)
    exclusive: bool = False


@dataclass(frozen=True, slots=True)
class ConnectionState:
    """How it stands with a connection, in one item; every drain leaves it for the next.

    All entries of the outbox before `cursor` are over. Nothing is called before `rests_until`. `denied` says why the
    system refuses the credentials: then nothing is called until somebody connects again. `calls` counts the requests
    of the last minute (`rate`). `failures` in a row make the rest longer. The queue was asked to wake it at `wakes_at`.
    `rewound` rises whenever an entry was put before the cursor, or may have been.
    """

    name: str
    cursor: str = ""
    calls: Mapping[int, int] = field(default_factory=dict)
    rests_until: datetime | None = None
    wakes_at: datetime | None = None
    failures: int = 0
    denied: str = ""
    denied_at: datetime | None = None
    succeeded_at: datetime | None = None
    failed_at: datetime | None = None
    failure: str = ""
    rewound: int = 0
