"""Parse XML that others wrote into the plain objects that _kit/json.py reads; entities and DTDs are refused."""

import re
from codecs import BOM_UTF16_BE, BOM_UTF16_LE
from collections.abc import Iterator
from xml.etree.ElementTree import Element, ParseError

from defusedxml.common import DefusedXmlException
from defusedxml.ElementTree import fromstring

from afterbill.connectors._kit.json import Json
from afterbill.model.errors import PayloadError

_DEEPEST = 30
_MOST_TAGS = 40_000
"""Opening and closing ones, comments too: far more than a bill has, far fewer than a megabyte could hold."""

_DECLARED = re.compile(rb"""\s*<\?xml[^>]{1,80}?encoding\s*=\s*["']([^"']{1,40})["']""")
_CODECS = {b"utf-8": "utf-8-sig", b"us-ascii": "ascii", b"ascii": "ascii", b"iso-8859-1": "latin-1"}
_NIL = frozenset({"true", "nil", "1"})
_LISTS = frozenset({"array", "collection"})


def parse_xml(body: bytes) -> tuple[str, Json]:
    """Tag and content of the root: text as a string, children by tag, arrays and repeated tags as lists, nil as None.

    Comments and processing instructions count for nothing, attributes but `type` and `nil` neither.
    """
    if body.count(b"<") > _MOST_TAGS:
        raise PayloadError(f"The body is XML with more than {_MOST_TAGS} tags.")
    try:
        root = fromstring(_decoded(body), forbid_dtd=True)
    except (DefusedXmlException, ParseError, ValueError):
        raise PayloadError("The body is not plain XML: it is malformed, or it has a DTD or entities.") from None
    content = _content(root, _DEEPEST)
    return root.tag, content if isinstance(content, dict) else {}


def _decoded(body: bytes) -> str:
    """The text of these bytes; decoded here, for the parser would try every codec of Python that a body names."""
    if body.startswith((BOM_UTF16_LE, BOM_UTF16_BE)):
        return body.decode("utf-16")
    declared = _DECLARED.match(body)
    codec = _CODECS.get(declared[1].lower() if declared else b"utf-8")
    if codec is None:
        raise PayloadError("The body is XML in another encoding than UTF-8, UTF-16 with a mark, ASCII or ISO 8859-1.")
    return body.decode(codec)


def _content(element: Element, deepest: int) -> object:
    if deepest == 0:
        raise PayloadError(f"The body is XML nested more than {_DEEPEST} deep.")
    if element.get("nil") in _NIL:
        return None
    if element.get("type") in _LISTS:
        return [_content(child, deepest - 1) for child in element]
    children = dict(_children(element, deepest))
    return children or (element.text or "").strip()


def _children(element: Element, deepest: int) -> Iterator[tuple[str, object]]:
    by_tag: dict[str, list[Element]] = {}
    for child in element:
        by_tag.setdefault(child.tag, []).append(child)
    for tag, elements in by_tag.items():
        contents = [_content(child, deepest - 1) for child in elements]
        yield tag, contents if len(contents) > 1 else contents[0]
