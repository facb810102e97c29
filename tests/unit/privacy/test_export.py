"""The export of all that is held: every part of it, nothing of others, and the form that docs/data-export.md tells."""

import json
import re
from dataclasses import fields, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from afterbill.answers.external import COLLECTED
from afterbill.model.billing import Money
from afterbill.model.customer import Customer, Recipient, Suppression
from afterbill.model.errors import UnreadableError
from afterbill.model.invitation import Answer, FollowUp, Invitation, State
from afterbill.model.privacy import Person, PrivacyRequest, RequestKind
from afterbill.model.recurring import Recurring
from afterbill.model.retention import Retention
from afterbill.model.subscriptions import Subscription
from afterbill.model.visits import CondensedVisits, Kind, Visit
from afterbill.privacy.export import Contact, Exporter, Held, Keeper, export, language_of
from afterbill_cli.memory.people import MemoryPeople
from afterbill_cli.memory.privacy import MemoryPrivacyRequests
from afterbill_cli.memory.table import MemoryTable
from afterbill_cli.preview import data_export
from tests.contract.people import customer, invitation

NOW = datetime(2026, 11, 22, 12, tzinfo=UTC)
DAY = timedelta(days=1)
KEEPER = Keeper("Example GmbH", "hello@example.com", "Europe/Berlin")
DOC = (Path(__file__).parents[3] / "docs" / "data-export.md").read_text(encoding="utf-8")
HASH, NUMBER_HASH, NETWORK = "5e1f" * 8, "6a2b" * 8, "0badcafe"


def record(person: Person, **held: Any) -> dict[str, Any]:
    (only,) = export([Held(person, **held)], KEEPER, NOW)["records"]
    return dict(only)


def survey(**changes: Any) -> dict[str, Any]:
    one = invitation(**changes)
    (only,) = record(Person(one.customer_id, invitations={one.id: one}))["surveys"]
    return dict(only)


def known(**changes: Any) -> dict[str, Any]:
    return record(Person("customer-1", customer(**changes)))


def test_each_part_of_the_profile_tells_since_when_it_is_known_and_from_where() -> None:
    ada = customer(name="Ada", attributes={"plan": "pro"}, learned_at={"name": NOW - DAY, "attributes.plan": NOW})
    person = Person(ada.id, ada, aliases=frozenset({"stripe#cus_9"}))

    parts = {one["part"]: one for one in record(person)["profile"]}

    assert parts["name"] == {
        "part": "name",
        "value": "Ada",
        "learned_at": "2026-11-21T12:00:00Z",
        "sources": ["stripe"],
    }
    assert parts["attributes.plan"]["learned_at"] == "2026-11-22T12:00:00Z"
    assert parts["address"]["learned_at"] is None


def test_a_guests_name_is_no_hash() -> None:
    person = Person("customer-1", aliases=frozenset({"stripe#cus#9@x", f"paddle@{HASH}"}))

    assert record(person)["sources"] == [
        {"source": "paddle", "id": None, "guest": True},
        {"source": "stripe", "id": "cus#9@x", "guest": False},
    ]


def test_a_consent_is_told_with_its_words_and_its_time() -> None:
    told = known(attributes={"consent_at": "2026-01-05T10:00:00Z", "consent_text": "Yes, ask me."})

    assert told["legal_basis"] == {
        "kind": "consent",
        "at": "2026-01-05T10:00:00Z",
        "wording": "Yes, ask me.",
        "withdrawn_at": None,
    }
    assert "attributes.consent_text" not in {one["part"] for one in told["profile"]}


@pytest.mark.parametrize(
    ("attributes", "kind", "withdrawn"),
    [
        ({"notice_at": "2026-01-05"}, "customer", None),
        ({}, None, None),
        ({"consent_withdrawn_at": "2026-02-01", "notice_at": "2026-01-05"}, None, "2026-02-01T00:00:00Z"),
        ({"consent_withdrawn_at": "some day"}, None, "some day"),
    ],
)
def test_other_bases_and_withdrawals_are_told_too(attributes, kind, withdrawn) -> None:
    basis = known(attributes=attributes)["legal_basis"]

    assert (basis["kind"], basis["withdrawn_at"]) == (kind, withdrawn)


