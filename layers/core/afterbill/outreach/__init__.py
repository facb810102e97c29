"""Surveys on their way out: whom to ask, when and by which channel, at most once."""
