"""Messages of a queue as Lambda's poller hands them to a function (Lambda guide, Using Lambda with Amazon SQS)."""

from typing import Any


def records_in(sqs: Any, url: str, region: str) -> list[dict[str, Any]]:
    """All messages now visible, taken off the queue."""
    records: list[dict[str, Any]] = []
    while messages := sqs.receive_message(
        QueueUrl=url, MaxNumberOfMessages=10, MessageAttributeNames=["All"], WaitTimeSeconds=0
    ).get("Messages"):
        for message in messages:
            sqs.delete_message(QueueUrl=url, ReceiptHandle=message["ReceiptHandle"])
            records.append(_record(message, url, region))
    return records


def _record(message: dict[str, Any], url: str, region: str) -> dict[str, Any]:
    attributes = message.get("MessageAttributes", {})
    account, queue = url.rsplit("/", 2)[-2:]
    return {
        "messageId": message["MessageId"],
        "receiptHandle": message["ReceiptHandle"],
        "body": message["Body"],
        "attributes": {"ApproximateReceiveCount": "1"},
        "messageAttributes": {
            name: {"stringValue": value["StringValue"], "dataType": value["DataType"]}
            for name, value in attributes.items()
        },
        "eventSource": "aws:sqs",
        "eventSourceARN": f"arn:aws:sqs:{region}:{account}:{queue}",
        "awsRegion": region,
    }
