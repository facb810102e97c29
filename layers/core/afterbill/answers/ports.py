"""The ports of answers: protocols of the table and of keys, under the same promises as in intake."""

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from afterbill.answers.api_keys import ApiKey
from afterbill.answers.read_responses import Brief, Place
from afterbill.model.customer import Customer, Suppression
from afterbill.model.errors import UnreadableError
from afterbill.model.invitation import Answer, Invitation, Recorded, StoredInvitation
from afterbill.model.privacy import Person
from afterbill.model.short_links import ShortLink
from afterbill.model.visits import Visit


class ForgettableAnswers(Protocol):
    """The part of a person that answers keep."""

    def forget(self, person: Person) -> Mapping[str, int]:
        """Put an anonymous row with another id in the place of each invitation that counts: counts by kind.

        Under its old id a closed invitation stays that says nothing but where an objection goes, for the links of its
        mails. Safe to repeat after a crash anywhere.
        """


class LinkKeys(Protocol):
    """The keys that sign links, by id; the highest id signs, all of them verify."""

    def current(self) -> Mapping[int, bytes]:
        """The keys known now."""

    def refresh(self) -> bool:
        """Fetch the keys again unless that happened less than a minute ago; returns if it was done."""


class Responses(Protocol):
    """The invitations that people answer, and their customers."""

    def invitation(self, invitation_id: str) -> Invitation | None:
        """The invitation as it stands."""

    def visit(self, invitation_id: str, visit: Visit) -> Invitation | None:
        """Store the visit while there is room (`with_visit`); returns the invitation as it stands then.

        One call, two for a program that came so often that its newest visit takes the place of the one before.
        """

    def record(self, invitation_id: str, answer: Answer, now: datetime, day: str, channel: str = "") -> Recorded | None:
        """Store the answer if it is still accepted; None when there is no such invitation.

        One that permits contact is accepted only where a customer is known.

        The first answer freezes `answered_at` and `answered_day`; later ones change the same response.
        `channel` is where the answer was given; it is named if the question may have been asked elsewhere.
        A confirmed answer takes the place of an unconfirmed one, and its label with it.
        """

    def suppress(self, address_hash: str, reason: Suppression, now: datetime, holder: Customer | None) -> bool:
        """Never write to this address again, nor to its holder; a bounce is about the address alone, and gives way.

        What was said before an operator lifted a suppression stays lifted. Returns whether it is objected to now.
        """

    def customer(self, customer_id: str) -> Customer | None:
        """The customer."""


class InProductSurveys(Protocol):
    """The invitations that are shown inside the product, or opened by a plain link, and their customers."""

    def customer_called(self, alias: str) -> Customer | None:
        """The customer a source knows by this name."""

    def invitation(self, invitation_id: str) -> Invitation | None:
        """The invitation as it stands."""

    def objected(self, address_hash: str) -> bool:
        """Return whether whoever has this address objected, as a customer of whatever source."""

    def seen(self, customer: Customer, now: datetime) -> None:
        """Store that the customer uses the product; nothing is written within a day of the last time.

        What is among their `when_seen` waits for them no longer. If there is any, and the customer changed since they
        were read, nothing is written.
        """

    def show(self, invitation_id: str, now: datetime) -> bool:
        """Store that it is shown, until SHOWING from now; False, and nothing stored, where it must not be shown.

        So for all callers but the first until then, after MOST_SHOWINGS, and once it is answered, dismissed or closed.
        """

    def hide(self, invitation_id: str, now: datetime) -> None:
        """Store that it is shown no longer, and may be shown again, unless it was answered or dismissed."""

    def dismiss(self, invitation_id: str, now: datetime) -> None:
        """Store that it is not wanted and must not be shown again; its answer stays."""

    def open(self, invitation: Invitation) -> None:
        """Store an invitation that a plain link made, unless one of its id is there.

        Without an answer it is deleted soon after it closes, with one it is kept as long as others.
        """


