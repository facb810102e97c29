"""A person of whom every store there is holds something, each time with a mark in it."""

import json
import uuid
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from hashlib import sha256
from pathlib import Path
from typing import Any

from afterbill.model.webhooks import Webhook
from afterbill_dev.demo.mailbox import ReceivedMail
from tests.e2e import billing_systems, channels
from tests.e2e.newcomer import afterbill
from tests.e2e.test_channels import ORIGIN, opened, user_hash
from tests.e2e.town import ROOT, RUN, Town, eventually, invitation_id, neutral, own

REMINDED, LATER = "upgraded", "downgraded"
TABLES = f"""
[touchpoints.{REMINDED}]
stage = "loyalty"
delay = "0s"
cooldown = "8d"
reminder = "7d"

[touchpoints.{LATER}]
stage = "loyalty"
delay = "3d"
"""
"""One survey is reminded of, another waits, for days both: their timers are there when the person goes."""
SAMPLE = ROOT / "events" / "webhooks" / "lemonsqueezy" / "order_created.json"


@dataclass(frozen=True)
class Marked:
    """A person by a name of this run's own, which is in all that is told of them but the plan."""

    called: str

    @property
    def mark(self) -> str:
        return f"{self.called}q{RUN}"

    @property
    def email(self) -> str:
        return f"{self.mark}@example.com"

    @property
    def phone(self) -> str:
        return f"+49151{int(sha256(self.mark.encode()).hexdigest(), 16) % 10**8:08d}"

    @property
    def plan(self) -> str:
        """Stays in scores, so there is no mark in it."""
        return f"kept-{self.called}-{RUN}"

    @property
    def marks(self) -> tuple[str, ...]:
        """The texts to be found nowhere; a number is spelled in several ways."""
        return (self.mark, self.phone[-9:])

    def id(self, what: str) -> str:
        """The id at the billing system of this customer, or of a thing that the customer bought."""
        return f"{self.mark}-{what}-{RUN}"

    def event(self, kind: str, what: str, customer: str = "main", **more: Any) -> str:
        """A neutral event; everything in it that can be marked is."""
        profile = {"name": f"Zoe {self.mark}", "phone": self.phone, "country": "DE", "locale": "de"}
        about = {"customer": {"id": f"{self.mark}-{customer}", **profile}, "related": [f"{self.mark}-{what}-other"]}
        marked = {"plan": self.plan, "attributes": {"note": f"likes {self.mark}"}}
        return neutral(kind, f"{self.mark}-{what}", self.email, **{**about, **marked, **more})

    def invitation(self, kind: str, what: str) -> str:
        return invitation_id(kind, f"{self.mark}-{what}")


def asked_everywhere(town: Town, who: Marked) -> None:
    """By three sources, by mail and text; one waits for days, one for the product, and one will be reminded of."""
    # What is reminded of keeps its customer from other surveys: it goes first, and its customer is one of their own.
    events = [
        who.event(REMINDED, "reminded", customer="reminded"),
        who.event("order_paid", "order"),
        who.event(channels.KIND, "text"),
        who.event(channels.INSIDE, "inside", customer="user"),
        who.event(LATER, "later"),
    ]
    for body in events:
        assert town.post("standard_webhooks", body) == (202, {"accepted": 1})
    town.tell_as_stripe("basil.invoice.paid", who.mark, who.email)
    town.tell_as_stripe("basil.invoice.payment_succeeded", who.mark, who.email)  # the same payment
    assert billing_systems.post(town, billing_systems.signed(town, bought(who))).status == 200


def bought(who: Marked) -> Webhook:
    """An order at Lemon Squeezy."""
    payload = json.loads(SAMPLE.read_text())
    number = int(sha256(who.mark.encode()).hexdigest(), 16) % 10**9
    payload["data"]["id"] = str(number)
    payload["data"]["attributes"] |= {
        "customer_id": number,
        "order_number": number,
        "identifier": str(uuid.uuid5(uuid.NAMESPACE_OID, who.mark)),
        "user_name": f"Zoe {who.mark}",
        "user_email": own(who.email),
    }
    body, headers = json.dumps(payload).encode(), {"content-type": "application/json"}
    return Webhook("lemonsqueezy", headers, body, datetime.now(UTC))


