"""What surveys inside the product and plain links need from the world, besides what the answer page needs."""

from collections.abc import Sequence
from datetime import datetime
from typing import Protocol

from afterbill.domain.customer import Customer
from afterbill.domain.invitation import Invitation


class InProductTable(Protocol):
    """The table as offer_survey sees it."""

    def customer_called(self, alias: str) -> Customer | None:
        """The customer a source knows by this name, merged ones followed."""

    def invitation(self, invitation_id: str) -> Invitation | None:
        """The invitation as it stands."""

    def seen(self, customer: Customer, now: datetime) -> None:
        """The customer uses the product; nothing is written within a day of the last time."""

    def show(self, invitation_id: str, now: datetime) -> bool:
        """It is shown now: true for the first who asks, while it can be answered and was not dismissed."""

    def dismiss(self, invitation_id: str, now: datetime) -> None:
        """It is not wanted: never show it again. An answer stays what it is."""

    def open(self, invitation: Invitation) -> None:
        """Keep an invitation that a plain link made; one that is there stays as it is.

        Without an answer it is forgotten soon after it closes, with one it is kept as long as others.
        """


class UserKeys(Protocol):
    """What proves users, and binds surveys to them."""

    def in_product(self) -> Sequence[str]:
        """The secrets of the operator's backend, the newest first; each of them proves."""

    def survey_key(self) -> bytes:
        """Binds the name of a survey to its user."""

    def refresh(self) -> bool:
        """Fetch again unless that happened less than a minute ago; whether it was done."""
