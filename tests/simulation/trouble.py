"""What goes wrong at the ports: services that do not answer, processes that die, others who are at work meanwhile."""

import random
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from afterbill.model.errors import TransientError


class Crash(BaseException):
    """The process is gone: nothing in the product may catch this."""


@dataclass
class Trouble:
    """Strikes at one of the next few port calls, before or after it, once it is prepared."""

    luck: random.Random
    left: int = 0
    after: bool = False
    fault: type[BaseException] = Crash

    def prepare(self) -> None:
        self.left, self.after = self.luck.randrange(1, 7), self.luck.random() < 0.5
        self.fault = self.luck.choice([Crash, TransientError])

    def call(self, method: Callable[..., Any], *arguments: Any, **named: Any) -> Any:
        self.left -= 1
        if self.left:
            return method(*arguments, **named)
        if self.after:
            method(*arguments, **named)
        raise self.fault


class Spoiled:
    """A port on which the trouble strikes; `spares` never raises, so that only a process can die there."""

    def __init__(self, port: Any, trouble: Trouble, *, spares: bool = False) -> None:
        self._port, self._trouble, self._spares = port, trouble, spares

    def __getattr__(self, name: str) -> Callable[..., Any]:
        method, trouble = getattr(self._port, name), self._trouble

        def call(*arguments: Any, **named: Any) -> Any:
            if self._spares and trouble.fault is TransientError:
                return method(*arguments, **named)
            return trouble.call(method, *arguments, **named)

        return call


class Busy:
    """A table on which somebody else is faster: the same message, handled twice at once."""

    def __init__(self, table: Any) -> None:
        self._table = table
        self.meanwhile: Callable[[], object] | None = None

    def __getattr__(self, name: str) -> Callable[..., Any]:
        method = getattr(self._table, name)
        return self._hurried(method) if name in {"commit", "claim", "claim_reminder", "defer"} else method

    def _hurried(self, method: Callable[..., Any]) -> Callable[..., Any]:
        def call(*arguments: Any) -> Any:
            meanwhile, self.meanwhile = self.meanwhile, None
            if meanwhile:
                meanwhile()
            return method(*arguments)

        return call
