"""Robots that use the links of a mail; moments count from the delivery, in seconds."""

from collections.abc import Callable, Mapping
from dataclasses import replace
from itertools import accumulate
from random import Random

from afterbill_dev.lab.traffic import DESK, HIDDEN, NUMBERS, PHONE, PICK, Use

LINKS = (HIDDEN, *NUMBERS)
"""In the order of the mail."""
SCANNER = "Mozilla/5.0 (compatible; Barracuda Sentinel (EE))"
_LIBRARY = "Go-http-client/2.0"
_PACES = (5.0, 60.0, 200.0, 900.0, 3600.0, 86400.0)
"""Seconds between two scans of one mail."""
_AGENTS = (DESK, PHONE, _LIBRARY, DESK.replace("Chrome/142", "Firefox/144"), "Mozilla/4.0 (compatible; ms-office)")


def robot(at: float, link: str, network: str = "robot", agent: str = DESK, **more: object) -> Use:
    """One request of a robot; `more` are fields of Use."""
    return Use(at, link, "", person=False, network=network, agent=agent, **more)  # type: ignore[arg-type]  # as named


def browsed(at: float, link: str, visible: float, network: str = "robot", agent: str = DESK) -> Use:
    """A page that a robot's browser shows."""
    return robot(at, link, network, agent, script=True, visible=visible)


def heads(chance: Random) -> list[Use]:
    """Send HEAD for every link."""
    return [robot(at, link, agent=_LIBRARY, method="HEAD") for at, link in _in_turn(chance, 0.05, 0.5)]


def fetches(chance: Random) -> list[Use]:
    """GET of every link by a program that runs no script, in the mail's order, at once or one after the other."""
    agent = chance.choice(_AGENTS)
    return [robot(at, link, agent=agent) for at, link in _in_turn(chance, 0.0, 3.0)]


def browser(chance: Random) -> list[Use]:
    """Every page in a browser, each visible for a while, at once or one after the other."""
    pace = chance.choice((0.0, 0.3, 2.0, 15.0, 60.0))
    return [browsed(at, link, chance.uniform(0.5, 12)) for at, link in _in_turn(chance, pace, pace * 1.5)]


def pool(chance: Random) -> list[Use]:
    """Open every page from many networks and programs, one page each, at once or minutes apart."""
    pages = _in_turn(chance, 0.0, 60.0)
    return [browsed(at, link, chance.uniform(0.5, 12), f"net{at}", chance.choice(_AGENTS)) for at, link in pages]


def rescans(chance: Random) -> list[Use]:
    """A browser that opens every page comes again and again, seconds, minutes, hours or days later."""
    return _again(copy, chance)


def pool_rescans(chance: Random) -> list[Use]:
    """A pool that comes again and again from ever new networks, minutes, hours or days later."""
    return _again(new_pool, chance, soonest=600.0)


def fetch_rescans(chance: Random) -> list[Use]:
    """GET of every link, again and again, by a program that runs no script."""
    return _again(lambda scan: [robot(at, link, agent=_LIBRARY) for at, link in _in_turn(scan, 0.0, 0.3)], chance)


def _again(scan: Callable[[Random], list[Use]], chance: Random, soonest: float = 5.0) -> list[Use]:
    """Repeat a scan at one pace, each time with other moments."""
    pace = chance.choice([pace for pace in _PACES if pace >= soonest])
    starts = accumulate(chance.uniform(0.5, 1.5) * pace for _ in range(chance.randint(12, 24)))
    return [replace(use, at=round(use.at + start, 3)) for start in starts for use in scan(chance)]


def copy(chance: Random) -> list[Use]:
    """Every page in a browser, quickly: what a gateway does with one copy of a mail."""
    return [browsed(at, link, 2) for at, link in _in_turn(chance, 0.0, 0.3)]


def new_pool(chance: Random) -> list[Use]:
    """Open every page within seconds or half a minute, each from a network that is never used again."""
    pages = _in_turn(chance, 0.0, 3.0)
    return [browsed(at, link, 2, f"net{chance.random()}", chance.choice(_AGENTS)) for at, link in pages]


def reused_pool(networks: int, chance: Random) -> list[Use]:
    """Open every page within seconds, each from one of so many networks, by chance; the program is the same."""
    pages = _in_turn(chance, 0.0, 0.3)
    return [browsed(at, link, 2, f"net{chance.randrange(networks)}") for at, link in pages]


def every_choice(chance: Random) -> list[Use]:
    """Opens one number and chooses all of them on its page, one after the other."""
    (use,), pace = random_browser(chance), chance.uniform(0.5, 30)
    numbers = chance.choice((NUMBERS, NUMBERS[::-1], chance.sample(NUMBERS, 11)))
    picks = enumerate((number for number in numbers if number != use.link), start=1)
    opened = replace(use, visible=pace)
    return [opened, *(replace(opened, at=use.at + pace * place, link=number, method=PICK) for place, number in picks)]


