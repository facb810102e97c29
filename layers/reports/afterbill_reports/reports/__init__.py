"""What each report asks of the archive, and what it says of the counts."""
