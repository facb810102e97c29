"""Short links: ten characters that can be read aloud, bound to one invitation."""

import hashlib
import hmac
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

LENGTH = 10
ALPHABET = "0123456789abcdefghjkmnpqrstvwxyz"
"""Crockford's base 32: no letter that is read as a digit or as another letter."""

GRACE = timedelta(days=30)
"""A code outlives its survey by this long, so that who comes late is told so."""

_LOOK_ALIKES = str.maketrans("oil", "011")


@dataclass(frozen=True, slots=True)
class ShortLink:
    """A short link to a survey that is closed after `until`; `phone_hash` is the phone it was sent to."""

    text: str
    invitation_id: str
    until: datetime
    phone_hash: str = ""
    customer_id: str = ""


def short_code(invitation_id: str, keys: Mapping[int, bytes], attempt: int = 0, *, label: str = "code") -> str:
    """Return the code of an invitation, always the same; another `attempt` gives another where the first is taken.

    The oldest key makes it, which stays when newer ones come: a repeated message carries the same link.
    """
    signed = f"{label}{invitation_id}{attempt or ''}"
    number = int.from_bytes(hmac.digest(keys[min(keys)], signed.encode(), hashlib.sha256)[:7])
    return "".join(ALPHABET[number >> 5 * place & 31] for place in range(LENGTH))


def referral_code(invitation_id: str, keys: Mapping[int, bytes]) -> str:
    """Return the code by which people who follow a personal link name its customer; it opens nothing."""
    return short_code(invitation_id, keys, label="referral")


def normalised_code(text: str) -> str | None:
    """Return a code in its one spelling, however somebody typed it; None for a text that cannot be one."""
    plain = text.lower().translate(_LOOK_ALIKES)
    return plain if len(plain) == LENGTH and set(plain) <= set(ALPHABET) else None
