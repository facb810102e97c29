"""The table as imports see it: reads of up to 100 keys a call, writes in full transactions."""

from collections.abc import Mapping, Sequence
from typing import Any

from afterbill.adapters.dynamodb import keys
from afterbill.adapters.dynamodb.facts import FactsTable
from afterbill.adapters.dynamodb.items import encode, invitation_item, invitation_of, stamp
from afterbill.intake.ports import ResponseWrite
from afterbill.model.invitation import Invitation
from afterbill_console.adapters.answers import handling_of, size_of, stored
from afterbill_console.people.handling import UNHANDLED, Handling

_MOST_KEYS = 100
"""Keys that BatchGetItem takes."""


class ImportsTable(FactsTable):
    """Imports and ImportedResponses over DynamoDB; what operators noted about a response stays with it."""

    handlings: Mapping[str, Handling] = {}

    def responses(self, ids: Sequence[str]) -> Mapping[str, Invitation]:
        """The responses that exist among `ids`, read consistently."""
        items = self.read([keys.invitation(id_) for id_ in ids])
        self.handlings = {keys.invitation_id(item): handling_of(item) for item in items.values()}
        return {response.id: response for response in map(invitation_of, items.values())}

    def store(self, rewrites: Sequence[ResponseWrite]) -> bool:
        """Conditional puts: BatchWriteItem knows no conditions, and would overwrite an answer that came in between."""
        return not rewrites or self.transact([{"Put": self._put(rewrite)} for rewrite in rewrites])

    def _put(self, rewrite: ResponseWrite) -> dict[str, Any]:
        handling = self.handlings.get(rewrite.after.id, UNHANDLED)
        item = invitation_item(rewrite.after, kept=self.kept) | stored(handling)
        put = {"TableName": self.table, "Item": item}
        before = rewrite.before
        if before is None or before.answer is None or before.answered_at is None:
            absent, values = self.absent()
            return put | {"ConditionExpression": absent, "ExpressionAttributeValues": encode(values)}
        read = {":rating": before.answer.rating, ":at": stamp(before.answered_at)}
        condition = "rating = :rating AND answered_at = :at"
        condition += " AND agent_size = :size" if handling.notes else " AND attribute_not_exists(agent_size)"
        read |= {":size": size_of(handling)} if handling.notes else {}
        return put | {"ConditionExpression": condition, "ExpressionAttributeValues": encode(read)}

    def read(self, wanted: Sequence["keys.Key"], *, consistent: bool = True) -> dict[str, Any]:
        """The items that exist under these keys, by partition key, however many; as few calls as it takes."""
        items: dict[str, Any] = {}
        for start in range(0, len(wanted), _MOST_KEYS):
            items |= super().read(wanted[start : start + _MOST_KEYS], consistent=consistent)
        return items
