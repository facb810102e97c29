"""Many histories, with and without effects: how often the reports find what is planted, and call real what is none.

    python -m afterbill_dev.history.judge          writes the table of docs/histories.md, in a quarter of an hour

A history without effects is judged as a whole: one finding among all that a report compares is an error, and at most
one history in twenty may have one. Of the findings in histories with effects, at most one in twenty may be of what has
none.
"""

import sys
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from math import sqrt
from pathlib import Path
from tempfile import TemporaryDirectory
from zoneinfo import ZoneInfo

from afterbill.insight.archive.rows import row_of
from afterbill.insight.periods import rolling
from afterbill.insight.reports.asked import EVERYTHING, Asked, Body, Engine, ReportRules
from afterbill_dev.history.effects import NONE, PLANTED, Effects
from afterbill_dev.history.lives import Span, lives
from afterbill_dev.paths import ROOT
from afterbill_reports.adapters.duckdb.database import connect
from afterbill_reports.adapters.duckdb.engine import DuckEngine
from afterbill_reports.adapters.duckdb.parquet import ParquetRows
from afterbill_reports.archive.columns import FACTS, place
from afterbill_reports.reports.modules import report_of

SEEDS, CUSTOMERS = 200, 2_000
PAGE = ROOT / "docs" / "histories.md"
BEGIN, END = "<!-- table -->", "<!-- end of table -->"
_ZONE = ZoneInfo("Europe/Berlin")
_UNTIL = datetime(2026, 11, 30, 22, tzinfo=UTC)
_DAYS = 365
_TODAY = date(2026, 11, 30)
_DROP = (_UNTIL - PLANTED.drop_for).date() - timedelta(days=31)
_WITHOUT_EFFECT = frozenset({"country", "locale", "payment_method"})
_REPORTS = ("trend", "segments", "drivers", "revenue", "outcomes", "coverage")


@dataclass(frozen=True, slots=True)
class Row:
    """One line of the table: in how many of `of` the report said so."""

    report: str
    what: str
    found: int
    of: int
    allowed: str

    def __str__(self) -> str:
        return f"| {self.report} | {self.what} | {self.found} of {self.of} | {self.allowed} |"


def bodies(seed: int, customers: int, effects: Effects) -> Mapping[str, Body]:
    """Return what each report says of a year of a history."""
    facts = [row_of(one, _ZONE, "") for one in lives(seed, customers, Span(_UNTIL, _DAYS, _ZONE), effects)]
    with TemporaryDirectory() as folder:
        scratch = Path(folder)
        database = connect(scratch, 600, threads=1)
        # Every row lies in one file: only the reports are on trial here.
        file = scratch / place("facts", _TODAY)
        file.parent.mkdir(parents=True)
        file.write_bytes(ParquetRows(database, scratch).written(facts, FACTS))
        engine: Engine = DuckEngine(database, [file])
        asked, rules = Asked(rolling(_DAYS, _TODAY)), ReportRules()
        return {name: report_of(name).compute(engine, asked, rules)[EVERYTHING] for name in _REPORTS}


def planted(said: Mapping[str, Body]) -> Iterator[str]:
    """Yield the planted effects that the reports found."""
    by_value = {(row["dimension"], row["value"]): row for row in said["segments"]["rows"]}
    for place_ in (("plan", "Basic"), ("touchpoint", "payment_recovered"), ("reason", "billing_clarity")):
        row = by_value.get(place_, {})
        if row.get("real") and row["difference"] < 0:
            yield " ".join(place_)
    drops = (row for row in said["trend"]["rows"] if row["real"] and row["change"] < 0)
    if any(date.fromisoformat(row["value"]) >= _DROP for row in drops):
        yield "drop"
    if said["outcomes"]["outcomes"]["retention"]["logrank"]["real"]:
        yield "retention"
    weighted = said["revenue"]["weighted"]
    if weighted["score"] > weighted["plain"]["score"]:
        yield "weighted"
    if said["coverage"]["weighted"]["score"] < said["coverage"]["plain"]["score"]:
        yield "coverage"


