"""Judge recorded answers: the number that a person chose last is right, one that no person chose is wrong."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from math import sqrt

from afterbill.model.visits import Integrity
from afterbill_dev.lab.competitor_rules import COMPETITORS, Recorded
from afterbill_dev.lab.survey_harness import Seen, observe, reported
from afterbill_dev.lab.traffic import HIDDEN, PICK, RELOAD, Mailing, Use

_Z95 = 1.959963984540054


@dataclass(slots=True)
class Row:
    """One kind: how many of `n` mails went wrong, how many of those as is stated, and how many by each rival's rule."""

    kind: str
    person: bool
    limit: bool = False
    n: int = 0
    wrong: int = 0
    stated: int = 0
    competitors: dict[str, int] = field(default_factory=lambda: dict.fromkeys(COMPETITORS, 0))

    @property
    def holds(self) -> bool:
        """True when only stated errors happened."""
        return self.limit or self.wrong == self.stated

    def add(self, mail: Mailing, integrity: Integrity, client: str = "", seen: Seen | None = None) -> None:
        """Simulate the mail, here and by each competitor's rule; with a `client`, count only its errors.

        `seen` is what was observed, where that was done before.
        """
        seen = seen or observe(mail, integrity)
        recorded = [(at, answer.rating) for at, answer in seen.answers]
        failed = self._failed(mail, recorded, client)
        self.n += 1
        self.wrong += failed
        self.stated += failed and is_stated(mail, recorded, integrity, client)
        for name, rule in COMPETITORS.items():
            self.competitors[name] += self._failed(mail, rule(mail)[-1:], client)

    def _failed(self, mail: Mailing, recorded: Recorded, client: str) -> bool:
        if not client:
            return lost(mail, recorded) or counted(mail, recorded)
        return lost(mail, recorded) if self.person else counted(mail, recorded, client)


def lost(mail: Mailing, recorded: Recorded) -> bool:
    """True when the last recorded number is not the one that a person chose last."""
    people = _chosen(mail)
    return bool(people) and (not recorded or recorded[-1][1] != people[-1].number)


def counted(mail: Mailing, recorded: Recorded, client: str = "") -> bool:
    """True when a number was recorded that no person had chosen by then; with a `client`, one that it used."""
    foreign = _foreign(mail, recorded)
    return any(use.number in foreign for use in mail.uses if not client or use.client == client)


def _foreign(mail: Mailing, recorded: Recorded) -> set[int]:
    people = _chosen(mail)
    return {number for at, number in recorded if number not in {use.number for use in people if use.at <= at}}


def _chosen(mail: Mailing) -> list[Use]:
    return [
        use for use in mail.uses if use.person and use.number is not None and use.method != RELOAD and not use.ahead
    ]


def is_stated(mail: Mailing, recorded: Recorded, integrity: Integrity, client: str = "") -> bool:
    """True when the error is one of the residuals that docs/answer-integrity.md states.

    A person whose last number was neither shown by a page with a script, nor sent, or not sent after another was: an
    older number of theirs may stand, or none. A robot that opens one number, in a visible browser, after the
    delivery, and chooses no more than `most_choices` on its page, that one included: one of them may stand.
    """
    robots = {use.client: [one for one in mail.uses if one.client == use.client] for use in mail.uses if not use.person}
    passing = [use.number for uses in robots.values() if _passes_for_a_person(uses, mail, integrity) for use in uses]
    unheard = _unheard(mail, integrity, client)
    wrong = _foreign(mail, recorded) | {number for _, number in recorded[-1:] if lost(mail, recorded)}
    theirs = [use.number for use in _chosen(mail)] if unheard else []
    return wrong <= {*passing, *theirs} if wrong else unheard


def _unheard(mail: Mailing, integrity: Integrity, client: str) -> bool:
    people = [use for use in _chosen(mail) if client in ("", use.client)]
    sent = [use for use in people if use.method == "POST"]
    heard = [use for use in people if use.method == "POST" or reported(use, integrity.visible)]
    return any(not uses or uses[-1].number != people[-1].number for uses in (heard, sent or people) if people)


def _passes_for_a_person(uses: Sequence[Use], mail: Mailing, integrity: Integrity) -> bool:
    shown = [use for use in uses if reported(use, integrity.visible)]
    opened = {use.number for use in shown if use.method != PICK}
    used = opened | {use.number for use in uses if use.method == PICK}
    plain = all(use.method in {"GET", PICK, RELOAD} and use.link != HIDDEN for use in uses)
    after = mail.delivered is None or all(use.at >= mail.delivered for use in shown)
    listed = any(part.casefold() in use.agent.casefold() for part in integrity.scanners for use in uses)
    few = bool(shown) and len(opened) <= 1 and len(used) <= integrity.most_choices
    return plain and after and not listed and few


def wilson(hits: int, n: int) -> tuple[float, float]:
    """The 95 % interval of a share (Wilson 1927), in per cent."""
    point, square = hits / n, _Z95**2
    centre = point + square / (2 * n)
    margin = _Z95 * sqrt(point * (1 - point) / n + square / (4 * n * n))
    low, high = ((centre + sign * margin) / (1 + square / n) for sign in (-1, 1))
    return 100 * max(low, 0.0), 100 * min(high, 1.0)


def table(rows: Iterable[Row]) -> str:
    """All rows, as they are printed."""
    headings = ("kind", "", "n", "afterbill", "95 %", "stated", *COMPETITORS)
    lines = [headings, *(_cells(row) for row in rows)]
    widths = [max(len(line[place]) for line in lines) for place in range(len(headings))]
    return "\n".join("  ".join(_padded(line, widths)).rstrip() for line in lines)


def _cells(row: Row) -> tuple[str, ...]:
    low, high = wilson(row.wrong, row.n)
    what = "limit" if row.limit else "lost" if row.person else "counted"
    stated = "all" if row.stated and row.stated == row.wrong else str(row.stated or "")
    shares = (f"{100 * hits / row.n:.1f}" for hits in row.competitors.values())
    return row.kind, what, str(row.n), f"{100 * row.wrong / row.n:.2f}", f"{low:.2f}-{high:.2f}", stated, *shares


def _padded(cells: Sequence[str], widths: Sequence[int]) -> list[str]:
    """Texts to the left, numbers to the right."""
    left = 2
    return [
        cell.ljust(width) if place < left else cell.rjust(width)
        for place, (cell, width) in enumerate(zip(cells, widths, strict=True))
    ]


def thresholds(integrity: Integrity) -> str:
    """The thresholds of the run, as one line."""
    spans = {name: getattr(integrity, name) for name in ("settling", "burst", "probe", "second_thought")}
    durations = [f"{name} {span / timedelta(seconds=1):g} s" for name, span in spans.items()]
    numbers = [f"{name} {getattr(integrity, name)}" for name in ("most_numbers", "most_choices")]
    return ", ".join([f"visible {integrity.visible:g} s", *durations, *numbers])
