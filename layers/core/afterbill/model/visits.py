"""Visits of a survey's links, as they are kept, and the thresholds by which clicks of people are told from machines."""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from enum import StrEnum

HIDDEN = "none"
"""The rating in the link that no person sees; it stands first in every mail."""


MOST_VISITS = 100
"""Openings of one invitation that are kept; `most` tells how many visits of each kind."""


class Kind(StrEnum):
    """The way a link was used."""

    OPENED = "opened"
    """GET of a number's link."""
    PROBED = "probed"
    """HEAD of a number's link, or of the page without one."""
    AHEAD = "ahead"
    """GET of a link that said it only looks ahead (prefetch): a browser does that when its user is about to tap."""
    HIDDEN = "hidden"
    """Any request for the link no person sees: GET, HEAD or ahead."""
    SEEN = "seen"
    """The page's script reports the number that was tapped, once its page was visible for a moment, or another one
    that was then chosen on it: an unconfirmed answer."""


def most(kind: Kind) -> int:
    """Return below how many visits one more of this kind is kept: scanners crowd out neither evidence nor clicks."""
    return MOST_VISITS * {Kind.OPENED: 2, Kind.SEEN: 4}.get(kind, 3) // 2


@dataclass(frozen=True, slots=True)
class Visit:
    """One use of a link: never an address, only a keyed hash of its network and the family of its user agent."""

    at: datetime
    kind: Kind
    rating: int | None = None
    network: str = ""
    family: str = ""
    scanner: bool = False

    @property
    def program(self) -> tuple[str, str]:
        """The network and the family, which tell programs apart."""
        return self.network, self.family

    def __str__(self) -> str:
        """One short line, as it is kept with the invitation."""
        at, rating = int(self.at.timestamp() * 1000), "-" if self.rating is None else self.rating
        return f"{at} {self.kind} {rating} {self.network or '-'} {self.family or '-'}{'!' * self.scanner}"


def visit_of(line: str) -> Visit:
    """Return the visit that a line of `str(visit)` holds."""
    at, kind, rating, network, family = line.split(" ")
    return Visit(
        datetime.fromtimestamp(int(at) / 1000, UTC),
        Kind(kind),
        None if rating == "-" else int(rating),
        network.strip("-"),
        family.rstrip("!").strip("-"),
        family.endswith("!"),
    )


@dataclass(frozen=True, slots=True)
class Integrity:
    """The thresholds of surveys.toml, which documents each."""

    count_unconfirmed: bool = True
    visible: float = 0.4
    settling: timedelta = timedelta(minutes=10)
    burst: timedelta = timedelta(seconds=30)
    probe: timedelta = timedelta(seconds=5)
    second_thought: timedelta = timedelta(seconds=3)
    most_numbers: int = 2
    scanners: tuple[str, ...] = ()
    networks: tuple[str, ...] = ()
