"""People who answer a mail, alone and among robots; moments count from the delivery, in seconds."""

from collections.abc import Callable, Mapping
from dataclasses import replace
from functools import partial
from itertools import pairwise
from random import Random

from afterbill_dev.lab import robots
from afterbill_dev.lab.traffic import DESK, NUMBERS, PHONE, PICK, RELOAD, Use

_SOONEST, _LATEST = 8.0, 20 * 86400.0
_AWAY = 60.0
"""Seconds between a robot's browser and a person, by which they are told apart."""


def person(at: float, number: str, network: str = "home", **more: object) -> Use:
    """One use by a person, who has a script unless `more`, fields of Use, say otherwise."""
    usual = Use(at, number, "person", person=True, network=network, agent=PHONE, script=True, visible=5.0)
    return replace(usual, **more)  # type: ignore[arg-type]  # as named


def sends(at: float, number: str) -> Use:
    """A person presses send."""
    return person(at, number, method="POST")


def leaves(after: float, chance: Random) -> list[Use]:
    """Taps once and leaves after so many seconds."""
    return [person(_moment(chance), chance.choice(NUMBERS), visible=after)]


def confirms(chance: Random) -> list[Use]:
    """Taps and sends."""
    at, number = _moment(chance), chance.choice(NUMBERS)
    return [person(at, number), sends(at + chance.uniform(2, 300), number)]


def taps_twice(chance: Random) -> list[Use]:
    """Taps the same number again, at once or after hours."""
    at, number = _moment(chance), chance.choice(NUMBERS)
    return [person(at, number), person(at + chance.choice((0.2, 1, 30, 7200)), number)]


def thinks_again(chance: Random) -> list[Use]:
    """Taps another number in the mail, at a person's pace."""
    at, (first, then) = _moment(chance), chance.sample(NUMBERS, 2)
    return [person(at, first), person(at + chance.choice((chance.uniform(3.1, 60), chance.uniform(60, 86400))), then)]


def thinks_again_on_the_page(chance: Random) -> list[Use]:
    """Chooses another number on the page and sends it."""
    at, (first, then) = _moment(chance), chance.sample(NUMBERS, 2)
    return [person(at, first), sends(at + chance.uniform(1, 120), then)]


def chooses_on_the_page(chance: Random) -> list[Use]:
    """Taps, chooses another number on the page, and leaves without sending."""
    at, (first, then) = _moment(chance), chance.sample(NUMBERS, 2)
    return [person(at, first), person(at + chance.uniform(1, 120), then, method=PICK)]


def two_tabs(chance: Random) -> list[Use]:
    """Taps a number that opens in the background, then another, and comes upon the first page while tidying up."""
    at, (first, then) = _moment(chance), chance.sample(NUMBERS, 2)
    return [person(at, first, background=chance.uniform(30, 3600)), person(at + chance.uniform(3.1, 25), then)]


def loads_again(soonest: float, latest: float, chance: Random) -> list[Use]:
    """Taps a number, then another, and so many seconds later the browser loads the page of the first again."""
    first, then = thinks_again(chance)
    return [first, then, person(then.at + chance.uniform(soonest, latest), first.link, method=RELOAD, visible=0.0)]


def restores_what_nobody_saw(chance: Random) -> list[Use]:
    """Opens a number in the background, taps another; the browser discards the first page, and restores it later."""
    first, then = thinks_again(chance)
    unseen = replace(first, visible=0.0)
    return [unseen, then, person(then.at + chance.uniform(60, 86400), first.link, method=RELOAD)]


def reloads_before_it_is_shown(chance: Random) -> list[Use]:
    """Taps, and loads the page again before it was visible for a moment."""
    at, number = _moment(chance), chance.choice(NUMBERS)
    seconds = chance.uniform(0.05, 0.39)
    return [person(at, number, visible=seconds), person(at + seconds, number, method=RELOAD)]


def two_devices(chance: Random) -> list[Use]:
    """Taps on the phone, and again at the desk, in one network or in two."""
    at, there = _moment(chance), chance.choice(("home", "office"))
    then = at + chance.uniform(5, 86400)
    return [
        person(at, chance.choice(NUMBERS)),
        person(then, chance.choice(NUMBERS), there, agent=DESK),
    ]


def hovers(chance: Random) -> list[Use]:
    """Taps in a browser that fetched ahead what the mouse went over."""
    at, numbers = _moment(chance), chance.sample(NUMBERS, 3)
    ahead = [person(at - 1.5 + place * 0.5, number, ahead=True, agent=DESK) for place, number in enumerate(numbers)]
    return [*ahead, person(at, numbers[-1], agent=DESK)]


