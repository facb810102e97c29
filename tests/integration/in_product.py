"""Requests of pages of the operator's product, and the customer they need."""

import json
from pathlib import Path
from typing import Any

from afterbill.answers.in_product import user_hash
from afterbill.model.invitation import Invitation
from afterbill.model.links import derive_key
from tests.integration.samples import sample, with_headers
from tests.integration.stack import IDENTITY, Stack

SECRET = derive_key(IDENTITY, "in-product").hex()
MORE = """
[in_product]
source = "events"
origins = ["https://app.example.com", "http://localhost:8931"]
[links.counter]
touchpoint = "support_resolved"
[integrity]
scanners = ["bot", "preview"]
"""


def with_in_product(folder: Path) -> Path:
    """The configuration with users, their pages and a plain link."""
    surveys = folder / "surveys.toml"
    surveys.write_text(surveys.read_text(encoding="utf-8") + MORE, encoding="utf-8")
    return folder


def offering(stack: Stack, invitation: Invitation) -> None:
    """Let it wait for its customer in the product."""
    stack.dynamodb.update_item(
        TableName="afterbill",
        Key={"pk": {"S": f"CUSTOMER#{invitation.customer_id}"}, "sk": {"S": "CUSTOMER"}},
        UpdateExpression="SET offered = :id",
        ExpressionAttributeValues={":id": {"S": invitation.id}},
    )


def awaiting(stack: Stack, invitation: Invitation) -> None:
    """Let it wait until its customer uses the product."""
    stack.dynamodb.update_item(
        TableName="afterbill",
        Key={"pk": {"S": f"CUSTOMER#{invitation.customer_id}"}, "sk": {"S": "CUSTOMER"}},
        UpdateExpression="SET when_seen = :ids",
        ExpressionAttributeValues={":ids": {"SS": [invitation.id]}},
    )


def asked(
    name: str = "survey", user: str = "k-1", secret: str = SECRET, method: str = "POST", **more: Any
) -> dict[str, Any]:
    """An event as the script sends it."""
    event = sample("api/in_product_survey")
    event["rawPath"] = f"/in-product/{name}"
    event["pathParameters"] = {"name": name}
    event["requestContext"]["http"]["method"] = method
    return event | {"body": json.dumps({"user": user, "hash": user_hash(user, secret), **more})}


def link(query: str = "", method: str = "GET", name: str = "counter", **headers: str) -> dict[str, Any]:
    """A plain link as a browser opens it."""
    event = with_headers(sample("api/hosted_link"), **headers)
    event["requestContext"]["http"]["method"] = method
    return event | {"rawQueryString": query, "rawPath": f"/q/{name}", "pathParameters": {"link": name}}
