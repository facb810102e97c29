"""Runs of the archive: days are read from the table and written as files."""
