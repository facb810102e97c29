"""What answers need from the world, under the same promises as in intake."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from afterbill.answers.api_keys import ApiKey
from afterbill.model.customer import Customer, Suppression
from afterbill.model.invitation import Answer, Invitation, Recorded
from afterbill.model.short_links import ShortLink
from afterbill.model.visits import Visit


class LinkKeys(Protocol):
    """The keys that sign links, by id; the highest id signs, all of them verify."""

    def current(self) -> Mapping[int, bytes]:
        """Those known now."""

    def refresh(self) -> bool:
        """Fetch again unless that happened less than a minute ago; whether it was done."""


class Responses(Protocol):
    """The table as record_response sees it."""

    def invitation(self, invitation_id: str) -> Invitation | None:
        """The invitation as it stands."""

    def visit(self, invitation_id: str, visit: Visit) -> Invitation | None:
        """Keep the visit unless there are too many (`most`); the invitation as it stands then: one call."""

    def record(self, invitation_id: str, answer: Answer, now: datetime, day: str, channel: str = "") -> Recorded | None:
        """Store the answer if it is still accepted; None when there is no such invitation.

        The first answer freezes `answered_at` and `answered_day`; later ones change the same response.
        `channel` is where it was given, told if that may not be where it was asked for.
        A confirmed answer takes the place of an unconfirmed one, and its label with it.
        """

    def suppress(self, address_hash: str, reason: Suppression, now: datetime, holder: Customer | None) -> None:
        """Never write to this address again, nor to its holder; only a bounce gives way to another reason."""

    def customer(self, customer_id: str) -> Customer | None:
        """The customer, merged ones followed."""


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


class ShortLinks(Protocol):
    """Short links as follow_link reads them."""

    def code(self, code: str) -> ShortLink | None:
        """The short link of this code."""


class Referrals(Protocol):
    """The invitations whose customers hand a link on."""

    def invitation(self, invitation_id: str) -> Invitation | None:
        """The invitation as it stands."""

    def refer(self, invitation_id: str) -> Invitation | None:
        """Count one visit of its personal link; the invitation as it stands then: one call."""


class Collecting(Protocol):
    """The table as collect_response sees it."""

    def customer_ids(self, aliases: Sequence[str]) -> Mapping[str, str]:
        """Ids of customers by those of these aliases that are known, read consistently."""

    def customers(self, ids: Sequence[str]) -> Mapping[str, Customer]:
        """The customers that exist among `ids`."""

    def keep_answer(self, invitation: Invitation) -> Invitation | None:
        """Store it, unless one of its id is there: then that one is returned and nothing done. One call."""


class ApiKeys(Protocol):
    """The keys of the answer API as those see them who check one."""

    def api_key(self, id_: str) -> ApiKey | None:
        """The key as it stood at most a minute ago, None where there is none."""


class KeyRing(Protocol):
    """The same keys as operators see them."""

    def add(self, key: ApiKey) -> bool:
        """Store a new key; False, and nothing done, where its id is taken."""

    def issued(self) -> Collection[ApiKey]:
        """All there are, revoked ones too, the oldest first."""

    def revoke(self, id_: str, now: datetime) -> bool:
        """Make it void from `now` on; False where there is no such key, or it was revoked before."""


@dataclass(frozen=True, slots=True)
class ReviewMark:
    """An invitation whose clicks wait for review, and since when; every further click raises `version`."""

    invitation_id: str
    version: int
    marked_at: datetime


class ClickReviews(Protocol):
    """The table as review_clicks sees it."""

    def marks(self) -> Collection[ReviewMark]:
        """Every invitation whose clicks wait for review, read consistently."""

    def invitation(self, invitation_id: str) -> Invitation | None:
        """The invitation as it stands."""

    def store_review(self, invitation: Invitation) -> bool:
        """Store the unconfirmed answer and the label it carries.

        False, and nothing done, where one was confirmed, or the links were used again, since it was read.
        """

    def clear(self, mark: ReviewMark) -> bool:
        """Remove the mark; False, and nothing done, where the links were clicked again since it was read."""
