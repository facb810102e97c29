"""Record what a mail or text message system reports about one message, in any order and any number of times."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

from afterbill.model.customer import Customer, Suppression
from afterbill.model.invitation import Delivery, Invitation, State
from afterbill.outreach.ports import MailEvents

_CLOCKS = timedelta(minutes=1)
"""More than our clock and that of the system differ by, and far less than lies between a mail and its reminder."""


class Outcome(StrEnum):
    """The result of one report."""

    CONFIRMED_SENT = "confirmed_sent"
    NOTED = "noted"
    REPEATED = "repeated"
    SUPPRESSED = "suppressed"
    UNSUBSCRIBED = "unsubscribed"
    OTHER = "other"
    FOREIGN = "foreign"


@dataclass(frozen=True, slots=True)
class ReportDeps:
    """The dependencies of recording reports; `day_of` gives the operator's local day of an instant."""

    events: MailEvents
    hash_address: Callable[[str], str]
    day_of: Callable[[datetime], str]


@dataclass(frozen=True, slots=True)
class Report:
    """The news of one message that the system took at `accepted_at`.

    `delivery` is the rank that is proved, `delivered_at` the moment if the message was delivered. Nobody may write to
    `addresses` (mail addresses or numbers) any more if there is a `reason`, which was given at `said_at` if that is
    known.
    """

    message_id: str
    accepted_at: datetime
    delivery: Delivery
    delivered_at: datetime | None = None
    reason: Suppression | None = None
    said_at: datetime | None = None
    addresses: tuple[str, ...] = ()


def record_report(
    invitation: Invitation,
    report: Report,
    holder_of: Callable[[str], Customer | None],
    deps: ReportDeps,
    published_at: datetime,
) -> Outcome:
    """Confirm an unknown receipt as sent, raise the delivery rank, suppress addresses that want or take nothing.

    `holder_of` finds the customer who holds an address now, by its hash. A report may come days after it was published
    (from dead letters), so a suppression counts from the moment at which the system says that it happened.
    """
    confirmed = _confirm_sent(invitation, report, deps)
    raised = _raise(invitation, report, deps)
    if report.reason and report.addresses:
        said_at = min(report.said_at or published_at, published_at)
        return suppress(report.addresses, report.reason, holder_of, deps, said_at)
    if confirmed:
        return Outcome.CONFIRMED_SENT
    return Outcome.NOTED if raised else Outcome.REPEATED


def suppress(
    addresses: Iterable[str],
    reason: Suppression,
    holder_of: Callable[[str], Customer | None],
    deps: ReportDeps,
    said_at: datetime,
) -> Outcome:
    """Suppress the addresses; who objects does so as a person, while a bounce is about the address alone.

    What was said before an operator lifted a suppression changes nothing.
    """
    for hashed in dict.fromkeys(map(deps.hash_address, addresses)):
        holder = None if reason is Suppression.BOUNCED else holder_of(hashed)
        objected = deps.events.suppress(hashed, reason, said_at, holder)
        if objected and reason is Suppression.UNSUBSCRIBED and holder and holder.address_hash:
            # A STOP ends asking by mail too, also where another source knows this person.
            deps.events.suppress(holder.address_hash, reason, said_at, holder)
    return Outcome.UNSUBSCRIBED if reason is Suppression.UNSUBSCRIBED else Outcome.SUPPRESSED


def nobody(_address_hash: str) -> Customer | None:
    """Return None: the holder of this address is not known."""
    return None


def _confirm_sent(invitation: Invitation, report: Report, deps: ReportDeps) -> bool:
    if invitation.state not in {State.SENDING, State.UNKNOWN}:
        return False
    day = invitation.day(deps.day_of(report.accepted_at))
    deps.events.confirm_sent(invitation, report.message_id, report.accepted_at, day)
    return True


def _raise(invitation: Invitation, report: Report, deps: ReportDeps) -> bool:
    """Raise the delivery rank and keep the moment of the first delivery; return whether the rank is news."""
    known = invitation.delivery
    delivered_at = report.delivered_at if _first(invitation, report.accepted_at) else None
    raised = known is None or report.delivery > known
    if raised or delivered_at:
        # A complaint may overtake the delivery that it is about: the rank stays, the moment is news.
        deps.events.deliver(invitation.id, max(report.delivery, known or report.delivery), delivered_at)
    return raised


def _first(invitation: Invitation, accepted_at: datetime) -> bool:
    """Return whether this may be the delivery of the first mail; a reminder's says nothing of clicks in the first."""
    reminded_at = invitation.reminded_at
    return invitation.delivered_at is None and (reminded_at is None or accepted_at < reminded_at - _CLOCKS)
