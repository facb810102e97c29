"""Shopify and Freshdesk over real sockets, against systems written by somebody who had not seen our requests."""

import itertools
import json
import threading
from dataclasses import replace

import pytest

from afterbill.model.invitation import Answer
from afterbill_actions.adapters.http import HttpExchange
from afterbill_actions.connectors import registry
from afterbill_actions.exchange import Request
from afterbill_actions.outcome import Denied, Done, Later, NeedsPerson, Refused
from afterbill_dev.local import sources
from afterbill_dev.local.billing_apis import BillingApis
from afterbill_dev.local.connections import accounts
from afterbill_dev.local.connections.systems import Connections
from afterbill_dev.local.forwarding import Address
from afterbill_dev.local.server import ApiServer, MailServer
from afterbill_dev.paths import HOST
from tests.contract.test_local_connections import listening, url_of
from tests.unit.actions.answers import HAPPY, Desk, again, job
from tests.unit.dev.connections.callers import shopify_headers

MADE = sources.make("http://127.0.0.1:8480", "http://127.0.0.1:8425/")


class Systems:
    """The systems of the local stack, and an exchange that reaches them."""

    def __init__(self):
        connections, billing = Connections(sources.accounts(MADE)), BillingApis(sources.accounts(MADE))
        nobody = Address(HOST, 9)
        self.servers = [
            ApiServer(listening(), nobody, {}, connections),
            MailServer(listening(), nobody, billing, connections),
        ]
        for server in self.servers:
            threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01}).start()
        self.api_url, self.inbox_url = map(url_of, self.servers)
        self.http = HttpExchange()
        self.numbers = itertools.count(4501)

    def desk(self, name, **secret):
        return Counted(self.http, url=accounts.url(self.inbox_url, name), secret=secret)

    def order(self):
        """Sell something to somebody new; the job about it."""
        number = next(self.numbers)
        body = json.dumps({"id": number, "name": f"#{number}", "customer": {"id": number + 10_000}}).encode()
        headers = shopify_headers("orders/paid", body, MADE["shopify"].secret)
        self.http(Request("POST", f"{self.api_url}/webhooks/shopify", headers, body))
        id_ = f"{number:032x}"
        about = replace(job().invitation, id=id_, objects={"order": str(number)})
        address = f"ada{number}@example.com"
        return job(invitation=about, mark=f"afterbill-{id_}", mail_address=address, customer_ids=())

    def state(self, name):
        return self.http(Request("GET", accounts.url(self.inbox_url, name) + accounts.STATE)).json()

    def fail(self, name, **fault):
        url = accounts.url(self.inbox_url, name) + accounts.FAULT
        assert self.http(Request("POST", url, body=json.dumps(fault).encode())).status == 204

    def end(self):
        self.http.pool.clear()
        for server in self.servers:
            server.shutdown()
            server.server_close()


class Counted(Desk):
    """A desk whose requests are counted, and one of which fails as the system itself is told to."""

    def __init__(self, http, **parts):
        self.http, self.sent, self.before = http, [], None
        super().__init__(wire=self, **parts)

    def __call__(self, request):
        self.sent.append(request)
        if self.before:
            self.before(len(self.sent))
        return self.http(request)


@pytest.fixture(scope="module")
def systems():
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("AFTERBILL_LOOPBACK", "1")
        found = Systems()
        yield found
        found.end()


@pytest.fixture
def shopify(systems):
    return systems.desk("shopify", token=accounts.SHOPIFY["token"])


@pytest.fixture
def freshdesk(systems):
    return systems.desk("freshdesk", **accounts.FRESHDESK)


def actions(name):
    return registry.load(name).actions


TAGS, NOTE = actions("shopify")["tags"], actions("shopify")["note"]
TICKET, PRIORITY = actions("freshdesk")["ticket"], actions("freshdesk")["priority"]


def order_of(systems, about):
    return systems.state("shopify")["orders"][about.invitation.objects["order"]]


def customer_of(systems, about):
    return systems.state("shopify")["customers"][order_of(systems, about)["customer"]]


def tickets_of(systems, about):
    return [one for one in systems.state("freshdesk")["tickets"] if one["email"] == about.mail_address]


def test_a_3_is_told_and_a_9_in_its_place_updates_all(systems, shopify, freshdesk):
    first = systems.order()
    tags, note, ticket = (
        desk.done(action.write, first) for desk, action in ((shopify, TAGS), (shopify, NOTE), (freshdesk, TICKET))
    )
    assert order_of(systems, first)["tags"] == ["NPS 3", "NPS detractor"] == customer_of(systems, first)["tags"]
    assert "It came late." in order_of(systems, first)["note"]
    (made,) = tickets_of(systems, first)
    assert made["priority"] == 4
    assert "It came late." in made["notes"][0]["body"]

    tags = shopify.done(TAGS.write, again(first, tags, answer=HAPPY))
    note = shopify.done(NOTE.write, again(first, note, answer=HAPPY))
    ticket = freshdesk.done(TICKET.write, again(first, ticket, answer=HAPPY))

    assert order_of(systems, first)["tags"] == ["NPS 9", "NPS promoter"]
    assert "It came late." not in order_of(systems, first)["note"]
    (changed,) = tickets_of(systems, first)
    assert changed["priority"] == 1
    assert {"NPS 9", "NPS promoter"} < set(changed["tags"])
    assert len(changed["notes"]) == 2

    erased = job(None, invitation=None, mail_address="", customer_ids=(), mark=first.mark)
    assert shopify.run(TAGS.erase, again_erased(erased, tags)) == Done()
    assert shopify.run(NOTE.erase, again_erased(erased, note)) == Done()
    assert isinstance(freshdesk.run(TICKET.erase, again_erased(erased, ticket)), NeedsPerson)
    assert (order_of(systems, first)["tags"], order_of(systems, first)["note"]) == ([], "")
    assert customer_of(systems, first)["tags"] == []
    assert max(shopify.most, freshdesk.most) == 3


