"""The documentation as tests read it: pages, their code blocks, the words they set as code; and the template."""

import re
from functools import cache
from pathlib import Path
from typing import Any

import yaml  # comes with cfn-lint, whose own reader takes seconds to import

ROOT = Path(__file__).resolve().parents[3]
PAGES = [*sorted(ROOT.glob("*.md")), *sorted((ROOT / "docs").rglob("*.md"))]
_BLOCK = re.compile(r"^( *)```(\w+)\n(.*?)^ *```$", re.MULTILINE | re.DOTALL)


def name(path: Path) -> str:
    return str(path.relative_to(ROOT))


def read(path: str | Path) -> str:
    return (ROOT / path).read_text(encoding="utf-8")


def blocks(*languages: str) -> list[str]:
    """The code blocks of all pages, without the margin of a list they stand in."""
    return [
        re.sub(rf"^{margin}", "", text, flags=re.MULTILINE)
        for page in PAGES
        for margin, language, text in _BLOCK.findall(read(page))
        if language in languages
    ]


def prose(page: str | Path) -> str:
    """A page without its code blocks."""
    return _BLOCK.sub("", read(page))


def spans(page: str | Path) -> list[str]:
    """What a page sets as code within its sentences."""
    return re.findall(r"`([^`]+)`", prose(page))


def table(page: str | Path, heading: str) -> list[list[str]]:
    """The rows of the table whose first column has this heading; a cell is its text."""
    body = re.search(rf"^\| {re.escape(heading)} \|.*\n\|[-|]+\n((?:\|.*\n)+)", read(page), re.MULTILINE)
    assert body, f"{page} has no table that starts with {heading}"
    return [[cell.strip() for cell in re.split(r"(?<!\\)\|", row)[1:-1]] for row in body[1].splitlines()]


@cache
def template() -> dict[str, Any]:
    """The template with its short forms (`!Ref Table`) as plain values (`Table`)."""
    loaded: dict[str, Any] = yaml.load(read("infra/template.yaml"), _Loader)  # noqa: S506  # a safe loader with tags
    return loaded


class _Loader(yaml.SafeLoader):
    pass


def _plain(loader: yaml.SafeLoader, _: str, node: yaml.Node) -> Any:
    if isinstance(node, yaml.ScalarNode):
        return node.value
    if isinstance(node, yaml.SequenceNode):
        return loader.construct_sequence(node, deep=True)
    return loader.construct_mapping(node, deep=True)


_Loader.add_multi_constructor("!", _plain)