def answers_everywhere(town: Town, who: Marked, folder: Path) -> dict[str, int]:
    """By mail, text, in the product, by the API and by import; returns the ratings."""
    given = {f"mail {number}": rating for number, rating in enumerate((10, 3, 8))}
    mails = eventually(lambda: sorted_letters(town, who), lambda found: len(found) == 1 + len(given), "her mails", 240)
    for mail, rating in zip(mails[1:], given.values(), strict=True):
        town.http.request("GET", mail.rating_link(rating), headers={"User-Agent": f"Mozilla/5.0 {who.mark}"})
        town.answer(mail, rating, f"Thank you, says {who.mark}")
    answered_by_text(town, who, 2)
    answered_in_product(town, who, 9)
    collected(town, who, 7)
    imported(town, who, folder, 10)
    given |= {"text": 2, "product": 9, "api": 7, "import": 10}
    for name in ("product", "api", "import"):
        town.given[f"{who.mark} {name}"] = given[name]
    return given


def sorted_letters(town: Town, who: Marked) -> list[ReceivedMail]:
    """Her mails; the one that she will be reminded of, and does not answer, is the first."""
    mails = town.http.request("GET", f"{town.stack['inbox_url']}mails.json").json()
    mine = [mail["tags"]["invitation"] for mail in mails if mail["to"] == [own(who.email)]]
    reminded = who.invitation(REMINDED, "reminded")
    found = sorted(zip(mine, town.letters(who.email), strict=True), key=lambda one: one[0] != reminded)
    return [mail for _, mail in found]


def answered_by_text(town: Town, who: Marked, rating: int) -> None:
    url = opened(town, town.text(who.phone))
    fields = {"rating": str(rating), "comment": f"{who.mark} wrote this on a phone"}
    answer = town.http.request("POST", url, fields=fields, encode_multipart=False)
    assert answer.status == 200, answer.data
    town.given[url] = rating


def answered_in_product(town: Town, who: Marked, rating: int) -> None:
    survey = eventually(lambda: asked(town, who, "survey")["survey"], bool, "the survey in the product", every=1.5)
    assert asked(town, who, "shown", survey=survey["id"]) == {"show": True}
    asked(town, who, "answer", survey=survey["id"], rating=rating, comment=f"{who.mark} was here")


def asked(town: Town, who: Marked, endpoint: str, **more: Any) -> dict[str, Any]:
    """Ask an endpoint as the product of the operator does for its user."""
    user = who.id("user")
    body = json.dumps({"user": user, "hash": user_hash(user), **more}).encode()
    headers = {"Content-Type": "application/json", "Origin": ORIGIN}
    answer = town.http.request("POST", f"{town.stack['api_url']}/in-product/{endpoint}", body=body, headers=headers)
    assert answer.status == 200, answer.data
    return dict(answer.json())


def collected(town: Town, who: Marked, rating: int) -> None:
    """Another system tells by the API."""
    key = printed("key", "create", f"calls {who.called}").split()[0]
    customer = {"id": who.id("main"), "source": "standard_webhooks"}
    told = {"rating": rating, "customer": customer, "comment": f"{who.mark} on the phone", "source": "calls"}
    headers = {"Authorization": f"Bearer {key}", "Idempotency-Key": f"call of {who.mark}"}
    url = f"{town.stack['api_url']}/v1/responses"
    answer = town.http.request("POST", url, json=told, headers=headers)
    assert answer.status == 201, answer.data


def imported(town: Town, who: Marked, folder: Path, rating: int) -> None:
    """The operator imports what is known of the customer, and an answer of last week."""
    people, responses = folder / f"{who.called}-people.csv", folder / f"{who.called}-responses.csv"
    people.write_text(f"id,email,name,attributes.seat\n{who.id('main')},{own(who.email)},Zoe {who.mark},{who.mark} 7\n")
    last_week = (datetime.now(UTC) - timedelta(days=6)).isoformat(timespec="seconds")
    row = f"{who.mark}-1,{rating},{last_week},{who.id('main')},{who.mark} likes it"
    responses.write_text(f"id,rating,answered_at,customer_id,comment\n{row}\n")
    printed("import", "customers", str(people), "--source", "standard_webhooks")
    printed("import", "responses", str(responses), "--from", "csv", "--name", "old", "--source", "standard_webhooks")
    assert town.stack  # the local one, which both commands find by themselves


def unreadable(town: Town, who: Marked) -> None:
    """A webhook that is signed and cannot be understood is put aside, with all that it says."""
    body = json.dumps({"type": "order_paid", "timestamp": "yesterday", "data": {"note": who.mark, "customer": {}}})
    assert town.post("standard_webhooks", body)[0] == 202


def printed(*words: str) -> str:
    """The output of a command of the operator."""
    ended = afterbill(*words)
    assert ended.returncode == 0, ended.stdout + ended.stderr
    return ended.stdout


def found_in(places: Iterator[tuple[str, str]], *marks: str) -> list[str]:
    """The places that hold one of the marks, in small or capital letters."""
    wanted = [mark.lower() for mark in marks]
    return sorted({place for place, text in places if any(mark in text.lower() for mark in wanted)})