def again_erased(erased, record):
    return replace(erased, written=again(job(), record).written)


@pytest.mark.parametrize("name", ["shopify", "freshdesk"])
def test_the_probe_is_answered(systems, name, shopify, freshdesk):
    desk = {"shopify": shopify, "freshdesk": freshdesk}[name]

    assert registry.load(name).probe(desk.open()) == Done()
    wrong = systems.desk(name, token="x", key="x")
    assert isinstance(registry.load(name).probe(wrong.open()), Denied)


def test_a_client_buys_its_token(systems):
    client = {name: accounts.SHOPIFY[name] for name in ("client_id", "client_secret")}
    desk, about = systems.desk("shopify", **client), systems.order()

    desk.done(TAGS.write, about)
    desk.done(NOTE.write, about)

    assert order_of(systems, about)["tags"] == ["NPS 3", "NPS detractor"]
    assert len([one for one in desk.sent if one.url.endswith("access_token")]) == 1


REFUSALS = [
    ({"status": 400}, Refused),
    ({"status": 401}, Denied),
    ({"status": 403}, Denied),
    ({"status": 409}, Later),
    ({"status": 422}, Refused),
    ({"status": 429}, Later),
    ({"status": 429, "retry_after": 7}, Later),
    ({"status": 503}, Later),
]
LOSSES = [
    {"status": 0},
    {"status": 0, "after_write": True},
    {"status": 500, "after_write": True},
    {"status": "html", "after_write": True},
]
ACTIONS = [("shopify", "tags"), ("shopify", "note"), ("freshdesk", "ticket")]


@pytest.mark.parametrize(("fault", "kind"), REFUSALS, ids=[json.dumps(fault) for fault, _ in REFUSALS])
@pytest.mark.parametrize(("system", "action"), ACTIONS)
def test_a_refusal_is_told_and_a_retry_ends_with_all_of_it_once(systems, system, action, fault, kind):
    about, outcome = retried(systems, system, action, fault, 2)

    assert isinstance(outcome, kind)
    assert stands_once(systems, action, about)


@pytest.mark.parametrize("number", [1, 2, 3])
@pytest.mark.parametrize("fault", LOSSES, ids=json.dumps)
@pytest.mark.parametrize(("system", "action"), ACTIONS)
def test_whatever_is_lost_a_retry_ends_with_all_of_it_once(systems, system, action, fault, number):
    about, outcome = retried(systems, system, action, fault, number)

    assert isinstance(outcome, Later)
    assert stands_once(systems, action, about)


def retried(systems, system, action, fault, number):
    """Carry out an action of which this request fails, then once more; return the job, and the first outcome."""
    desk = systems.desk(system, token=accounts.SHOPIFY["token"], **accounts.FRESHDESK)
    about, step = systems.order(), actions(system)[action].write
    desk.before = lambda sent: systems.fail(system, **fault) if sent == number else None
    outcome = desk.run(step, about)
    desk.done(step, replace(about, maybe=True))
    assert desk.most <= 3
    return about, outcome


def stands_once(systems, action, about):
    if action == "ticket":
        (made,) = tickets_of(systems, about)
        return len(made["notes"]) == 1
    stands = order_of(systems, about)
    return stands["tags"] == ["NPS 3", "NPS detractor"] if action == "tags" else stands["note"].count("NPS 3") == 1


def test_open_tickets_become_more_urgent_and_go_back(systems, freshdesk):
    about = systems.order()
    theirs = {"email": about.mail_address, "subject": "?", "description": "?", "status": 2, "priority": 1}
    freshdesk.done(TICKET.write, about)
    authorised = {**freshdesk.sent[0].headers, "content-type": "application/json"}
    for _ in range(4):
        url = f"{freshdesk.url}/api/v2/tickets"
        assert systems.http(Request("POST", url, authorised, json.dumps(theirs).encode())).status == 201

    record = freshdesk.done(PRIORITY.write, about)
    assert [one["priority"] for one in tickets_of(systems, about)] == [4] * 5

    assert freshdesk.run(PRIORITY.undo, again(about, record)) == Done()
    assert sorted(one["priority"] for one in tickets_of(systems, about)) == [1, 1, 1, 1, 4]


def test_a_field_that_does_not_exist_is_named(systems, freshdesk):
    outcome = freshdesk.run(TICKET.write, replace(systems.order(), settings={"custom_fields": {"cf_nowhere": 1}}))

    assert isinstance(outcome, Refused)
    assert "cf_nowhere" in outcome.reason


def test_a_customer_without_an_address_is_named_by_the_sources_id(systems, freshdesk):
    about = replace(systems.order(), mail_address="", customer_ids=("77",))

    freshdesk.done(TICKET.write, about)
    freshdesk.done(TICKET.write, about)

    (made,) = [one for one in systems.state("freshdesk")["tickets"] if one["unique_external_id"] == "77"]
    assert len(made["notes"]) == 1


def test_markup_and_placeholders_of_a_comment_stay_words(systems, freshdesk):
    about = systems.order()
    tricky = Answer(2, "<b>x</b> {{ticket.id}} =HYPERLINK(1) @all")

    freshdesk.done(TICKET.write, again(about, answer=tricky))

    (made,) = tickets_of(systems, about)
    assert "Comment: <b>x</b> { {ticket.id}} =HYPERLINK(1) @all" in made["notes"][0]["body_text"]