def test_objections_of_the_person_of_the_address_and_of_the_number_are_told_apart() -> None:
    ada = customer(suppressed=Suppression.UNSUBSCRIBED, restricted_at=NOW)
    address = Contact(Recipient(HASH, suppressed=Suppression.COMPLAINED), NOW - DAY)
    number = Contact(Recipient(NUMBER_HASH, suppressed=Suppression.BOUNCED))

    told = record(Person(ada.id, ada), address=address, number=number)

    assert [(one["of"], one["reason"], one["since"]) for one in told["objections"]] == [
        ("customer", "unsubscribed", None),
        ("address", "complained", "2026-11-21T12:00:00Z"),
        ("number", "bounced", None),
    ]
    assert told["restricted_at"] == "2026-11-22T12:00:00Z"


def test_an_answer_is_told_word_for_word_whomever_it_names() -> None:
    comment = "Bob <bob@example.com> was rude.\nTwice."
    told = survey(answer=Answer(3, comment, "price", contact_ok=True), answered_at=NOW)

    assert told["answer"] == {
        "at": "2026-11-22T12:00:00Z",
        "rating": 3,
        "lowest": 0,
        "highest": 10,
        "reason": "price",
        "comment": comment,
        "contact_ok": True,
        "confirmed": True,
    }


def test_what_operators_noted_is_told_without_who_they_are() -> None:
    one = invitation(answer=Answer(3), answered_at=NOW)
    note = {"at": "2026-11-22T12:00:00Z", "who": "operator-1", "text": "Called back."}
    noted = {one.id: {"read_at": "2026-11-22T11:00:00Z", "tags": ["price"], "notes": [note]}}
    (told,) = record(Person(one.customer_id, invitations={one.id: one}, noted=noted))["surveys"]

    assert (told["read_at"], told["tags"]) == ("2026-11-22T11:00:00Z", ["price"])
    assert told["notes"] == [{"at": "2026-11-22T12:00:00Z", "text": "Called back."}]
    assert "operator-1" not in json.dumps(told)


def test_visits_tell_time_number_and_program_and_no_network() -> None:
    visits = (Visit(NOW, Kind.OPENED, 9, NETWORK, "firefox"), Visit(NOW, Kind.PROBED), Visit(NOW, Kind.GAP))
    told = survey(visits=visits, condensed=(CondensedVisits(NOW, NOW, 3, 2), CondensedVisits(NOW, NOW, 4, 2)))

    assert told["visits"] == [
        {"at": "2026-11-22T12:00:00Z", "use": "opened", "number": 9, "program": "firefox"},
        {"at": "2026-11-22T12:00:00Z", "use": "probed", "number": None, "program": None},
    ]
    assert told["earlier_visits"] == 7


def test_every_message_that_went_out_is_told() -> None:
    once = survey(state=State.SENT, sent_at=NOW)
    often = survey(
        channel="sms",
        sent_at=NOW,
        follow_ups=(FollowUp(NOW, "mail"), FollowUp(NOW + DAY, "sms")),
        reminded_at=NOW + 2 * DAY,
    )

    assert once["deliveries"] == [{"channel": "mail", "at": "2026-11-22T12:00:00Z"}]
    assert [(one["channel"], one["at"][8:10]) for one in often["deliveries"]] == [
        ("mail", "22"),
        ("sms", "23"),
        ("sms", "24"),
    ]


def test_what_was_not_sent_says_why_and_what_was_collected_elsewhere_says_so() -> None:
    skipped, collected = survey(state=State.CLOSED, reason="cooldown"), survey(state=State.CLOSED, reason=COLLECTED)

    assert (skipped["state"], skipped["not_sent_because"]) == ("closed", "cooldown")
    assert (collected["state"], collected["not_sent_because"]) == ("collected", None)


def test_an_amount_is_told_in_the_smallest_unit() -> None:
    assert survey(money=Money(4900, "EUR"))["amount"] == {"minor_units": 4900, "currency": "EUR"}


def test_a_price_is_told_with_its_interval_at_the_survey_and_at_the_subscription() -> None:
    price = Recurring(Money(12000, "CHF"), 3, "month")
    told = {"minor_units": 12000, "currency": "CHF", "every": 3, "unit": "month"}

    assert survey(recurring=price)["recurring"] == told
    ada = known(subscriptions={"sub_1": Subscription(NOW, recurring=price), "sub_2": Subscription(NOW)})
    assert [one["recurring"] for one in ada["subscriptions"]] == [told, None]


def test_what_a_billing_system_reports_of_an_end_is_told() -> None:
    told = survey(reported_reason="too_expensive", reported_comment="Bob is cheaper.", occurred_at=NOW)

    assert told["end_reported"] == {"reason": "too_expensive", "comment": "Bob is cheaper."}
    assert survey()["end_reported"] == {"reason": None, "comment": None}


