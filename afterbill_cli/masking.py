"""Addresses as they are shown to an operator: enough to know one by, and no more."""

_HIDDEN = "***"


def masked(address: str) -> str:
    """Return `a***@example.com`; whatever stands before the last @ counts as its holder's."""
    holder, at, domain = address.strip().rpartition("@")
    return f"{holder[:1].replace('@', '')}{_HIDDEN}{at}{domain}" if at else _HIDDEN


def masked_number(phone: str) -> str:
    """Return the last two digits of a number."""
    return f"{_HIDDEN}{phone[-2:]}"
