"""Reports: what needs DuckDB, in a layer of its own."""
