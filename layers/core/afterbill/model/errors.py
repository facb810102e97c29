"""The few things that are raised; everything expected is an outcome, returned as a value."""


class AfterbillError(Exception):
    """Root of the errors of this project; the text names what is wrong and what to do."""


class PayloadError(AfterbillError):
    """A signed message could not be understood: it ends in the dead-letter queue with its original bytes."""


class UnreadableError(AfterbillError):
    """A stored item says something that this version does not know, as after a rollback; it costs itself and no other.

    The text names the item by its key, and what could not be read.
    """


def refuse(error: UnreadableError) -> None:
    """Raise the error: for readers of items that pass none over."""
    raise error


def pass_over(error: UnreadableError) -> None:
    """Tell nobody: for readers of items of which another one tells."""


class TransientError(AfterbillError):
    """A service we depend on did not answer; the same call may succeed later, so the queue retries it."""


class ConfigurationError(AfterbillError):
    """A setting is missing or wrong; the text names its key."""
