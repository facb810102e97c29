"""Whether a tap in a mail was a person's: what the visits of a survey's links say, and what speaks for a machine."""

from collections import defaultdict
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from itertools import pairwise

HIDDEN = "none"
"""The rating in the link that no person sees; it stands first in every mail."""


MOST_VISITS = 100
"""Visits of one invitation that are kept; taps may be half as many more, so that no scanner crowds a person out."""


class Kind(StrEnum):
    """How a link was used."""

    OPENED = "opened"
    """GET of a number's link."""
    PROBED = "probed"
    """HEAD of any link."""
    AHEAD = "ahead"
    """GET of a link that said it only looks ahead (prefetch): a browser does that when its user is about to tap."""
    HIDDEN = "hidden"
    """GET of the link no person sees."""
    SEEN = "seen"
    """The page's script reports that the number's page was visible for a moment: an unconfirmed answer."""


@dataclass(frozen=True, slots=True)
class Visit:
    """One use of a link: never an address, only a keyed hash of its network and the family of its user agent."""

    at: datetime
    kind: Kind
    rating: int | None = None
    network: str = ""
    family: str = ""
    scanner: bool = False

    def __str__(self) -> str:
        """One short line, as it is kept with the invitation."""
        at, rating = int(self.at.timestamp() * 1000), "-" if self.rating is None else self.rating
        return f"{at} {self.kind} {rating} {self.network or '-'} {self.family or '-'}{'!' * self.scanner}"


def visit_of(line: str) -> Visit:
    """The visit such a line tells."""
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


class Signal(StrEnum):
    """What speaks for a machine, in the order in which it is told."""

    HIDDEN_LINK = "hidden_link"
    """The same visitor opened the link no person sees."""
    SEVERAL_NUMBERS = "several_numbers"
    """The same visitor opened more numbers than a person does."""
    HURRIED = "hurried"
    """The same visitor opened two numbers faster than a person can."""
    PROBED = "probed"
    """Somebody asked for the head of the same link, or somebody else looked ahead at it, in the same seconds."""
    BEFORE_DELIVERY = "before_delivery"
    """The mail was not in the mail box yet."""
    SCANNER = "scanner"
    """The user agent or the network is on the operator's list."""


@dataclass(frozen=True, slots=True)
class Tap:
    """A number that was tapped and seen, and all that speaks against it; nothing does where it was a person's."""

    visit: Visit
    signals: tuple[Signal, ...]


def judge(visits: Iterable[Visit], delivered_at: datetime | None, integrity: Integrity) -> list[Tap]:
    """Every tap, the oldest first, whatever the order of `visits`.

    Only what came until `settling` after a tap is heard about it: from then on its verdict never changes, and who
    scans a mail hours later does not harm who tapped in it. Not known when the mail was delivered is no proof.
    """
    ordered = sorted(visits, key=lambda visit: (visit.at, str(visit)))
    taps = []
    for tap in (visit for visit in ordered if visit.kind is Kind.SEEN):
        known = [visit for visit in ordered if visit.at <= tap.at + integrity.settling]
        signals = _signals(tap, visitor_of(tap, known, integrity), delivered_at, integrity)
        taps.append(Tap(tap, tuple(signal for signal in Signal if signal in signals)))
    return taps


def visitor_of(tap: Visit, visits: Sequence[Visit], integrity: Integrity) -> list[Visit]:
    """The visits, given in their order, that whoever tapped may have made.

    A program is told by its network and family. Visits are joined: of one program, within `settling`; of any, within
    `probe`; and of programs that ran the page's script, within `burst`, or of one network, within `settling`. For
    what runs no script did not tap: a mail gateway that only fetches costs nobody behind it an answer.
    """
    running = {_program(visit) for visit in visits if visit.kind is Kind.SEEN}
    groups: dict[tuple[tuple[str, ...], timedelta], list[int]] = defaultdict(list)
    for place, visit in enumerate(visits):
        groups[("anybody",), integrity.probe].append(place)
        groups[_program(visit), integrity.settling].append(place)
        if _program(visit) in running:
            groups[("running",), integrity.burst].append(place)
            groups[("running", visit.network), integrity.settling].append(place)
    roots = list(range(len(visits)))
    for (_, span), places in groups.items():
        for first, second in pairwise(places):
            if visits[second].at - visits[first].at <= span:
                roots[_root(roots, first)] = _root(roots, second)
    own = _root(roots, visits.index(tap))
    return [visit for place, visit in enumerate(visits) if _root(roots, place) == own]


def _program(visit: Visit) -> tuple[str, str]:
    return visit.network, visit.family


def _root(roots: list[int], place: int) -> int:
    """The visit that stands for all that are joined with this one."""
    while roots[place] != place:
        roots[place] = roots[roots[place]]
        place = roots[place]
    return place


def _signals(
    tap: Visit, visitor: Sequence[Visit], delivered_at: datetime | None, integrity: Integrity
) -> Collection[Signal]:
    """All that speaks against the tap of this visitor, whose visits are given in their order."""
    opening = _opening(tap, visitor)
    openings = [
        visit
        for visit in visitor
        if visit.kind is Kind.OPENED or (visit.kind is Kind.SEEN and _opening(visit, visitor) is visit)
    ]
    hurried = any(
        first.rating != second.rating and second.at - first.at <= integrity.second_thought
        for first, second in pairwise(openings)
    )
    found = {
        Signal.HIDDEN_LINK: any(visit.kind is Kind.HIDDEN for visit in visitor),
        Signal.SEVERAL_NUMBERS: len({visit.rating for visit in openings}) > integrity.most_numbers,
        Signal.HURRIED: hurried,
        Signal.PROBED: any(_probes(visit, (opening, tap), integrity.probe) for visit in visitor),
        Signal.BEFORE_DELIVERY: delivered_at is not None and opening.at < delivered_at,
        Signal.SCANNER: tap.scanner or opening.scanner,
    }
    return {signal for signal, holds in found.items() if holds}


def _opening(tap: Visit, visitor: Sequence[Visit]) -> Visit:
    """The opening of the page that reported the tap; where it is not known, the report itself."""
    before = (visit for visit in reversed(visitor) if visit.kind is Kind.OPENED and visit.at <= tap.at)
    same = (visit for visit in before if visit.rating == tap.rating and _program(visit) == _program(tap))
    return next(same, tap)


def _probes(visit: Visit, tapped: tuple[Visit, Visit], within: timedelta) -> bool:
    """Whether it looks at the tapped link in the same seconds; that a browser looks ahead for its own user is usual."""
    (opening, seen) = tapped
    foreign = visit.kind is Kind.AHEAD and _program(visit) != _program(seen)
    near = opening.at - within <= visit.at <= opening.at + within or abs(visit.at - seen.at) <= within
    return (visit.kind is Kind.PROBED or foreign) and visit.rating == seen.rating and near
