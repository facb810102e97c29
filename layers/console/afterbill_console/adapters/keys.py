"""The keys of items that only the console needs."""

from datetime import date
from typing import TYPE_CHECKING

from afterbill.adapters.dynamodb.keys import key

if TYPE_CHECKING:
    from afterbill.adapters.dynamodb.keys import Key

SESSIONS = "SESSION#"
"""The start of the sort key of a session, among all that is stored of an operator."""


def operator(id_: str) -> str:
    """Return the partition of an operator, by the `sub` of the user pool."""
    return f"OPERATOR#{id_}"


def session(operator_id: str, session_key: str) -> "Key":
    """Return the key of one session of an operator."""
    return key(operator(operator_id), f"{SESSIONS}{session_key}")


def preferences(operator_id: str) -> "Key":
    """Return the key of what an operator chose."""
    return key(operator(operator_id), "PREFERENCES")


def claim(operator_id: str, name: str) -> "Key":
    """Return the key of the claim of a mail to an operator: `DIGEST#...` or `ALERT#...`."""
    return key(operator(operator_id), name)


def notices() -> "Key":
    """Return the key of the state that runs of digests and alerts leave to each other."""
    return key("STATE", "notices")


def earlier(day: date) -> "Key":
    """Return the key of the list of answers before a day; in BY_ANSWERED_DAY it stands behind those of the day."""
    return key("STATE", f"answers#{day.isoformat()}")
