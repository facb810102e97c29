"""The script that pages of the operator's product load."""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from hashlib import sha256
from pathlib import Path

NAME = "afterbill.js"
_MAX_AGE_SECONDS = 300


@dataclass(frozen=True, slots=True)
class Script:
    """Its text, and the headers with which any page may load and keep it for some minutes."""

    text: str
    headers: Mapping[str, str]

    def known(self, if_none_match: str) -> bool:
        """Whether the browser has this very version (RFC 9110, section 13.1.2)."""
        said = (one.strip().removeprefix("W/") for one in if_none_match.split(","))
        return any(one in {"*", self.headers["ETag"]} for one in said)


@cache
def script() -> Script:
    """As it was made by afterbill_dev/generate/widget.py."""
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
