"""Visitors of links: all that is stored is a keyed hash of the network and the family of the program."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from ipaddress import IPv4Address, IPv6Address, ip_address, ip_network

_AHEAD = ("sec-purpose", "purpose", "x-purpose", "x-moz")
_LOOKS_AHEAD = ("prefetch", "preview")
SCANNER = "scanner"
_FAMILIES = (
    ("outlook", ("microsoft outlook", "ms-office", "msoffice")),
    ("thunderbird", ("thunderbird/",)),
    ("edge", ("edg/", "edga/", "edgios/")),
    ("opera", ("opr/", "opt/")),
    ("samsung", ("samsungbrowser/",)),
    ("firefox", ("firefox/", "fxios/")),
    ("chrome", ("chrome/", "chromium/", "crios/")),
    ("safari", ("safari/",)),
    ("apple-mail", ("applewebkit/",)),
)
"""In this order, since each names those below it as well; Apple's mail program is its engine without the browser."""


@dataclass(frozen=True, slots=True)
class Visitor:
    """The visitor of one request: `network` is 8 hex digits, `family` a word without blanks; empty where unknown.

    `scanner`: its program or network is on the operator's list. `probing`: it says that nobody looks at the page yet,
    by HEAD, or, `ahead` of a click, by a header.
    """

    network: str = ""
    family: str = ""
    scanner: bool = False
    probing: bool = False
    ahead: bool = False


class Visitors:
    """Reads visitors from the headers of requests; `scanners` are parts of user agents, in any letter case."""

    def __init__(self, scanners: Iterable[str], networks: Iterable[str], hash_network: Callable[[str], str]) -> None:
        self._scanners = tuple(name.casefold() for name in scanners)
        self._networks = tuple(ip_network(network, strict=False) for network in networks)
        self._hash = hash_network

    def __call__(self, method: str, headers: Mapping[str, str], address: str) -> Visitor:
        """Return the visitor; `headers` have lower case names, an invalid `address` belongs to no network."""
        agent = headers.get("user-agent", "").casefold()
        listed = any(name in agent for name in self._scanners)
        at = _address(address)
        return Visitor(
            network=self._hash(network_of(at)) if at else "",
            family=SCANNER if listed else family_of(agent),
            scanner=listed or any(at in network for network in self._networks if at),
            probing=method == "HEAD" or _looks_ahead(headers),
            ahead=method != "HEAD" and _looks_ahead(headers),
        )


def network_of(address: IPv4Address | IPv6Address) -> str:
    """Return the /24 or /48 around an address: one household or office keeps it for a while."""
    return str(ip_network((address, 24 if address.version == 4 else 48), strict=False))  # noqa: PLR2004  # of IP


def family_of(agent: str) -> str:
    """Return the kind of program of a user agent, given in lower case; empty where it names none."""
    if not agent:
        return ""
    return next((family for family, parts in _FAMILIES if any(part in agent for part in parts)), "other")


def _address(text: str) -> IPv4Address | IPv6Address | None:
    """Parse an address; None if invalid. An IPv4 address mapped into IPv6 counts as the IPv4 address."""
    try:
        address = ip_address(text)
    except ValueError:
        return None
    return getattr(address, "ipv4_mapped", None) or address


def _looks_ahead(headers: Mapping[str, str]) -> bool:
    values = (headers.get(name, "").casefold() for name in _AHEAD)
    return any(word in value for value in values for word in _LOOKS_AHEAD)
