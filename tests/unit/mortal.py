"""A process that dies at one call of a port, before or after it took effect."""


class KilledError(BaseException):
    """The process is gone: nothing after the fatal call happens, not even a tidy end."""


class Mortal:
    """Passes calls on until the nth, which is lost before (odd) or after (even) it took effect; then nothing."""

    def __init__(self, table, calls):
        self.table = table
        self.left = calls

    def __getattr__(self, name):
        def call(*arguments, **named):
            if self.left <= 0:
                raise KilledError
            self.left -= 1
            if self.left == 0:
                raise KilledError
            result = getattr(self.table, name)(*arguments, **named)
            self.left -= 1
            if self.left == 0:
                raise KilledError
            return result

        return call
