"""DuckDB as a function may use it: bounded memory and threads, a scratch folder of its own, and nothing downloaded."""

from pathlib import Path

import duckdb


def connect(scratch: Path, memory_mb: int, threads: int) -> duckdb.DuckDBPyConnection:
    """Return a database in memory; what does not fit into `memory_mb` goes into `scratch`, which lies under /tmp.

    Moments are UTC. Extensions are those that are built in: parquet, json and icu.
    """
    database = duckdb.connect(
        ":memory:",
        config={
            "memory_limit": f"{memory_mb}MiB",
            "threads": threads,
            "temp_directory": str(scratch),
            "autoinstall_known_extensions": False,
            "autoload_known_extensions": False,
        },
    )
    database.execute("SET TimeZone = 'UTC'")
    return database