def without_script(chance: Random) -> list[Use]:
    """Sends from a browser without JavaScript."""
    at, number = _moment(chance), chance.choice(NUMBERS)
    return [person(at, number, script=False), sends(at + chance.uniform(2, 300), number)]


def without_script_nor_sending(chance: Random) -> list[Use]:
    """Taps in a browser without JavaScript, and leaves."""
    return [person(_moment(chance), chance.choice(NUMBERS), script=False)]


def before_it_is_shown(chance: Random) -> list[Use]:
    """Leaves before the page was visible for a moment."""
    return [person(_moment(chance), chance.choice(NUMBERS), visible=chance.uniform(0, 0.39))]


def among(robot: Callable[[Random], list[Use]], soonest: float, chance: Random) -> list[Use]:
    """Robots use the mail's links, and a person taps at least `soonest` seconds after they have gone."""
    scan = robot(chance)
    away = max(use.at for use in scan) + soonest
    return [*_named(scan), person(away + chance.expovariate(1 / 3600), chance.choice(NUMBERS))]


def before(robot: Callable[[Random], list[Use]], chance: Random) -> list[Use]:
    """A person taps, and robots come a quarter of an hour later or more."""
    tap = person(8 + chance.expovariate(1 / 600), chance.choice(NUMBERS))
    scan = robot(chance)
    later = tap.at + 900 + chance.expovariate(1 / 7200) - min(use.at for use in scan)
    return [tap, *(replace(use, at=use.at + later) for use in _named(scan))]


def between(robot: Callable[[Random], list[Use]], soonest: float, chance: Random) -> list[Use]:
    """Robots come again and again; a person taps a minute or more after one scan, `soonest` before the next."""
    scan, tap = robot(chance), chance.choice(NUMBERS)
    pauses = [(first.at, second.at) for first, second in pairwise(scan) if second.at - first.at >= _AWAY + soonest]
    gone, back = chance.choice(pauses or [(scan[-1].at, scan[-1].at + 1e4)])
    return [*_named(scan), person(chance.uniform(gone + _AWAY, back - soonest), tap)]


def mailing_list(chance: Random) -> list[Use]:
    """A mail goes on to 20 people with a gateway each, and one of them taps a minute later or more."""
    return among(_gateways, _AWAY, chance)


def two_of_a_list(chance: Random) -> list[Use]:
    """A mail goes on to 20 people with a gateway each; one of them taps, and later another."""
    first = mailing_list(chance)
    return [*first, person(first[-1].at + chance.uniform(5, 86400), chance.choice(NUMBERS), "other home", agent=DESK)]


def list_behind_one_gateway(chance: Random) -> list[Use]:
    """One gateway opens every page of the 20 copies of a mail, and one of their readers taps from the same network."""
    copies = [replace(use, at=use.at + 30 * copy, network="home") for copy in range(20) for use in robots.copy(chance)]
    return [*_named(copies), person(copies[-1].at + 601 + chance.expovariate(1 / 3600), chance.choice(NUMBERS))]


def _gateways(chance: Random) -> list[Use]:
    """Return what the gateways of 20 people do within minutes, each in its own network."""
    kinds = (robots.copy, robots.copy, robots.fetches, robots.heads, robots.first_link)
    return [
        replace(use, at=use.at + start, network=f"gateway {member}")
        for member in range(20)
        for start in [chance.uniform(0, 120)]
        for use in chance.choice(kinds)(chance)
    ]


def checked_at_the_tap(chance: Random) -> list[Use]:
    """A protection service fetches the very link a person taps, from its own network, in the same second."""
    tap = person(_moment(chance), chance.choice(NUMBERS))
    agent = "Mozilla/4.0 (compatible; ms-office)"
    check = robots.robot(tap.at + chance.uniform(-0.5, 12), tap.link, "cloud", agent)
    return [*_named([check]), tap]


def behind_one_gateway(chance: Random) -> list[Use]:
    """A gateway in the person's own network fetches every link, and the person taps seconds later."""
    scan = [replace(use, network="home", agent="Go-http-client/2.0") for use in robots.fetches(chance)]
    return [*_named(scan), person(max(use.at for use in scan) + chance.uniform(5.1, 300), chance.choice(NUMBERS))]


def _named(uses: list[Use]) -> list[Use]:
    return [replace(use, client="robot") for use in uses]


def _moment(chance: Random) -> float:
    """Draw the moment of an answer: half of them within two hours, none before the mail could be read."""
    return min(_SOONEST + chance.lognormvariate(8.9, 2.0), _LATEST)


