"""The parts of drawings: places, texts and the frame of an SVG. Every text is escaped here and nowhere else."""

from collections.abc import Iterable, Sequence
from hashlib import sha256
from itertools import pairwise
from math import ceil, isfinite

from markupsafe import Markup

from afterbill.model.plain_text import one_line

LETTER = 6.9
"""Pixels of a letter on average, at the size of labels."""

NARROW = 280
"""Pixels of the narrowest drawing: labels that fit there fit everywhere."""

LABEL = 32
"""Letters of a label above a bar, beside which its figure stands."""

WIDE = 1000
"""Units across of a drawing of lines: it is stretched to the width that there is, its strokes are not."""

Point = tuple[float, float]
"""A share across, from 0 to 1, and pixels down."""


def across(value: float, lowest: float, highest: float) -> float:
    """Return the place of a value between two others as a share from 0 to 1; what is outside stands at the end."""
    return inside((value - lowest) / (highest - lowest)) if highest > lowest else 0.0


def inside(share: float) -> float:
    """Return a share from 0 to 1."""
    return min(max(share, 0.0), 1.0) if isfinite(share) else 0.0


def place(share: float) -> str:
    """Return a share of the width as an attribute."""
    return f"{short(100 * inside(share))}%"


def short(number: float) -> str:
    """Return a coordinate with one decimal at most."""
    return f"{round(number, 1) + 0.0:g}"


def cut(label: str, most: int) -> str:
    """Return a label of at most so many characters."""
    return label if len(label) <= most else f"{label[: most - 1].rstrip()}…"


def text(words: str, x: str, y: float, kind: str = "", most: int = 200) -> Markup:
    """Return a text at a place; one that is cut has the whole text as its title."""
    whole = one_line(words)
    said = cut(whole, most)
    title = Markup("<title>{}</title>").format(whole) if said != whole else ""
    named = Markup(' class="%s"') % kind if kind else ""
    return Markup('<text x="%s" y="%s"%s>%s%s</text>') % (x, short(y), named, title, said)


def rect(x: float, y: float, width: float, height: float, kind: str) -> Markup:
    """Return a bar; `x` and `width` are shares. It ends where the drawing does."""
    wide = min(inside(width), 1 - inside(x))
    return Markup('<rect x="%s" y="%s" width="%s" height="%s" class="%s"/>') % (
        place(x),
        short(y),
        place(wide),
        short(height),
        kind,
    )


def line(one: Point, two: Point, kind: str) -> Markup:
    """Return a line between two points."""
    return Markup('<line x1="%s" y1="%s" x2="%s" y2="%s" class="%s"/>') % (
        place(one[0]),
        short(one[1]),
        place(two[0]),
        short(two[1]),
        kind,
    )


def circle(at: Point, r: float, kind: str) -> Markup:
    """Return a dot."""
    return Markup('<circle cx="%s" cy="%s" r="%s" class="%s"/>') % (place(at[0]), short(at[1]), short(r), kind)


MARKS = {"rise": "M0-6L6 5H-6z", "fall": "M0 6L6-5H-6z", "real": "M0-7L7 0L0 7L-7 0z"}
"""Shapes of real changes: one tip up, one down, and a diamond for a difference."""


def mark(at: Point, kind: str) -> Markup:
    """Return the shape of this kind around a point."""
    return Markup('<svg x="{}" y="{}" class="mark"><path class="{}" d="{}"/></svg>').format(
        place(at[0]), short(at[1]), kind, MARKS[kind]
    )


def stretched(parts: Iterable[Markup], height: int) -> Markup:
    """Return paths of `path` and its like in a drawing that fills the width."""
    return Markup('<svg width="100%" height="{}" viewBox="0 0 {} {}" preserveAspectRatio="none">{}</svg>').format(
        height, WIDE, height, Markup().join(parts)
    )


def path(steps: str, kind: str) -> Markup:
    """Return a path for `stretched`; it has no area where there is nothing to draw."""
    return Markup('<path class="{}" d="{}"/>').format(kind, steps) if steps else Markup()


def joined(points: Sequence[Point]) -> str:
    """Return the steps of a path through these points, in whole units and as differences: that is short."""
    at = [(round(WIDE * inside(x)), round(y)) for x, y in points]
    if not at:
        return ""
    moves = (f"{x - old_x} {y - old_y}".replace(" -", "-") for (old_x, old_y), (x, y) in pairwise(at))
    return f"M{at[0][0]} {at[0][1]}l{' '.join(moves)}".replace(" -", "-").removesuffix("l")


def stairs(heights: Sequence[float], bottom: int) -> str:
    """Return the outline of columns of equal width that touch each other and stand on `bottom`."""
    found, here = [f"M0 {bottom}"], (0, bottom)
    for at, height in enumerate(heights, 1):
        x, y = round(WIDE * at / len(heights)), round(height)
        found.append(f"v{y - here[1]}h{x - here[0]}")
        here = (x, y)
    return f"{''.join(found)}V{bottom}z"


def dots(points: Sequence[Point]) -> str:
    """Return the steps of a path that has a dot at each of these points, as its stroke is round."""
    found, (here_x, here_y) = [], (0, 0)
    for x, y in points:
        at_x, at_y = round(WIDE * inside(x)), round(y)
        found.append(f"m{at_x - here_x} {at_y - here_y}h0".replace(" -", "-"))
        here_x, here_y = at_x, at_y
    return "".join(found)


def frame(title: str, description: str, height: float, parts: Iterable[Markup], kind: str) -> Markup:
    """Return the SVG with its title and description; their ids follow from what they say."""
    id_ = name_of(kind, title, description)
    return Markup(
        '<svg class="chart {}" width="100%" height="{}" role="img" aria-labelledby="t{}" aria-describedby="d{}">'
        '<title id="t{}">{}</title><desc id="d{}">{}</desc>{}</svg>'
    ).format(kind, short(height), id_, id_, id_, one_line(title), id_, one_line(description), Markup().join(parts))


def name_of(*words: str) -> str:
    """Return a name for an id, made of what stands there: drawings that say the same have the same."""
    return sha256("\n".join(words).encode(errors="replace")).hexdigest()[:8]


def axis_labels(labels: Sequence[str], y: float) -> list[Markup]:
    """Return the labels under evenly spread marks: every so many as fit; one that would stick out is moved inside."""
    count, half = len(labels), max(map(len, labels), default=0) * LETTER / 2
    moved = half * count > NARROW / 2
    room = 3 * half + 8 if moved else 2 * half + 10
    return [_axis_label(labels[at], (at + 0.5) / count, y) for at in range(0, count, _step(count, room))]


def _step(count: int, room: float) -> int:
    return max(1, ceil(count * room / NARROW))


def _axis_label(label: str, x: float, y: float) -> Markup:
    half = len(label) * LETTER / 2 / NARROW
    if x < half:
        return text(label, "0%", y, "start")
    return text(label, "100%", y, "end") if x > 1 - half else text(label, place(x), y, "middle")
