"""The state of digests and alerts between two runs."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime


@dataclass(frozen=True, slots=True)
class NoticeState:
    """How far runs have come.

    `digests` is the local day whose digests are all done, `looked_at` the moment of the last look at reports.
    `since` is the moment from which answers are looked through, `told` the answers since then that were told, each with
    when that was. It names no person: answers stand by their ids.
    """

    version: int = 0
    digests: date | None = None
    looked_at: datetime | None = None
    since: datetime | None = None
    told: Mapping[str, datetime] = field(default_factory=dict)
