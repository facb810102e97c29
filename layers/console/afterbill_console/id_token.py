"""The id token of Cognito: who signed in, and with which roles."""

import hmac
import json
import re
from base64 import urlsafe_b64decode
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from afterbill_console.roles import Role, roles_of

_PARTS = 3
_SUB = re.compile(r"[A-Za-z0-9-]{1,64}")


class TokenError(Exception):
    """The token is not for us, or not for this moment; the message names the claim, and nobody."""


@dataclass(frozen=True, slots=True)
class Member:
    """The person who signed in: the user's `sub`, and the roles of its groups."""

    operator: str
    roles: frozenset[Role]


@dataclass(frozen=True, slots=True)
class Expected:
    """The claims of a token that is ours: its issuer and its audience."""

    issuer: str
    client: str


def member_of(token: str, expected: Expected, nonce: str, now: datetime) -> Member:
    """Return who signed in; raises TokenError.

    The signature is not checked: the token came over TLS from the token endpoint itself, without a browser in between
    (OpenID Connect Core 1.0, section 3.1.3.7, number 6).
    """
    claims = _claims(token)
    _require("iss", claims.get("iss") == expected.issuer)
    _require("aud", claims.get("aud") == expected.client)
    _require("token_use", claims.get("token_use") == "id")
    _require("exp", _seconds(claims.get("exp")) > now.timestamp())
    _require("nonce", hmac.compare_digest(str(claims.get("nonce", "")).encode(), nonce.encode()))
    operator = claims.get("sub")
    _require("sub", isinstance(operator, str) and _SUB.fullmatch(operator) is not None)
    groups = claims.get("cognito:groups", [])
    _require("cognito:groups", isinstance(groups, list))
    return Member(str(operator), roles_of([group for group in groups if isinstance(group, str)]))


def _claims(token: str) -> Mapping[str, Any]:
    parts = token.split(".")
    _require("form", len(parts) == _PARTS)
    try:
        claims = json.loads(urlsafe_b64decode(f"{parts[1]}=="))
    except (ValueError, RecursionError) as error:
        raise TokenError("form") from error
    _require("form", isinstance(claims, dict))
    read: Mapping[str, Any] = claims
    return read


def _require(claim: str, holds: bool) -> None:  # noqa: FBT001  # the one thing that it is about
    if not holds:
        raise TokenError(claim)


def _seconds(value: object) -> float:
    return value if isinstance(value, int | float) and not isinstance(value, bool) else 0
