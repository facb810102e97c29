"""One item of the gallery, its sizes and file names."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

PHONE = 360
DESKTOP = {"mail": 700, "page": 900}
SCHEMES: tuple[Literal["light"], Literal["dark"]] = ("light", "dark")


@dataclass(frozen=True, slots=True)
class Preview:
    """One mail or page: its HTML, `facts` by their labels, and a mail's `text` part."""

    kind: str
    language: str
    name: str
    html: str
    facts: Mapping[str, str] = field(default_factory=dict)
    text: str = ""

    @property
    def widths(self) -> Mapping[str, int]:
        """The widths of a phone and of a desktop, in pixels."""
        return {"phone": PHONE, "desktop": DESKTOP[self.kind]}

    @property
    def file(self) -> str:
        """The path of its HTML in the gallery."""
        return f"{self.language}/{self.kind}-{self.name}.html"

    def picture(self, width: int, scheme: str) -> str:
        """Return the path of its picture in the gallery."""
        return f"{self.language}/{self.kind}-{self.name}-{width}-{scheme}.png"
