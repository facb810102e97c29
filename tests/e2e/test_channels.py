"""One customer, asked three times and each time somewhere else; and one whom the product alone can ask."""

import hashlib
import hmac
import json
import os
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from functools import cache
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread
from typing import Any
from urllib.parse import urlsplit

import pytest
from playwright.sync_api import Browser, Error, Page, expect

from tests.e2e import channels
from tests.e2e.test_hours import explained
from tests.e2e.test_score import scores
from tests.e2e.town import ROOT, RUN, Town, eventually, invitation_id

EMAIL, PHONE = "mara@example.com", f"+4915{int(RUN, 16) % 10**9:09d}"
USER = f"mara-{RUN}"
NILS = "nils@example.com"
ORIGIN, PAGES = "https://app.example.com", "http://localhost:8931"
PLAN = f"everywhere-{RUN}"
REASONS = {"mail": "price", "sms": "invoice_error", "in_app": "service"}
RATINGS = {"mail": 10, "sms": 3, "in_app": 8}


def who(**more: Any) -> dict[str, Any]:
    return {"customer": {"id": "mara", "phone": PHONE, "country": "DE", "locale": "de"}, "plan": PLAN, **more}


def asked_by_mail_and_text(town: Town) -> None:
    town.tell("order_paid", "everywhere-mail", EMAIL, **who())
    town.tell(channels.KIND, "everywhere-sms", EMAIL, **who())


@pytest.mark.after(scene=asked_by_mail_and_text)
def test_the_same_customer_answers_by_mail_by_text_and_in_the_product(town: Town):
    before = {row["value"]: row["n"] for row in scores(town, "channel")}
    mail = town.mail(EMAIL)
    fill_in(town, mail.answer_url, "mail")
    text = town.text(PHONE)
    fill_in(town, opened(town, text), "sms")
    assert in_product(town, "survey")["survey"] is None  # who is seen in the product is asked there next
    town.tell(channels.KIND, "everywhere-in-app", EMAIL, **who())
    survey = eventually(lambda: in_product(town, "survey")["survey"], bool, "the survey in the product", every=1.5)
    assert in_product(town, "shown", survey=survey["id"]) == {"show": True}
    in_product(town, "answer", survey=survey["id"], rating=RATINGS["in_app"], reason=REASONS["in_app"])
    town.given[survey["id"]] = RATINGS["in_app"]

    def look() -> dict[str, Any]:
        town.compute()
        return next((row for row in scores(town, "plan") if row["value"] == PLAN), {})

    found = eventually(look, lambda row: row.get("n") == len(RATINGS), "the score of the plan", 120, 2)
    assert (found["promoters"], found["passives"], found["detractors"]) == (1, 1, 1)
    assert found["score"] == 0
    assert (found["sent"], found["answered"], found["unconfirmed"]) == (3, 3, 0)
    after = {row["value"]: row["n"] for row in scores(town, "channel")}
    assert [after[channel] - before.get(channel, 0) for channel in ("sms", "in_app")] == [1, 1]
    by_reason = {row["value"]: row for row in scores(town, "reason")}
    assert by_reason["invoice_error"]["detractors"] >= 1
    assert by_reason["service"]["passives"] >= 1


def nobody_came_yet(town: Town) -> None:
    town.tell(channels.INSIDE, "waited-for", NILS, customer={"id": "nils"})


@pytest.mark.after(scene=nobody_came_yet)
def test_a_survey_waits_for_its_user_and_outlives_a_reload(town: Town, chromium: Browser):
    one = invitation_id(channels.INSIDE, "waited-for")
    eventually(lambda: explained(one), lambda told: "it goes on as soon as they do" in told, "the wait", every=2)
    address = f"{town.stack['api_url']}/in-product/afterbill.js"
    eventually(
        lambda: town.http.request("GET", address).status, lambda status: status == 200, "the script"
    )  # a cold start is no answer
    page = chromium.new_page()
    page.set_default_timeout(60_000)

    with serving(product_page(town)):
        came = time.monotonic()
        while not shows(page, "account"):
            assert time.monotonic() < came + 120, explained(one)
        assert shows(page, "orders")
        page.reload()
        page.get_by_role("dialog").wait_for()
        page.get_by_role("radio", name="9", exact=True).check(force=True)
        page.get_by_role("button", name="Send answer").click()
        expect(page.get_by_role("status")).not_to_be_empty()

    town.given[one] = 9
    told = explained(one)
    assert "offered inside the product" in told
    assert "answered 9 of 10" in told
    page.close()


@contextmanager
def serving(html: str) -> Iterator[None]:
    """The product at PAGES: browsers let a page ask an address of this machine only if it is of this machine itself."""

    class Pages(BaseHTTPRequestHandler):
        def do_GET(self) -> None:  # the library's name
            self.send_response(200)
            self.send_header("Content-Type", "text/html; charset=utf-8")
            self.end_headers()
            self.wfile.write(html.encode())

        def log_message(self, *_arguments: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", urlsplit(PAGES).port or 0), Pages)
    Thread(target=server.serve_forever, daemon=True).start()
    try:
        yield
    finally:
        server.shutdown()
        server.server_close()


def shows(page: Page, path: str) -> bool:
    """Whether the survey appears on a page of the product, at once or when the script asks again."""
    page.goto(f"{PAGES}/{path}")
    with suppress(Error):
        page.get_by_role("dialog").wait_for(timeout=20_000)
    return page.get_by_role("dialog").count() == 1


def product_page(town: Town) -> str:
    """The operator's page, in English; the first one that names this user."""
    script = f"{town.stack['api_url']}/in-product/afterbill.js"
    user = f"nils-{RUN}"
    named = f'data-user="{user}" data-hash="{user_hash(user)}" data-moment="0"'
    return f'<!doctype html><html lang="en"><title>Shop</title><script src="{script}" {named} async></script>'


def fill_in(town: Town, url: str, channel: str) -> None:
    fields = {"rating": str(RATINGS[channel]), "reason": REASONS[channel]}
    answer = town.http.request("POST", url, fields=fields, encode_multipart=False)
    assert answer.status == 200, answer.data
    town.given[url] = RATINGS[channel]


def opened(town: Town, text: str) -> str:
    """Where the short link of a text message leads."""
    link = next(word for word in text.split() if "/c/" in word)
    answer = town.http.request("GET", link, redirect=False)
    assert answer.status == 303, answer.data
    return str(answer.headers["Location"])


def in_product(town: Town, endpoint: str, **more: Any) -> dict[str, Any]:
    body = json.dumps({"user": USER, "hash": user_hash(USER), **more}).encode()
    headers = {"Content-Type": "application/json", "Origin": ORIGIN}
    url = f"{town.stack['api_url']}/in-product/{endpoint}"
    answer = town.http.request("POST", url, body=body, headers=headers)
    assert answer.status == 200, answer.data
    return dict(answer.json())


@cache
def user_hash(user: str) -> str:
    """As the operator's backend makes it."""
    command = [sys.executable, "-m", "afterbill_cli.cli", "in-product", "key"]
    environment = {name: value for name, value in os.environ.items() if name != "AFTERBILL_STACK"}  # a file here
    ended = subprocess.run(command, check=False, capture_output=True, text=True, cwd=ROOT, env=environment)
    assert ended.returncode == 0, ended.stderr
    return hmac.new(ended.stdout.split()[-1].encode(), user.encode(), hashlib.sha256).hexdigest()
