"""The style, the script and the icon of the console: one file each, kept for ever under the name of its content."""

import re
from functools import lru_cache
from hashlib import sha256
from pathlib import Path

from afterbill.content.colours import ink_on
from afterbill.runtime.http import Request
from afterbill_console.answer import HEADERS, Answer
from afterbill_console.deps import ConsoleDeps

FOLDER = Path(__file__).with_name("templates")
KINDS = {
    "console.css": "text/css; charset=utf-8",
    "console.js": "text/javascript; charset=utf-8",
    "console.svg": "image/svg+xml",
}
PREFIX = "/app/assets/"


@lru_cache
def content(name: str, accent: str = "", accent_dark: str = "") -> str:
    """Return a file; style and icon have the operator's colours in them."""
    text = (FOLDER / name).read_text("utf-8")
    colours = {"accent": accent, "accent_dark": accent_dark}
    colours |= {f"on_{name}": ink_on(colour) for name, colour in colours.items() if colour}
    return re.sub(r"/\*((?:on_)?accent(?:_dark)?)\*/", lambda found: colours[found[1]], text)


def place(name: str, deps: ConsoleDeps) -> str:
    """Return the address of a file: it changes with the content."""
    stem, _, ending = name.rpartition(".")
    return f"{PREFIX}{stem}-{sha256(_content(name, deps).encode()).hexdigest()[:12]}.{ending}"


def answer(request: Request, deps: ConsoleDeps) -> Answer | None:
    """Return a file that is asked for; None where the address is another one. Nobody needs to be signed in for it."""
    for name, kind in KINDS.items():
        if request.path == place(name, deps):
            kept = {**HEADERS, "Content-Type": kind, "Cache-Control": "public, max-age=31536000, immutable"}
            return Answer(200, _content(name, deps), kept)
    return None


def _content(name: str, deps: ConsoleDeps) -> str:
    return content(name, deps.accent.get("light", "#14506b"), deps.accent.get("dark", "#8cc8e6"))
