"""Single values of actions.toml: their grammar, and the message for one that cannot be read."""

import os
import re
from contextlib import suppress
from decimal import Decimal
from ipaddress import ip_address
from urllib.parse import urlsplit

from afterbill.answers.read_responses import ratings as parsed_ratings
from afterbill.model.billing import Money, exponent
from afterbill.model.check_messages import shown
from afterbill_actions.adapters.addresses import LOOPBACK, public

_URL = re.compile(r"https?://[a-z0-9.-]+(?::\d{1,5})?(?:/[\w.~%-]+)*/?", re.ASCII | re.IGNORECASE)
_AMOUNT = re.compile(r"(\d{1,12})(?:\.(\d{1,4}))? ([A-Z]{3})", re.ASCII)
_PRIVATE = (".localhost", ".internal", ".local")
"""Ends of names that lead nowhere in the internet (RFC 6761, RFC 6762, ICANN 2024)."""


def ratings(text: object) -> frozenset[int]:
    """Ratings as `afterbill responses --rating` takes them."""
    try:
        return parsed_ratings(text if isinstance(text, str) else "")
    except ValueError as error:
        message = f'must be ratings from 0 to 10 in quotes, such as "0-6", "9" or "0-2,9", not {shown(text)}'
        raise ValueError(message) from error


def amount(text: object) -> Money:
    """An amount for a month with its currency."""
    match = _AMOUNT.fullmatch(text) if isinstance(text, str) else None
    if match is None or len(match[2] or "") > exponent(match[3]):
        message = f'must be an amount for a month with its currency, such as "50 EUR" or "49.90 USD", not {shown(text)}'
        raise ValueError(message)
    major = Decimal(f"{match[1]}.{match[2] or '0'}")
    return Money(int(major.scaleb(exponent(match[3]))), match[3])


def url(text: object) -> str:
    """The address of a system, without a slash at its end; one on this machine where $AFTERBILL_LOOPBACK permits it.

    Names are resolved, and private addresses behind them refused, when a request is sent.
    """
    if not isinstance(text, str) or not _URL.fullmatch(text) or ".." in text or not _is_permitted(text):
        rule = "must be the https:// address of a system in the internet, without user, query and fragment"
        message = f"{rule}, not {shown(text)}"
        raise ValueError(message)
    return text.rstrip("/")


def _is_permitted(text: str) -> bool:
    parts = urlsplit(text.lower())
    host = parts.hostname or ""
    if parts.scheme == "http":
        return host == "127.0.0.1" and os.environ.get(LOOPBACK) == "1"
    with suppress(ValueError):
        return public(str(ip_address(host)))
    return "." in host and not host.endswith(_PRIVATE)
