"""Handle what SES reports about a mail, in any order and any number of times."""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from afterbill.model import links
from afterbill.model.customer import Customer
from afterbill.outreach.delivery_reports import Outcome, ReportDeps, nobody, record_report, suppress
from afterbill.outreach.ses_records import SesRecord, read_ses_record

_UNSUBSCRIBE_TOKEN = re.compile(r"/u/([\w-]+)>", re.ASCII)


@dataclass(frozen=True, slots=True)
class MailEventDeps(ReportDeps):
    """The dependencies of handling mail events.

    `link_keys` read the unsubscribe link of a mail that comes back without its tags; `sender` is the address that
    surveys come from.
    """

    link_keys: Callable[[], Mapping[int, bytes]] = dict
    sender: str = ""


def handle_mail_event(event: Mapping[str, Any], deps: MailEventDeps, published_at: datetime) -> Outcome:
    """Raise the delivery rank, confirm an unknown receipt as sent, suppress addresses that take no mail.

    `event` is the SES record as SNS carries it since `published_at`. Raises PayloadError when it is not one.
    """
    record = read_ses_record(event)
    if record is None:
        return Outcome.OTHER
    invitation_id = record.invitation_tag or _linked(record, deps)
    if not invitation_id:
        return _unattributed(record, deps, published_at)
    invitation = deps.events.invitation(invitation_id)
    if invitation is None:
        return Outcome.FOREIGN

    def holder_of(address_hash: str) -> Customer | None:
        """Return the customer while this is their address; who has another one by now gives up only the old one."""
        customer = deps.events.customer(invitation.customer_id)
        return customer if customer and deps.hash_address(customer.address or "") == address_hash else None

    report = record.report
    return record_report(invitation, report, holder_of, deps, published_at) if report else Outcome.OTHER


def _linked(record: SesRecord, deps: MailEventDeps) -> str:
    """Return the invitation of the mail's unsubscribe link, which nobody else can sign; empty without one."""
    tokens = (_UNSUBSCRIBE_TOKEN.search(value) for value in record.headers("List-Unsubscribe"))
    read = (links.read(token[1], links.Purpose.UNSUBSCRIBE, deps.link_keys()) for token in tokens if token)
    return next((link.invitation_id for link in read if link), "")


def _unattributed(record: SesRecord, deps: MailEventDeps, published_at: datetime) -> Outcome:
    """Suppress who is reported about a mail of our sender that names no invitation; leave all others alone.

    It may be a mail of somebody else who writes from this address, so it counts towards no rate and concerns no
    customer. SES's own suppression list keeps the same addresses, for the whole account.
    """
    if not deps.sender or record.source != deps.sender.casefold() or not record.reason or not record.reported:
        return Outcome.FOREIGN
    said_at = min(record.happened_at or published_at, published_at)
    return suppress(record.reported, record.reason, nobody, deps, said_at)
