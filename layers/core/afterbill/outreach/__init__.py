"""Whom to ask, when and by which channel, at most once."""
