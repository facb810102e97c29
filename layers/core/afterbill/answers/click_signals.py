"""Tell clicks of people from clicks of machines: each visit of a survey's links may be a signal against a click."""

from bisect import bisect_right
from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from functools import cache
from itertools import pairwise

from afterbill.answers.click_clusters import Places, clusters
from afterbill.answers.visit_room import unsure
from afterbill.model.visits import Integrity, Kind, Visit


class Signal(StrEnum):
    """A sign of a machine, in the order in which labels name them."""

    HIDDEN_LINK = "hidden_link"
    """The same visitor opened the link no person sees."""
    SEVERAL_NUMBERS = "several_numbers"
    """The same visitor opened more numbers than a person does."""
    HURRIED = "hurried"
    """The same visitor opened two numbers faster than a person can."""
    SEVERAL_CHOICES = "several_choices"
    """More numbers were chosen one after the other on one page than a person weighs."""
    PROBED = "probed"
    """Somebody asked for the head of the same link, or somebody else looked ahead at it, in the same seconds."""
    BEFORE_DELIVERY = "before_delivery"
    """The mail was not in the mailbox yet."""
    SCANNER = "scanner"
    """The user agent or the network is on the operator's list."""
    KNOWN_MACHINE = "known_machine"
    """Its program was a machine's just before, by visits that are no longer kept."""
    CROWDED = "crowded"
    """So many visits came that those that would speak against this click may be missing."""


@dataclass(frozen=True, slots=True)
class JudgedClick:
    """A number that was clicked and seen, the moment it was chosen, and all signals against it: none for a person."""

    visit: Visit
    at: datetime
    signals: tuple[Signal, ...]


@dataclass(frozen=True, slots=True)
class _Choice:
    """The way a reported number was chosen: by opening its link, or later on the page of another number.

    `page` is the opening of the page that reports; where none is known, the report itself.
    """

    seen: Visit
    at: datetime
    page: Visit


@dataclass(frozen=True, slots=True)
class _Visitor:
    """The signals against every click of one visitor, and the visits that looked at links without opening them."""

    signals: Collection[Signal]
    looks: Sequence[Visit]


def judge(visits: Iterable[Visit], delivered_at: datetime | None, integrity: Integrity) -> list[JudgedClick]:
    """Return every click in the order in which the numbers were chosen, whatever the order of `visits`.

    A click is as old as the opening of its page, however late the page came into view. Only visits until `settling`
    after the report of a click count for it: from then on its verdict never changes, and a scanner that comes hours
    later does not harm it. Where the time of delivery is unknown, it proves nothing.
    """
    ordered = sorted(visits, key=lambda visit: (visit.at, visit.code, visit.visitor_key))
    choices = _choices(ordered)
    moments = [visit.at for visit in ordered]
    begins, clicks = _begins(moments, max(integrity.settling, integrity.burst, integrity.probe)), []
    visitors_of = cache(lambda *span: _visitors(range(*span), ordered, choices, integrity))
    doubtful, chosen = unsure(ordered, integrity), _chosen(choices.values())
    for place, choice in choices.items():
        until = choice.seen.at + integrity.settling
        visitor = visitors_of(begins[place], bisect_right(moments, until))[place]
        signals = {*visitor.signals, *_signals(choice, visitor.looks, delivered_at, integrity)}
        numbers = {one.seen.rating for one in chosen[choice.page] if one.seen.at <= until}
        signals |= {Signal.SEVERAL_CHOICES} if len(numbers) > integrity.most_choices else set()
        signals |= {Signal.CROWDED} if place in doubtful else set()
        clicks.append(JudgedClick(choice.seen, choice.at, tuple(signal for signal in Signal if signal in signals)))
    return sorted(clicks, key=lambda click: click.at)


def _begins(moments: Sequence[datetime], reach: timedelta) -> list[int]:
    """Return for each visit the place of the earliest one that can belong to the same cluster."""
    begins = [0] if moments else []
    for place, (first, second) in enumerate(pairwise(moments), start=1):
        begins.append(place if second - first > reach else begins[-1])
    return begins


