"""The parts of a report that people read: aligned tables with what is said of each, and the notes below."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

from afterbill.insight.reports.asked import FEW, LEAST
from afterbill.model.plain_text import one_line
from afterbill_cli.output import aligned, counted

Row = Mapping[str, Any]
Column = tuple[str, Callable[[Row], str]]
"""A heading, and the cell below it."""

NOTHING = "-"
STALE = timedelta(hours=36)
"""The age at which a report of the last days is older than last night's."""
_DAYS_NAMED = 3


def _heading(name: str, heading: str) -> str:
    return heading or name.replace("_", " ")


def text(name: str, heading: str = "") -> Column:
    """A column with the value as it is."""
    return _heading(name, heading), lambda row: plain(row.get(name))


def percent(name: str, heading: str = "") -> Column:
    """A column with a share in percent."""
    return heading or name.replace("_", " "), lambda row: _formatted(
        row.get(name), lambda share: f"{100 * share:.1f} %"
    )


def points(name: str, heading: str = "") -> Column:
    """A column with points of a score, to one decimal."""
    return heading or name.replace("_", " "), lambda row: _formatted(
        row.get(name), lambda number: f"{number + 0.0:.1f}"
    )


def money(name: str, heading: str = "", currency: str = "") -> Column:
    """A column with an amount in the smallest unit of its currency, as people write it."""
    return heading or name.removesuffix("_minor").replace("_", " "), lambda row: _amount(row, name, currency)


def difference(name: str) -> Column:
    """A column that says of a difference how large it is if it is real, else that there is none."""
    return name, lambda row: _difference(row, name)


def score(row: Row) -> str:
    """Return the score, or why there is none."""
    n, value = row.get("n") or 0, row.get("score")
    if value is None:
        return f"too few answers ({n} of {LEAST})" if 0 < n < LEAST else NOTHING
    return f"{value + 0.0:.1f}{'~' if row.get('few') else ''}"


def interval(row: Row) -> str:
    """Return the 95 % interval."""
    low, high = row.get("low"), row.get("high")
    return NOTHING if low is None or high is None else f"{low + 0.0:.1f} to {high + 0.0:.1f}"


SCORE: Sequence[Column] = (("score", score), ("95 % interval", interval), text("n"))


def table(title: str, rows: Iterable[Row], columns: Sequence[Column]) -> list[str]:
    """Return the lines of a table with its title; nothing without rows."""
    listed = list(rows)
    if not listed:
        return []
    cells = [[heading for heading, _ in columns], *([cell(row) for _, cell in columns] for row in listed)]
    return [*([title] if title else []), *aligned(cells, right=True), ""]


def plain(value: Any) -> str:  # noqa: ANN401  # whatever a report holds
    """Return a value of any kind on one line."""
    if value is None or value == "":
        return NOTHING
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, float):
        return f"{value + 0.0:.4g}"
    if isinstance(value, list):
        return ", ".join(plain(one) for one in value)
    return ", ".join(map(plain, value.values())) if isinstance(value, Mapping) else one_line(str(value))


def notes(document: Row, now: datetime) -> list[str]:
    """Return what has to be said below: signs, comparisons, what is left out, and when it was computed."""
    said = list(_signs(document))
    total = document.get("total") or {}
    nobody = total.get("because") if total.get("n") == 0 else None
    if because := document.get("because") or nobody:
        said.append(one_line(str(because)))
    for name, about in _COUNTED.items():
        if number := total.get(name) or document.get(name):
            said.append(f"{counted(number, 'answer')} {about}.")
    if days := document.get("left_out"):
        more = f" and {len(days) - _DAYS_NAMED} more" if len(days) > _DAYS_NAMED else ""
        said.append(f"Without the days whose files cannot be read: {', '.join(days[:_DAYS_NAMED])}{more}.")
    if (first := document.get("archived_from")) and document.get("why") != "not_archived":
        said.append(f"The archive begins on {first}: nothing is known of the days before.")
    computed = datetime.fromisoformat(document["computed_at"])
    said.append(f"Computed {computed.astimezone(UTC):%Y-%m-%d %H:%M} UTC.{_stale(computed, now)}")
    return said


_COUNTED = {
    "unconfirmed": "not confirmed",
    "imported": "imported",
    "removed": "of people who were removed",
    "unknown": "of customers who are not known",
}


def _stale(computed: datetime, now: datetime) -> str:
    if now - computed < STALE:
        return ""
    return " No later run could compute it, or none was needed: the log of compute_reports tells."


def _signs(document: Row) -> Iterable[str]:
    rows = [row for part in document.values() if isinstance(part, list) for row in part if isinstance(row, Mapping)]
    rows += [part for part in document.values() if isinstance(part, Mapping)]
    if any(row.get("few") and row.get("score") is not None for row in rows):
        yield f"~ fewer than {FEW} answers"
    if comparisons := document.get("comparisons"):
        yield f"* real, of {counted(comparisons, 'comparison')}: on average one star in twenty is chance"


def _difference(row: Row, name: str) -> str:
    value = row.get(name)
    if value is None:
        return NOTHING
    if row.get("real"):
        return f"{value:+.1f} *"
    return f"no real {name}" if row.get("p") is not None else "too few to tell"


def _amount(row: Row, name: str, currency: str) -> str:
    from afterbill.model.billing import exponent  # noqa: PLC0415  # few reports have amounts

    unit = row.get("currency") or currency
    return _formatted(row.get(name), lambda minor: f"{minor / 10 ** exponent(unit):,.{exponent(unit)}f} {unit}")


def _formatted(value: Any, form: Callable[[Any], str]) -> str:  # noqa: ANN401  # a number
    return NOTHING if value is None else form(value)