def test_for_how_long_it_is_kept_follows_from_the_configuration() -> None:
    one = invitation()
    keeper = replace(KEEPER, retention=Retention(responses=500 * DAY, comments=100 * DAY), copies_days=30)

    document = export([Held(Person("customer-1", invitations={one.id: one}))], keeper, NOW)

    assert document["kept_days"] == {
        "profile": 760,
        "surveys": 500,
        "comments": 100,
        "visits": 90,
        "requests": 90,
        "audit": 1095,
        "copies_of_messages": 30,
    }
    kept_until = one.patient_until + one.expiry + 500 * DAY
    assert document["records"][0]["surveys"][0]["kept_until"] == f"{kept_until:%Y-%m-%dT%H:%M:%SZ}"


def test_words_and_visits_whose_time_is_over_are_not_told_whatever_is_stored() -> None:
    one = invitation(
        due_at=NOW - 500 * DAY, answered_at=NOW - 400 * DAY, answer=Answer(3, "Too dear"), state=State.SENT,
        visits=(Visit(NOW - 400 * DAY, Kind.SEEN, 3, NETWORK, "safari"),), label="hurried",
    )  # fmt: skip

    told = record(Person("customer-1", customer(), {one.id: one}))["surveys"][0]
    kept = record(Person("customer-1", customer(restricted_at=NOW), {one.id: one}))["surveys"][0]

    assert (told["answer"]["rating"], told["answer"]["comment"], told["visits"]) == (3, None, [])
    assert told["clicks_not_counted_because"] == []
    assert (kept["answer"]["comment"], len(kept["visits"])) == ("Too dear", 1)


def test_who_got_the_data_follows_from_what_was_sent_and_who_is_asked() -> None:
    sent = invitation(sent_at=NOW, source="shop")
    person = Person("customer-1", invitations={sent.id: sent}, aliases=frozenset({"stripe#cus_9"}))

    document = export([Held(person)], replace(KEEPER, asked=frozenset({"shop", "other"})), NOW)

    assert [(one["who"], one["source"]) for one in document["records"][0]["recipients"]] == [
        ("storage", None),
        ("mail", None),
        ("billing_system", "shop"),
    ]


def test_systems_that_hold_something_of_an_answer_are_named_there_and_among_who_got_the_data() -> None:
    one, other = invitation(), invitation("0b" * 16)
    person = Person("customer-1", invitations={one.id: one, other.id: other})
    ticket = {"connection": "helpdesk", "system": "Freshdesk", "action": "ticket", "ids": {"ticket": "1042"}}

    told = record(person, systems={one.id: [ticket, ticket | {"action": "priority"}]})

    systems = {each["id"]: [held["action"] for held in each["systems"]] for each in told["surveys"]}
    assert systems == {one.id: ["ticket", "priority"], other.id: []}
    assert told["recipients"][1:] == [{"who": "connected_system", "source": "helpdesk"}]


def test_what_cannot_be_read_is_counted() -> None:
    person = Person("customer-1", invitations={"1": UnreadableError("INVITATION#1", "newer")})

    assert (record(person)["surveys"], record(person)["surveys_unreadable"]) == ([], 1)


def test_surveys_come_in_the_order_of_their_facts() -> None:
    later, earlier = invitation("0" * 32), invitation("f" * 32, occurred_at=NOW - 99 * DAY)
    person = Person("customer-1", invitations={later.id: later, earlier.id: earlier})

    assert [one["id"] for one in record(person)["surveys"]] == [earlier.id, later.id]


def test_the_language_is_the_customers_else_that_of_their_newest_survey() -> None:
    german, dutch = invitation(), invitation("0b" * 16, locale="nl", occurred_at=NOW)
    surveys = {german.id: german, dutch.id: dutch}

    assert language_of([Held(Person("customer-1", customer(locale="fr"), surveys))]) == "fr"
    assert language_of([Held(Person("customer-1", customer(locale=None), surveys))]) == "nl"
    assert language_of([Held(Person("customer-1"))]) is None


# Whole documents


@pytest.fixture
def whole() -> dict[str, Any]:
    return export(list(data_export.held()), replace(KEEPER, asked=frozenset({"shop"}), copies_days=30), NOW)


def test_a_document_is_plain_json(whole: dict[str, Any]) -> None:
    assert json.loads(json.dumps(whole)) == whole


