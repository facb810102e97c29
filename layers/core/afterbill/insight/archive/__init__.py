"""The archive: every fact with its survey and its answer as Parquet, a folder for each local day of the facts."""
