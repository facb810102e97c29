"""DuckDB as functions use it."""

import duckdb
import pytest

from afterbill_reports.adapters.duckdb.database import connect


def test_memory_threads_and_scratch_are_bounded_and_nothing_is_downloaded(tmp_path):
    database = connect(tmp_path, memory_mb=256, threads=1)

    names = ("memory_limit", "threads", "temp_directory", "autoinstall_known_extensions", "TimeZone")
    settings = database.execute("SELECT " + ", ".join(f"current_setting('{name}')" for name in names)).fetchone()

    assert settings == ("256.0 MiB", 1, str(tmp_path), False, "UTC")
    with pytest.raises(duckdb.Error):
        database.execute("SELECT * FROM read_parquet('https://127.0.0.1:9/x.parquet')")
