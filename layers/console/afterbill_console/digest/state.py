"""The state of digests and alerts between two runs."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta


@dataclass(frozen=True, slots=True)
class Heard:
    """A source as it was heard: since when it is listened to, its last event, and the longest silence between two."""

    since: datetime
    last_at: datetime
    longest: timedelta = timedelta(0)


@dataclass(frozen=True, slots=True)
class NoticeState:
    """The progress of runs.

    `digests` is the local day whose digests are all done, `looked_at` the moment of the last look at reports.
    `since` is the moment from which answers are looked through, `told` the answers since then that were told, each with
    when that was. `heard` are the sources by their names, `silent` those whose silence is told as an event, each with
    its last one. It names no person: answers stand by their ids.
    """

    version: int = 0
    digests: date | None = None
    looked_at: datetime | None = None
    since: datetime | None = None
    told: Mapping[str, datetime] = field(default_factory=dict)
    heard: Mapping[str, Heard] = field(default_factory=dict)
    silent: Mapping[str, datetime] = field(default_factory=dict)
