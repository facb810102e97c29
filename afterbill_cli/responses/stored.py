"""Responses of the deployed table by the day they count on; the table is never scanned."""

from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from datetime import date, timedelta
from itertools import islice
from typing import Any

from afterbill.adapters.dynamodb import keys
from afterbill.adapters.dynamodb.batches import query
from afterbill.adapters.dynamodb.items import decode, encode
from afterbill.adapters.dynamodb.table import InvitationTable
from afterbill.insight.periods import Window
from afterbill.model.errors import UnreadableError
from afterbill.model.invitation import Invitation, StoredInvitation
from afterbill.model.questions import Question
from afterbill_cli.responses.selection import Selection

_TOGETHER = 100
"""Items of one batch read, and the most that are held at a time."""


class AnsweredTable(InvitationTable):
    """Responses as operators read them; `left_out` counts those whose customers are restricted."""

    left_out = 0

    def responses(
        self,
        window: Window,
        wanted: Selection,
        pass_over: Callable[[UnreadableError], None],
        shown: Callable[[Invitation], Invitation] = lambda invitation: invitation,
    ) -> Iterator[Invitation]:
        """Yield the wanted responses of these days, the newest first, and read on as they are consumed.

        `shown` returns what of each may be shown; only that is searched. Those that cannot be read are passed over, and
        handed there.
        """
        days = (window.last - timedelta(days=back) for back in range((window.last - window.first).days + 1))
        found = (keys.invitation_id(dict(item)) for day in days for item in self._answered(day) if _may(item, wanted))
        while ids := list(islice(found, _TOGETHER)):
            stored = self.read_invitations(ids)
            restricted = self._restricted(stored.values())
            for invitation in (stored[id_] for id_ in ids if id_ in stored):
                if isinstance(invitation, UnreadableError):
                    pass_over(invitation)
                elif wanted.takes(response := shown(invitation)):
                    if response.customer_id in restricted:
                        self.left_out += 1
                    else:
                        yield response

    def _restricted(self, invitations: Iterable[StoredInvitation]) -> Collection[str]:
        """Ids of the customers among those of these invitations whose data are used for nothing."""
        ids = {one.customer_id for one in invitations if isinstance(one, Invitation)} - {""}
        items = self.read([keys.customer(id_) for id_ in sorted(ids)])
        return {keys.customer_id(item) for item in items.values() if "restricted_at" in item}

    def _answered(self, day: date) -> Iterator[Mapping[str, Any]]:
        return query(
            self.dynamodb,
            TableName=self.table,
            IndexName=keys.BY_ANSWERED_DAY,
            KeyConditionExpression=f"{keys.ANSWERED_DAY} = :day",
            ExpressionAttributeValues=encode({":day": day.isoformat()}),
            ScanIndexForward=False,
        )


def _may(item: Mapping[str, Any], wanted: Selection) -> bool:
    """Return True if the index gives a reason to read the item; an erased response has no rating any more."""
    if "rating" not in item:
        return False
    segments = decode(item).get("segments", {})
    touchpoint = segments.get("touchpoint", wanted.touchpoint)
    return wanted.counts(segments.get("question", Question.NPS), touchpoint, int(item["rating"]["N"]))
