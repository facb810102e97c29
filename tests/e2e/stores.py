"""Everything that the local stack holds, as texts: tables, objects, queues, schedules and logs.

Mails and text messages are in the hands of those who got them.
"""

import json
from collections.abc import Iterator
from tempfile import NamedTemporaryFile
from typing import Any

import duckdb

from afterbill.adapters.dynamodb.items import decode
from afterbill_dev.local.deployment import BUCKET
from afterbill_dev.paths import LOGS, STACK_FILE
from tests.e2e.town import Town

_SENT = ("[ses-v2]", "[sns]")
"""MiniStack writes down what it played to have delivered."""
Place = tuple[str, str]
"""A name, and what is there."""


def everything(town: Town) -> Iterator[Place]:
    yield from tables(town)
    yield from objects(town)
    yield from queues(town)
    yield from schedules(town)
    yield from logs(town)


def tables(town: Town) -> Iterator[Place]:
    """Every item of every table of the stack; names of keys and attributes too."""
    for table in town.dynamodb.list_tables()["TableNames"]:
        for item in items(town, table):
            yield f"{table_name(town, table)} {item['pk']['S']} {item['sk']['S']}", written(item)


def items(town: Town, table: str) -> Iterator[dict[str, Any]]:
    for page in town.dynamodb.get_paginator("scan").paginate(TableName=table, ConsistentRead=True):
        yield from page["Items"]


def table_name(town: Town, table: str) -> str:
    return "table" if table == town.stack["table"] else "ledger"


def written(item: dict[str, Any]) -> str:
    """The item as a text; bytes as the letters that they may be."""
    return json.dumps(decode(item), default=lambda one: bytes(one).decode("latin-1") if is_bytes(one) else str(one))


def is_bytes(one: object) -> bool:
    return hasattr(one, "value") and isinstance(one.value, bytes)


def objects(town: Town) -> Iterator[Place]:
    """Every object but the code that was deployed."""
    s3 = town.client("s3")
    for bucket in s3.list_buckets()["Buckets"]:
        if bucket["Name"] == BUCKET:
            continue
        for page in s3.get_paginator("list_objects_v2").paginate(Bucket=bucket["Name"]):
            for one in page.get("Contents", ()):
                try:
                    body = s3.get_object(Bucket=bucket["Name"], Key=one["Key"])["Body"].read()
                except s3.exceptions.NoSuchKey:
                    continue  # deleted since it was listed
                yield (
                    f"object {one['Key']}",
                    one["Key"] + (rows_in(body) if is_parquet(body) else body.decode("latin-1")),
                )


def is_parquet(body: bytes) -> bool:
    return body.startswith(b"PAR1")


def rows_in(body: bytes) -> str:
    """The rows of a Parquet file, which packs its texts."""
    with NamedTemporaryFile() as file:
        file.write(body)
        file.flush()
        return str(duckdb.from_parquet(file.name).fetchall())


def queues(town: Town) -> Iterator[Place]:
    """Every message, those too that somebody just works on: MiniStack shows them without receiving them."""
    seen = town.http.request("GET", f"{town.stack['ministack_url']}/_ministack/sqs/messages").json()["messages"]
    for regions in seen.values():
        for by_url in regions.values():
            for url, messages in by_url.items():
                yield from ((f"queue {queue_name(url)}", json.dumps(one)) for one in messages)


def queue_name(url: str) -> str:
    """The logical name of the template: CloudFormation puts that of the stack before and a random end behind."""
    return url.rpartition("/")[2].removeprefix("afterbill-local-").partition("-")[0]


def schedules(town: Town) -> Iterator[Place]:
    scheduler = town.client("scheduler")
    for page in scheduler.get_paginator("list_schedules").paginate():
        for one in page["Schedules"]:
            whole = scheduler.get_schedule(GroupName=one["GroupName"], Name=one["Name"])
            yield f"schedule {one['Name']}", json.dumps(whole, default=str)


def logs(town: Town) -> Iterator[Place]:
    """The logs of functions, and those of the programs of the local stack if they run here."""
    client = town.client("logs")
    for page in client.get_paginator("describe_log_groups").paginate():
        for group in page["logGroups"]:
            name = group["logGroupName"]
            for events in client.get_paginator("filter_log_events").paginate(logGroupName=name):
                yield from ((f"log {name.rpartition('/')[2]}", one["message"]) for one in events["events"])
    if STACK_FILE.exists() and json.loads(STACK_FILE.read_text()) == town.stack:
        for file in LOGS.rglob("*.log"):
            lines = file.read_text(errors="replace").splitlines()
            yield from ((f"file {file.name}", line) for line in lines if not any(one in line for one in _SENT))
