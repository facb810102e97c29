"""One mail address or phone number as an operator spells it, in one stack, and what there is to say about it."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from time import monotonic
from typing import Any

from afterbill.adapters.aws.secret_keys import SecretKeys
from afterbill.adapters.aws.secrets import Secret
from afterbill.adapters.dynamodb.items import stamp
from afterbill.adapters.phones import mobile_number
from afterbill.model.addresses import mailbox
from afterbill.model.customer import Customer, Suppression
from afterbill.model.errors import AfterbillError
from afterbill.model.plain_text import one_line
from afterbill_cli.deployed import Deployed
from afterbill_cli.suppression.elsewhere import OwnList, list_of_numbers, list_of_ses
from afterbill_cli.suppression.stored import Lift, Standing, SuppressionTable

NUMBER = re.compile(r"\+[1-9][0-9]{6,14}", re.ASCII)
_SPACING = re.compile(r"[\s().-]+")
_CONSENT = "A legal basis is another thing: `afterbill explain` tells whether one is known."


@dataclass(frozen=True, slots=True)
class Address:
    """A mail address or phone number in its one spelling; `table` holds what is known of its hash."""

    stack: Deployed
    spelling: str
    table: SuppressionTable

    @property
    def is_number(self) -> bool:
        """True for a phone number, False for a mail address."""
        return "@" not in self.spelling

    def hash(self, spelling: str) -> str:
        """Return the keyed hash of this or another address or number."""
        return hash_of(self.stack, spelling)

    def standing(self) -> Standing:
        """Return it as it stands now."""
        return self.table.standing(self.hash(self.spelling), number=self.is_number)

    def own_list(self) -> OwnList:
        """Return what AWS's own list says of it."""
        return (list_of_numbers if self.is_number else list_of_ses)(self.stack, self.spelling)

    def otherwise(self, customer: Customer) -> Suppression | None:
        """Return why the customer's number is suppressed; for a number, why their mail address is."""
        number = mobile_number(customer.phone, customer.country)
        other = customer.address_hash if self.is_number else self.hash(number) if number else ""
        return self.table.address(other).recipient.suppressed

    def remarks(self, standing: Standing) -> Iterator[str]:
        """Yield a line for each holder, and what a lifting does not touch."""
        other = "mail address" if self.is_number else "number"
        for one in standing.customers:
            marked = f" and is asked by no channel: {one.suppressed}" if one.suppressed else ""
            yield f"Customer {one_line(one.id)} holds it{marked}."
            if reason := self.otherwise(one):
                yield f"Their {other} is suppressed too ({reason}), until that is lifted itself."
        own = self.own_list()
        yield own.told
        yield from (f"  {command}" for command in own.commands)
        yield _CONSENT

    def stated(self, standing: Standing) -> dict[str, Any]:
        """Return the JSON object; it names no address but in the commands for AWS."""
        recipient, since = standing.recipient, standing.since
        other = "address" if self.is_number else "number"
        return {
            "suppressed": recipient.suppressed,
            "since": stamp(since) if since else None,
            "last_asked_at": stamp(recipient.last_asked_at) if recipient.last_asked_at else None,
            "lifts": [one.stated() for one in standing.lifts],
            "customers": [
                {"customer": one.id, "suppressed": one.suppressed, f"{other}_suppressed": self.otherwise(one)}
                for one in standing.customers
            ],
            "aws": self.own_list().stated(),
        }


def address_of(stack: Deployed, spelled: str) -> Address:
    """Return the address or number as the stack knows it."""
    kept = stack.policy().retention.responses
    table = SuppressionTable(stack.client("dynamodb"), stack.output("TableName"), kept=kept)
    return Address(stack, spelling(spelled), table)


def spelling(text: str) -> str:
    """Return the one spelling; AfterbillError for what is neither a mail address nor a number with its country."""
    spelled = mailbox(text) if "@" in text else compact(text)
    if "@" not in spelled and not NUMBER.fullmatch(spelled):
        raise AfterbillError("takes a mail address, or a phone number such as +4915123456789")
    return spelled


def hash_of(stack: Deployed, spelling: str) -> str:
    """Return the keyed hash by which the stack knows an address or number."""
    secret = Secret(stack.client("secretsmanager"), stack.output("KeysSecretArn"), monotonic)
    return SecretKeys(secret).hash_address(spelling)


def compact(text: str) -> str:
    """Return a text without what people write between the digits of a number."""
    return _SPACING.sub("", text)


def suppressed_line(standing: Standing) -> str:
    """Say whether the address is suppressed, since when and why."""
    reason = standing.recipient.suppressed
    return f"It is suppressed{since(standing)}: {reason}." if reason else "It is not suppressed itself."


def since(standing: Standing) -> str:
    """Return since when it is suppressed, with a blank before it; empty where it is not."""
    return f" since {_minute(standing.since)}" if standing.since else ""


def lift_line(lift: Lift) -> str:
    """Say who lifted what and why."""
    return f"Lifted {_minute(lift.at)} by {lift.by}, was {lift.was}: {lift.why}"


def _minute(at: datetime) -> str:
    return f"{at.astimezone(UTC):%Y-%m-%d %H:%M} UTC"
