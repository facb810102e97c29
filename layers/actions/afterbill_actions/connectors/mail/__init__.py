"""Mail to a team, through the stack's own sender."""
