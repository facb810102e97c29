"""The periods for which each kind of data is kept."""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta

from afterbill.model.invitation import RETENTION, Invitation
from afterbill.model.visits import CondensedVisits, Visit


@dataclass(frozen=True, slots=True)
class Retention:
    """The periods of `[retention]` in surveys.toml.

    `responses`: invitations with their answers, counted from the last moment they could be sent; scores need them for a
    year, so it is 400 days at least. `customers`: counted from the last event, survey or visit of the customer.
    `comments`: words of an answer, counted from the answer, and those a billing system reports, counted from the fact.
    `visits`: uses of links, counted from each. `audit`: the trail of who looked at what.
    `archive`: facts in the archive, counted from the fact.
    """

    responses: timedelta = RETENTION
    customers: timedelta = timedelta(days=730)
    comments: timedelta = timedelta(days=365)
    visits: timedelta = timedelta(days=90)
    audit: timedelta = timedelta(days=1095)
    archive: timedelta = field(default=timedelta(days=1095), compare=False)  # no pass over the table goes by it


def young_visits(
    visits: Sequence[Visit], condensed: Sequence[CondensedVisits], oldest: datetime
) -> tuple[tuple[Visit, ...], tuple[CondensedVisits, ...]]:
    """Return those of the visits that are not older than this."""
    return tuple(one for one in visits if one.at > oldest), tuple(one for one in condensed if one.until > oldest)


def as_kept(invitation: Invitation, periods: Retention, now: datetime) -> Invitation:
    """Return what may still be shown of it: without words and visits whose time is over, whatever is still stored.

    The pass that takes them out of the table comes once in a week, and leaves a survey alone that can be answered.
    """
    visits, condensed = young_visits(invitation.visits, invitation.condensed, now - periods.visits)
    label = invitation.label if visits or condensed else ""
    kept = replace(invitation, visits=visits, condensed=condensed, label=label)
    answer, at = invitation.answer, invitation.answered_at
    if answer and answer.comment and at and max(at + periods.comments, invitation.answer_until) <= now:
        kept = replace(kept, answer=replace(answer, comment=""))
    if kept.reported_comment and kept.occurred_at + periods.comments <= now:
        kept = replace(kept, reported_comment="")
    return kept
