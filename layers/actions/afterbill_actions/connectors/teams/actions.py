"""Microsoft Teams: an Adaptive Card to the address of a workflow ("Post to a channel when a webhook request comes").

Office 365 connectors ended in December 2025; workflows take Adaptive Cards only and answer 202 with nothing. Nobody can
ask such an address what it posted: what may have been posted is posted no second time.
"""

import json
from collections.abc import Mapping
from typing import Any

from pydantic import BaseModel, ConfigDict

from afterbill_actions.connector import Action, Connector, Job, Open
from afterbill_actions.connectors._kit.posting import leaving, taking_back, telling, writing
from afterbill_actions.connectors._kit.replies import failure
from afterbill_actions.exchange import Request
from afterbill_actions.message import Message, MessageSettings
from afterbill_actions.outcome import Denied, Done, Outcome, Unclear

_CARD = "application/vnd.microsoft.card.adaptive"
_GONE = frozenset({404, 410})


class TeamsSettings(BaseModel):
    """A connection has no settings: the address of the workflow is its secret."""

    model_config = ConfigDict(extra="forbid")


def card_of(message: Message) -> dict[str, Any]:
    """Return the card (schema 1.5). Its texts are shown with a little Markdown, so signs of it are taken out."""
    body: list[dict[str, Any]] = [
        {"type": "TextBlock", "text": _plain(message.title), "weight": "Bolder", "size": "Medium", "wrap": True}
    ]
    if message.text:
        body.append({"type": "TextBlock", "text": _plain(message.text), "wrap": True})
    if message.facts:
        facts = [{"title": _plain(name), "value": _plain(value)} for name, value in message.facts]
        body.append({"type": "FactSet", "facts": facts})
    if message.words:
        words = {"type": "TextBlock", "text": _plain(message.words), "wrap": True}
        body.append({"type": "Container", "style": "emphasis", "items": [words]})
    actions = [{"type": "Action.OpenUrl", "title": message.link_text, "url": message.link}] if message.link else []
    return {
        "type": "AdaptiveCard",
        "$schema": "http://adaptivecards.io/schemas/adaptive-card.json",
        "version": "1.5",
        "body": body,
        **({"actions": actions} if actions else {}),
    }


def _plain(text: str) -> str:
    """Return text whose signs are no Markdown; a mention would need an entity of the card beside it."""
    for sign in "\\*_~`[]#":
        text = text.replace(sign, f"\\{sign}")
    return text


def _post(job: Job, teams: Open, message: Message, record: Mapping[str, str]) -> Outcome:
    if job.lost:
        return Unclear("an earlier try may have posted it, and a workflow of Teams cannot be asked")
    attachment = {"contentType": _CARD, "contentUrl": None, "content": card_of(message)}
    body = json.dumps({"type": "message", "attachments": [attachment]}).encode()
    reply = teams.send(Request("POST", teams.secret["webhook"], {"content-type": "application/json"}, body))
    if reply.status in _GONE:
        return Denied("the workflow is gone, or switched off: its owner may have left")
    return failure(reply, repeatable=False) or Done(record)


def _probe(_teams: Open) -> Outcome:
    return Done()


CONNECTOR = Connector(
    name="teams",
    title="Microsoft Teams",
    settings=TeamsSettings,
    secrets=(frozenset({"webhook"}),),
    actions={
        "message": Action(
            MessageSettings,
            write=writing(_post),
            undo=taking_back(_post),
            erase=leaving("Teams"),
            tell=telling(_post),
            repeatable=False,
        ),
    },
    probe=_probe,
    per_minute=60,
    guide=(
        "In Teams, open the channel's menu, Workflows, and choose the template that posts to a channel when a webhook",
        "request is received. Store the address it shows. The workflow belongs to whoever makes it: use an account",
        "that stays, for it ends with its owner.",
    ),
    url=lambda _settings, secret: secret.get("webhook", ""),
    verified=(
        "cards conform to Microsoft's schema of Adaptive Cards 1.5",
        "the address, the answer 202 and the limits are from documentation, not tried",
    ),
)
