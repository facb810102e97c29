"""The console: pages, mails and questions of operators about what customers say. It needs no DuckDB."""
