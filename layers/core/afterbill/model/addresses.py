"""The one spelling of a mail address: by it an address is recognised, compared and written to."""

import hashlib
import hmac
from contextlib import suppress
from string import ascii_lowercase, ascii_uppercase

_ASCII_LOWER = str.maketrans(ascii_uppercase, ascii_lowercase)


def mailbox(address: str) -> str:
    """Return the one spelling of an address; two addresses are one mailbox exactly if it is the same.

    The name before the last @ is in ASCII lower case. Other characters of it stay as they are written: no letter is
    folded and nothing is composed, for only the server of that mailbox knows which of them are the same. The domain is
    as IDNA 2008 sends it, with the mapping of UTS 46 before: `bücher.de` and `BÜCHER。DE` are `xn--bcher-kva.de`, and
    `fußball.de` is not `fussball.de`. What is no address, or has a domain that IDNA refuses, is in ASCII lower case
    without the blanks around it, and so is a phone number.
    """
    name, at, domain = address.strip().translate(_ASCII_LOWER).rpartition("@")
    return f"{name}{at}{_as_sent(domain) if at else domain}"


def address_hash(address: str, key: bytes) -> str:
    """Return a keyed hash of 32 hex digits, by which an address or a number is recognised without being stored."""
    return hmac.new(key, mailbox(address).encode("utf-8", "surrogatepass"), hashlib.sha256).hexdigest()[:32]


def _as_sent(domain: str) -> str:
    if not domain.isascii():
        import idna  # noqa: PLC0415  # half a megabyte of tables, which most addresses do not need

        with suppress(idna.IDNAError):
            return idna.encode(domain, uts46=True).decode()
    return domain
