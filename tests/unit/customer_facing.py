"""What tests of mails and pages share: the shipped texts, a brand, and a strict reader of HTML."""

import tomllib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

from afterbill.content.brand import Brand
from afterbill.content.wording import Catalog

CONFIGURATION = Path(__file__).resolve().parents[2] / "layers" / "config"
FILES: Mapping[str, dict[str, Any]] = {
    path.stem: tomllib.loads(path.read_text(encoding="utf-8"))
    for path in sorted((CONFIGURATION / "locales").glob("*.toml"))
}
CATALOGS: Mapping[str, Catalog] = {
    language: file["texts"] for language, file in FILES.items() if language != "de-informal"
}
BRAND = Brand(
    company="Muster & Söhne GmbH",
    product="Muster <Cloud>",
    sender_name="Muster",
    reply_to="erika@muster.example",
    default_locale="en",
    imprint="Muster & Söhne GmbH\nMusterstraße 1",
    privacy_url="https://muster.example/privacy",
)
VOID = {"meta", "br", "img", "input", "link", "hr"}


@dataclass
class Element:
    tag: str
    attributes: dict[str, str | None]
    children: list["Element | str"] = field(default_factory=list)

    def __iter__(self) -> Iterator["Element"]:
        """Every element inside, in the order of the document."""
        for child in self.children:
            if isinstance(child, Element):
                yield child
                yield from child

    def all(self, tag: str, **attributes: str) -> list["Element"]:
        return [
            element for element in self if element.tag == tag and attributes.items() <= (element.attributes.items())
        ]

    def one(self, tag: str, **attributes: str) -> "Element":
        (found,) = self.all(tag, **attributes)
        return found

    @property
    def text(self) -> str:
        return "".join(child if isinstance(child, str) else child.text for child in self.children)


class _Reader(HTMLParser):
    """Refuses what browsers forgive: tags left open, closed twice or out of order, attributes and ids given twice."""

    def __init__(self) -> None:
        super().__init__()
        self.open = [Element("", {})]
        self.ids: set[str | None] = set()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        assert len(dict(attrs)) == len(attrs), f"<{tag}> has an attribute twice"
        element = Element(tag, dict(attrs))
        if "id" in element.attributes:
            assert element.attributes["id"] not in self.ids, f"two elements have the id {element.attributes['id']}"
            self.ids.add(element.attributes["id"])
        self.open[-1].children.append(element)
        if tag not in VOID:
            self.open.append(element)

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop().tag == tag, f"</{tag}> closes something else"

    def handle_data(self, data: str) -> None:
        self.open[-1].children.append(data)

    def handle_comment(self, data: str) -> None:
        raise AssertionError(f"a comment reaches customers: {data}")


def parse(html: str) -> Element:
    assert html.startswith("<!doctype html>")
    reader = _Reader()
    reader.feed(html)
    reader.close()
    (root,) = reader.open
    return root
