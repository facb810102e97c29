"""The nightly reports of a million facts: how often a bare scan of the same files they cost, and their memory.

Each side runs in a process of its own, with DuckDB as the function has it. The night is a usual one: what is stored of
months that nothing touched stays, the facts of six weeks were written again.
"""

import json
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from types import SimpleNamespace
from typing import Any
from unittest import mock
from zoneinfo import ZoneInfo

from afterbill.insight.ports import ArchiveFile
from afterbill.insight.reports.asked import ReportRules
from afterbill_cli.memory.stored_reports import MemoryReports
from afterbill_reports.adapters.duckdb.archive import DuckArchive
from afterbill_reports.adapters.duckdb.database import connect
from afterbill_reports.archive.columns import FACTS
from afterbill_reports.reports.compute import ReportDeps, compute_stored
from benchmarks.table import Row

FACTS_MADE, _DAYS = 1_000_000, 760
_TODAY = date(2026, 11, 30)
_NIGHT = datetime(2026, 11, 30, 1, 30, tzinfo=UTC)
_CHANGED = timedelta(days=45)
_MEMORY_MB, _THREADS = 2000, 2
_MOST_TIMES, _MOST_MB = 60.0, 3008.0
"""A scan takes one processor five seconds, so the night takes five minutes at most, and the function has nearly two.
The memory is the function's."""
_MB = 1024

_MADE = f"""
WITH numbers AS (SELECT n, hash(n) AS a, hash(n + 7777777) AS b, hash(n + 9999999) AS c FROM range({{facts}}) AS r(n)),
people AS (
    SELECT *, hash(a % ({{facts}} // 20)) AS p, DATE '{_TODAY}' - CAST(b % {_DAYS} AS INTEGER) AS fact_day FROM numbers
),
asked AS (SELECT *, a % 2 = 0 AS sent, a % 4 = 0 AS answered, CAST((b % 7) + (p % 5) AS INTEGER) AS number FROM people)
SELECT printf('%032x', n) AS id, fact_day, fact_day + INTERVAL (c % 86400) SECOND AS occurred_at,
    printf('%032x', p) AS customer_id, CASE WHEN p % 3 = 0 THEN printf('account %d', p % 3000) END AS account,
    'default' AS brand, ['stripe', 'paypal', 'shopify', 'events'][1 + CAST(p % 4 AS INTEGER)] AS source,
    ['payment_succeeded', 'order_paid', 'renewed', 'payment_failed', 'cancelled', 'refunded']
        [1 + CAST(c % 6 AS INTEGER)] AS touchpoint,
    ['purchase', 'purchase', 'loyalty', 'support', 'loyalty', 'support'][1 + CAST(c % 6 AS INTEGER)] AS stage,
    printf('plan %d', p % 300) AS plan, ['DE', 'FR', 'GB', 'US', 'AT', 'CH'][1 + CAST(p % 6 AS INTEGER)] AS country,
    ['de', 'fr', 'en'][1 + CAST(p % 3 AS INTEGER)] AS locale, ['mail', 'sms'][1 + CAST(p % 2 AS INTEGER)] AS channel,
    ['card', 'sepa', 'paypal'][1 + CAST(p % 3 AS INTEGER)] AS payment_method,
    [printf('product %d', c % 40)] AS products,
    MAP {{{{'industry': printf('industry %d', p % 12), 'size': printf('size %d', p % 5)}}}} AS segments,
    CAST(a % 10000 AS BIGINT) AS amount_minor, 'EUR' AS currency,
    CAST(p % 5000 AS BIGINT) AS recurring_minor, ['EUR', 'USD'][1 + CAST(p % 2 AS INTEGER)] AS recurring_currency,
    'nps' AS question, CASE WHEN answered THEN number END AS rating,
    CASE WHEN answered THEN CASE WHEN number > 8 THEN 'promoter' WHEN number > 6 THEN 'passive' ELSE 'detractor' END END
        AS category,
    CASE WHEN answered AND c % 3 = 0 THEN ['price', 'service', 'product'][1 + CAST(a % 3 AS INTEGER)] END AS reason,
    NULL::VARCHAR AS reported_reason, answered AND c % 10 > 0 AS confirmed, FALSE AS anonymous, FALSE AS removed,
    FALSE AS imported, CASE WHEN sent THEN 'sent' ELSE 'closed' END AS state,
    CASE WHEN NOT sent THEN 'cooldown' END AS skip_reason, CASE WHEN sent THEN 'delivered' END AS delivery,
    NULL::VARCHAR AS variant, occurred_at + INTERVAL 3 DAY AS due_at,
    CASE WHEN sent THEN occurred_at + INTERVAL 3 DAY END AS sent_at,
    CASE WHEN sent THEN occurred_at + INTERVAL 3 DAY END AS delivered_at,
    CASE WHEN answered THEN occurred_at + INTERVAL 4 DAY END AS opened_at,
    CASE WHEN answered THEN occurred_at + INTERVAL 4 DAY END AS answered_at,
    CASE WHEN sent THEN fact_day + 3 END AS sent_day, CASE WHEN answered THEN fact_day + 4 END AS answered_day,
    fact_day AS day
FROM asked ORDER BY day, id
"""  # noqa: S608  # constants of this module


