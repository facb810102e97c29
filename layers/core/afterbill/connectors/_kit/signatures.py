"""Parts of signature schemes: signed times, MACs, and comparisons in constant time."""

import base64
import hmac
from binascii import b2a_base64
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from afterbill.model.webhooks import Refusal, Webhook

_DIGITS = 15
"""Enough for milliseconds and microseconds, which are refused as a time in the future, not as malformed."""


def seconds(value: str) -> int | None:
    """Unix seconds in ASCII digits; int() alone would also take other scripts' digits, "1_0" and " 5"."""
    return int(value) if value.isascii() and value.isdecimal() and len(value) <= _DIGITS else None


def any_match(expected: Iterable[str], presented: Sequence[str]) -> bool:
    """Tell whether a presented signature is an expected one; every pair is compared, in constant time."""
    candidates = [candidate.encode("utf-8", "replace") for candidate in presented]
    matched = False
    for mac in expected:
        wanted = mac.encode()
        for candidate in candidates:
            matched |= hmac.compare_digest(wanted, candidate)
    return matched


def digest(key: bytes, signed: bytes) -> bytes:
    """Return the HMAC-SHA256 of these bytes."""
    return hmac.digest(key, signed, "sha256")


def hexadecimal(mac: bytes) -> str:
    """A MAC in lower-case hex digits."""
    return mac.hex()


def base64_text(mac: bytes) -> str:
    """A MAC in base64 with padding."""
    return b2a_base64(mac, newline=False).decode()


def keys_of(secrets: Sequence[str]) -> Iterator[bytes]:
    """The secrets as keys; a blank one is no key, for everybody could sign with it."""
    for secret in secrets:
        if secret.strip():
            yield secret.encode("utf-8", "surrogatepass")


def check_body(header: str, webhook: Webhook, secrets: Sequence[str], spell: Callable[[bytes], str]) -> Refusal | None:
    """The commonest scheme: `header` is the spelled HMAC-SHA256 of the raw body under any of the secrets."""
    presented = webhook.headers.get(header, "")
    if not presented:
        return Refusal.MISSING
    expected = (spell(digest(key, webhook.body)) for key in keys_of(secrets))
    return None if any_match(expected, [presented]) else Refusal.MISMATCH


def sign_body(header: str, webhook: Webhook, secret: str, spell: Callable[[bytes], str]) -> Webhook:
    """The twin of `check_body`: the webhook with that header, which stays empty for a blank secret."""
    mac = next((spell(digest(key, webhook.body)) for key in keys_of([secret])), "")
    return replace(webhook, headers={**webhook.headers, header: mac})


@dataclass(frozen=True, slots=True)
class BodySignature:
    """The scheme of `check_body` as the parts `verify` and `sign` of a connector.

    No time is signed: a webhook that is replayed meets its own fact.
    """

    header: str
    spell: Callable[[bytes], str]

    def verify(self, webhook: Webhook, secrets: Sequence[str], now: datetime) -> Refusal | None:  # noqa: ARG002  # as Verify
        """Check the header against every secret."""
        return check_body(self.header, webhook, secrets, self.spell)

    def sign(self, webhook: Webhook, secret: str) -> Webhook:
        """Return the webhook as the billing system would send it."""
        return sign_body(self.header, webhook, secret, self.spell)


def check_basic(webhook: Webhook, secrets: Sequence[str]) -> Refusal | None:
    """HTTP Basic: the secret is `user:password`, or the password alone, whoever the user is."""
    scheme, _, encoded = webhook.headers.get("authorization", "").partition(" ")
    if scheme.lower() != "basic":
        return Refusal.MISSING
    try:
        presented = base64.b64decode(encoded.strip(), validate=True).decode()
    except ValueError:
        return Refusal.MALFORMED
    # `user:` is a key sent as the user, without a password.
    spellings = [presented, presented.partition(":")[2], presented.removesuffix(":")]
    return (
        None if any_match((key.decode(errors="replace") for key in keys_of(secrets)), spellings) else Refusal.MISMATCH
    )


def basic(secret: str) -> str:
    """The value of an Authorization header for such a secret."""
    credentials = secret if ":" in secret else f"afterbill:{secret}"
    return f"Basic {base64.b64encode(credentials.encode()).decode()}"
