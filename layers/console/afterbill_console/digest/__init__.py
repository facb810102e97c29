"""Digests and alerts: the mails of the console to operators, each at most once."""
