"""The pages of record_response in a browser without a network: the real handler answers, over the table in memory."""

import base64
import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from importlib import import_module
from itertools import count
from typing import Any
from unittest.mock import patch
from urllib.parse import urlsplit

import boto3
from playwright.sync_api import BrowserContext, Route

from afterbill.answers.record_response import RespondDeps
from afterbill.answers.visitors import Visitors
from afterbill.content.web.form import FormSettings
from afterbill.content.web.pages import Pages
from afterbill.model import links
from afterbill.model.invitation import Invitation, State
from afterbill.model.visits import Kind
from afterbill.settings import config
from afterbill_cli.memory.keys import MemoryLinkKeys
from afterbill_cli.memory.table import MemoryTable
from afterbill_dev.paths import ROOT
from tests.factories import KEYS, day_of, hash_address, invitation

HOST = "https://survey.example.com"
REVIEWS = "https://reviews.example.com/example"
REASONS = ("billing_clarity", "price", "payment_method", "invoice_error", "service", "product")
_MODULE = "functions.record_response.app"
_SETTINGS = {
    "AWS_DEFAULT_REGION": "eu-central-1",
    "AWS_ACCESS_KEY_ID": "none",
    "AWS_SECRET_ACCESS_KEY": "none",
    "KEYS_SECRET": "keys",
    "TABLE": "afterbill",
    "PUBLIC_URL": HOST,
    "POWERTOOLS_SERVICE_NAME": "afterbill",
    "POWERTOOLS_METRICS_NAMESPACE": "afterbill",
}


class Site:
    """One host, and the invitations that can be answered there; `asked` are the requests, in their order."""

    def __init__(self, app: Any) -> None:
        self.app, self.table = app, MemoryTable()
        self.asked: list[tuple[str, str]] = []
        self._ids = count(1)

    def survey(self, **changes: Any) -> str:
        """The link in the mail of a new survey."""
        now = datetime.now(UTC)
        fresh = {"id": f"{next(self._ids):032x}", "state": State.SENT, "sent_at": now, "due_at": now, "locale": "en"}
        one = invitation(**fresh | changes)
        self.table.invitations[one.id] = one
        return f"{HOST}/s/{links.sign(links.Purpose.SURVEY, one.id, now + timedelta(days=30), KEYS)}"

    def stored(self, link: str) -> Invitation:
        """The invitation behind a link."""
        read = links.read(link.rpartition("/")[2], links.Purpose.SURVEY, KEYS)
        assert read
        return self.table.invitations[read.invitation_id]

    def seen(self, link: str) -> list[int | None]:
        """The numbers whose pages were reported as seen."""
        return [visit.rating for visit in self.stored(link).visits if visit.kind is Kind.SEEN]

    def close(self, link: str) -> None:
        """Its time is over."""
        one = self.stored(link)
        self.table.invitations[one.id] = replace(one, state=State.CLOSED)

    def serve(self, context: BrowserContext) -> None:
        """Answer whatever this browser asks for; what is not ours is told in `asked` and fails."""
        context.route("**/*", self._answer)

    def _answer(self, route: Route) -> None:
        request, parts = route.request, urlsplit(route.request.url)
        self.asked.append((request.method, f"{parts.path}?{parts.query}".rstrip("?")))
        if not request.url.startswith(HOST):
            route.abort()
            return
        body = request.post_data_buffer or b""
        event = {
            "rawPath": parts.path,
            "rawQueryString": parts.query,
            "headers": request.headers,
            "requestContext": {"http": {"method": request.method, "sourceIp": "192.0.2.7"}},
            "pathParameters": {"token": parts.path.rpartition("/")[2]},
            "body": base64.b64encode(body).decode(),
            "isBase64Encoded": True,
        }
        answer = self.app.handler(event, None)
        route.fulfill(status=answer["statusCode"], headers=answer["headers"], body=answer["body"])


@contextmanager
def _read_anew() -> Iterator[None]:
    """Other tests have configurations of their own; nothing of this one stays."""
    for remembered in (config.folder, config.surveys_table, config.brand):
        remembered.cache_clear()
    sys.modules.pop(_MODULE, None)
    yield
    for remembered in (config.folder, config.surveys_table, config.brand):
        remembered.cache_clear()
    sys.modules.pop(_MODULE, None)


@contextmanager
def site() -> Iterator[Site]:
    """The shipped configuration, and a brand that has reviews and a page for those who are told of it."""
    with (
        patch.dict(os.environ, _SETTINGS),
        patch.object(boto3, "DEFAULT_SESSION", boto3.Session()),
        patch.object(sys, "path", [str(ROOT / "layers" / "config"), *sys.path]),
        _read_anew(),
    ):
        app: Any = import_module(_MODULE)
        brand = replace(app._brand, review_url=REVIEWS, referral_url="https://example.com/hello")
        form = FormSettings(app._reasons, config.integrity().visible)
        here = Site(app)
        responding = RespondDeps(here.table, MemoryLinkKeys(KEYS), day_of, hash_address, frozenset(REASONS))
        with (
            patch.object(app, "_brand", brand),
            patch.object(app, "_pages", Pages(brand, app._catalogs, form=form)),
            patch.object(app, "_responding", responding),
            patch.object(app, "_visitors", Visitors((), (), lambda _network: "0" * 8)),
        ):
            yield here
