"""One thing somebody tells of somebody, in plain words: script, town and oracle share this and nothing else."""

from collections.abc import Mapping
from dataclasses import dataclass, field

YEAR = 2027
MINUTE, HOUR, DAY = 60, 3_600, 86_400
END = 365 * DAY
"""The year in seconds; every moment is a count of seconds since its beginning, in UTC."""


@dataclass(slots=True)
class Event:
    """An event as a billing system reports it, and of whom it really is.

    `account` is what the source calls them: its id or, of a guest, the address. `profile` holds address, name, country,
    time_zone and attributes (`attributes.notice_at`). `kind` is a touchpoint, or empty for what only teaches.
    `objects` are what a refund may name. `subscription` is the one it is about, and `state` what it says of that one:
    `running` (no end is announced, or none any more) or `expired` (over as was planned from the beginning).
    `takes_back` is the fact of the payment that a failure may take back. `nameless`: the event does not say whom it is
    about. `own_id` is the id that the product itself gave this person, named by the turn of a campaign.
    """

    at: int
    person: int
    source: str
    event_id: str
    account: str
    profile: Mapping[str, str]
    kind: str = ""
    fact: str = ""
    objects: Mapping[str, str] = field(default_factory=dict)
    subscription: str = ""
    state: str = ""
    takes_back: str = ""
    amount: int | None = None
    test: bool = False
    deleted: bool = False
    guest: bool = False
    nameless: bool = False
    own_id: str = ""

    @property
    def farewell(self) -> bool:
        """Whether it tells that somebody ends a subscription."""
        return self.kind == "cancelled" and bool(self.subscription)
