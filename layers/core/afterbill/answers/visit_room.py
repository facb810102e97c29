"""Make room among the visits of a survey's links, and tell which clicks may lack visits that found no room."""

from bisect import bisect
from collections import Counter, defaultdict
from collections.abc import Iterator, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass, replace
from datetime import datetime

from afterbill.answers.click_clusters import Program, given_away_in, runs, scripted_in
from afterbill.model.visits import MOST_OF_ONE, MOST_PROGRAMS, MOST_VISITS, NOTED, REFUSED, Integrity, Kind, Visit, gap

_MOST_OF_PEOPLE = 20
"""Visits of people that are kept where room is made: those of the answer, for whoever asks what happened."""


@dataclass(frozen=True, slots=True)
class _Series:
    """Visits of one program, none of them more than `settling` after the one before.

    `machine`: by itself it opened the hidden link or too many numbers. `capped`: the program came so often that before
    its newest visit some are missing: of a hundred visits the 60th to the 99th.
    """

    visits: Sequence[Visit]
    machine: bool
    capped: bool = False

    @property
    def may_be_of_pool(self) -> bool:
        """Whether a missing visit may be that of another number, so that it and other browsers were a pool.

        For example the list is full of visits of 3, one of 5 is missing, and others opened 7 and 9.
        """
        return self.capped and not self.machine and not self.visits[-1].scanner


def _series(visits: Sequence[Visit], integrity: Integrity) -> list[_Series]:
    own, sizes = defaultdict[Program, list[Visit]](list), Counter(visit.visitor_key for visit in visits)
    for visit in visits:
        if visit.kind is not Kind.GAP:
            own[visit.program].append(visit)
    capped = {visit.program for visit in visits if sizes[visit.visitor_key] >= MOST_OF_ONE}
    return [one for program, some in own.items() for one in _series_of(some, program in capped, integrity)]


def _series_of(own: Sequence[Visit], capped: bool, integrity: Integrity) -> Iterator[_Series]:  # noqa: FBT001  # of two
    parts = [[own[place] for place in run] for run in runs(list(range(len(own))), own, integrity.settling)]
    if capped and len(parts[-1]) == 1 and len(parts) > 1:
        newest = parts.pop()  # nobody knows how long the program was away before that
        parts[-1] += newest
    for part in parts:
        opened = [visit for visit in part if visit.kind is not Kind.SEEN]  # what is chosen on a page is not opened
        machine = bool(given_away_in(opened, integrity.most_numbers))
        yield _Series(part, machine, capped=capped and part is parts[-1])


def _full_since(visits: Sequence[Visit]) -> datetime | None:
    """Return since when there was no room for other programs' visits, None where there was room for all that came."""
    used = [visit for visit in visits if visit.kind is not Kind.GAP]
    sizes, names = Counter(visit.visitor_key for visit in used), {visit.visitor_key for visit in visits}
    if REFUSED not in names:
        return None
    if len(names - {REFUSED}) >= MOST_PROGRAMS:
        return max({visit.visitor_key: visit.at for visit in reversed(used)}.values())
    if len(used) < MOST_VISITS:
        return None
    replaced = {visit.visitor_key: visit for visit in used if sizes[visit.visitor_key] >= MOST_OF_ONE}
    return max(visit.at for visit in used if visit not in replaced.values())


def unsure(visits: Sequence[Visit], integrity: Integrity) -> AbstractSet[int]:
    """Return the places of the reports about which visits may be missing that found no room.

    `visits` are in the order of their moments. A report is judged by what comes until `settling` after it: with ten
    minutes and a list that is full since 9:00, one of 8:49 is sure and one of 8:51 is not. A gap that a review noted
    casts doubt on all browsers after it, until none came for `settling`.
    """
    scripted = scripted_in(visits)
    missing = list(_missing(visits, scripted, integrity))
    doubtful = {
        place
        for place, visit in enumerate(visits)
        for since, who in missing
        if visit.at + integrity.settling >= since and (who is None or visit.program in who)
    }
    places = [place for place, one in enumerate(visits) if one.kind is Kind.GAP or one.program in scripted]
    for run in runs(places, visits, integrity.settling):
        missed = next((visits[place].at for place in run if visits[place].kind is Kind.GAP), None)
        doubtful |= {place for place in run if missed and visits[place].at + integrity.settling >= missed}
    return {place for place in doubtful if visits[place].kind is Kind.SEEN}


