"""The script that the pages of the operator's product load."""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from hashlib import sha256
from pathlib import Path

NAME = "afterbill.js"
_MAX_AGE_SECONDS = 300


@dataclass(frozen=True, slots=True)
class Script:
    """The text of the script, and the headers with which any page may load and cache it for some minutes."""

    text: str
    headers: Mapping[str, str]

    def cached(self, if_none_match: str) -> bool:
        """Tell if the browser has this very version (RFC 9110, section 13.1.2)."""
        tags = (tag.strip().removeprefix("W/") for tag in if_none_match.split(","))
        return any(tag in {"*", self.headers["ETag"]} for tag in tags)


@cache
def script() -> Script:
    """Read the script that afterbill_dev/generate/widget.py wrote."""
    text = Path(__file__).with_name(NAME).read_text(encoding="utf-8")
    return Script(
        text,
        {
            "Content-Type": "text/javascript; charset=utf-8",
            "Cache-Control": f"public, max-age={_MAX_AGE_SECONDS}",
            "ETag": f'"{sha256(text.encode()).hexdigest()[:16]}"',
            "X-Content-Type-Options": "nosniff",
            "Cross-Origin-Resource-Policy": "cross-origin",
            "Access-Control-Allow-Origin": "*",
        },
    )
