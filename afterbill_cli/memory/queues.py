"""Inbox, timer, send queue and mailer in memory."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from afterbill.model.invitation import Invitation, Refusal
from afterbill.model.messages import Accepted, Mail, Receipt
from afterbill.model.webhooks import Webhook


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
    """Webhooks that nobody could read, each with its problem."""

    webhooks: list[tuple[Webhook, str]] = field(default_factory=list)

    def put_aside(self, webhook: Webhook, problem: str) -> None:
        """Keep both for the life of the process."""
        self.webhooks.append((webhook, problem))


@dataclass
class MemoryEvidence:
    """Copies of webhooks, each once; `remembered` has their names with the ids of their customers."""

    webhooks: list[Webhook] = field(default_factory=list)
    remembered: set[tuple[str, str]] = field(default_factory=set)

    def keep(self, webhook: Webhook) -> None:
        """Keep the webhook once."""
        if webhook not in self.webhooks:
            self.webhooks.append(webhook)

    def name_of(self, webhook: Webhook) -> str:
        """The name of the copy."""
        return f"{webhook.source}/{webhook.received_at:%Y%m%dT%H%M%S%f}-{hash(webhook.body):x}"

    def delete(self, names: Collection[str]) -> None:
        """Forget the copies of these names."""
        self.webhooks = [webhook for webhook in self.webhooks if self.name_of(webhook) not in names]

    def remember(self, name: str, customer_ids: Sequence[str], now: datetime) -> None:  # noqa: ARG002  # nothing expires here
        """Keep whom the copy is about."""
        self.remembered |= {(name, customer_id) for customer_id in customer_ids}


@dataclass
class MemoryTimer:
    """Schedules by name: a second one of the same name changes nothing, as in EventBridge Scheduler."""

    schedules: dict[str, tuple[datetime, str, int]] = field(default_factory=dict)

    def at(self, invitation: Invitation, delivery_number: int, moment: datetime) -> None:
        """Set the schedule, unless there is one of this name."""
        self.schedules.setdefault(invitation.schedule_name(delivery_number), (moment, invitation.id, delivery_number))

    def fire(self, now: datetime) -> list[tuple[str, int]]:
        """Invitation and delivery of those due by `now`, forgotten once they fired."""
        due = {name: schedule for name, schedule in self.schedules.items() if schedule[0] <= now}
        self.schedules = {name: schedule for name, schedule in self.schedules.items() if name not in due}
        return [(id_, number) for _, id_, number in sorted(due.values())]


@dataclass
class MemorySendQueue:
    """Messages with their delays, those with a refusal apart."""

    messages: list[tuple[str, int, timedelta]] = field(default_factory=list)
    refused: list[tuple[str, int, Refusal, timedelta]] = field(default_factory=list)

    def put(self, invitation_id: str, delivery_number: int, delay: timedelta) -> None:
        """Keep the message with its delay."""
        self.messages.append((invitation_id, delivery_number, delay))

    def put_refused(self, invitation_id: str, delivery_number: int, refusal: Refusal, delay: timedelta) -> None:
        """Keep the message with its refusal and its delay."""
        self.refused.append((invitation_id, delivery_number, refusal, delay))

    def put_all(self, deliveries: Sequence[tuple[str, int]]) -> None:
        """Keep a message for each, without delay."""
        self.messages += [(invitation_id, number, timedelta(0)) for invitation_id, number in deliveries]

    def waiting(self) -> int:
        """Return how many messages are kept."""
        return len(self.messages) + len(self.refused)


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
