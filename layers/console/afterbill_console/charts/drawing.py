"""The parts of drawings: places, texts and the frame of an SVG. Every text is escaped here and nowhere else."""

from collections.abc import Iterable, Sequence
from hashlib import sha256

from markupsafe import Markup, escape

LETTER = 6.6
"""Pixels of a letter on average, at the size of labels."""

NARROW = 280
"""Pixels of the narrowest drawing: labels that fit there fit everywhere."""


def place(share: float) -> str:
    """Return a share of the width, from 0 to 1, as an attribute."""
    return f"{_short(100 * min(max(share, 0.0), 1.0))}%"


def across(value: float, lowest: float, highest: float) -> float:
    """Return the place of a value between two others as a share from 0 to 1; what is outside stands at the end."""
    return min(max((value - lowest) / (highest - lowest), 0.0), 1.0) if highest > lowest else 0.0


def short(number: float) -> str:
    """Return a coordinate with one decimal at most."""
    return _short(number)


def _short(number: float) -> str:
    return (
        f"{number:.1f}".removesuffix(".0").replace("-0", "0")
        if abs(number) < 0.05
        else f"{number:.1f}".removesuffix(".0")
    )


def cut(label: str, most: int) -> str:
    """Return a label of at most so many characters."""
    return label if len(label) <= most else f"{label[: most - 1].rstrip()}…"


def text(words: str, x: str, y: float, kind: str = "", most: int = 200) -> Markup:
    """Return a text at a place; the full one is its title where it is cut."""
    said = cut(words, most)
    whole = Markup("<title>{}</title>").format(words) if said != words else ""
    named = Markup(' class="{}"').format(kind) if kind else ""
    # A text of a customer may run from right to left: it does not turn its neighbours around.
    return Markup('<text x="{}" y="{}"{} unicode-bidi="isolate">{}{}</text>').format(x, short(y), named, whole, said)


def rect(x: float, y: float, width: float, height: float, kind: str) -> Markup:
    """Return a bar; `x` and `width` are shares."""
    return Markup('<rect x="{}" y="{}" width="{}" height="{}" class="{}"/>').format(
        place(x), short(y), place(width), short(height), kind
    )


def line(one: tuple[float, float], two: tuple[float, float], kind: str) -> Markup:
    """Return a line between two points, each a share across and pixels down."""
    return Markup('<line x1="{}" y1="{}" x2="{}" y2="{}" class="{}"/>').format(
        place(one[0]), short(one[1]), place(two[0]), short(two[1]), kind
    )


def circle(x: float, y: float, r: float, kind: str) -> Markup:
    """Return a dot."""
    return Markup('<circle cx="{}" cy="{}" r="{}" class="{}"/>').format(place(x), short(y), short(r), kind)


def frame(title: str, description: str, height: float, parts: Iterable[Markup], kind: str) -> Markup:
    """Return the SVG with its title and description; their ids follow from what they say."""
    id_ = sha256(f"{kind}\n{title}\n{description}".encode()).hexdigest()[:8]
    return Markup(
        '<svg class="chart {}" width="100%" height="{}" role="img" aria-labelledby="t{}" aria-describedby="d{}">'
        '<title id="t{}">{}</title><desc id="d{}">{}</desc>{}</svg>'
    ).format(kind, short(height), id_, id_, id_, title, id_, description, Markup("").join(parts))


def named(labels: Sequence[str]) -> list[int]:
    """Return the places of the labels of an axis that fit beside each other: evenly spread, the first and the last too."""
    if len(labels) <= 1:
        return list(range(len(labels)))
    fitting = max(2, int(NARROW / (max(map(len, labels)) * LETTER + 14)))
    count = min(fitting, len(labels))
    return sorted({round(step * (len(labels) - 1) / (count - 1)) for step in range(count)})


__all__ = ["across", "circle", "cut", "escape", "frame", "line", "named", "place", "rect", "short", "text"]
