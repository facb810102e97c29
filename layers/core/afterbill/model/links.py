"""Signed links: a token names one invitation and one purpose, and nothing about the person.

Layout (39 bytes, 52 base64url characters, no padding): version, key id, purpose, invitation id (16),
expiry (Unix seconds, 4), HMAC-SHA256 over all of that cut to 128 bits (RFC 2104 section 5 allows the cut).
"""

import base64
import binascii
import hashlib
import hmac
import struct
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from enum import IntEnum

_VERSION = 1
_HEAD = struct.Struct(">BBB16sI")
_MAC_BYTES = 16
_TOKEN_BYTES = _HEAD.size + _MAC_BYTES


class Purpose(IntEnum):
    """The use of a link; a token of one purpose is worth nothing for another."""

    SURVEY = 1
    UNSUBSCRIBE = 2
    REFERRAL = 3


@dataclass(frozen=True, slots=True)
class Link:
    """The contents of a valid token."""

    invitation_id: str
    expires_at: datetime


def sign(purpose: Purpose, invitation_id: str, expires_at: datetime, keys: Mapping[int, bytes]) -> str:
    """Sign with the newest key (the highest id, 0 to 255)."""
    key_id = max(keys)
    head = _HEAD.pack(_VERSION, key_id, purpose, bytes.fromhex(invitation_id), int(expires_at.timestamp()))
    return base64.urlsafe_b64encode(head + _mac(head, keys[key_id])).decode()


def read(token: str, purpose: Purpose, keys: Mapping[int, bytes]) -> Link | None:
    """Return the link in a token, or None when it was not signed by one of `keys` for this purpose."""
    try:
        signed = base64.b64decode(token.encode("ascii"), altchars=b"-_", validate=True)
    except (UnicodeEncodeError, binascii.Error):
        return None
    # b64decode also takes "+" for "-" and "/" for "_": one token has one spelling.
    if len(signed) != _TOKEN_BYTES or base64.urlsafe_b64encode(signed).decode() != token:
        return None
    head, mac = signed[: _HEAD.size], signed[_HEAD.size :]
    version, key_id, said_purpose, invitation, expiry = _HEAD.unpack(head)
    key = keys.get(key_id)
    if version != _VERSION or said_purpose != purpose or not key:
        return None
    if not hmac.compare_digest(mac, _mac(head, key)):
        return None
    return Link(invitation.hex(), datetime.fromtimestamp(expiry, UTC))


def derive_key(secret: str, label: str) -> bytes:
    """Return the key for one use of a secret that has several."""
    return hmac.digest(secret.encode(), label.encode(), hashlib.sha256)


def _mac(head: bytes, key: bytes) -> bytes:
    return hmac.digest(key, head, hashlib.sha256)[:_MAC_BYTES]
