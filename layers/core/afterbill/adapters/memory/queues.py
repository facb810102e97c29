"""Inbox, timer, send queue and mailer in memory."""

from dataclasses import dataclass, field
from datetime import datetime, timedelta

from afterbill.domain.invitation import Invitation
from afterbill.domain.mail import Accepted, Mail, Receipt
from afterbill.domain.webhooks import Webhook


@dataclass
class MemoryInbox:
    """Keeps webhooks in order of arrival."""

    webhooks: list[Webhook] = field(default_factory=list)

    def put(self, webhook: Webhook) -> bool:
        """Durable for the life of the process."""
        self.webhooks.append(webhook)
        return True


@dataclass
class MemoryDeadLetters:
    """What nobody could read, with the problem."""

    webhooks: list[tuple[Webhook, str]] = field(default_factory=list)

    def put_aside(self, webhook: Webhook, problem: str) -> None:
        """Keep it."""
        self.webhooks.append((webhook, problem))


@dataclass
class MemoryEvidence:
    """Copies of webhooks, each once."""

    webhooks: list[Webhook] = field(default_factory=list)

    def keep(self, webhook: Webhook) -> None:
        """Keep it."""
        if webhook not in self.webhooks:
            self.webhooks.append(webhook)


@dataclass
class MemoryTimer:
    """Schedules by name: a second one of the same name changes nothing, as in EventBridge Scheduler."""

    schedules: dict[str, Invitation] = field(default_factory=dict)

    def at(self, invitation: Invitation) -> None:
        """Set it."""
        self.schedules.setdefault(invitation.schedule_name, invitation)

    def fire(self, now: datetime) -> list[Invitation]:
        """Those due by `now`, forgotten once they fired."""
        due = {name: one for name, one in self.schedules.items() if one.due_at <= now}
        self.schedules = {name: one for name, one in self.schedules.items() if name not in due}
        return list(due.values())


@dataclass
class MemorySendQueue:
    """Messages with their delays."""

    messages: list[tuple[str, int, timedelta]] = field(default_factory=list)

    def put(self, invitation_id: str, delivery_number: int, delay: timedelta) -> None:
        """Keep it."""
        self.messages.append((invitation_id, delivery_number, delay))


@dataclass
class MemoryMailer:
    """An outbox; `receipts` are answered first, one each, then every mail is accepted."""

    outbox: list[Mail] = field(default_factory=list)
    receipts: list[Receipt] = field(default_factory=list)

    def send(self, mail: Mail) -> Receipt:
        """The next receipt; only an accepted mail is in the outbox."""
        receipt = self.receipts.pop(0) if self.receipts else Accepted(f"message-{len(self.outbox) + 1}")
        if isinstance(receipt, Accepted):
            self.outbox.append(mail)
        return receipt
