"""What the local stack tells a person."""


class StackError(Exception):
    """The stack could not be brought up or down; the message says why and what to do."""
