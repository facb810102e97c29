"""Privacy: what is known of a person is shown, restricted, removed, kept for a time; who looked at it is noted."""