def _missing(
    visits: Sequence[Visit], scripted: AbstractSet[Program], integrity: Integrity
) -> Iterator[tuple[datetime, AbstractSet[Program] | None]]:
    """Yield since when visits may be missing, and the programs that this matters for, None for all."""
    if full_since := _full_since(visits):
        yield full_since, None
    for series in _series(visits, integrity):
        if series.capped:
            *_, before, newest = series.visits
            browser = newest.program in scripted
            neighbours = {program for program in scripted if browser and program[0] == newest.network}
            yield before.at, None if browser and series.may_be_of_pool else neighbours | {newest.program}


def make_room(
    visits: Sequence[Visit], people: AbstractSet[Program], now: datetime, integrity: Integrity
) -> tuple[list[Visit], list[Visit]]:
    """Return the visits to keep, with notes in place of some, and those that are no longer needed.

    All clicks older than `settling` are decided; `people` are the programs of clean ones. Of what was over long enough
    that no later visit belongs to it, only some visits of people are kept. Of what may go on, a program that gave
    itself away leaves notes in place of its older visits.
    """
    begin = _begin_of_open(visits, now, integrity)
    scripted, going_on = scripted_in(visits), set(visits[begin:])
    series = [one for one in _series(visits, integrity) if one.visits[-1] in going_on]
    kept = _thinned(series, now - integrity.settling, scripted)
    over = _of_people(visits[:begin], people, integrity)
    kept += [visit for visit in over if visit not in kept]
    of_pools = {one.visits[-1].at for one in series if one.may_be_of_pool and one.visits[-1].program in scripted}
    gaps = of_pools | {visit.at for visit in visits[begin:] if visit.kind is Kind.GAP}
    kept += [gap(max(gaps))] if gaps else []
    gone = Counter(visits) - Counter(kept)
    return kept, sorted(gone.elements(), key=lambda visit: visit.code)


def _of_people(visits: Sequence[Visit], people: AbstractSet[Program], integrity: Integrity) -> Sequence[Visit]:
    """Return the visits of people, and openings of who was no machine and may still look at a page."""
    seen = {visit.program for visit in visits if visit.kind is Kind.SEEN}
    machines = {series.visits[0].program for series in _series(visits, integrity) if series.machine}
    wanted = people | ({visit.program for visit in visits} - seen - machines)
    return [visit for visit in visits if visit.program in wanted and visit.kind not in NOTED][-_MOST_OF_PEOPLE:]


def _begin_of_open(visits: Sequence[Visit], now: datetime, integrity: Integrity) -> int:
    """Return the place of the earliest visit that a later one may belong to."""
    reach, later = max(integrity.settling, integrity.burst, integrity.probe), now
    for place in range(len(visits), 0, -1):
        if later - visits[place - 1].at > reach:
            return place
        later = visits[place - 1].at
    return 0


def _thinned(series: Sequence[_Series], horizon: datetime, scripted: AbstractSet[Program]) -> list[Visit]:
    """Return the visits that may go on without those of machines, and of who came too often, that make no difference.

    What belongs to one of their visits belongs to the nearest: that one stays, and the newest. Of a machine a note is
    enough. Of others the oldest and the newest of each number stay, by which a pool is known.
    """
    whole = [one for one in series if not one.machine and not one.capped]
    some = [one for one in series if one.machine or one.capped]
    kept = [visit for one in whole for visit in one.visits]
    kept += [visit for one in some for visit in one.visits if visit.at >= horizon]
    moments = sorted({visit.at for visit in kept})
    for one in some:
        old = [visit for visit in one.visits if visit.at < horizon]
        program = one.visits[-1].program
        if one.machine or program not in scripted:
            telling = _nearest(old, moments) | set(old[-1:]) | (set(one.visits[-1:]) if one.capped else set())
            number = 1 if program in scripted else None
            kept += [replace(visit, kind=Kind.MACHINE, rating=number) for visit in telling]
        else:
            newest = {(visit.kind, visit.rating): visit for visit in old}
            oldest = {(visit.kind, visit.rating): visit for visit in reversed(old)}
            kept += _nearest(old, moments) | set(old[-1:]) | {*newest.values(), *oldest.values()}
    return kept


def _nearest(visits: Sequence[Visit], moments: Sequence[datetime]) -> set[Visit]:
    """Return the nearest of the visits before and after each moment."""
    own = [visit.at for visit in visits]
    after = {bisect(own, at) for at in moments}
    return {visits[place] for found in after for place in (found - 1, found) if 0 <= place < len(visits)}