class UserKeys(Protocol):
    """The secrets that prove users of the product, and the key that binds surveys to them."""

    def in_product(self) -> Sequence[str]:
        """The secrets of the operator's backend, the newest first; each of them is valid."""

    def survey_key(self) -> bytes:
        """The key that binds the name of a survey to its user."""

    def refresh(self) -> bool:
        """Fetch the keys again unless that happened less than a minute ago; returns if it was done."""


class ShortLinks(Protocol):
    """Short links as follow_link reads them."""

    def code(self, code: str) -> ShortLink | None:
        """The short link of this code."""


class Referrals(Protocol):
    """The invitations whose customers pass a personal link on."""

    def invitation(self, invitation_id: str) -> Invitation | None:
        """The invitation as it stands."""

    def refer(self, invitation_id: str) -> Invitation | None:
        """Count one visit of its personal link; returns the invitation as it stands then: one call."""


class ExternalResponses(Protocol):
    """The answers that other systems report, and the customers they may name."""

    def holders(self, address_hash: str) -> Sequence[str]:
        """Ids of customers with this address, two at most; those of the last seconds may be missing."""

    def customer_ids(self, aliases: Sequence[str]) -> Mapping[str, str]:
        """Ids of customers by alias, without aliases that are unknown; read consistently."""

    def erasures(self, alias_hashes: Sequence[str]) -> Mapping[str, datetime]:
        """The moments of erasures, by those of these hashes of names that are marked."""

    def customers(self, ids: Sequence[str]) -> Mapping[str, Customer]:
        """The customers that exist among `ids`."""

    def keep_answer(self, invitation: Invitation) -> Invitation | None:
        """Store the invitation, unless one of its id is there: then that one is returned and nothing done. One call."""


class AnsweredResponses(Protocol):
    """The responses by the day they count on, and what is stored of each."""

    def answered(self, place: Place, *, newest_first: bool) -> tuple[Sequence[Brief], bool]:
        """The responses of this day from the place on, a part of them in order, and whether more follow: one call.

        Those of the last seconds may be missing: indexes follow the table.
        """

    def read_invitations(self, ids: Sequence[str]) -> Mapping[str, StoredInvitation]:
        """Those that exist among at most 100 ids, by id, each as it stands or why it cannot be read: one call."""

    def restricted(self, customer_ids: Sequence[str]) -> Collection[str]:
        """Those of at most 100 customers whose data are used for nothing: one call."""


class ApiKeys(Protocol):
    """The keys of the answer API."""

    def api_key(self, id_: str) -> ApiKey | None:
        """The key as it stood at most a minute ago, None where there is none."""


@dataclass(frozen=True, slots=True)
class ReviewMark:
    """Invitations whose clicks wait for review since `marked_at`; `name` tells it from other marks of that moment."""

    marked_at: datetime
    name: str
    invitation_ids: frozenset[str]


class ClickReviews(Protocol):
    """The invitations with clicks that wait for a review, and their marks."""

    def mark_for_review(self, invitation_ids: Collection[str], at: datetime) -> None:
        """Ask for a review of these invitations' clicks: one mark for all of them, which is of the moment `at`."""

    def marks(self, before: datetime) -> Iterator[ReviewMark | UnreadableError]:
        """The marks of moments before that one, the oldest first, read consistently and as they are consumed."""

    def read_invitations(self, ids: Sequence[str]) -> Mapping[str, StoredInvitation]:
        """Those that exist among at most 100 ids, by id, each as it stands or why it cannot be read: one call."""

    def store_review(self, invitation: Invitation, read: Invitation) -> bool:
        """Store the unconfirmed answer, the label, and the visits it carries.

        False, and nothing done, where one was confirmed, or the links were used again, since it was `read`.
        """

    def clear(self, marks: Collection[ReviewMark]) -> None:
        """Remove the marks. Nobody adds to a mark later than its moment, so what was read is all they say."""
