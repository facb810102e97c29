"""The archive on the local stack: written by the clock, and the same whoever counts."""

import time
from functools import partial

import duckdb
import pytest

from afterbill_cli.athena import AthenaEngine
from afterbill_dev.local.ministack_gaps import fill_parameters
from afterbill_reports.adapters.duckdb.engine import DuckEngine
from tests.e2e.town import RUN, Town, eventually

PLAN = f"archived-{RUN}"
ORDERS = 3
COUNTED = """
SELECT touchpoint, count(*), count(rating), min(day), max(occurred_at) FROM facts
WHERE plan = :plan AND state <> ':plan' GROUP BY 1
"""


def orders_that_are_archived(town: Town) -> None:
    for number in range(ORDERS):
        town.tell("support_resolved", f"archived-{number}", f"archived.{number}@example.com", plan=PLAN)


@pytest.mark.after(scene=orders_that_are_archived)
def test_athena_and_duckdb_count_what_the_clock_archived(town: Town, tmp_path):
    outputs = town.stack["outputs"]
    athena = town.client("athena")
    fill_parameters(athena)
    workgroup, database = outputs["ArchiveWorkGroupName"], outputs["ArchiveDatabaseName"]
    engine = AthenaEngine(athena, workgroup, database, partial(time.sleep, 0.2))
    plan = {"plan": PLAN}

    rows = eventually(
        lambda: engine.rows(COUNTED, plan), lambda rows: [row[1] for row in rows] == [ORDERS], "facts", 240
    )

    assert [row[0] for row in rows] == ["support_resolved"]
    assert DuckEngine(duckdb.connect(), copied(town, tmp_path)).rows(COUNTED, plan) == rows


def copied(town: Town, folder):
    """The files of the archive, as they lie in the bucket."""
    s3, bucket = town.client("s3"), town.stack["archive"]
    paths = []
    for one in s3.list_objects_v2(Bucket=bucket, Prefix="facts/")["Contents"]:
        path = folder / one["Key"]
        path.parent.mkdir(parents=True, exist_ok=True)
        s3.download_file(bucket, one["Key"], str(path))
        paths.append(path)
    return paths
