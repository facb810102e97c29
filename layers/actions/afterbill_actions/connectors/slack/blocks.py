"""A message as Slack's blocks, within the limits that slack_sdk's models enforce."""

from typing import Any

from afterbill_actions.message import Message

_HEADER, _SECTION, _FIELD, _FIELDS, _BUTTON, _URL = 150, 3_000, 2_000, 10, 75, 3_000


def body_of(message: Message) -> dict[str, Any]:
    """Return `text`, for notifications, and `blocks`; nobody's words can mention anybody in it."""
    blocks: list[dict[str, Any]] = [
        {"type": "header", "text": {"type": "plain_text", "text": _cut(message.title, _HEADER), "emoji": False}}
    ]
    if message.text:
        blocks.append({"type": "section", "text": _marked(message.text, _SECTION)})
    if message.facts:
        fields = [_fact(name, value) for name, value in message.facts[:_FIELDS]]
        blocks.append({"type": "section", "fields": fields})
    if message.words:
        quoted = "\n".join(f"> {line}" for line in escaped(message.words).splitlines())
        blocks.append({"type": "section", "text": _verbatim(_whole(quoted, _SECTION))})
    if message.link and len(message.link) <= _URL:
        button = {
            "type": "button",
            "text": {"type": "plain_text", "text": _cut(message.link_text, _BUTTON), "emoji": False},
            "url": message.link,
        }
        blocks.append({"type": "actions", "elements": [button]})
    return {"text": _whole(escaped(message.title), _SECTION), "blocks": blocks}


def escaped(text: str) -> str:
    """Return text in which no sign makes a mention or a link (Slack, "Formatting text for app surfaces")."""
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")


def _fact(name: str, value: str) -> dict[str, Any]:
    return _verbatim(_whole(f"*{escaped(name)}*\n{escaped(value)}", _FIELD))


def _marked(text: str, most: int) -> dict[str, Any]:
    return _verbatim(_whole(escaped(text), most))


def _verbatim(text: str) -> dict[str, Any]:
    """Return a text object in which Slack links no names and channels by itself."""
    return {"type": "mrkdwn", "text": text, "verbatim": True}


def _cut(text: str, most: int) -> str:
    return text if len(text) <= most else text[: most - 1] + "…"


def _whole(text: str, most: int) -> str:
    """Return escaped text that is cut at no escape."""
    if len(text) <= most:
        return text
    cut = text[: most - 1]
    start = cut.rfind("&", len(cut) - len("&amp;"))
    return (cut[:start] if start >= 0 and ";" not in cut[start:] else cut) + "…"