def test_no_operator_no_key_and_no_keyed_hash_is_in_it() -> None:
    ada = customer(address_hash=HASH)
    one = invitation(address_hashes=(HASH, NUMBER_HASH), visits=(Visit(NOW, Kind.OPENED, 1, NETWORK),))
    person = Person(
        ada.id,
        ada,
        {one.id: one},
        frozenset({f"paddle@{HASH}"}),
        events=frozenset({("evt_1", "stripe", "another-survey")}),
        phones=frozenset({NUMBER_HASH}),
        codes=frozenset({"0123456789"}),
        tasks=frozenset({("stripe", "privacy", "task-1")}),
    )
    by_operator = PrivacyRequest(
        "1",
        RequestKind.EXPORT,
        NOW,
        "arn:aws:iam::123456789012:user/bob",
        NOW,
        why="asked by Bob",
        customer_ids=frozenset({ada.id, "customer-2"}),
        alias_hashes=frozenset({HASH}),
    )

    said = json.dumps(record(person, requests=[by_operator]))

    for secret in (HASH, NUMBER_HASH, NETWORK, "arn:aws", "Bob", "customer-2", "another-survey", "0123456789"):
        assert secret not in said


def paths(value: object, at: str = "") -> set[str]:
    """The path of every part: `records[].surveys[].answer.rating`; keys that are data are not parts."""
    if at.endswith((".objects", ".counted_as", ".ids")):
        return {at}
    if isinstance(value, dict):
        inside = (paths(each, f"{at}.{name}" if at else name) for name, each in value.items())
        return {at} - {""} | {path for each in inside for path in each}
    if isinstance(value, list):
        return {at} | {path for each in value for path in paths(each, f"{at}[]")} - {f"{at}[]"}
    return {at}


def test_the_documentation_names_every_part_and_no_other(whole: dict[str, Any]) -> None:
    documented = set(re.findall(r"^\| `([a-z_.\[\]]+)` \|", DOC, flags=re.MULTILINE))

    assert documented == paths(whole)


def test_every_part_of_a_customer_and_of_a_survey_is_exported_or_left_out_on_purpose() -> None:
    """Name a new field here: as exported, or as left out."""
    exported = {
        *("id", "address", "phone", "name", "locale", "country", "time_zone", "attributes", "learned_at"),
        *("last_asked_at", "last_adverse_at", "last_seen_at", "suppressed", "deleted", "subscriptions"),
        *("restricted_at", "active_at", "kept_until"),
    }
    of_ours = {"version", "address_hash", "offered", "when_seen", "waiting", "crowded", "forget_at"}
    assert {each.name for each in fields(Customer)} <= exported | of_ours

    told = {
        *("id", "touchpoint", "source", "channel", "locale", "created_at", "occurred_at", "expiry", "zone", "money"),
        *("segments", "objects", "products", "follow_ups", "reminded_at", "state", "reason", "delivery", "sent_at"),
        *("delivered_at", "shown_at", "dismissed_at", "visits", "condensed", "label", "answer", "answered_at"),
        *("answered_day", "referred", "stage", "due_at", "patience"),
        *("recurring", "reported_reason", "reported_comment"),
    }
    inner = {
        *("fact", "customer_id", "address_hashes", "cooldown", "stoppable", "generation", "deferred_until"),
        *("deferrals", "delivery_number", "closed_at", "attempt", "claimed_at", "previously_asked_at", "message_id"),
        *("sent_day", "shown_until", "showings", "reported_at"),
    }
    assert {each.name for each in fields(Invitation)} <= told | inner


# Over what is stored


def test_an_export_is_read_from_the_ports() -> None:
    table, requests = MemoryTable(), MemoryPrivacyRequests()
    ada = customer(phone="+4915123456789")
    table.people[ada.id] = ada
    table.invitations["0a" * 16] = invitation("0a" * 16, customer_id="")
    asked = PrivacyRequest(
        "1",
        RequestKind.EXPORT,
        NOW,
        "key:1",
        NOW,
        customer_ids=frozenset({ada.id}),
        invitation_ids=frozenset({"0a" * 16}),
    )
    requests.keep_request(asked)
    objected = Contact(Recipient(NUMBER_HASH, suppressed=Suppression.UNSUBSCRIBED), NOW)
    exporter = Exporter(
        MemoryPeople(table),
        requests,
        lambda hashes: {hashed: objected for hashed in hashes if hashed == NUMBER_HASH},
        lambda phone, _country: NUMBER_HASH if phone else "",
        KEEPER,
    )

    known_one, nobodys = exporter.export(asked, NOW)["records"]

    assert [one["of"] for one in known_one["objections"]] == ["number"]
    assert [one["id"] for one in known_one["requests"]] == ["1"]
    assert (nobodys["id"], [one["id"] for one in nobodys["surveys"]]) == (None, ["0a" * 16])
    assert [one["systems"] for one in nobodys["surveys"]] == [[]]
    assert exporter.held([]) == []
