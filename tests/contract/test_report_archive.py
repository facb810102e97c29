"""The archive as reports open it: copies of the bucket's files, once each, without those that cannot be read."""

from datetime import date

import pytest
from botocore.stub import Stubber

from afterbill.model.errors import TransientError
from afterbill_reports.adapters.archive_files import S3Files
from afterbill_reports.adapters.archive_reading import S3Copies
from afterbill_reports.adapters.duckdb.archive import DuckArchive
from afterbill_reports.adapters.duckdb.database import connect
from afterbill_reports.adapters.duckdb.parquet import ParquetRows
from afterbill_reports.archive.columns import FACTS, place
from tests.contract.conftest import REGION

DAYS = [date(2026, 11, number) for number in range(1, 6)]
COUNTED = "SELECT day, COUNT(*), MAX(rating), MAX(plan) FROM facts GROUP BY day ORDER BY day"


class World:
    def __init__(self, aws, folder):
        self.s3, self.folder = aws("s3"), folder
        self.s3.create_bucket(Bucket="archive", CreateBucketConfiguration={"LocationConstraint": REGION})
        self.files = S3Files(self.s3, "archive")
        self.rows = ParquetRows(connect(folder / "writing", 256, 1), folder / "writing")
        self.copies = S3Copies(self.s3, "archive", folder / "copies")
        self.archive = DuckArchive(self.copies, lambda: connect(folder / "duckdb", 256, 1), folder / "gathered")
        self.calls = []
        self.s3.meta.events.register("before-call", lambda model, **_: self.calls.append(model.name))

    def write(self, day, *ratings, columns=FACTS):
        rows = [dict.fromkeys(columns) | {"id": f"{day}-{n}", "rating": rating} for n, rating in enumerate(ratings)]
        self.files.put(place("facts", day), self.rows.written(rows, columns))

    def counted(self, files=None):
        """The counts of each day, and the days that are left out."""
        with self.archive.open(self.archive.files() if files is None else files) as opened:
            return [row[:3] for row in opened.engine.rows(COUNTED, {})], opened.left_out

    def damage(self, day, cut):
        body = self.files.get(place("facts", day))
        self.files.put(place("facts", day), cut(body))


@pytest.fixture
def world(aws, tmp_path):
    world = World(aws, tmp_path)
    for day in DAYS:
        world.write(day, 9, day.day)
    world.calls.clear()
    return world


def test_every_day_is_found_with_its_version(world):
    before = world.archive.files()
    world.write(DAYS[1], 0)
    world.files.put("facts/day=tomorrow/part-0.parquet", b"")
    world.files.put("facts/notes.txt", b"")

    after = world.archive.files()
    assert [file.day for file in after] == DAYS
    assert [file for file in before if file not in after] == [before[1]]


def test_the_facts_of_all_days_are_one_table(world):
    rows, left_out = world.counted()

    assert rows == [(day, 2, 9) for day in DAYS]
    assert left_out == []


def test_some_days_are_opened_alone(world):
    rows, _ = world.counted(world.archive.files()[1:3])

    assert [day for day, *_ in rows] == DAYS[1:3]


def test_no_day_at_all_is_an_empty_table(world):
    assert world.counted([]) == ([], [])


def test_what_did_not_change_is_not_copied_again(world):
    world.counted()
    world.calls.clear()
    world.write(DAYS[2], 1, 2, 3)
    world.calls.clear()
    rows, _ = world.counted()

    assert rows[2] == (DAYS[2], 3, 3)
    assert world.calls == ["ListObjectsV2", "GetObject"]


def test_nothing_stays_of_a_day_that_is_gone_or_was_rewritten(world):
    world.counted()
    world.write(DAYS[2], 1)
    world.files.delete([place("facts", DAYS[0])])
    world.counted()

    copies = [path for path in world.folder.glob("copies/**/*") if path.is_file()]
    assert len(copies) == len(DAYS) - 1
    assert len(list(world.folder.glob("gathered/*"))) == 1


def cut_off(body):
    return body[: len(body) // 2]


def garbled(body):
    return body[:40] + bytes(byte ^ 0xFF for byte in body[40:80]) + body[80:]


@pytest.mark.parametrize("cut", [cut_off, garbled, lambda _: b"", lambda body: b"x" * len(body)])
def test_a_damaged_day_is_left_out_and_named(world, cut):
    world.damage(DAYS[3], cut)
    rows, left_out = world.counted()

    assert [day for day, *_ in rows] == [day for day in DAYS if day != DAYS[3]]
    assert left_out == [DAYS[3]]


def test_a_damaged_day_is_tried_again(world):
    world.damage(DAYS[3], cut_off)
    assert world.counted() == world.counted()
    world.write(DAYS[3], 9, 9)

    assert world.counted()[1] == []


def test_damage_everywhere_leaves_an_empty_table(world):
    for day in DAYS:
        world.damage(day, cut_off)

    assert world.counted() == ([], DAYS)


def test_a_day_that_went_after_it_was_listed_is_left_out_and_named(world):
    files = world.archive.files()
    world.files.delete([place("facts", DAYS[0])])
    rows, left_out = world.counted(files)

    assert [day for day, *_ in rows] == DAYS[1:]
    assert left_out == [DAYS[0]]


def test_a_file_of_an_older_version_lacks_what_came_later(world):
    older = {name: kind for name, kind in FACTS.items() if name not in {"plan", "payment_method"}}
    world.write(DAYS[0], 7, columns=older)
    rows, left_out = world.counted()

    assert (rows[0], left_out) == ((DAYS[0], 1, 7), [])


def test_files_that_all_are_of_an_older_version_have_every_column_too(world):
    for day in DAYS:
        world.write(day, 7, columns={name: kind for name, kind in FACTS.items() if name != "plan"})

    assert world.counted()[1] == []


def test_a_copy_that_was_cut_off_is_made_again(world):
    file = world.archive.files()[0]
    path = world.copies.fetch([file])[file]
    path.rename(path.with_suffix(".part"))
    path.with_suffix(".part").write_bytes(b"half")

    assert world.counted()[1] == []


def test_a_service_that_does_not_answer_is_no_absent_day(world):
    files = world.archive.files()
    with Stubber(world.s3) as stub:
        stub.add_client_error("get_object", "SlowDown", http_status_code=503)
        with pytest.raises(TransientError):
            world.copies.fetch(files[:1])
