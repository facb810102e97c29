"""Pages read back: their texts, tables and links, and reports in the states in which they can be."""

from dataclasses import dataclass, field, replace
from html.parser import HTMLParser

from afterbill.insight.ports import Asking
from afterbill.insight.reports.reading import read_report
from afterbill.insight.reports.requested import ReportRequest, window_asked
from afterbill.model.questions import Question
from afterbill_console.numbers import Numbers
from afterbill_console.roles import Role
from afterbill_dev.console.world import NOW, ZONE, World


class Plain:
    """English numbers whose spaces are plain ones, as those of a page that is read back."""

    numbers = Numbers("en", ZONE)

    def __getattr__(self, name):
        return lambda *values: plain([getattr(self.numbers, name)(*values)])


EN = Plain()


def plain(words: list[str]) -> str:
    """The words with one plain space between them."""
    return " ".join(" ".join(words).split())


class Page(HTMLParser):
    """A page: `text` without elements, `tables` as rows of cells by what they are labelled by, `links` in order."""

    def __init__(self, body: str) -> None:
        super().__init__()
        self.body, self.links, self.headings = body, list[str](), list[str]()
        self.tables: dict[str, list[list[str]]] = {}
        self._words, self._label, self._rows, self._cell = list[str](), "", list[list[str]](), None
        self._heading = None
        self.feed(body.partition("<main")[2].partition(">")[2])
        self.text = plain(self._words)

    def handle_starttag(self, tag, attrs):
        given = dict(attrs)
        if given.get("role") == "group":
            self._label = given.get("aria-labelledby") or given.get("aria-label") or ""
        if tag == "table":
            self._rows = self.tables.setdefault(self._label, [])
        elif tag == "tr":
            self._rows.append([])
        elif tag in {"th", "td"}:
            self._cell = []
        elif tag == "a" and given.get("href"):
            self.links.append(given["href"])
        elif tag in {"h1", "h2", "h3", "figcaption"}:
            self._heading = []

    def handle_endtag(self, tag):
        if tag in {"th", "td"} and self._cell is not None:
            self._rows[-1].append(plain(self._cell))
            self._cell = None
        elif tag in {"h1", "h2", "h3", "figcaption"} and self._heading is not None:
            self.headings.append(plain(self._heading))
            self._heading = None

    def handle_data(self, data):
        self._words.append(data)
        for open_one in (self._cell, self._heading):
            if open_one is not None:
                open_one.append(data)

    def rows(self, label: str) -> list[list[str]]:
        """The rows of a table without its head."""
        return self.tables[label][1:]


def opened(world: World, place: str, role: Role = Role.ADMIN, language: str = "en") -> Page:
    """Open a page; it is there."""
    answer = world.get(place, world.sign_in(role, language))
    assert answer.status == 200, answer.body[-2000:]
    return Page(answer.body)


def report(world: World, name: str, window: str = "365d", **more) -> dict:
    """The report as the API tells it."""
    request = ReportRequest(name, window_asked(window, world.reports.today), more.pop("question", Question.NPS), **more)
    found = read_report(request, world.reports, NOW)
    if found is None:
        world.reports.ask(request, NOW)
        found = read_report(request, world.reports, NOW)
    return found


def answered(world: World, window: str = "365d", question: str = "nps") -> list:
    """The facts of which answers count in these days, found without any report."""
    days = window_asked(window, world.reports.today)
    return [
        one
        for one in world.facts
        if one.answer
        and one.answer.rating is not None
        and one.answered_at
        and days.first <= one.answered_at.astimezone(ZONE).date() <= days.last
        and one.question == question
    ]


def score(ratings: list[int]) -> float:
    """The net promoter score."""
    return 100 * (sum(rating >= 9 for rating in ratings) - sum(rating <= 6 for rating in ratings)) / len(ratings)


@dataclass
class Stored:
    """Stored reports of which some say something else, or are missing; `loads` counts reads."""

    of: World
    bodies: dict[str, dict] = field(default_factory=dict)
    missing: bool = False
    asking: Asking = Asking.ASKED
    computed_at: str = ""
    loads: int = 0

    def load(self, place):
        self.loads += 1
        if self.missing:
            return None
        document = self.of.reports.load(place)
        if document is None:
            return None
        stood = {"computed_at": self.computed_at} if self.computed_at else {}
        body = self.bodies.get(document["name"], self.bodies.get("*"))
        return {**document, **stood, **({"scopes": {"": body}} if body is not None else {})}

    def ask(self, *_):
        return self.asking


def with_reports(world: World, **changes) -> Stored:
    """Let the console read reports through this."""
    stored = Stored(world, **changes)
    deps = replace(world.deps, reports=stored, requests=stored)
    world.console._deps = deps
    world.deps = deps
    return stored
