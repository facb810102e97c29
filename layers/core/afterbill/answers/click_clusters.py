"""Group the visits of a survey's links that one visitor may have made."""

from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Sequence
from collections.abc import Set as AbstractSet
from datetime import timedelta
from itertools import pairwise

from afterbill.model.visits import Integrity, Kind, Visit

Program = tuple[str, str]
"""The network and the family."""
Places = list[int]
"""Indices into the visits."""
USED = (Kind.OPENED, Kind.SEEN)
"""The kinds of visit by which a number was used."""


def clusters(visits: Sequence[Visit], integrity: Integrity) -> list[Places]:
    """Group visits, given in the order of their times: a signal against one of a group is one against all of it.

    A program is identified by its network and family. Visits belong together if they are close in time: visits of one
    program, within `settling`; of any two, within `probe`; and of programs that ran the page's script, within `burst`,
    or within `settling` if they share a network or share the mail's numbers among themselves. A program that runs no
    script did not click: a mail gateway that only fetches costs nobody behind it an answer.
    """
    scripted = scripted_in(visits)
    groups: dict[tuple[tuple[str, ...], timedelta], Places] = defaultdict(list)
    for place, visit in enumerate(visits):
        groups[visit.program, integrity.settling].append(place)
        if visit.kind is not Kind.GAP:
            groups[("anybody",), integrity.probe].append(place)
        if visit.program in scripted:
            groups[("scripted",), integrity.burst].append(place)
            groups[("scripted", visit.network), integrity.settling].append(place)
    linked = [run for (_, span), places in groups.items() for run in runs(places, visits, span)]
    places_of_scripted = [place for place, visit in enumerate(visits) if visit.program in scripted]
    for run in runs(places_of_scripted, visits, integrity.settling):
        linked += _pools(run, visits, integrity.most_numbers)
    return _united(linked)


def _pools(run: Places, visits: Sequence[Visit], most: int) -> Iterator[Places]:
    """Find browsers that share the mail's numbers: each opened few of them, together they opened more than `most`.

    A program that gives itself away, by the hidden link or by too many numbers, is recognised without the others and
    so costs nobody else their click. A pool uses a number once: the same number again belongs to its next round, or
    to a person.
    """
    given_away = given_away_in([visits[place] for place in run], most)
    rounds, times, pages = defaultdict[int, Places](list), Counter[int | None](), set[object]()
    for place in run:
        visit = visits[place]
        page = (visit.program, visit.rating)
        if visit.kind in USED and visit.program not in given_away and page not in pages:
            pages.add(page)
            rounds[times[visit.rating]].append(place)
            times[visit.rating] += 1
    return (places for places in rounds.values() if len(places) > most)


def scripted_in(visits: Iterable[Visit]) -> AbstractSet[Program]:
    """Return the programs that ran the page's script, and so may have reported a click."""
    return {
        visit.program
        for visit in visits
        if visit.kind is Kind.SEEN or (visit.kind is Kind.MACHINE and visit.rating is not None)
    }


def given_away_in(visits: Iterable[Visit], most: int) -> AbstractSet[Program]:
    """Return the programs that by themselves opened the hidden link or more than `most` numbers."""
    visits, numbers = list(visits), defaultdict[Program, set[int | None]](set)
    for visit in visits:
        if visit.kind in USED:
            numbers[visit.program].add(visit.rating)
    hidden = {visit.program for visit in visits if visit.kind in {Kind.HIDDEN, Kind.MACHINE}}
    return hidden | {program for program, used in numbers.items() if len(used) > most}


def runs(places: Places, visits: Sequence[Visit], span: timedelta) -> list[Places]:
    """Cut the places wherever more than `span` lies between two visits."""
    found = [places[:1]]
    for first, second in pairwise(places):
        if visits[second].at - visits[first].at <= span:
            found[-1].append(second)
        else:
            found.append([second])
    return found


def _united(groups: Sequence[Places]) -> list[Places]:
    """Unite groups that have a place in common."""
    owner = {place: [place] for group in groups for place in group}
    for group in groups:
        for first, second in pairwise(group):
            large, small = owner[first], owner[second]
            if large is not small:
                large += small
                owner.update(dict.fromkeys(small, large))
    return [sorted(group) for group in {id(group): group for group in owner.values()}.values()]
