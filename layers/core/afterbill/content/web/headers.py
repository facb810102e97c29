"""Headers of every page, so that it keeps to itself."""

from base64 import b64encode
from hashlib import sha256

HEADERS = {
    "Content-Type": "text/html; charset=utf-8",
    "Cache-Control": "no-store",
    "Referrer-Policy": "no-referrer",
    "X-Robots-Tag": "noindex, nofollow",
    "X-Content-Type-Options": "nosniff",
    "Strict-Transport-Security": "max-age=63072000",
    "Permissions-Policy": "camera=(), geolocation=(), microphone=(), payment=()",
}
FORMS = "application/x-www-form-urlencoded, application/json"
"""The content types in which answers may be sent."""


def policy(style: str, script: str = "") -> str:
    """Return the Content-Security-Policy: only our inline style, our own forms, and our script where there is one."""
    reporting = f" script-src {_hash(script)}; connect-src 'self';" if script else ""
    return (
        f"default-src 'none'; style-src {_hash(style)};{reporting} form-action 'self'; "
        "base-uri 'none'; frame-ancestors 'none'"
    )


def _hash(text: str) -> str:
    return f"'sha256-{b64encode(sha256(text.encode()).digest()).decode()}'"
