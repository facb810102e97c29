"""Keys with which other systems call the answer API: `ab_<id>_<secret>`, of which only a hash is stored."""

import hashlib
import hmac
import re
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

_SPELLED = re.compile(r"ab_([0-9a-f]{16})_([A-Za-z0-9_-]{43})")
_NOBODY = "0" * 64
"""A hash that no secret has: who presents an unknown key waits as long as who presents a wrong one."""


class Scope(StrEnum):
    """What a key allows."""

    RESPONSES_WRITE = "responses:write"


@dataclass(frozen=True, slots=True)
class ApiKey:
    """A key as it is stored; `secret_hash` is the SHA-256 of its secret in hex, `revoked_at` since when it is void."""

    id: str
    name: str
    scopes: tuple[str, ...]
    secret_hash: str
    created_at: datetime
    revoked_at: datetime | None = None


def spelled(id_: str, secret: str) -> str:
    """A key as whoever calls presents it."""
    return f"ab_{id_}_{secret}"


def parts_of(text: str) -> tuple[str, str] | None:
    """Id and secret of a key; None where this can be none, so that nobody is asked for it."""
    found = _SPELLED.fullmatch(text)
    return (found[1], found[2]) if found else None


def hash_of(secret: str) -> str:
    """What is stored of a secret: it has 256 random bits, so nothing slower than this is needed."""
    return hashlib.sha256(secret.encode()).hexdigest()


def admits(key: ApiKey | None, secret: str) -> bool:
    """Whether the secret is that of this key, and the key still stands; the same time whatever is wrong."""
    right = hmac.compare_digest(hash_of(secret), key.secret_hash if key else _NOBODY)
    return right and key is not None and key.revoked_at is None
