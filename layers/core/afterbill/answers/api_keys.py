"""Keys with which other systems call the answer API: `ab_<id>_<secret>`; only a hash of the secret is stored."""

import hashlib
import hmac
import re
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

_SPELLED = re.compile(r"ab_([0-9a-f]{16})_([A-Za-z0-9_-]{43})")
_NOBODY = "0" * 64
"""A hash that no secret has, so that an unknown key is refused no sooner than a wrong one."""


class Scope(StrEnum):
    """A permission of a key."""

    RESPONSES_WRITE = "responses:write"
    RESPONSES_READ = "responses:read"
    REPORTS_READ = "reports:read"
    PRIVACY_MANAGE = "privacy:manage"


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
    """Return a key as its caller presents it."""
    return f"ab_{id_}_{secret}"


def parts_of(text: str) -> tuple[str, str] | None:
    """Return id and secret of a key; None where the text can be no key, so that no table is asked for it."""
    match = _SPELLED.fullmatch(text)
    return (match[1], match[2]) if match else None


def hash_of(secret: str) -> str:
    """Return the hash to store; a secret has 256 random bits, so no slower hash is needed."""
    return hashlib.sha256(secret.encode()).hexdigest()


def admits(key: ApiKey | None, secret: str) -> bool:
    """Tell if the secret belongs to this key and the key is not revoked; takes the same time whatever is wrong."""
    matches = hmac.compare_digest(hash_of(secret), key.secret_hash if key else _NOBODY)
    return matches and key is not None and key.revoked_at is None
