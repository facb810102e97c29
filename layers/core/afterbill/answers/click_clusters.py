"""Which visits of a survey's links one visitor may have made."""

from collections import Counter, defaultdict
from collections.abc import Collection, Iterator, Sequence
from datetime import timedelta
from itertools import pairwise

from afterbill.model.visits import Integrity, Kind, Visit

Places = list[int]
"""Where visits stand in their order."""
USED = (Kind.OPENED, Kind.SEEN)
"""The kinds of visit by which a number was used."""


def visitors(visits: Sequence[Visit], integrity: Integrity) -> list[Places]:
    """The visits, given in their order, as groups: what speaks against one of a group speaks against all of it.

    A program is told by its network and family. Visits are joined: of one program, within `settling`; of any, within
    `probe`; and of programs that ran the page's script, within `burst`, or of one network, within `settling`, or if
    they share the mail's numbers among themselves. For what runs no script did not tap: a mail gateway that only
    fetches costs nobody behind it an answer.
    """
    running = {visit.program for visit in visits if visit.kind is Kind.SEEN}
    groups: dict[tuple[tuple[str, ...], timedelta], Places] = defaultdict(list)
    for place, visit in enumerate(visits):
        groups[("anybody",), integrity.probe].append(place)
        groups[visit.program, integrity.settling].append(place)
        if visit.program in running:
            groups[("running",), integrity.burst].append(place)
            groups[("running", visit.network), integrity.settling].append(place)
    joined = [run for (_, span), places in groups.items() for run in _runs(places, visits, span)]
    ran = [place for place, visit in enumerate(visits) if visit.program in running]
    for run in _runs(ran, visits, integrity.settling):
        joined += _pools(run, visits, integrity.most_numbers)
    return _united(joined)


def _pools(run: Places, visits: Sequence[Visit], most: int) -> Iterator[Places]:
    """What browsers of any network opened that share the mail's numbers: each few of them, together more than `most`.

    Who gives itself away, by the hidden link or by too many numbers, is told without the others, and so costs
    nobody else their tap. A pool uses a number once: the same number again is of its next round, or a person's.
    """
    given_away = _given_away([visits[place] for place in run], most)
    rounds, times, known = defaultdict[int, Places](list), Counter[int | None](), set[object]()
    for place in run:
        visit = visits[place]
        page = (visit.program, visit.rating)
        if visit.kind in USED and visit.program not in given_away and page not in known:
            known.add(page)
            rounds[times[visit.rating]].append(place)
            times[visit.rating] += 1
    return (places for places in rounds.values() if len(places) > most)


def _given_away(visits: Sequence[Visit], most: int) -> Collection[tuple[str, str]]:
    numbers = defaultdict[tuple[str, str], set[int | None]](set)
    for visit in visits:
        if visit.kind in USED:
            numbers[visit.program].add(visit.rating)
    hidden = {visit.program for visit in visits if visit.kind is Kind.HIDDEN}
    return hidden | {program for program, used in numbers.items() if len(used) > most}


def _runs(places: Places, visits: Sequence[Visit], span: timedelta) -> list[Places]:
    """The places, cut where more than `span` lies between two visits."""
    runs = [places[:1]]
    for first, second in pairwise(places):
        if visits[second].at - visits[first].at <= span:
            runs[-1].append(second)
        else:
            runs.append([second])
    return runs


def _united(groups: Sequence[Places]) -> list[Places]:
    """Groups that have a place in common, made one."""
    owner = {place: [place] for group in groups for place in group}
    for group in groups:
        for first, second in pairwise(group):
            large, small = owner[first], owner[second]
            if large is not small:
                large += small
                owner.update(dict.fromkeys(small, large))
    return [sorted(group) for group in {id(group): group for group in owner.values()}.values()]
