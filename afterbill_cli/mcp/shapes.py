"""The shape of what assistants get: a stored report with its verdicts in words, bounded, and with what is left out."""

import json
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any

from afterbill.insight.reports.asked import FEW
from afterbill.insight.reports.reading import naming
from afterbill_cli.mcp.masking import masked

MOST_ROWS = 50
MOST_CHARACTERS = 40_000
"""Characters of one result as JSON: about ten thousand tokens."""
OLD = timedelta(hours=26)
"""The age from which it is said of a report that it is old: each is computed once a night at least."""
LONGEST_TEXT = 300

Body = dict[str, Any]

_COMPARED = ("change", "difference")
_REAL, _NOT_REAL, _CANNOT_TELL, _NOTHING_BEFORE = "real", "no real", "too few to tell", "nothing to compare with"


def report_shape(tool: str, document: Mapping[str, Any], now: datetime, dimension: str = "") -> Body:
    """Return a stored report as an assistant gets it: figures as they are stored, customers in none of them.

    With `dimension`, only the rows of that dimension.
    """
    plain = cleaned(naming(document, ()))
    if dimension:
        plain["rows"] = [row for row in plain["rows"] if row.get("dimension") == dimension]
    if days := plain.pop("left_out", ()):
        plain["days_without_files"] = days
    about = {"tool": tool, **plain, "reading": list(_reading(document, now))}
    return bounded(_judged(about))


def score_shape(scores: Mapping[str, Any], by: str, now: datetime) -> Body:
    """Return stored scores as `afterbill score` states them, with a verdict on each change."""
    computed = scores["computed_at"]
    reading = [] if computed else ["No scores are stored for these: nobody answered, or no such month was counted."]
    if computed and now - datetime.fromisoformat(computed) > OLD:
        reading.append(f"Old: computed {computed}, and not since.")
    if by != "all":
        reading.append("Each change is judged for itself here; the tool segments judges all together.")
    rows, anonymous = ([_stated(row) for row in scores[name]] for name in ("scores", "anonymous"))
    about = {name: scores[name] for name in ("question", "window", "computed_at")}
    apart = {"anonymous": anonymous} if anonymous else {}
    return bounded(cleaned({"tool": "score", **about, "by": by, "rows": rows, **apart, "reading": reading}))


def _stated(row: Mapping[str, Any]) -> Body:
    real, n = row["significant"], row["n"]
    rest = {name: value for name, value in row.items() if name not in {"significant", "question", "dimension"}}
    told = _NOTHING_BEFORE if real is None else f"{_REAL if real else _NOT_REAL} change"
    return {**rest, "few": n < FEW, "real": bool(real), "verdict": told}


def _reading(document: Mapping[str, Any], now: datetime) -> Iterator[str]:
    if now - datetime.fromisoformat(document["computed_at"]) > OLD:
        yield f"Old: computed {document['computed_at']}, and not since."
    if comparisons := document.get("comparisons"):
        yield f"{comparisons} comparisons are judged together: of what is real, one in twenty is chance on average."
    if because := document.get("because"):
        yield str(because)


def _judged(part: Any) -> Any:  # noqa: ANN401  # whatever a report holds
    """Return the part with a `verdict` beside each change and each difference."""
    if isinstance(part, list):
        return [_judged(one) for one in part]
    if not isinstance(part, Mapping):
        return part
    whole = {name: _judged(value) for name, value in part.items()}
    compared = next((name for name in _COMPARED if name in part and "real" in part), "")
    return {**whole, "verdict": _verdict(part, compared)} if compared else whole


def _verdict(row: Mapping[str, Any], compared: str) -> str:
    if row[compared] is None:
        return _NOTHING_BEFORE
    if row["real"]:
        return f"{_REAL} {compared}"
    return f"{_NOT_REAL} {compared}" if row.get("p") is not None else _CANNOT_TELL


def cleaned(part: Any) -> Any:  # noqa: ANN401  # likewise
    """Return the part with texts of outsiders on one line, without what nobody sees and what tells who somebody is.

    Figures, days and moments stay as they are.
    """
    if isinstance(part, Mapping):
        return {name: cleaned(value) for name, value in part.items()}
    if isinstance(part, (list, tuple)):
        return [cleaned(one) for one in part]
    return clean(part) if isinstance(part, str) and not _MOMENT.fullmatch(part) else part


_MOMENT = re.compile(r"[0-9]{4}-[0-9]{2}(-[0-9]{2}(T[0-9:.+Z-]{5,30})?)?")


def clean(text: str, names: Sequence[str] = (), country: str = "", longest: int = LONGEST_TEXT) -> str:
    """Return a text of outsiders: masked, on one line, cut where it is long."""
    read = text[: 8 * longest]
    line = " ".join(masked(read, names, country).split())
    if len(read) < len(text):
        # What was cut in two may be half of a number.
        line = line[: max(0, len(line) - longest // 2)]
    return line if len(line) <= longest and len(read) == len(text) else f"{line[:longest]} ..."


def bounded(body: Body, most: int = MOST_ROWS) -> Body:
    """Return the result with as many rows of each list as fit; `left_out` says of each how many there are."""
    left: list[str] = []
    cut = _cut(body, most, "", left.append)
    told = {**cut, "left_out": left} if left else cut
    return told if most == 1 or len(written(told)) <= MOST_CHARACTERS else bounded(body, max(1, most // 2))


def _cut(part: Any, most: int, name: str, tell: Callable[[str], None]) -> Any:  # noqa: ANN401  # whatever a report holds
    if isinstance(part, Mapping):
        return {inner: _cut(value, most, f"{name}.{inner}".strip("."), tell) for inner, value in part.items()}
    if not isinstance(part, list):
        return part
    if len(part) > most:
        tell(f"{name}: {most} of {len(part)} are shown")
    return [_cut(one, most, f"{name}[]", tell) for one in part[:most]]


def written(body: Mapping[str, Any]) -> str:
    """Return the result as JSON in which no bracket of a markup language stands, so that no text ends what holds it."""
    text = json.dumps(body, ensure_ascii=False, separators=(",", ":"))
    return text.replace("<", "\\u003c").replace(">", "\\u003e").replace("&", "\\u0026")