def every_choice_at_once(chance: Random) -> list[Use]:
    """Opens one number and chooses all of them faster than the script reports one: only the last is reported."""
    (use,) = random_browser(chance)
    picks = enumerate((number for number in NUMBERS if number != use.link), start=1)
    chosen = [replace(use, at=use.at + 1 + place / 100, link=one, method=PICK, visible=0.01) for place, one in picks]
    return [use, *chosen[:-1], replace(chosen[-1], visible=5.0)]


def detonation(chance: Random) -> list[Use]:
    """A browser that opens every page, hours after the mail came."""
    later = chance.uniform(1, 24) * 3600
    return [browsed(later + use.at, use.link, use.visible) for use in browser(chance)]


def hover(chance: Random) -> list[Use]:
    """A mouse wanders over the numbers and a browser fetches ahead; nobody taps."""
    numbers = chance.sample(NUMBERS, chance.randint(1, 11))
    return [
        Use(60 + 0.2 * place, number, "", person=False, network="home", ahead=True)
        for place, number in enumerate(numbers)
    ]


def preview(chance: Random) -> list[Use]:
    """A messenger or a phone draws a preview of one link, with or without scripts; the page is never visible."""
    return [robot(chance.uniform(1, 600), chance.choice(NUMBERS), agent=PHONE, script=chance.random() < 0.5)]  # noqa: PLR2004


def first_link(chance: Random) -> list[Use]:
    """A virus scanner opens the first link of the mail in a browser, and no other."""
    return [browsed(chance.uniform(1, 60), HIDDEN, chance.uniform(0.5, 8))]


def random_fetch(chance: Random) -> list[Use]:
    """One number, fetched without a script."""
    return [robot(chance.uniform(1, 600), chance.choice(NUMBERS), agent=chance.choice(_AGENTS))]


def random_browser(chance: Random) -> list[Use]:
    """One number in a visible browser, after the delivery: as a person does it."""
    return [browsed(chance.uniform(1, 7200), chance.choice(NUMBERS), chance.uniform(0.5, 12))]


def listed(chance: Random) -> list[Use]:
    """Open one number with a user agent that is on the list of scanners."""
    return [browsed(use.at, use.link, use.visible, agent=SCANNER) for use in random_browser(chance)]


def early(chance: Random) -> list[Use]:
    """Open one number before the mail is delivered."""
    return [browsed(-chance.uniform(0.001, 0.3), use.link, use.visible) for use in random_browser(chance)]


def asks_first(chance: Random) -> list[Use]:
    """HEAD, then the same number in a visible browser."""
    (use,) = random_browser(chance)
    return [robot(use.at - chance.uniform(0, 4), use.link, "probe", _LIBRARY, method="HEAD"), use]


def two_at_once(chance: Random) -> list[Use]:
    """Two numbers in a visible browser, faster than a person."""
    at, numbers = chance.uniform(1, 600), chance.sample(NUMBERS, 2)
    return [browsed(at + place * chance.uniform(0, 2.9), number, 2) for place, number in enumerate(numbers)]


def first_then_random(chance: Random) -> list[Use]:
    """The first link, and minutes later one number, in a visible browser."""
    return [browsed(5, HIDDEN, 2), browsed(5 + chance.uniform(1, 590), chance.choice(NUMBERS), 5)]


def fetches_then_shows(chance: Random) -> list[Use]:
    """Every link by a program that runs no script, then one number in a browser of the same network."""
    scan = [robot(use.at, use.link, agent=_LIBRARY) for use in fetches(chance)]
    return [*scan, browsed(scan[-1].at + chance.uniform(5.1, 590), chance.choice(NUMBERS), 5)]


def sends(chance: Random) -> list[Use]:
    """Fills in the form of a number's page and sends it."""
    (use,) = random_browser(chance)
    return [use, robot(use.at + 1, use.link, method="POST")]


def _in_turn(chance: Random, least: float, most: float) -> list[tuple[float, str]]:
    """Every link with its moment; the pace is drawn once, and every step around it."""
    at, pace = chance.uniform(0.1, 5), chance.uniform(least, most)
    moments = []
    for link in LINKS:
        moments.append((round(at, 3), link))
        at += pace * chance.uniform(0.5, 1.5)
    return moments


ROBOTS: Mapping[str, Callable[[Random], list[Use]]] = {
    "HEAD only": heads,
    "GET all links": fetches,
    "browser, all links": browser,
    "browser pool, all links": pool,
    "detonation hours later": detonation,
    "prefetch on hover": hover,
    "mobile preview": preview,
    "antivirus, first link": first_link,
    "one number, no script": random_fetch,
    "one number, visible": random_browser,
    "one number, known scanner": listed,
    "one number, before delivery": early,
    "one number, HEAD first": asks_first,
    "two numbers at once": two_at_once,
    "first link, then a number": first_then_random,
    "one link, every number chosen": every_choice,
}
CROWDS: Mapping[str, Callable[[Random], list[Use]]] = {
    "GET all links, rescans": fetch_rescans,
    "browser, rescans": rescans,
    "browser pool, rescans": pool_rescans,
}
LIMITS: Mapping[str, Callable[[Random], list[Use]]] = {
    "gateway fetches, then its browser": fetches_then_shows,
    "robot sends the form": sends,
    "one link, every number in a second": every_choice_at_once,
}
