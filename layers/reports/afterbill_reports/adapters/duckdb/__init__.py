"""DuckDB: the files of the archive, written and asked inside a function."""
