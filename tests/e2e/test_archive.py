"""The archive on the local stack: written by the clock, and the same whoever counts."""

import json
import time
from collections import Counter
from datetime import UTC, datetime
from functools import partial
from typing import Any

import duckdb
import pytest

from afterbill.insight.periods import rolling
from afterbill.insight.reports.asked import EVERYTHING, Asked, ReportRules
from afterbill.insight.reports.registry import NAMES
from afterbill_cli.athena import AthenaEngine
from afterbill_dev.local.ministack_gaps import fill_parameters
from afterbill_reports.adapters.duckdb.engine import DuckEngine
from afterbill_reports.reports.modules import report_of
from tests.e2e.marked import printed
from tests.e2e.town import RUN, Town, eventually

PLAN = f"archived-{RUN}"
ORDERS = 3
RATINGS = (0, 3, 5, 6, 7, 7, 8, 9, 9, 10, 10, 10)
COUNTED = """
SELECT touchpoint, count(*), count(rating), min(day), max(occurred_at) FROM facts
WHERE plan = :plan AND state <> ':plan' GROUP BY 1 ORDER BY 1
"""


def orders_and_answers_that_are_archived(town: Town) -> None:
    for number in range(ORDERS):
        town.tell("support_resolved", f"archived-{number}", f"archived.{number}@example.com", plan=PLAN)
    key = printed("key", "create", f"archive {RUN}").split()[0]
    for number, rating in enumerate(RATINGS):
        headers = {"Authorization": f"Bearer {key}", "Idempotency-Key": f"archived {RUN} {number}"}
        told = {"rating": rating, "touchpoint": "renewed", "segments": {"plan": PLAN}}
        answer = town.http.request("POST", f"{town.stack['api_url']}/v1/responses", json=told, headers=headers)
        assert answer.status == 201, answer.data
        town.given[f"archived {number}"] = rating


@pytest.mark.after(scene=orders_and_answers_that_are_archived)
def test_athena_duckdb_and_a_plain_recount_of_the_table_agree(town: Town, tmp_path):
    outputs = town.stack["outputs"]
    athena = town.client("athena")
    fill_parameters(athena)
    workgroup, database = outputs["ArchiveWorkGroupName"], outputs["ArchiveDatabaseName"]
    engine = AthenaEngine(athena, workgroup, database, partial(time.sleep, 0.2))
    plan, facts = {"plan": PLAN}, {"support_resolved": ORDERS, "renewed": len(RATINGS)}

    rows = eventually(
        lambda: engine.rows(COUNTED, plan), lambda rows: {row[0]: row[1] for row in rows} == facts, "facts", 300
    )
    files = DuckEngine(duckdb.connect(), copied(town, tmp_path))

    assert files.rows(COUNTED, plan) == rows
    asked, rules = Asked(rolling(30, datetime.now(UTC).date()), where=(("plan", PLAN),)), ReportRules()
    said = {name: report_of(name).compute(files, asked, rules)[EVERYTHING] for name in NAMES}
    assert {name: report_of(name).compute(engine, asked, rules)[EVERYTHING] for name in NAMES} == said
    given = recounted(town)
    n, promoters, detractors = given.total(), given[9] + given[10], sum(given[rating] for rating in range(7))
    assert given == Counter(RATINGS)
    assert said["trend"]["total"]["n"] == n
    assert said["trend"]["total"]["score"] == pytest.approx(100 * (promoters - detractors) / n, abs=1e-6)


@pytest.mark.usefixtures("town")
def test_a_report_is_read_with_one_command():
    """It is stored once the functions of the stack have computed it; what is not stored is computed on demand."""
    asked = ("report", "trend", "--window", "30d", "--where", f"plan={PLAN}", "--output", "json")

    document = eventually(
        lambda: json.loads(printed(*asked)), lambda one: one["rows"] and one.get("total", {}).get("n"), "a report", 240
    )

    assert (document["report"], document["window"], document["question"]) == ("trend", "30d", "nps")
    assert document["total"]["n"] == len(RATINGS)


def recounted(town: Town) -> Counter[int]:
    """The ratings that were given with this plan, counted item by item."""
    pages = town.client("dynamodb").get_paginator("scan").paginate(TableName=town.stack["table"])
    items = (item for page in pages for item in page["Items"])
    return Counter(int(item["rating"]["N"]) for item in items if "rating" in item and plan_of(item) == PLAN)


def plan_of(item: dict[str, Any]) -> str:
    return str(item.get("segments", {}).get("M", {}).get("plan", {}).get("S", ""))


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
