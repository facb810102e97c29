"""Input from and output to the person, or the script, that runs a command."""

import getpass
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass

from afterbill.model.errors import ConfigurationError


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


def interactive(command: str = "source add") -> Terminal:
    """Return a terminal for a person at a keyboard; ConfigurationError where none is there."""
    if not sys.stdin.isatty():
        raise ConfigurationError(
            f"nobody is at a keyboard: `afterbill {command} --secret-stdin` reads secrets from stdin"
        )
    return Terminal(_or_empty(input), _or_empty(getpass.getpass), print, time.sleep)


def _or_empty(ask: Callable[[str], str]) -> Callable[[str], str]:
    """Return an empty answer where stdin is closed."""

    def asked(prompt: str) -> str:
        try:
            return ask(prompt)
        except EOFError:
            return ""

    return asked


def scripted() -> Terminal:
    """Return a terminal for a script: secrets are lines of stdin, as asked for; missing ones are empty."""
    lines = _lines()
    return Terminal(lambda _: next(lines), lambda _: next(lines), print, time.sleep, attended=False)


def _lines() -> Iterator[str]:
    while True:
        yield sys.stdin.readline().strip()
