"""The keys of items that only actions need."""

from typing import TYPE_CHECKING

from afterbill.adapters.dynamodb.keys import PK, key

if TYPE_CHECKING:
    from afterbill.adapters.dynamodb.keys import Key

_EFFECTS = "EFFECTS"


def effects(invitation_id: str) -> "Key":
    """Return the key of what a response set in motion.

    It is a partition of its own: a pass over the invitations does not meet it, and who writes it writes no invitation.
    """
    return key(f"{_EFFECTS}#{invitation_id}", _EFFECTS)


def invitation_of_effects(item: "Key") -> str:
    """Return the id of the invitation whose effects this item holds."""
    return item[PK]["S"].removeprefix(f"{_EFFECTS}#")


def publish_sweep() -> "Key":
    """Return the key of the state that a sweep of versions leaves for the next."""
    return key("STATE", "publish_sweep")
