"""How long a message can wait in a queue; apart, for what answers HTTP needs nothing else of sending."""

from datetime import timedelta

MAX_DELAY = timedelta(minutes=15)
"""The longest a message can be delayed in a queue (SQS, SendMessage)."""
