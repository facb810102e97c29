"""Mails to teams: the exchange for `mailto:`, over SES; any other request goes on to HTTP."""

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING
from urllib.parse import unquote

from afterbill.model.messages import Accepted, Deferred, Mail, QuotaUsedUp, Receipt, Rejected
from afterbill_actions.connectors.mail.actions import SCHEME
from afterbill_actions.exchange import NO_REPLY, Exchange, Reply, Request

if TYPE_CHECKING:
    from afterbill.outreach.ports import Mailer

TAG = "console"
"""The message tag of mails to operators and their teams; invitations have another one."""
_TAKEN, _LATER, _NEVER = 202, 429, 422


@dataclass(frozen=True, slots=True)
class MailExchange:
    """Exchange over SES for `mailto:`. `sender` is the whole field, with a name and the label of operators' mails."""

    mailer: "Mailer[Mail]"
    sender: str
    http: Exchange

    def __call__(self, request: Request) -> Reply:
        """Return 202 where SES took the mail, 429 where it takes none now, 422 where it never will."""
        if not request.url.startswith(SCHEME):
            return self.http(request)
        content = json.loads(request.body)
        mail = Mail(
            to=unquote(request.url.removeprefix(SCHEME)),
            sender=self.sender,
            reply_to=None,
            subject=content["subject"],
            text=content["text"],
            html=content["html"],
            headers={"Auto-Submitted": "auto-generated"},
            tags={TAG: "team"},
        )
        return _reply(self.mailer.send(mail))


def _reply(receipt: Receipt) -> Reply:
    match receipt:
        case Accepted():
            return Reply(_TAKEN)
        case Deferred():
            return Reply(_LATER, headers={"retry-after": str(int(receipt.retry_after.total_seconds()))})
        case QuotaUsedUp():
            return Reply(_LATER, headers={"retry-after": "3600"})
        case Rejected():
            return Reply(_NEVER)
        case _:
            return Reply(NO_REPLY)
