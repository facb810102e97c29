"""The configuration, read once: environment variables and the files that an operator edits."""
