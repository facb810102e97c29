"""Addresses of other systems that may be called: https, at a public address, which is looked up once.

An operator writes the url, and a function calls it with credentials from inside the account: it must not reach what
only stands inside (OWASP, Server-Side Request Forgery Prevention). The connection goes to the address that was
checked, so that a name which changes in between (DNS rebinding) leads nowhere else.
"""

import ipaddress
import os
import re
import socket
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TypeAlias
from urllib.parse import urlsplit

LOOPBACK = "AFTERBILL_LOOPBACK"
"""Environment variable: "1" lets `http://127.0.0.1` through, for systems that a test or the local stack plays."""
_OWN = frozenset({"127.0.0.1", "localhost"})
_HTTPS = 443
_HOST = re.compile(r"[a-z0-9.:_-]{1,253}")
"""Names in other letters are written as IDNA has them (xn--)."""
_PATH = re.compile(r"[!-~]*")

_SPECIAL = tuple(map(ipaddress.ip_network, ("100.64.0.0/10", "192.0.0.0/24", "192.88.99.0/24", "198.18.0.0/15")))
"""Networks that some versions of Python take for global (RFC 6890)."""

Resolve: TypeAlias = Callable[[str, int], Sequence[str]]
"""Returns the IP addresses of a host; raises OSError."""


@dataclass(frozen=True, slots=True)
class Target:
    """A place that may be called: `address` is the IP address, `host` the name that TLS has to prove."""

    scheme: str
    host: str
    address: str
    port: int
    path: str

    @property
    def authority(self) -> str:
        """The header `Host`."""
        host = f"[{self.host}]" if ":" in self.host else self.host
        return host if self.scheme == "https" and self.port == _HTTPS else f"{host}:{self.port}"


def resolve(host: str, port: int) -> Sequence[str]:
    """Ask the resolver of the system."""
    found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    return [str(entry[4][0]) for entry in found]


def target(url: str, resolve: Resolve = resolve) -> Target | str:
    """Return where a url leads; otherwise the reason, without the url, why it is not called."""
    try:
        parts = urlsplit(url)
        host, port = parts.hostname or "", parts.port
    except ValueError:
        return "the url cannot be read"
    path = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
    if parts.username is not None or parts.password is not None or parts.fragment:
        return "the url holds a user, a password or a fragment"
    if not _HOST.fullmatch(host) or not _PATH.fullmatch(path):
        return "the url cannot be read"
    if parts.scheme == "http" and host in _OWN and os.environ.get(LOOPBACK) == "1":
        return Target("http", host, "127.0.0.1", port or 80, path)
    if parts.scheme != "https":
        return "the url does not begin with https://"
    return _resolved(Target("https", host, "", port or _HTTPS, path), resolve)


def _resolved(wanted: Target, resolve: Resolve) -> Target | str:
    """Return the target with its address; one address that is not public refuses a name with all its others."""
    try:
        addresses = resolve(wanted.host, wanted.port)
    except (OSError, UnicodeError):
        addresses = []
    if not addresses:
        return f"{wanted.host} has no address in the DNS"
    if not all(map(public, addresses)):
        return f"{wanted.host} leads to an address that is not public"
    return Target(wanted.scheme, wanted.host, addresses[0], wanted.port, wanted.path)


def public(address: str) -> bool:
    """Tell whether an IP address belongs to the public Internet and leads to nobody else.

    Not: loopback, link-local, private, shared (RFC 6598), multicast, reserved, and IPv6 addresses that stand for an
    IPv4 one (mapped, compatible, NAT64, 6to4, Teredo).
    """
    try:
        ip = ipaddress.ip_address(address)
    except ValueError:
        return False
    if isinstance(ip, ipaddress.IPv6Address) and (ip.ipv4_mapped or ip.sixtofour or ip.teredo or ip.is_site_local):
        return False
    if any(ip in network for network in _SPECIAL):
        return False
    return ip.is_global and not (ip.is_multicast or ip.is_reserved or ip.is_unspecified or ip.is_loopback)
