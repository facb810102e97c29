"""Reports on demand: asked for by a message, and counted in the table."""

import json
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from afterbill.adapters.aws.clients import ConditionalWrite, transient, write_if
from afterbill.adapters.dynamodb import keys
from afterbill.adapters.dynamodb.items import encode
from afterbill.insight.ports import Asking
from afterbill.insight.reports.reading import MOST_ASKED
from afterbill.insight.reports.requested import ReportRequest
from afterbill.model.errors import TransientError

_KEPT = timedelta(hours=2)


@dataclass(frozen=True, slots=True)
class SqsReportRequests:
    """ReportRequests over SQS; the item of an hour holds what was asked for, each for ten minutes."""

    sqs: Any
    url: str
    dynamodb: Any
    table: str

    def ask(self, request: ReportRequest, now: datetime) -> Asking:
        """Count it, then send the message: two calls; without the message it is not counted."""
        at = now.astimezone(UTC)
        key, turn = keys.counter(f"reports#{at:%Y-%m-%dT%H}"), f"{request.id}@{at.minute // 10}"
        counted = self._count(key, turn, at)
        if counted is not Asking.ASKED:
            return counted
        try:
            with transient("asking for a report"):
                body = json.dumps({"kind": "asked", "request": request.payload()})
                self.sqs.send_message(QueueUrl=self.url, MessageBody=body)
        except TransientError:
            self._update(key, "DELETE asked :turn", "attribute_exists(asked)", {":turn": {"SS": [turn]}})
            raise
        return counted

    def _count(self, key: "keys.Key", turn: str, at: datetime) -> Asking:
        condition = "attribute_not_exists(asked) OR (NOT contains(asked, :name) AND size(asked) < :most)"
        numbers = encode({":name": turn, ":most": MOST_ASKED, ":until": int((at + _KEPT).timestamp())})
        update = f"SET {keys.TTL} = :until ADD asked :turn"
        written = self._update(key, update, condition, numbers | {":turn": {"SS": [turn]}})
        if written.held:
            return Asking.ASKED
        return Asking.WAITING if turn in written.item.get("asked", {}).get("SS", ()) else Asking.LIMITED

    def _update(self, key: "keys.Key", update: str, condition: str, values: dict[str, Any]) -> ConditionalWrite:
        return write_if(
            self.dynamodb.update_item,
            "counting reports",
            TableName=self.table,
            Key=key,
            UpdateExpression=update,
            ConditionExpression=condition,
            ExpressionAttributeValues=values,
            ReturnValuesOnConditionCheckFailure="ALL_OLD",
        )
