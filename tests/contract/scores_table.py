"""The table and the indexes counting reads, projected as in the template."""

TABLE = "afterbill"


def create_table(client):
    names = ("pk", "sk", "day_bucket", "day_at", "answered_day", "answered_at")
    client.create_table(
        TableName=TABLE,
        BillingMode="PAY_PER_REQUEST",
        AttributeDefinitions=[{"AttributeName": name, "AttributeType": "S"} for name in names],
        KeySchema=key_schema("pk", "sk"),
        GlobalSecondaryIndexes=[
            index("by_day", "day_bucket", "day_at", ["adverse", "rating", "segments", "sent_day"]),
            index(
                "by_answered_day",
                "answered_day",
                "answered_at",
                ["answer_reason", "rating", "segments", "unconfirmed"],
            ),
        ],
    )


def index(name, partition, order, included):
    projection = {"ProjectionType": "INCLUDE", "NonKeyAttributes": included}
    return {"IndexName": name, "KeySchema": key_schema(partition, order), "Projection": projection}


def key_schema(partition, order):
    return [{"AttributeName": partition, "KeyType": "HASH"}, {"AttributeName": order, "KeyType": "RANGE"}]
