"""Put a history into the local stack, as if it had happened there, and let its own functions archive and count it."""

import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from itertools import islice
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any
from zoneinfo import ZoneInfo

from afterbill.adapters.aws.secret_keys import SecretKeys
from afterbill.adapters.aws.secrets import Secret
from afterbill.adapters.dynamodb import keys
from afterbill.adapters.dynamodb.batches import write_batches
from afterbill.adapters.dynamodb.items import customer_item, invitation_item
from afterbill.insight.archive.rows import day_of
from afterbill.insight.ports import Archived, ChangeMark
from afterbill.model.customer import Customer
from afterbill.model.invitation import Invitation
from afterbill.settings.config import read_toml
from afterbill_cli.deployed import Deployed
from afterbill_cli.memory.archive import MemoryArchive
from afterbill_dev.history.lives import DAY
from afterbill_dev.history.words import profile_of
from afterbill_reports.adapters.archive_files import S3Files
from afterbill_reports.adapters.archive_table import ArchiveTable
from afterbill_reports.adapters.duckdb.database import connect
from afterbill_reports.adapters.duckdb.parquet import ParquetRows
from afterbill_reports.adapters.report_queue import SqsReportQueue
from afterbill_reports.archive.run import ArchiveDeps, archive

_TOGETHER = 5_000
_PAUSE = 2.0
_MEMORY_MB = 600
_OWNER, _LEASE = "history", timedelta(minutes=5)
_SETTLED = 6.0
"""Seconds after which no more marks come: the stream is read every second."""


def fill(
    stack: Deployed,
    facts: Iterable[Invitation],
    told: Callable[[int], None],
    hashed: Callable[[str], str] = lambda _address: "",
) -> int:
    """Store the facts and their customers; returns how many facts. The same facts again change nothing.

    `hashed` gives the keyed hash of an address, under which its customer is found.
    """
    dynamodb, table = stack.client("dynamodb"), stack.output("TableName")
    zone, kept = ZoneInfo(stack.policy().time_zone), stack.policy().retention.responses
    known: set[str] = set()
    number = 0
    left = iter(facts)
    while part := list(islice(left, _TOGETHER)):
        items = [invitation_item(one, lambda at: at.astimezone(zone).date().isoformat(), kept) for one in part]
        items += map(customer_item, _new_customers(part, known, hashed))
        write_batches(dynamodb, table, ({"PutRequest": {"Item": item}} for item in items))
        number += len(part)
        told(number)
    return number


def _new_customers(facts: Iterable[Invitation], known: set[str], hashed: Callable[[str], str]) -> Iterator[Customer]:
    for one in facts:
        if one.customer_id not in known:
            known.add(one.customer_id)
            segments: Mapping[str, str] = one.segments
            profile = profile_of(one.customer_id, segments["locale"])
            yield Customer(
                one.customer_id,
                name=profile.name,
                address=profile.address,
                address_hash=hashed(profile.address),
                country=segments["country"],
                locale=segments["locale"],
                attributes={"plan": segments["plan"]},
            )


def archive_at_once(stack: Deployed, facts: Iterable[Invitation], now: datetime) -> int:
    """Write the files of these facts as archive_facts does, and ask for all reports; returns how many days there are.

    What archive_facts finds marked later it writes anew, to the same files. It reads day by day and hour by hour, which
    takes minutes on the local stack.
    """
    zone, known = ZoneInfo(stack.policy().time_zone), {one.id: one for one in facts}
    marks = [ChangeMark(now - DAY, day, urgent=False) for day in {day_of(one, zone) for one in known.values()}]
    table = MemoryArchive(known, marked={(mark.period, mark.day): mark for mark in marks})
    with TemporaryDirectory() as folder:
        return archive(archiving(stack, table, Path(folder)), now, "history", lambda: True).days


@contextmanager
def unarchived(stack: Deployed) -> Iterator[None]:
    """Keep archive_facts from the days that are archived meanwhile: the stream marks each of them, for it was written.

    The block ends once no new marks came for a while, and these are taken off. Today keeps its mark.
    """
    table = ArchiveTable(stack.client("dynamodb"), stack.output("TableName"))
    today = datetime.now(ZoneInfo(stack.policy().time_zone)).date()
    now = datetime.now(UTC)
    table.take_lease(_OWNER, now, now + _LEASE)
    try:
        yield
        marks = list[ChangeMark]()
        while (seen := table.changed(now + DAY).items) != marks:
            marks = list(seen)
            time.sleep(_SETTLED)
        over = [mark for mark in marks if mark.day < today]
        table.drop(over, [mark for mark in marks if mark.day >= today])
    finally:
        table.release_lease(_OWNER)


def archiving(stack: Deployed, table: Archived, scratch: Path) -> ArchiveDeps:
    """Return what archive_facts has, over the stack's bucket and this table."""
    return ArchiveDeps(
        table=table,
        files=S3Files(stack.client("s3"), stack.output("ArchiveBucketName")),
        rows=ParquetRows(connect(scratch, _MEMORY_MB, threads=1), scratch),
        queue=SqsReportQueue(stack.client("sqs"), stack.output("ReportRequestsUrl")),
        zone=ZoneInfo(stack.policy().time_zone),
        brand=str(read_toml(stack.config / "brand.toml")["company"]),
        periods=stack.policy().retention,
        every=timedelta(minutes=1),
    )


def archived(stack: Deployed, told: Callable[[int], None]) -> None:
    """Ask for a nightly run, and wait until the stack's functions have archived every day and computed its reports."""
    table = ArchiveTable(stack.client("dynamodb"), stack.output("TableName"))
    _as_before_the_night(stack)
    while waiting := _marks(stack.client("dynamodb"), stack.output("TableName")):
        told(waiting)
        time.sleep(_PAUSE)
    while table.archive_state().nightly is None:
        time.sleep(_PAUSE)


def hashing(stack: Deployed) -> Callable[[str], str]:
    """Return the function to the keyed hash of an address, with the stack's own key."""
    return SecretKeys(Secret(stack.client("secretsmanager"), stack.output("KeysSecretArn"))).hash_address


def _as_before_the_night(stack: Deployed) -> None:
    """Forget when the last night was: the next run reads every marked day, and computes every report."""
    stack.client("dynamodb").delete_item(TableName=stack.output("TableName"), Key=keys.archived())


def _marks(dynamodb: Any, table: str) -> int:  # noqa: ANN401  # a boto3 client
    answer = dynamodb.query(
        TableName=table,
        KeyConditionExpression="pk = :changed",
        ExpressionAttributeValues={":changed": {"S": keys.CHANGED}},
        Select="COUNT",
    )
    return int(answer["Count"])
