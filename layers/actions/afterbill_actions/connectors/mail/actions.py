"""Mail to a team, through the stack's own sender: a request to `mailto:`, which the exchange hands to SES.

SES cannot be asked what it took: a mail that may be on its way is sent no second time.
"""

import json
from collections.abc import Mapping
from functools import lru_cache
from pathlib import Path
from typing import Any

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from pydantic import BaseModel, ConfigDict, Field

from afterbill_actions.connector import Action, Connector, Job, Open
from afterbill_actions.connectors._kit.posting import leaving, taking_back, telling, writing
from afterbill_actions.connectors._kit.replies import failure
from afterbill_actions.exchange import Request
from afterbill_actions.message import Message, MessageSettings
from afterbill_actions.outcome import Done, Outcome, Unclear

SCHEME = "mailto:"
_ADDRESS = r"^[^@\s,;<>]{1,64}@[^@\s,;<>]{1,190}\.[^@\s,;<>]{2,60}$"
_SUBJECT = 150


class MailSettings(BaseModel):
    """A connection: `to` is the address of the team."""

    model_config = ConfigDict(extra="forbid")

    to: str = Field(pattern=_ADDRESS)


def mail_of(message: Message, language: str) -> dict[str, Any]:
    """Return subject, text and html."""
    html = _template().render(message=message, language=language)
    subject = " ".join(message.title.split())[:_SUBJECT]
    return {"subject": subject, "text": f"{message.title}\n\n{message.plain}\n", "html": html}


def _send(job: Job, mail: Open, message: Message, record: Mapping[str, str]) -> Outcome:
    if job.lost:
        return Unclear("an earlier try may have sent it")
    language = str(job.text.get("language") or job.settings.get("language") or "en")
    body = json.dumps(mail_of(message, language)).encode()
    reply = mail.send(Request("POST", f"{SCHEME}{mail.connection.settings['to']}", {}, body))
    return failure(reply, repeatable=False) or Done(record)


def _probe(_mail: Open) -> Outcome:
    return Done()


@lru_cache(1)
def _template() -> Any:  # noqa: ANN401  # a template of jinja2
    environment = Environment(
        loader=FileSystemLoader(Path(__file__).parent, encoding="utf-8"),
        autoescape=True,
        undefined=StrictUndefined,
        auto_reload=False,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    return environment.get_template("team.html")


CONNECTOR = Connector(
    name="mail",
    title="Mail to a team",
    settings=MailSettings,
    secrets=(frozenset(),),
    actions={
        "team": Action(
            MessageSettings,
            write=writing(_send),
            undo=taking_back(_send),
            erase=leaving("the mailbox of the team"),
            tell=telling(_send),
            repeatable=False,
        )
    },
    probe=_probe,
    per_minute=60,
    guide=("Nothing has to be set up: mails leave through the stack's own sender, under a label of their own.",),
    url=lambda settings, _secret: f"{SCHEME}{settings['to']}",
    verified=("the same sender as digests, whose bounces count towards no halt",),
)
