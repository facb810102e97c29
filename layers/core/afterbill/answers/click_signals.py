"""Whether a tap in a mail was a person's: what the visits of a survey's links say, and what speaks for a machine."""

from bisect import bisect_right
from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from functools import cache
from itertools import pairwise

from afterbill.answers.click_clusters import Places, visitors
from afterbill.model.visits import Integrity, Kind, Visit


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
class JudgedClick:
    """A number that was tapped and seen, when it was chosen, and all that speaks against it; for a person nothing."""

    visit: Visit
    at: datetime
    signals: tuple[Signal, ...]


@dataclass(frozen=True, slots=True)
class _Choice:
    """How a reported number was chosen: by opening its link, or later on the page of another."""

    seen: Visit
    at: datetime
    page: Visit
    """The opening of the page that reports; where none is known, the report itself."""


@dataclass(frozen=True, slots=True)
class _Visitor:
    """What speaks against every tap of one visitor, and their looks at links that may speak against one."""

    signals: Collection[Signal]
    looks: Sequence[Visit]


def judge(visits: Iterable[Visit], delivered_at: datetime | None, integrity: Integrity) -> list[JudgedClick]:
    """Every tap, the one first that was chosen first, whatever the order of `visits`.

    A tap is as old as the opening of its page, however late the page came into view. Only what came until `settling`
    after the report of a tap is heard about it: from then on its verdict never changes, and who scans a mail hours
    later does not harm who tapped in it. Not known when the mail was delivered is no proof.
    """
    ordered = sorted(visits, key=lambda visit: (visit.at, str(visit)))
    choices = _choices(ordered)
    moments = [visit.at for visit in ordered]
    begins, taps = _begins(moments, max(integrity.settling, integrity.burst, integrity.probe)), []
    known = cache(lambda *span: _visitors(range(*span), ordered, choices, integrity))
    for place, choice in choices.items():
        visitor = known(begins[place], bisect_right(moments, choice.seen.at + integrity.settling))[place]
        signals = {*visitor.signals, *_signals(choice, visitor.looks, delivered_at, integrity)}
        taps.append(JudgedClick(choice.seen, choice.at, tuple(signal for signal in Signal if signal in signals)))
    return sorted(taps, key=lambda tap: tap.at)


def _begins(moments: Sequence[datetime], reach: timedelta) -> list[int]:
    """For each visit the first that it may be joined with; what lies before need not be looked at again."""
    begins = [0] if moments else []
    for place, (first, second) in enumerate(pairwise(moments), start=1):
        begins.append(place if second - first > reach else begins[-1])
    return begins


def _choices(visits: Sequence[Visit]) -> Mapping[int, _Choice]:
    """How each report, by its place, came about. An opening is reported once: the number again was chosen anew."""
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


def _visitors(
    span: range, visits: Sequence[Visit], choices: Mapping[int, _Choice], integrity: Integrity
) -> Mapping[int, _Visitor]:
    """The visitor of each visit of the span, by its place."""
    found = dict[int, _Visitor]()
    for group in visitors(visits[span.start : span.stop], integrity):
        places = [span[place] for place in group]
        own = [visits[place] for place in places]
        looks = [visit for visit in own if visit.kind in {Kind.PROBED, Kind.AHEAD}]
        opened = _opened(places, visits, choices)
        signals = {
            Signal.HIDDEN_LINK: any(visit.kind is Kind.HIDDEN for visit in own),
            Signal.SEVERAL_NUMBERS: len({visit.rating for visit in opened}) > integrity.most_numbers,
            Signal.HURRIED: _hurried(opened, integrity.second_thought),
        }
        visitor = _Visitor([signal for signal, holds in signals.items() if holds], looks)
        found |= dict.fromkeys(places, visitor)
    return found


def _opened(places: Places, visits: Sequence[Visit], choices: Mapping[int, _Choice]) -> list[Visit]:
    """The numbers that were opened; not those that were chosen on a page."""
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
    """What speaks against this tap alone."""
    found = {
        Signal.PROBED: any(_probes(look, choice, integrity.probe) for look in looks),
        Signal.BEFORE_DELIVERY: delivered_at is not None and choice.page.at < delivered_at,
        Signal.SCANNER: choice.seen.scanner or choice.page.scanner,
    }
    return [signal for signal, holds in found.items() if holds]


def _probes(look: Visit, choice: _Choice, within: timedelta) -> bool:
    """Whether it looks at the tapped link in the same seconds; that a browser looks ahead for its own user is usual."""
    ours = look.kind is Kind.AHEAD and look.program == choice.seen.program
    near = abs(look.at - choice.page.at) <= within or abs(look.at - choice.seen.at) <= within
    return look.rating == choice.seen.rating and near and not ours
