"""The blocks of Slack's messages: their shapes, their limits, and the people whom their words call.

Limits are those that slack_sdk's models enforce.
"""

import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

MOST_BLOCKS = 50
_CALL = re.compile(r"<(!(?:channel|here|everyone)|!subteam\^[A-Z0-9]+|@[UW][A-Z0-9]+)(?:\|[^<>]*)?>")
_KEYS: Mapping[str, tuple[frozenset[str], frozenset[str]]] = {
    "section": (frozenset(), frozenset({"text", "fields", "accessory", "expand"})),
    "header": (frozenset({"text"}), frozenset()),
    "divider": (frozenset(), frozenset()),
    "context": (frozenset({"elements"}), frozenset()),
    "actions": (frozenset({"elements"}), frozenset()),
    "image": (frozenset({"image_url", "alt_text"}), frozenset({"title"})),
    "button": (
        frozenset({"text"}),
        frozenset({"action_id", "url", "value", "style", "confirm", "accessibility_label"}),
    ),
    "plain_text": (frozenset({"text"}), frozenset({"emoji"})),
    "mrkdwn": (frozenset({"text"}), frozenset({"verbatim"})),
}
"""By type: keys that have to be there, and keys that may be."""
_BLOCKS = frozenset({"section", "header", "divider", "context", "actions", "image"})
_TEXTS = frozenset({"plain_text", "mrkdwn"})
_PLAIN = frozenset({"plain_text"})
_LONGEST: Mapping[str, int] = {"url": 3000, "image_url": 3000, "alt_text": 2000, "value": 2000, "block_id": 255}
_LONGEST_TEXT: Mapping[str, int] = {"header": 150, "button": 75, "section": 3000, "context": 3000, "image": 2000}
_LONGEST_FIELD = 2000
_MOST_ELEMENTS: Mapping[str, int] = {"context": 10, "actions": 25}
_MOST_FIELDS = 10
_WITHIN: Mapping[str, frozenset[str]] = {"context": _TEXTS | {"image"}, "actions": frozenset({"button"})}


def faults(blocks: object) -> list[str]:
    """All that is wrong with the blocks of a message."""
    if not isinstance(blocks, list) or len(blocks) > MOST_BLOCKS:
        return [f"blocks are a list of at most {MOST_BLOCKS}"]
    ids = [block.get("block_id") for block in blocks if isinstance(block, dict) and "block_id" in block]
    twice = ["block_id has to be unique"] if len(set(map(str, ids))) < len(ids) else []
    return [*twice, *(f"/blocks/{at}: {fault}" for at, block in enumerate(blocks) for fault in _of_a_block(block))]


def _of_a_block(block: object) -> Iterator[str]:
    yield from _of_a_shape(block, _BLOCKS)
    kind = str(block.get("type")) if isinstance(block, dict) else ""
    if not isinstance(block, dict) or kind not in _BLOCKS:
        return
    if kind == "section":
        yield from _of_a_section(block)
    elif kind == "header":
        yield from _of_a_text(block.get("text"), _PLAIN, _LONGEST_TEXT[kind])
    elif kind in _WITHIN:
        yield from _of_elements(block.get("elements"), kind)


def _of_a_shape(given: object, kinds: frozenset[str]) -> Iterator[str]:
    kind = str(given.get("type")) if isinstance(given, dict) else ""
    if not isinstance(given, dict) or kind not in kinds:
        yield f"unsupported type: {kind}"
        return
    needed, allowed = _KEYS[kind]
    own = {"type", "block_id"} if kind in _BLOCKS else {"type"}
    yield from (f"missing required field: {key}" for key in sorted(needed - given.keys()))
    yield from (f"no more than allowed: {key}" for key in sorted(given.keys() - needed - allowed - own))
    for key, most in _LONGEST.items():
        if key in given and not (isinstance(given[key], str) and len(given[key]) <= most):
            yield f"{key} is a text of at most {most} characters"


def _of_a_section(block: Mapping[str, Any]) -> Iterator[str]:
    fields = block.get("fields", [])
    if not block.get("text") and not fields:
        yield "missing required field: text or fields"
    if "text" in block:
        yield from _of_a_text(block["text"], _TEXTS, _LONGEST_TEXT["section"])
    if not isinstance(fields, list) or len(fields) > _MOST_FIELDS:
        yield f"fields are a list of at most {_MOST_FIELDS}"
        return
    for one in fields:
        yield from _of_a_text(one, _TEXTS, _LONGEST_FIELD)
    if "accessory" in block:
        yield from _of_an_element(block["accessory"], frozenset({"button", "image"}))


def _of_elements(elements: object, kind: str) -> Iterator[str]:
    most = _MOST_ELEMENTS[kind]
    if not isinstance(elements, list) or not 1 <= len(elements) <= most:
        yield f"elements are a list of 1 to {most}"
        return
    for one in elements:
        yield from _of_an_element(one, _WITHIN[kind])


def _of_an_element(element: object, kinds: frozenset[str]) -> Iterator[str]:
    if isinstance(element, dict) and str(element.get("type")) in kinds & _TEXTS:
        yield from _of_a_text(element, _TEXTS, _LONGEST_TEXT["context"])
        return
    yield from _of_a_shape(element, kinds)
    if isinstance(element, dict) and element.get("type") == "button":
        yield from _of_a_text(element.get("text"), _PLAIN, _LONGEST_TEXT["button"])


def _of_a_text(given: object, kinds: frozenset[str], longest: int) -> Iterator[str]:
    yield from _of_a_shape(given, kinds)
    text = given.get("text") if isinstance(given, dict) else None
    if not isinstance(text, str) or not 1 <= len(text) <= longest:
        yield f"text is a text of 1 to {longest} characters"


def mentions(text: str, blocks: Sequence[Any]) -> list[str]:
    """Everybody whom a message calls: `!channel` or `@U123`, from markup that nobody escaped."""
    return [found for words in (text, *_marked_up(blocks)) for found in _CALL.findall(words)]


def _marked_up(given: Any) -> Iterator[str]:  # noqa: ANN401  # any JSON
    """The texts in which Slack reads markup; plain ones it shows as they are."""
    if isinstance(given, dict):
        if given.get("type") == "mrkdwn":
            yield str(given.get("text"))
        given = list(given.values())
    if isinstance(given, list | tuple):
        for inside in given:
            yield from _marked_up(inside)
