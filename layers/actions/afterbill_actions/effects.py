"""The effects of a response: the version that was published of it, and what actions wrote in other systems."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime

UNSURE = "?"
"""The version of what may have been written, or taken back, without anybody having heard: no answer has it, so that
evaluation writes or takes back again, and the action looks first."""

TAKEN_BACK = "-"
"""The version of what says there that it no longer holds: a message that was crossed out. Its record is kept, to write
there again and to erase it."""


@dataclass(frozen=True, slots=True)
class Written:
    """The state of one effect in another system: what is needed to update it, to take it back and to erase it.

    `record` holds the other system's ids and what was put there, as short texts (`{"order": "gid://...", "tags":
    "NPS 3"}`); never an address or a comment. `version` is that of the answer it says, UNSURE or TAKEN_BACK.
    """

    connection: str
    action: str
    version: str
    at: datetime
    record: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Effects:
    """The effects of a response; one item beside its invitation.

    `published` is the version that the bus and the workflows were told of last, `versions` how many there were: a
    workflow that changes the answer by what it writes makes it rise without end (`LOOP`). `first_rating` is that of
    the version that was published first, None where it is not known. `written` has each effect by its name,
    `<workflow>/<connection>.<action>`.
    """

    invitation_id: str
    published: str = ""
    published_at: datetime | None = None
    versions: int = 0
    written: Mapping[str, Written] = field(default_factory=dict)
    first_rating: int | None = None


def effect_name(workflow: str, connection: str, action: str) -> str:
    """Return the name of an effect: it stays the same from version to version of an answer."""
    return f"{workflow}/{connection}.{action}"