PEOPLE: Mapping[str, Callable[[Random], list[Use]]] = {
    "tap, leave after 1 s": partial(leaves, 1.0),
    "tap, leave after 3 s": partial(leaves, 3.0),
    "tap, leave after 10 s": partial(leaves, 10.0),
    "tap and send": confirms,
    "tap twice": taps_twice,
    "change of mind in the mail": thinks_again,
    "change of mind on the page": thinks_again_on_the_page,
    "picks another on the page, leaves": chooses_on_the_page,
    "two tabs": two_tabs,
    "older page reloaded": partial(loads_again, 0.5, 60.0),
    "back to an older page": partial(loads_again, 0.5, 3600.0),
    "older tab restored": partial(loads_again, 60.0, 86400.0),
    "older tab restored, unseen before": restores_what_nobody_saw,
    "reload before it is shown": reloads_before_it_is_shown,
    "two devices": two_devices,
    "hover, then tap": hovers,
    "no JavaScript, send": without_script,
    "no JavaScript, no sending": without_script_nor_sending,
    "leave before it is shown": before_it_is_shown,
}
MIXED: Mapping[str, Callable[[Random], list[Use]]] = {
    "tap after GET all links": partial(among, robots.fetches, 5.1),
    "tap after a gateway's browser": partial(among, robots.browser, 60.0),
    "tap after a browser pool": partial(among, robots.pool, 60.0),
    "tap after an antivirus": partial(among, robots.first_link, 5.1),
    "tap behind a gateway": behind_one_gateway,
    "tap, checked as it happens": checked_at_the_tap,
    "tap, detonation later": partial(before, robots.browser),
    "tap, HEAD later": partial(before, robots.heads),
}
CROWDED: Mapping[str, Callable[[Random], list[Use]]] = {
    "tap after many rescans": partial(among, robots.rescans, 60.0),
    "tap after a pool's rescans": partial(among, robots.pool_rescans, 60.0),
    "tap between rescans": partial(between, robots.rescans, 60.0),
    "tap between a pool's rescans": partial(between, robots.pool_rescans, 601.0),
    "tap after GET rescans": partial(among, robots.fetch_rescans, 5.1),
    "mailing list of 20": mailing_list,
    "mailing list of 20, two tap": two_of_a_list,
    "mailing list behind one gateway": list_behind_one_gateway,
}


def in_a_hurry(chance: Random) -> list[Use]:
    """Taps within half a minute after a gateway's browser."""
    scan = robots.browser(chance)
    return [*_named(scan), person(max(use.at for use in scan) + chance.uniform(1, 29), chance.choice(NUMBERS))]


def just_before(chance: Random) -> list[Use]:
    """A person taps, and within half a minute a gateway's browser comes."""
    scan, tap = robots.browser(chance), person(_moment(chance), chance.choice(NUMBERS))
    later = tap.at + chance.uniform(1, 29) - min(use.at for use in scan)
    return [tap, *(replace(use, at=use.at + later) for use in _named(scan))]


def minutes_before_a_pool(chance: Random) -> list[Use]:
    """A person taps, and within ten minutes a pool comes and goes."""
    scan, tap = robots.new_pool(chance), person(_moment(chance), chance.choice(NUMBERS))
    later = tap.at + chance.uniform(_AWAY, 590) - min(use.at for use in scan)
    return [tap, *(replace(use, at=use.at + later) for use in _named(scan))]


def minutes_after_a_pool(networks: int, chance: Random) -> list[Use]:
    """Taps within ten minutes after a pool that opened the links from so few networks."""
    scan = robots.reused_pool(networks, chance)
    return [*_named(scan), person(max(use.at for use in scan) + chance.uniform(_AWAY, 590), chance.choice(NUMBERS))]


def corrects_at_once(chance: Random) -> list[Use]:
    """Taps a number by mistake, and the right one within three seconds."""
    at, (first, then) = _moment(chance), chance.sample(NUMBERS, 2)
    return [person(at, first), person(at + chance.uniform(0.5, 2.9), then)]


def asked_at_the_tap(chance: Random) -> list[Use]:
    """A protection service asks for the head of the very link a person taps, in the same second."""
    tap = person(_moment(chance), chance.choice(NUMBERS))
    head = robots.robot(tap.at - chance.uniform(0, 1), tap.link, "cloud", agent="ms-office", method="HEAD")
    return [*_named([head]), tap]


LIMITS: Mapping[str, Callable[[Random], list[Use]]] = {
    "tap within 30 s after a robot's browser": in_a_hurry,
    "tap within 30 s before a robot's browser": just_before,
    "tap within 10 min before a pool": minutes_before_a_pool,
    "tap within 10 min after 5 networks' pool": partial(minutes_after_a_pool, 5),
    "mis-tap, corrected within 3 s": corrects_at_once,
    "tap, HEAD as it happens": asked_at_the_tap,
}
