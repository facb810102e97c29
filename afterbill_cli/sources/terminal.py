"""How a command talks with the person in front of it."""

import getpass
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Terminal:
    """`ask` returns one line for a prompt, `ask_secret` the same without showing it, `sleep` takes seconds.

    `attended` says that a person is there, who can be sent to a browser.
    """

    ask: Callable[[str], str]
    ask_secret: Callable[[str], str]
    show: Callable[[str], None]
    sleep: Callable[[float], None]
    attended: bool = True


def interactive() -> Terminal:
    """A person at a keyboard."""
    return Terminal(_or_empty(input), _or_empty(getpass.getpass), print, time.sleep)


def _or_empty(ask: Callable[[str], str]) -> Callable[[str], str]:
    """Where nobody is at the keyboard, the answer is empty."""

    def asked(prompt: str) -> str:
        try:
            return ask(prompt)
        except EOFError:
            return ""

    return asked


def scripted() -> Terminal:
    """A script: secrets are the lines of stdin, in the order they are asked for; what is missing is empty."""
    lines = _lines()
    return Terminal(lambda _: next(lines), lambda _: next(lines), print, time.sleep, attended=False)


def _lines() -> Iterator[str]:
    while True:
        yield sys.stdin.readline().strip()
