"""The figures that a page shows, all of them: a line for each row of a table and for each sentence that has a digit."""

import re
from html.parser import HTMLParser
from itertools import zip_longest

APART = frozenset({"svg", "form", "nav", "code", "script", "time"})
"""Elements without a figure of a report: drawings (the table beside has the same), filters, commands, moments."""

BLOCKS = frozenset(
    {"p", "li", "tr", "h1", "h2", "h3", "h4", "dt", "dd", "div", "section", "ul", "ol", "dl", "figure", "figcaption"}
)
CELLS = frozenset({"th", "td"})
VOID = frozenset({"br", "hr", "input", "img", "link", "meta"})

FIXED = re.compile(
    r"95 %(?= between| interval)|(?:Score|Responded), 95 %|[Ff]ewer than (?:10|30) (?:answers|on one side)"
    r"|30 on both sides|missing to 100: an|last 90 days|Article \d+"
)
"""Numbers in words that never differ: the level of intervals, limits that are explained, and names of products."""

FIGURE = re.compile(
    r"(?:< )?[+−±]?[€$]?\d+(?:[.,]\d+)*(?: %)?|(?<!\S)–(?!\S)|(?:[Nn]o )?real (?:change|difference)\b|too few to tell"
)
"""A number as it is written, the dash that stands for none, or what is said of a difference."""

Line = tuple[str, ...]
"""The name at the beginning of a line, and the figures after it, as texts."""


class Shown(HTMLParser):
    """The lines of a page's content, or of a mail, in their order, without what customers wrote and any moment."""

    def __init__(self, content: str) -> None:
        super().__init__()
        self.lines, self._words = list[str](), list[str]()
        self._open, self._apart = list[tuple[str, bool]](), 0
        self.feed(content)
        self._end()

    def handle_starttag(self, tag, attrs):
        if tag in VOID:
            return
        if tag in BLOCKS:
            self._end()
        given = dict(attrs)
        classes = set((given.get("class") or "").split())
        apart = tag in APART or "dir" in given or bool(classes & {"filters", "stand"})
        self._open.append((tag, apart))
        self._apart += apart

    def handle_endtag(self, tag):
        if tag in VOID:
            return
        opened, apart = self._open.pop()
        assert opened == tag, f"</{tag}> closes <{opened}>"
        self._apart -= apart
        if tag in BLOCKS:
            self._end()
        elif tag in CELLS:
            self._words.append(" | ")

    def handle_data(self, data):
        if not self._apart:
            self._words.append(data)

    def _end(self):
        line = " ".join("".join(self._words).split())
        self._words.clear()
        if figures(line):
            self.lines.append(line)


class Drawn(HTMLParser):
    """The drawings of a page: `texts` of each, and its `rows`, what stands beside it as a table, a caption and notes.

    The labels of an axis are no figures. A description begins with the number of its marks.
    """

    AXIS = frozenset({"start", "middle", "end", "label"})

    def __init__(self, body: str) -> None:
        super().__init__()
        self.texts, self.rows = list[list[str]](), list[list[str]]()
        self._open, self._inside, self._into = False, 0, ""
        self.feed(body)

    def handle_starttag(self, tag, attrs):
        if tag == "figure":
            self._open = True
            self.texts.append([])
            self.rows.append([])
        elif tag == "svg":
            self._inside += 1
        elif tag == "text" and (dict(attrs).get("class") or "") not in self.AXIS:
            self._into = "text"
        elif tag == "desc":
            self._into = "desc"

    def handle_endtag(self, tag):
        if tag == "figure":
            self._open = False
        if tag == "svg":
            self._inside -= 1
        if tag in {"text", "desc"}:
            self._into = ""

    def handle_data(self, data):
        if not self._open:
            return
        if not self._inside:
            self.rows[-1].append(data)
        elif self._into:
            self.texts[-1].append(re.sub(r"^[^\d.;:]*\d[\d,]*", "", data) if self._into == "desc" else data)


def of_page(body: str) -> list[str]:
    """The lines of the content of a page."""
    return Shown(body.partition("<main")[2].partition(">")[2].partition("</main>")[0]).lines


def figures(text: str) -> list[str]:
    """The figures of a text, as they are written."""
    return FIGURE.findall(FIXED.sub("", text.replace("\u00a0", " ")))


def differences(shown: list[str], wanted: list[Line]) -> list[str]:
    """The lines of a page that are others than those wanted: another name or figure, one more or one less."""
    pairs = zip_longest(shown, [one for one in wanted if figures(" ".join(one))])
    return [f"{line!r} shown, {expected!r} wanted" for line, expected in pairs if not _agree(line, expected)]


def _agree(line: str | None, wanted: Line | None) -> bool:
    if line is None or wanted is None:
        return False
    return line.startswith(wanted[0]) and figures(line) == figures(" ".join(wanted))