def rows(facts: int = FACTS_MADE) -> list[Row]:
    """The night as a multiple of the scan, in processor time, and its peak memory."""
    with tempfile.TemporaryDirectory() as place:
        folder = Path(place)
        make(folder, facts)
        scanned, night = _alone(folder, "scan"), _alone(folder, "night")
    took, scan_took = night["processor"], scanned["processor"]
    told = f"{night['reports']} documents in {took:.0f} s of a processor, a scan in {scan_took:.1f} s"
    return [
        Row(
            f"nightly reports of {facts:,} facts, in bare scans",
            took / scan_took,
            "x",
            _MOST_TIMES,
            told,
        ),
        Row(f"memory of the nightly reports of {facts:,} facts", night["megabytes"], "MB", _MOST_MB),
        Row("reports that failed", len(night["failed"]), "reports", 0, ", ".join(night["failed"])[:100]),
    ]


def make(folder: Path, facts: int) -> None:
    """Write that many facts of two years as an archive has them; always the same ones."""
    with connect(folder / "made", _MEMORY_MB, _THREADS) as database:
        made = _MADE.format(facts=facts)
        database.execute(f"COPY ({made}) TO '{folder}/facts' (FORMAT parquet, PARTITION_BY (day), COMPRESSION zstd)")


@dataclass
class Local:
    """Copies of the archive that are the files themselves; those of days in `rewritten` are of another version."""

    folder: Path
    rewritten: Collection[date] = ()

    def files(self) -> Sequence[ArchiveFile]:
        """One for each day, named as it is in the archive."""
        found = {date.fromisoformat(path.name.removeprefix("day=")): path for path in self.folder.glob("facts/*")}
        return [
            ArchiveFile(day, str(found[day].relative_to(self.folder)), str(day in self.rewritten), 1)
            for day in sorted(found)
        ]

    def fetch(self, files: Collection[ArchiveFile]) -> Mapping[ArchiveFile, Path]:
        """The file of each day."""
        return {file: next((self.folder / file.place).glob("*.parquet")) for file in files}


def night(folder: Path) -> dict[str, Any]:
    """Compute what a usual night computes; documents by number, and the names of reports that failed."""
    copies = Local(folder)
    archive = DuckArchive(copies, lambda: connect(folder / "duckdb", _MEMORY_MB, _THREADS), folder / "gathered")
    rules = ReportRules(segments=("industry", "size"), pairs=(("plan", "country"),))
    deps = ReportDeps(archive, MemoryReports(), rules, ZoneInfo("Europe/Berlin"), "code")
    nothing = SimpleNamespace(compute=lambda *_: {})
    with mock.patch(f"{compute_stored.__module__}.report_of", return_value=nothing):
        compute_stored(deps, _NIGHT, lambda: True, nightly=True)
    copies.rewritten = [_TODAY - timedelta(days=days) for days in range(_CHANGED.days)]
    run = compute_stored(deps, _NIGHT + timedelta(days=1), lambda: True, nightly=True)
    return {"reports": run.stored, "failed": sorted({place.split("/")[1] for place, _ in run.failed})}


def scan(folder: Path) -> dict[str, Any]:
    """Read every value of every file once."""
    with connect(folder / "duckdb", _MEMORY_MB, _THREADS) as database:
        database.read_parquet(f"{folder}/facts/*/*.parquet").aggregate(f"bit_xor(hash({', '.join(FACTS)}))").fetchall()
    return {}


_WORK: Mapping[str, Callable[[Path], dict[str, Any]]] = {"night": night, "scan": scan}


def _alone(folder: Path, work: str) -> dict[str, Any]:
    """Do the work in a process of its own: seconds of its processors, and the most memory it had."""
    ran = subprocess.run([sys.executable, "-m", __name__, str(folder), work], check=True, capture_output=True)
    measured: dict[str, Any] = json.loads(ran.stdout)
    return measured


def main(folder: Path, work: str) -> None:
    """Print what the work took, as JSON."""
    began = time.process_time()
    done = _WORK[work](folder)
    megabytes = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / _MB
    print(json.dumps(done | {"processor": time.process_time() - began, "megabytes": megabytes}))


if __name__ == "__main__":
    main(Path(sys.argv[1]), sys.argv[2])
