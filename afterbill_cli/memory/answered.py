"""Responses by the day they count on, in memory, over the invitations and customers of MemoryTable."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass

from afterbill.adapters.dynamodb.items import stamp
from afterbill.answers.read_responses import Brief, Place
from afterbill.model.invitation import Invitation, StoredInvitation
from afterbill_cli.memory.table import MemoryTable


@dataclass
class MemoryAnswered:
    """AnsweredResponses over a table in memory; `page_size` is the most that one call returns."""

    table: MemoryTable
    page_size: int = 300

    def answered(self, place: Place, *, newest_first: bool) -> tuple[Sequence[Brief], bool]:
        """A part of the day, from the place on."""
        day = place.day.isoformat()
        briefs = (_brief_of(one) for one in self.table.invitations.values() if one.answered_day == day)
        ordered = sorted(briefs, key=lambda brief: (brief.at, brief.id), reverse=newest_first)
        here = (place.at, place.id)
        rest = [one for one in ordered if not place.id or _is_behind((one.at, one.id), here, newest_first=newest_first)]
        return rest[: self.page_size], len(rest) > self.page_size

    def read_invitations(self, ids: Sequence[str]) -> Mapping[str, StoredInvitation]:
        """Those that exist among these ids."""
        return self.table.read_invitations(ids)

    def restricted(self, customer_ids: Sequence[str]) -> Collection[str]:
        """Those that are restricted."""
        return {id_ for id_, one in self.table.customers(customer_ids).items() if one.restricted_at}


def _is_behind(one: tuple[str, str], here: tuple[str, str], *, newest_first: bool) -> bool:
    return one < here if newest_first else one > here


def _brief_of(response: Invitation) -> Brief:
    answer, at = response.answer, response.answered_at
    reason = {"reason": answer.reason} if answer and answer.reason else {}
    moment = stamp(at) if at else ""
    rating = answer.rating if answer else None
    return Brief(response.id, moment, rating, dict(response.segments) | reason, answer is None or answer.confirmed)
