"""The keys of connections and of the outbox."""

from typing import TYPE_CHECKING

from afterbill.adapters.dynamodb import keys

if TYPE_CHECKING:
    from afterbill.adapters.dynamodb.keys import Key


def connection(name: str) -> "Key":
    """How it stands with a connection."""
    return keys.key(f"CONNECTION#{name}", "CONNECTION")


def outbox(connection_name: str) -> str:
    """The partition of a connection's entries, sorted by place."""
    return f"OUTBOX#{connection_name}"


def entry(connection_name: str, place: str) -> "Key":
    """An entry of the outbox."""
    return keys.key(outbox(connection_name), place)
