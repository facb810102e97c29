"""Sending a text message: a number that can get it, a short link, and opt-outs."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime

from afterbill.model.customer import Customer, Suppression
from afterbill.model.errors import TransientError
from afterbill.model.invitation import Invitation, SkipReason
from afterbill.model.messages import OPTED_OUT, Sms
from afterbill.model.short_links import ShortLink, short_code
from afterbill.outreach.ports import Mailer, ShortLinks, Suppressions

_TRIES = 5


@dataclass(frozen=True, slots=True)
class Texting:
    """The dependencies of text messages; `number` makes E.164 of a spelling and a country, None where no text can go.

    `compose` is pure: an invitation, its customer, the number and the code of the short link.
    """

    mailer: Mailer[Sms]
    compose: Callable[[Invitation, Customer, str, str], Sms]
    number: Callable[[str | None, str | None], str | None]
    codes: ShortLinks
    suppressions: Suppressions
    hash_address: Callable[[str], str]
    keys: Callable[[], Mapping[int, bytes]]

    def problem(self, customer: Customer) -> SkipReason | None:
        """Return why a text message to this customer is pointless, or None."""
        return None if self.number(customer.phone, customer.country) else SkipReason.BAD_PHONE

    def unwanted(self, customer: Customer) -> bool:
        """Return whether the customer's number is suppressed."""
        number = self.number(customer.phone, customer.country)
        return number is not None and self.suppressions.suppressed(self.hash_address(number))

    def number_hash(self, customer: Customer) -> str:
        """Return the keyed hash of the customer's number."""
        return self.hash_address(self.number(customer.phone, customer.country) or "")

    def write(self, invitation: Invitation, customer: Customer) -> Sms:
        """Compose the message and store its short link; repeated, both are the same."""
        number, hashed = self.number(customer.phone, customer.country) or "", self.number_hash(customer)
        for attempt in range(_TRIES):
            text = short_code(invitation.id, self.keys(), attempt)
            if self.codes.keep(ShortLink(text, invitation.id, invitation.answer_until, hashed, customer.id)):
                return self.compose(invitation, customer, number, text)
        message = f"every short link of invitation {invitation.id} is taken by another: it is looked at again"
        raise TransientError(message)

    def record_opt_out(self, reason: str, customer: Customer, now: datetime) -> None:
        """Suppress the number if the reason of a rejection is an opt-out at the carrier or at AWS."""
        if reason == OPTED_OUT:
            self.suppressions.suppress(self.number_hash(customer), Suppression.UNSUBSCRIBED, now, customer)
