"""Single answers and single people: what pages read of them, and what agents note."""
