"""Make room among the visits of a survey's links, and tell which clicks may lack visits that found no room."""

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass, replace
from datetime import datetime

from afterbill.answers.click_clusters import USED, Program, given_away_in, runs, scripted_in
from afterbill.model.visits import (
    MOST_OF_ONE,
    MOST_PROGRAMS,
    MOST_VISITS,
    NOTED,
    CondensedVisits,
    Integrity,
    Kind,
    Visit,
)

_MOST_OF_PEOPLE = 20
"""Visits of people that are kept where room is made: those of the answer, for whoever asks what happened."""


@dataclass(frozen=True, slots=True)
class _Programs:
    """The programs behind some visits: each one's visits by the name they are stored under, and what is known of it.

    `away`: by itself it was a machine's; `scripted`: it ran the page's script; `capped`: its later visits found no room.
    """

    visits: Mapping[str, Sequence[Visit]]
    away: AbstractSet[Program]
    scripted: AbstractSet[Program]
    capped: AbstractSet[Program]

    def may_share(self, most: int) -> bool:
        """Return whether capped browsers that did not give themselves away may have shared the mail's numbers."""
        unproven = (self.capped & self.scripted) - self.away
        used = {one.rating for own in self.visits.values() for one in own if one.kind in USED and one.program in unproven}
        return len(used) >= most


def _programs(visits: Sequence[Visit], integrity: Integrity) -> _Programs:
    own = defaultdict[str, list[Visit]](list)
    for visit in visits:
        own[visit.visitor_key].append(visit)
    listed = {visit.program for visit in visits if visit.scanner}
    capped = {some[0].program for some in own.values() if len(some) >= MOST_OF_ONE}
    return _Programs(own, listed | given_away_in(visits, integrity.most_numbers), scripted_in(visits), capped)


def _full(visits: Sequence[Visit]) -> bool:
    return len(visits) >= MOST_VISITS or len({visit.visitor_key for visit in visits}) >= MOST_PROGRAMS


def unsure(visits: Sequence[Visit], integrity: Integrity) -> AbstractSet[int]:
    """Return the places of the reports about which visits may be missing that found no room.

    `visits` are in the order of their moments. What counts for a report comes until `settling` after it: a list that
    was full by then says nothing about it. A gap that a review noted casts doubt on all browsers after it, until none
    came for `settling`.
    """
    programs = _programs(visits, integrity)
    missing = [*_missing(visits, programs, integrity)]
    doubtful = {
        place
        for place, visit in enumerate(visits)
        for since, who in missing
        if visit.at + integrity.settling >= since and (who is None or visit.program in who)
    }
    places = [place for place, one in enumerate(visits) if one.kind is Kind.GAP or one.program in programs.scripted]
    for run in runs(places, visits, integrity.settling):
        gap = next((visits[place].at for place in run if visits[place].kind is Kind.GAP), None)
        doubtful |= {place for place in run if gap and visits[place].at + integrity.settling >= gap}
    return {place for place in doubtful if visits[place].kind is Kind.SEEN}


def _missing(
    visits: Sequence[Visit], programs: _Programs, integrity: Integrity
) -> Iterator[tuple[datetime, AbstractSet[Program] | None]]:
    """Yield since when visits may be missing, and the programs that this matters for, None for all."""
    if _full(visits):
        yield visits[-1].at, None
    since = {program: sorted(one.at for one in visits if one.program == program)[-2] for program in programs.capped}
    for program, at in since.items():
        neighbours = {other for other in programs.scripted if other[0] == program[0]}
        yield at, {program} | (neighbours if program in programs.scripted else set())
    if programs.may_share(integrity.most_numbers):
        yield min(since.values()), None


def make_room(
    visits: Sequence[Visit], people: AbstractSet[Program], now: datetime, integrity: Integrity
) -> tuple[list[Visit], list[Visit]]:
    """Return the visits to keep, with notes in place of some, and those that are no longer needed.

    All clicks older than `settling` are decided; `people` are the programs of clean ones. Once nobody came for
    `settling`, no later visit belongs to an older one, and only some visits of people are kept. Before that, a program
    that gave itself away loses its older visits: the note that it is a machine joins it with what it does next.
    """
    horizon, programs = now - integrity.settling, _programs(visits, integrity)
    over = all(visit.at < horizon for visit in visits)
    machines = programs.away | programs.capped
    if over:
        kept = [visit for visit in visits if visit.program in people and visit.kind not in NOTED][-_MOST_OF_PEOPLE:]
    else:
        kept = [visit for visit in visits if visit.at >= horizon or visit.program not in machines]
    staying = set(kept)
    gone = [visit for visit in visits if visit not in staying]
    notes = [] if over else _machines(kept, gone, programs)
    if _full(visits) or (programs.may_share(integrity.most_numbers) and not over):
        notes.append(Visit(now, Kind.GAP))
    return [*kept, *notes], gone


def _machines(kept: Sequence[Visit], gone: Sequence[Visit], programs: _Programs) -> list[Visit]:
    """Return notes of machines that have visits no more, while others of their network are there."""
    networks = {visit.network for visit in kept}
    noted = {visit.visitor_key: visit.at for visit in gone if visit.network in networks}
    # Of such a program the visits before its newest are missing: it was there all the time.
    noted |= {key: own[-1].at for key, own in programs.visits.items() if own[-1].program in programs.capped}
    return [_machine(programs, key, at) for key, at in noted.items()]


def _machine(programs: _Programs, visitor_key: str, at: datetime) -> Visit:
    one = programs.visits[visitor_key][-1]
    scripted = 1 if one.program in programs.scripted else None
    return replace(one, at=at, kind=Kind.MACHINE, rating=scripted)
