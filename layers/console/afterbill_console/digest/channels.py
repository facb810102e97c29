"""Digests and alerts for channels: the connections of actions.toml that [notices] names, through the outbox.

A channel is nobody with a role: it gets figures, as whoever reads along there may see them, no word and no person.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from hashlib import sha256
from typing import TYPE_CHECKING

from afterbill.model.errors import TransientError
from afterbill.model.messages import Accepted, Deferred, Mail, Receipt
from afterbill_actions.effects import effect_name
from afterbill_actions.outbox import Entry, Operation, place_of
from afterbill_console.digest.ports import Recipient
from afterbill_console.preferences import Alert
from afterbill_console.roles import Role

if TYPE_CHECKING:
    from afterbill.outreach.ports import Mailer
    from afterbill_actions.ports import Outbox, Wakes

ALERTS = frozenset({Alert.DROP, Alert.RESPONSE_RATE, Alert.SILENCE})
"""The alerts that a channel gets; a low score is what a workflow tells of."""
WORKFLOW = "notices"
"""Stands for the workflow in the names of these effects; no workflow may be called so."""
_SCHEME = "connection:"
_SIGNATURE = "\n--"
_MOST = 2_500
_SOON = timedelta(minutes=1)


def channel(connection: str) -> Recipient:
    """Return a connection as the recipient of mails to operators."""
    return Recipient(f"{_SCHEME}{connection}", f"{_SCHEME}{connection}", frozenset({Role.VIEWER}))


@dataclass(frozen=True, slots=True)
class ChannelMailer:
    """Mailer that puts what is for a channel into the outbox, and hands everything else on.

    `actions` has the name of the action by which each connection tells of something, `page` is the console's address.
    """

    mailer: "Mailer[Mail]"
    outbox: "Outbox"
    wakes: "Wakes"
    actions: Mapping[str, str]
    page: str
    language: str
    clock: Callable[[], datetime] = lambda: datetime.now(UTC)

    def send(self, mail: Mail) -> Receipt:
        """Return Accepted once the outbox has it."""
        connection = mail.to.removeprefix(_SCHEME)
        if connection == mail.to:
            return self.mailer.send(mail)
        now = self.clock()
        effect = effect_name(WORKFLOW, connection, self.actions[connection])
        about = sha256(mail.subject.encode()).hexdigest()[:16]
        content = {"title": mail.subject, "text": _without_signature(mail.text), "link": self.page}
        entry = Entry(
            connection,
            place_of(now, about, effect),
            effect,
            Operation.TELL,
            now,
            content={**content, "language": self.language},
        )
        try:
            self.outbox.put([entry])
            self.wakes.drain(connection)
        except TransientError as error:
            return Deferred(str(error), _SOON, paused=False)
        return Accepted(entry.place)


def _without_signature(text: str) -> str:
    """Return the text without the lines that say why an operator gets a mail."""
    return text.partition(_SIGNATURE)[0].strip()[:_MOST]