def _choices(visits: Sequence[Visit]) -> Mapping[int, _Choice]:
    """Return the choice behind each report, by the place of the report.

    An opening is reported once: if its number is reported again, that number was chosen anew on the page.
    """
    choices, pages = dict[int, _Choice](), dict[object, Visit]()
    unreported = defaultdict[object, list[Visit]](list)
    for place, visit in enumerate(visits):
        openings = unreported[visit.program, visit.rating]
        if visit.kind is Kind.SEEN:
            page = openings.pop() if openings else None
            shown_on = page or pages.get(visit.program, visit)
            choices[place] = _Choice(visit, page.at if page else visit.at, shown_on)
        elif visit.kind is Kind.OPENED:
            openings.append(visit)
        if visit.kind in {Kind.OPENED, Kind.AHEAD}:
            pages[visit.program] = visit
    return choices


def _chosen(choices: Iterable[_Choice]) -> Mapping[Visit, Sequence[_Choice]]:
    """Return the choices that were reported by each page."""
    chosen = defaultdict[Visit, list[_Choice]](list)
    for choice in choices:
        chosen[choice.page].append(choice)
    return chosen


def _visitors(
    span: range, visits: Sequence[Visit], choices: Mapping[int, _Choice], integrity: Integrity
) -> Mapping[int, _Visitor]:
    """Return the visitor of each visit of the span, by the place of the visit."""
    visitors = dict[int, _Visitor]()
    for cluster in clusters(visits[span.start : span.stop], integrity):
        places = [span[place] for place in cluster]
        own = [visits[place] for place in places]
        looks = [visit for visit in own if visit.kind in {Kind.PROBED, Kind.AHEAD}]
        opened = _opened(places, visits, choices)
        signals = {
            Signal.HIDDEN_LINK: any(visit.kind is Kind.HIDDEN for visit in own),
            Signal.SEVERAL_NUMBERS: len({visit.rating for visit in opened}) > integrity.most_numbers,
            Signal.HURRIED: _hurried(opened, integrity.second_thought),
            Signal.KNOWN_MACHINE: any(visit.kind is Kind.MACHINE for visit in own),
        }
        visitor = _Visitor([signal for signal, holds in signals.items() if holds], looks)
        visitors |= dict.fromkeys(places, visitor)
    return visitors


def _opened(places: Places, visits: Sequence[Visit], choices: Mapping[int, _Choice]) -> list[Visit]:
    """Return the numbers that were opened by their links, without those that were chosen on a page."""
    return [
        visits[place]
        for place in places
        if visits[place].kind is Kind.OPENED or (place in choices and choices[place].page is visits[place])
    ]


def _hurried(opened: Sequence[Visit], second_thought: timedelta) -> bool:
    return any(
        first.rating != second.rating and second.at - first.at <= second_thought for first, second in pairwise(opened)
    )


def _signals(
    choice: _Choice, looks: Iterable[Visit], delivered_at: datetime | None, integrity: Integrity
) -> Collection[Signal]:
    """Return the signals against this click alone."""
    signals = {
        Signal.PROBED: any(_probes(look, choice, integrity.probe) for look in looks),
        Signal.BEFORE_DELIVERY: delivered_at is not None and choice.page.at < delivered_at,
        Signal.SCANNER: choice.seen.scanner or choice.page.scanner,
    }
    return [signal for signal, holds in signals.items() if holds]


def _probes(look: Visit, choice: _Choice, within: timedelta) -> bool:
    """Tell if somebody looked at the clicked link in the same seconds; browsers look ahead for their own users."""
    own = look.kind is Kind.AHEAD and look.program == choice.seen.program
    near = abs(look.at - choice.page.at) <= within or abs(look.at - choice.seen.at) <= within
    return look.rating == choice.seen.rating and near and not own
