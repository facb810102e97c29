"""Every billing system as it tells of one payment: a sample of events/ with ids and people of this run's own."""

import base64
import json
import re
import tempfile
import uuid
from collections.abc import Mapping
from dataclasses import dataclass, replace
from hashlib import sha256
from pathlib import Path
from typing import Any
from urllib.parse import quote, urlencode

from urllib3 import BaseHTTPResponse

from afterbill.connectors import registry
from afterbill.intake.connector import Connector
from afterbill.model.billing import BillingEvent, ObjectReference
from afterbill.model.webhooks import Source, Webhook
from afterbill_cli import samples
from afterbill_cli.memory.keys import MemoryApis
from tests.e2e.town import ROOT, RUN, Town, own

EVENTS = ROOT / "events"
ANYBODY = re.compile(r"[\w.+-]+@example\.(?:com|org|net)", re.IGNORECASE)
HEXADECIMAL = re.compile(r"[0-9a-f]{8}(-?[0-9a-f]{4}){3}-?[0-9a-f]{12}")


@dataclass(frozen=True)
class Telling:
    """A sample that tells of a payment by `email`; the provider demands `status`."""

    provider: str
    sample: str
    email: str
    status: int

    @property
    def recipient(self) -> str:
        """The address in which no two providers meet; `own` makes it this run's."""
        return at(self.provider, self.email)

    @property
    def file(self) -> Path:
        return EVENTS / "webhooks" / self.provider / self.sample


@dataclass(frozen=True)
class Rewriting:
    """Other ids and other people, the same wherever they stand."""

    provider: str
    ids: frozenset[str]

    def __call__(self, text: str) -> str:
        """The text with all of them changed, also inside of Braintree's base64."""
        hidden = re.search(r'"bt_payload": "([^"]+)"', text)
        if hidden:
            inside = self(base64.b64decode(json.loads(f'"{hidden[1]}"')).decode())
            return text.replace(hidden[1], base64.b64encode(inside.encode()).decode())
        text = ANYBODY.sub(lambda found: own(at(self.provider, found[0].lower())), text)
        for id_ in self.ids:
            text = re.sub(rf"(?<![A-Za-z0-9]){re.escape(id_)}(?![A-Za-z0-9])", fresh(id_), text)
        return text


def at(provider: str, email: str) -> str:
    return f"{provider}.{email}"


def fresh(id_: str) -> str:
    """An id of this run that looks like this one."""
    if HEXADECIMAL.fullmatch(id_):
        made = uuid.uuid5(uuid.NAMESPACE_OID, RUN + id_)
        return str(made) if "-" in id_ else made.hex
    if id_.isdecimal():
        return str(10**8 + int(sha256((RUN + id_).encode()).hexdigest(), 16) % (9 * 10**8))
    return f"{id_}{RUN}"


def tell(town: Town, telling: Telling) -> BaseHTTPResponse:
    """Let the billing system know of the payment, and us by a webhook."""
    rewriting = prepare(town, telling)
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / telling.sample
        file.write_text(rewriting(telling.file.read_text()))
        webhook = samples.read(file, registry.load(telling.provider).ABOUT, telling.provider)
    return post(town, signed(town, webhook))


def prepare(town: Town, telling: Telling) -> Rewriting:
    """What the provider's API answers from now on is about this run's payment."""
    known = answers(telling.provider)
    rewriting = Rewriting(telling.provider, ids_in(telling, known))
    for asked, answer in known.items():
        path, body = rewriting(asked), json.loads(rewriting(json.dumps(answer)))
        if " " not in asked and (path, body) != (asked, answer):
            put_answer(town, telling.provider, path, body)
    return rewriting


def answers(provider: str) -> dict[str, Any]:
    """By path, after the method where that is not GET."""
    file = EVENTS / "apis" / f"{provider}.json"
    found: dict[str, Any] = json.loads(file.read_text()) if file.exists() else {}
    return found


def ids_in(telling: Telling, known: Mapping[str, Any]) -> frozenset[str]:
    """Every id by which we would recognise the payment or its customer."""
    provider = registry.load(telling.provider)
    source, call = Source(telling.provider, telling.provider), MemoryApis(dict(known)).call
    events: list[BillingEvent] = []
    for one in provider.normalise(samples.read(telling.file, provider.ABOUT, telling.provider), source):
        if isinstance(one, BillingEvent):
            events.append(provider.find_customer(one, source, call) if provider.find_customer else one)
        elif isinstance(one, ObjectReference) and provider.resolve:
            events += provider.resolve(one, source, call)
    named = [id_ for event in events for id_ in (*event.objects.values(), event.customer.id)]
    return frozenset(id_ for id_ in named if id_)


def signed(town: Town, webhook: Webhook) -> Webhook:
    source = town.stack["sources"][webhook.source]
    return registry.load(source["provider"]).sign(replace(webhook, url=source.get("url", "")), source["secret"])


def post(town: Town, webhook: Webhook, **headers: str) -> BaseHTTPResponse:
    """What the stack answers to this request."""
    url = f"{town.stack['api_url']}/webhooks/{webhook.source}" + (
        f"?{urlencode(webhook.query)}" if webhook.query else ""
    )
    sent = {"content-type": content_type(webhook, registry.load(webhook.source)), **webhook.headers, **headers}
    return town.http.request(webhook.method, url, body=webhook.body, headers=sent)


def content_type(webhook: Webhook, provider: Connector) -> str:
    if provider.ABOUT.forms:
        return "application/x-www-form-urlencoded"
    return "application/xml" if webhook.body.startswith(b"<") else "application/json"


def put_answer(town: Town, source: str, path: str, answer: object) -> None:
    """What this source's API says under the path from now on."""
    url = town.stack["sources"][source]["api_url"] + quote(path)
    assert town.http.request("PUT", url, body=json.dumps(answer).encode()).status == 204


def outcomes(town: Town, source: str) -> list[str]:
    """What capture_event says has become of the webhooks of this source."""
    group = f"/aws/lambda/{town.stack['outputs']['CaptureEventFunctionName']}"
    found = town.client("logs").filter_log_events(logGroupName=group, filterPattern=f'"{source}"')["events"]
    lines = [json.loads(one["message"]) for one in found if one["message"].startswith("{")]
    return [line["outcome"] for line in lines if line.get("source") == source and "outcome" in line]
