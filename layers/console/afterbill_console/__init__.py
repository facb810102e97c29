"""The console: pages, mails and questions of operators about what customers say. Needs jinja2 and babel, and no DuckDB."""
