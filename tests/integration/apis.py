"""Billing systems that send no addresses, for a stack whose functions may speak to nobody."""

import json
import sys
from pathlib import Path
from typing import Any

from tests.integration.samples import captured
from tests.servers import Pool, Reply

THIN = """
[sources.paddle]
provider = "paddle"
[sources.xero]
provider = "xero"
[sources.paypal]
provider = "paypal"
webhook_id = "8PT597110X687430LKGECATA"
[sources.shopify]
provider = "shopify"
account = "kranich-tea.myshopify.com"
[sources.ledger]
provider = "freshbooks"
[sources.books]
provider = "runmyaccounts"
account = "acme"
"""
KEY = "a-key-of-the-api-paddle"
CONSENT = {"access_token": "", "refresh_token": "buys-one-token", "expires_at": ""}


def with_thin_sources(folder: Path) -> Path:
    with (folder / "surveys.toml").open("a", encoding="utf-8") as file:
        file.write(THIN)
    return folder


def let_answer(function: str, *replies: Reply) -> Pool:
    """Let the APIs give these replies to the function, which must be loaded."""
    app: Any = sys.modules[f"functions.{function}.app"]
    apis = app._capture.apis if function == "capture_event" else app._polling.apis
    pool = Pool(list(replies))
    apis.http.pool, apis.http.sleep = pool, lambda _: None
    return pool


def reply(value: object, status: int = 200) -> Reply:
    return status, json.dumps(value).encode()


def from_source(source: str, body: object, **headers: str) -> dict[str, Any]:
    """A message of the inbox of this source."""
    event = captured(json.dumps(body).encode())
    attributes = event["Records"][0]["messageAttributes"]
    attributes["source"]["stringValue"] = source
    attributes["headers"]["stringValue"] = json.dumps(headers)
    return event
