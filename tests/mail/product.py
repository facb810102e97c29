"""An operator's product in a browser without a network: its page loads our script, and the real handler answers it."""

import base64
import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, datetime
from importlib import import_module
from itertools import count
from typing import Any
from unittest.mock import patch
from urllib.parse import urlsplit

import boto3
from playwright.sync_api import BrowserContext, Route

from afterbill.answers.in_product import user_hash
from afterbill.answers.offer_survey import OfferDeps
from afterbill.model.channels import InProduct
from afterbill.model.customer import Customer
from afterbill.model.invitation import Invitation, State
from afterbill_cli.memory.keys import MemoryUserKeys
from afterbill_cli.memory.table import MemoryTable
from afterbill_dev.paths import ROOT
from tests.factories import day_of, invitation
from tests.mail.site import HOST as API
from tests.mail.site import REASONS, _read_anew

ORIGIN = "https://app.example.com"
MODULE = "functions.offer_survey.app"
SECRET = MemoryUserKeys().known[0]
POLICY = (
    f"default-src 'none'; script-src {API}; connect-src {API}; style-src {ORIGIN}; "
    "base-uri 'none'; require-trusted-types-for 'script'; trusted-types 'none'"
)
"""Of the operator's page: no inline style, no inline script, no HTML from strings."""
_SETTINGS = {
    "AWS_DEFAULT_REGION": "eu-central-1",
    "AWS_ACCESS_KEY_ID": "none",
    "AWS_SECRET_ACCESS_KEY": "none",
    "KEYS_SECRET": "keys",
    "SEND_QUEUE_URL": "https://sqs.eu-central-1.amazonaws.com/123456789012/send",
    "TABLE": "afterbill",
    "POWERTOOLS_SERVICE_NAME": "afterbill",
    "POWERTOOLS_METRICS_NAMESPACE": "afterbill",
}
_PAGE = """<!doctype html><html lang="{language}"><meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1"><title>Your account</title>
<link rel="stylesheet" href="/style.css">
{above}
<main><h1>Your account</h1><label>Search <input id="search" autofocus></label>
<button id="pay">Pay</button><p id="filler">{filler}</p></main>
{below}</html>"""
_SCRIPT = """<script src="{api}/in-product/afterbill.js" data-user="{user}" data-hash="{hash}" {moment} {loading}>
</script>"""
_STYLE = """body { font: 62.5%/1.5 Georgia, serif; max-width: 60rem; margin: 4rem auto; padding: 0 2rem;
  color: #24292f }
p { font-size: 1rem } * { letter-spacing: .02em }
button, input { color: #040; background: #fff; text-transform: uppercase }
@media (prefers-color-scheme: dark) { body { background: #0d1117; color: #e6edf3 } }"""


class Product:
    """The page, and what is stored; `asked` are the requests of the script, `broken` makes all of them fail.

    The page has so many `scripts` in its head, or `below` all else in its body, with `loading` as an attribute.
    """

    def __init__(self, app: Any) -> None:
        self.app, self.table = app, MemoryTable()
        self.asked: list[str] = []
        self.looked_at: list[str] = []
        self.reset()
        self._ids = count(1)

    def survey(self, **changes: Any) -> Invitation:
        """A new one that waits for a user of its own, who is the one that uses the page from now on."""
        number, now = next(self._ids), datetime.now(UTC)
        one = invitation(id=f"{number:032x}", customer_id=f"customer-{number}", locale="en")
        one = replace(one, **{"state": State.SENT, "sent_at": now, "due_at": now} | changes)
        self.user = f"user-{number}"
        self.table.invitations[one.id] = one
        self.table.people[one.customer_id] = Customer(one.customer_id, version=1, offered=one.id)
        self.table.aliases[f"shop#{self.user}"] = one.customer_id
        self.asked.clear()
        self.reset()
        return one

    def reset(self) -> None:
        self.moment, self.language, self.hash = 'data-moment="0"', "en", ""
        self.broken, self.scripts, self.loading, self.below = False, 1, "async", False

    def stored(self, one: Invitation) -> Invitation:
        return self.table.invitations[one.id]

    def serve(self, context: BrowserContext) -> None:
        context.route("**/*", self._answer)

    def _answer(self, route: Route) -> None:
        url = urlsplit(route.request.url)
        if route.request.url.startswith(API):
            self._api(route, url.path)
        elif url.path == "/style.css":
            route.fulfill(content_type="text/css", body=_STYLE)
        else:
            route.fulfill(
                content_type="text/html",
                headers={"content-security-policy": POLICY, "content-type": "text/html"},
                body=_PAGE.format(
                    above="" if self.below else self._script() * self.scripts,
                    below=self._script() * self.scripts if self.below else "",
                    language=self.language,
                    filler="What your account is for, and what it holds. " * 60,
                ),
            )

    def _script(self) -> str:
        proof = self.hash or user_hash(self.user, SECRET)
        return _SCRIPT.format(api=API, user=self.user, hash=proof, moment=self.moment, loading=self.loading)

    def _api(self, route: Route, path: str) -> None:
        request, name = route.request, path.rpartition("/")[2]
        self.asked.append(name)
        if self.broken and name != "afterbill.js":
            route.abort()
            return
        event = {
            "rawPath": path,
            "headers": {**request.headers, "origin": request.headers.get("origin", ORIGIN)},
            "requestContext": {"http": {"method": request.method, "sourceIp": "192.0.2.7"}},
            "pathParameters": {"name": name},
            "body": base64.b64encode(request.post_data_buffer or b"").decode(),
            "isBase64Encoded": True,
        }
        answer = self.app.handler(event, None)
        route.fulfill(status=answer["statusCode"], headers=answer["headers"], body=answer["body"])


@contextmanager
def product() -> Iterator[Product]:
    """The shipped configuration, with users of the source `shop`."""
    with (
        patch.dict(os.environ, _SETTINGS),
        patch.object(boto3, "DEFAULT_SESSION", boto3.Session()),
        patch.object(sys, "path", [str(ROOT / "layers" / "config"), *sys.path]),
        _read_anew(),
    ):
        sys.modules.pop(MODULE, None)
        app: Any = import_module(MODULE)
        here = Product(app)
        table = here.table
        offering = OfferDeps(
            table, here.table, MemoryUserKeys(), "shop", day_of, here.looked_at.append, frozenset(REASONS)
        )
        with patch.object(app, "_offering", offering), patch.object(app, "_in_product", InProduct("shop", (ORIGIN,))):
            yield here
        sys.modules.pop(MODULE, None)
