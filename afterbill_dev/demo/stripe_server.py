"""Starts localstripe (https://pypi.org/project/localstripe), which plays Stripe; its own interpreter runs this.

    python stripe_server.py SOCKET

SOCKET is the number of an inherited file that listens on loopback already.

Left to itself it listens on every interface, keeps its objects in a file that all programs of this machine share, and
sends hundreds of webhooks in one second. Here it listens on loopback, forgets at its end, and sends a few at a time.
"""

import asyncio
import logging
import socket
import sys
from types import SimpleNamespace
from typing import Any

from aiohttp import web  # type: ignore[import-not-found,unused-ignore]
from localstripe import resources, server, webhooks  # type: ignore[import-not-found,unused-ignore]

WEBHOOKS_AT_ONCE = 4

_turns = asyncio.Semaphore(WEBHOOKS_AT_ONCE)
_send_at_once = webhooks._send_webhook  # noqa: SLF001 (it has no setting for this)


async def _send_in_turn(event: Any) -> None:  # noqa: ANN401 (a class of localstripe)
    async with _turns:
        await _send_at_once(event)


async def _no_pause(_seconds: float) -> None:
    """Taking turns spreads the webhooks; a second before each of them would only take time."""


def main() -> None:
    """Serve until SIGTERM."""
    logging.basicConfig(level=logging.INFO)
    webhooks._send_webhook = _send_in_turn  # noqa: SLF001  # it has no public seam
    webhooks.asyncio = SimpleNamespace(ensure_future=asyncio.ensure_future, sleep=_no_pause)
    resources.Store.dump_to_disk = lambda _: None
    web.run_app(server.app, sock=socket.socket(fileno=int(sys.argv[1])))


if __name__ == "__main__":
    main()
