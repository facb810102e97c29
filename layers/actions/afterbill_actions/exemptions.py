"""Answers that fire nothing, whatever the workflows say, each with its reason in words."""

from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from afterbill.model.anonymous import erased
from afterbill.model.channels import Channel
from afterbill_actions.workflow import MOST_VERSIONS

if TYPE_CHECKING:
    from afterbill.model.invitation import Invitation
    from afterbill_actions.ports import Snapshot

REPLAYED_AFTER = timedelta(days=1)
"""An answer that is published so long after it was given was not given now: a table was restored, a stream replayed."""

SEEN_WITHIN = timedelta(minutes=15)
"""The time before it is seen first from which on a workflow counts: functions look at workflows once an answer comes,
which was given before that; a click is an answer only after its review."""


def fires_nothing(snapshot: "Snapshot", published_at: datetime) -> str:
    """Return why a response that was published at this moment fires nothing; empty where workflows decide."""
    customer, effects = snapshot.customer, snapshot.effects
    if reason := exempt(snapshot.invitation):
        return reason
    if customer is None:
        return "its customer is erased, or not known any more"
    if customer.restricted_at:
        return "the use of its customer's data is restricted"
    answered_at = snapshot.invitation.answered_at
    if effects.versions <= 1 and answered_at and published_at - answered_at > REPLAYED_AFTER:
        return "it was answered more than a day before it was published, as after a replay"
    return ""


def exempt(invitation: "Invitation") -> str:
    """Return why an invitation fires nothing, as far as it says so itself; empty where it does not."""
    if invitation.test:
        return "it is a test survey"
    if invitation.channel == Channel.IMPORT:
        return "it was imported"
    if erased(invitation):
        return "its customer is erased"
    if not invitation.contactable:
        return "it is anonymous: nobody knows whose it is"
    return ""


def loops(snapshot: "Snapshot") -> bool:
    """Return True for a response that changes without end, as when a workflow fires on what it wrote."""
    return snapshot.effects.versions > MOST_VERSIONS
