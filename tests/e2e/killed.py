"""A function of the stack that dies at its nth call of AWS, as its machine may at any moment.

    python tests/e2e/killed.py NTH FUNCTION < event.json

The call itself is not made. Ends with KILLED, or with 0 when the handler made fewer calls and returned.
"""

import importlib
import json
import os
import sys
from itertools import count
from types import SimpleNamespace

import boto3

KILLED = 86


def main() -> None:
    nth, function = int(sys.argv[1]), sys.argv[2]
    calls = count(1)

    def die_at_the_nth(**_call: object) -> None:
        if next(calls) == nth:
            os._exit(KILLED)

    boto3.setup_default_session()
    boto3.DEFAULT_SESSION.events.register("before-send", die_at_the_nth)
    app = importlib.import_module(f"functions.{function}.app")
    answer = app.handler(json.load(sys.stdin), SimpleNamespace(get_remaining_time_in_millis=lambda: 60_000))
    if answer["batchItemFailures"]:
        sys.exit(f"the handler failed: {answer}")


if __name__ == "__main__":
    main()
