"""What is known of a person: shown, restricted, removed, kept for a time, and who looked at it."""
