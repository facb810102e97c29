"""The reports: each asks the archive in SQL, and says what the counts mean."""
