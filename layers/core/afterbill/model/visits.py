"""Visits of a survey's links, as they are kept, and the thresholds by which clicks of people are told from machines."""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from enum import StrEnum

HIDDEN = "none"
"""The rating in the link that no person sees; it stands first in every mail."""

MOST_VISITS = 600
"""Visits of one invitation that are kept, of whatever kind: behind a full list no click is kept either."""
MOST_PROGRAMS = 200
"""Programs whose visits are kept."""
MOST_OF_ONE = 60
"""Visits of one program that are kept, the last of them always its newest: a robot that comes again and again takes no
room from others."""
_CROWDED = 2 / 3
"""The share of such a limit from which on a review makes room."""


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
    MACHINE = "machine"
    """No use: until then the program was known for a machine, by visits that are no longer kept. Its number is 1 where
    it ran the page's script."""
    GAP = "gap"
    """No use: the newest visit, whoever made it, that found no room."""


NOTED = frozenset({Kind.MACHINE, Kind.GAP})
"""The notes that stand in place of visits."""
REFUSED = "refused -"
"""The name under which the newest visit is noted that found no room since the last review."""
_KINDS = (Kind.HIDDEN, Kind.PROBED, Kind.AHEAD, Kind.OPENED, Kind.SEEN, Kind.MACHINE, Kind.GAP)
"""By their stored numbers, in which visits of one moment are told."""
_NUMBERS = 12
"""Numbers of a stored visit: none, and 0 to 10."""


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

    @property
    def visitor_key(self) -> str:
        """The name under which the visits of its program are stored: `0badcafe safari`, with a `!` for a scanner."""
        return f"{self.network or '-'} {self.family or '-'}{'!' * self.scanner}"

    @property
    def code(self) -> int:
        """Moment, kind and number as one number, as it is stored: milliseconds since 1970, and two digits."""
        number = 0 if self.rating is None else self.rating + 1
        return round(self.at.timestamp() * 1000) * 100 + _KINDS.index(self.kind) * _NUMBERS + number


def visit_of(visitor_key: str, code: int) -> Visit:
    """Return the visit that is stored as `code` under this name."""
    milliseconds, (kind, number) = code // 100, divmod(code % 100, _NUMBERS)
    network, family = visitor_key.split(" ")
    return Visit(
        datetime.fromtimestamp(milliseconds / 1000, UTC),
        _KINDS[kind],
        number - 1 if number else None,
        network.strip("-"),
        family.rstrip("!").strip("-"),
        family.endswith("!"),
    )


def kind_of(code: int) -> Kind:
    """Return the kind of a stored visit."""
    return _KINDS[code % 100 // _NUMBERS]


def codes_of(visits: Sequence[Visit]) -> dict[str, list[int]]:
    """Return the visits as they are stored: by program, in the order of `visits`."""
    codes: dict[str, list[int]] = {}
    for visit in visits:
        codes.setdefault(visit.visitor_key, []).append(visit.code)
    return codes


def visits_of(codes: Mapping[str, Sequence[int]]) -> tuple[Visit, ...]:
    """Return stored visits in the order of their moments."""
    visits = [visit_of(visitor_key, int(code)) for visitor_key, some in codes.items() for code in some]
    return tuple(sorted(visits, key=lambda visit: visit.code))


def gap(at: datetime) -> Visit:
    """Return the note of a review that there was no room for a visit at this moment."""
    return Visit(at, Kind.GAP, network="gap")


def refused(at: datetime) -> Visit:
    """Return the note that there is no room for a visit at this moment."""
    return Visit(at, Kind.GAP, network=REFUSED.removesuffix(" -"))


def counted(visits: Iterable[Visit]) -> int:
    """Return the number of visits that take room: all but a gap."""
    return sum(visit.kind is not Kind.GAP for visit in visits)


def with_visit(visits: Sequence[Visit], visit: Visit) -> tuple[Visit, ...]:
    """Return the visits with one more, as far as there is room for it."""
    sizes = Counter(one.visitor_key for one in visits)
    own, kept = sizes[visit.visitor_key], visit_of(visit.visitor_key, visit.code)
    if own >= MOST_OF_ONE:
        *_, newest = (one for one in visits if one.visitor_key == visit.visitor_key)
        visits = [one for one in visits if one is not newest]
    elif counted(visits) >= MOST_VISITS or (not own and len(sizes) >= MOST_PROGRAMS):
        visits, kept = [one for one in visits if one.visitor_key != REFUSED], refused(kept.at)
    in_turn = not visits or visits[-1].at < kept.at
    return (*visits, kept) if in_turn else tuple(sorted([*visits, kept], key=lambda one: one.code))


def crowded(sizes: Sequence[int]) -> bool:
    """Return whether room has to be made, given the number of visits of each program."""
    return (
        sum(sizes) >= MOST_VISITS * _CROWDED
        or len(sizes) >= MOST_PROGRAMS * _CROWDED
        or any(size >= MOST_OF_ONE * _CROWDED for size in sizes)
    )


@dataclass(frozen=True, slots=True)
class CondensedVisits:
    """Visits that a review no longer keeps: since when, until when all clicks were decided, how many, and signals."""

    since: datetime
    until: datetime
    visits: int
    programs: int
    signals: str = ""

    def __str__(self) -> str:
        """One short line, as it is kept with the invitation."""
        since, until = (round(at.timestamp() * 1000) for at in (self.since, self.until))
        return " ".join(map(str, (since, until, self.visits, self.programs, self.signals))).strip()

    def __add__(self, later: "CondensedVisits") -> "CondensedVisits":
        """Return both as one; programs that came in both are counted twice."""
        signals = dict.fromkeys([*self.signals.split(), *later.signals.split()])
        counts = self.visits + later.visits, self.programs + later.programs
        return CondensedVisits(self.since, later.until, *counts, " ".join(signals))


def condensed_of(line: str) -> CondensedVisits:
    """Return what a line of `str(condensed)` holds."""
    since, until, visits, programs, *signals = line.split(" ")
    since_at, until_at = (datetime.fromtimestamp(int(at) / 1000, UTC) for at in (since, until))
    return CondensedVisits(since_at, until_at, int(visits), int(programs), " ".join(signals))


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
    most_choices: int = 3
    scanners: tuple[str, ...] = ()
    networks: tuple[str, ...] = ()
