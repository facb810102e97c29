"""The handling of an answer: who read it, how it is tagged, and what agents noted about it."""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime

from afterbill.model.invitation import Invitation
from afterbill.model.plain_text import harmless, one_line

MOST_TAGS, LONGEST_TAG = 20, 40
MOST_NOTES, LONGEST_NOTE = 50, 2_000
MOST_BYTES = 150_000
"""Bytes of all notes about an answer: an item has 400 KB, and what its customer still does needs room."""


@dataclass(frozen=True, slots=True)
class Note:
    """A note about an answer: `who` is the `sub` of an operator, whose name stands in the user pool alone."""

    at: datetime
    who: str
    text: str


@dataclass(frozen=True, slots=True)
class Handling:
    """All that operators did about an answer; `read_at` is None while it is unread."""

    read_at: datetime | None = None
    read_by: str = ""
    tags: tuple[str, ...] = ()
    notes: tuple[Note, ...] = ()

    @property
    def read(self) -> bool:
        """True where somebody marked it as read."""
        return self.read_at is not None


UNHANDLED = Handling()


@dataclass(frozen=True, slots=True)
class Handled:
    """An answer and its handling."""

    response: Invitation
    handling: Handling = UNHANDLED


def tags_in(text: str) -> tuple[str, ...]:
    """Read tags, parted by commas, each once; ValueError where there are too many, or one is too long."""
    tags = tuple(dict.fromkeys(filter(None, map(one_line, text.split(",")))))
    if len(tags) > MOST_TAGS or any(len(tag) > LONGEST_TAG for tag in tags):
        raise ValueError(f"{MOST_TAGS} tags of {LONGEST_TAG} characters")
    return tags


def note_in(text: str) -> str:
    """Read the text of a note; ValueError where it is empty or too long."""
    note = harmless(text).strip()
    if not 1 <= len(note) <= LONGEST_NOTE:
        raise ValueError(f"1 to {LONGEST_NOTE} characters")
    return note


def tagged(handling: Handling, tags: Collection[str]) -> bool:
    """Return whether it has all of these tags, in small and capital letters alike."""
    return {tag.casefold() for tag in tags} <= {tag.casefold() for tag in handling.tags}
