"""The table as import_responses sees it: reads of up to 100 keys a call, writes in full transactions."""

from collections.abc import Mapping, Sequence
from typing import Any

from afterbill.adapters.dynamodb import keys
from afterbill.adapters.dynamodb.imports import ImportsTable
from afterbill.adapters.dynamodb.items import encode, invitation_item, invitation_of, stamp
from afterbill.intake.ports import ResponseWrite
from afterbill.model.invitation import Invitation


class ImportedResponsesTable(ImportsTable):
    """ImportedResponses over DynamoDB."""

    def owners(self, aliases: Sequence[str]) -> Mapping[str, str]:
        """Ids of customers by those of these aliases that are known, read consistently."""
        return self.known(aliases, ()).customer_ids

    def responses(self, ids: Sequence[str]) -> Mapping[str, Invitation]:
        """The responses that exist among `ids`, read consistently."""
        items = self.read([keys.invitation(id_) for id_ in ids])
        return {one.id: one for one in map(invitation_of, items.values())}

    def store(self, rewrites: Sequence[ResponseWrite]) -> bool:
        """Conditional puts: BatchWriteItem knows no conditions, and would overwrite an answer that came in between."""
        return not rewrites or self.transact([{"Put": self._put(one)} for one in rewrites])

    def _put(self, one: ResponseWrite) -> dict[str, Any]:
        put = {"TableName": self.table, "Item": invitation_item(one.after)}
        before = one.before
        if before is None or before.answer is None or before.answered_at is None:
            return put | {"ConditionExpression": f"attribute_not_exists({keys.PK})"}
        read = {":rating": before.answer.rating, ":at": stamp(before.answered_at)}
        condition = "rating = :rating AND answered_at = :at"
        return put | {"ConditionExpression": condition, "ExpressionAttributeValues": encode(read)}