def errors(said: Mapping[str, Body]) -> Iterator[str]:
    """Yield the reports that call something real, of a history in which nothing is."""
    if any(row["real"] for row in said["segments"]["rows"]):
        yield "segments"
    if any(row["real"] for row in said["trend"]["rows"]):
        yield "trend"
    if any(outcome["logrank"]["real"] for outcome in said["outcomes"]["outcomes"].values()):
        yield "outcomes"


@dataclass(frozen=True, slots=True)
class Verdict:
    """The judgement of one seed: effects found, reports that err without effects, findings, and how many are false."""

    planted: tuple[str, ...]
    errors: tuple[str, ...]
    findings: int
    false: int
    adds_up: bool


def verdict(seed: int, customers: int) -> Verdict:
    """Judge two histories of a seed: one with the effects, and one without any."""
    said = bodies(seed, customers, PLANTED)
    real = [row["dimension"] for row in said["segments"]["rows"] if row["real"]]
    false = sum(name in _WITHOUT_EFFECT for name in real)
    wrong = tuple(errors(bodies(seed, customers, NONE)))
    return Verdict(tuple(planted(said)), wrong, len(real), false, adds_up(said["drivers"]))


def judge(seeds: Sequence[int], customers: int) -> list[Row]:
    """Return the table over these seeds; every processor judges some."""
    verdicts = list[Verdict]()
    with ProcessPoolExecutor() as judges:
        for one in judges.map(verdict, seeds, [customers] * len(seeds)):
            verdicts.append(one)
            _tell(f"{len(verdicts)} of {len(seeds)} histories")
    return _table(verdicts)


def _table(verdicts: Sequence[Verdict]) -> list[Row]:
    found = Counter(name for one in verdicts for name in one.planted)
    wrong = Counter(name for one in verdicts for name in one.errors)
    false, findings = sum(one.false for one in verdicts), sum(one.findings for one in verdicts)
    of, sums = len(verdicts), sum(one.adds_up for one in verdicts)
    most, recovered = f"at most {most_errors(of)}", found["touchpoint payment_recovered"]
    return [
        Row("segments", "planted: the plan Basic rates 0.7 lower", found["plan Basic"], of, "power"),
        Row("segments", "planted: recovered payments rate 1.5 lower", recovered, of, "power"),
        Row("segments", "planted: who rates low names unclear bills", found["reason billing_clarity"], of, "power"),
        Row("segments", "findings about what has no effect, among all findings", false, findings, "at most 1 in 20"),
        Row("segments", "nothing planted: any of all comparisons called real", wrong["segments"], of, most),
        Row("trend", "planted: for 90 days everybody rates 0.8 lower", found["drop"], of, "power"),
        Row("trend", "nothing planted: any change called real", wrong["trend"], of, most),
        Row("outcomes", "planted: detractors cancel four times as often", found["retention"], of, "power"),
        Row("outcomes", "nothing planted: any outcome called real", wrong["outcomes"], of, most),
        Row("revenue", "planted: the score by revenue is the higher one", found["weighted"], of, "power"),
        Row("coverage", "planted: the weighted score is the lower one", found["coverage"], of, "power"),
        Row("drivers", "the parts add up to the score", sums, of, "all"),
    ]


def adds_up(drivers: Body) -> bool:
    """Return whether the parts of the score add up to it."""
    parts: float = sum(row["contribution"] for row in drivers["rows"])
    total: float = drivers["total"]["score"]
    return abs(parts - total) < 1e-4  # noqa: PLR2004  # each part is rounded to six digits


def most_errors(of: int) -> int:
    """Return how many of so many histories may err, if one in twenty does: two standard errors above."""
    return round(0.05 * of + 2 * sqrt(0.05 * 0.95 * of))


def _tell(text: str) -> None:
    print(f"\r{text}", end="", file=sys.stderr, flush=True)


def main() -> int:
    """Write the table into the page."""
    rows = judge(range(SEEDS), CUSTOMERS)
    text = PAGE.read_text("utf-8")
    before, after = text.partition(BEGIN)[0], text.partition(END)[2]
    table = "\n".join(["| report | history | found | allowed |", "|---|---|---|---|", *map(str, rows)])
    PAGE.write_text(f"{before}{BEGIN}\n\n{table}\n\n{END}{after}", "utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
