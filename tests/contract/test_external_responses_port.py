"""Answers, customers and keys of the answer API, in memory and in DynamoDB."""

from dataclasses import dataclass, field, replace
from datetime import timedelta
from typing import Any

import pytest

from afterbill.adapters.dynamodb.api_keys import ApiKeysTable
from afterbill.adapters.dynamodb.external_responses import ExternalResponsesTable
from afterbill.adapters.dynamodb.responses import ResponsesTable
from afterbill.answers.api_keys import ApiKey
from afterbill.answers.external import ExternalResponse, closed_invitation
from afterbill.intake.ports import FactWrites
from afterbill.model.channels import Channel
from afterbill.model.customer import Customer
from afterbill.model.invitation import Answer
from afterbill.model.questions import Question
from afterbill_cli.issued_keys import IssuedApiKeysTable
from afterbill_cli.memory.keys import MemoryApiKeys
from afterbill_cli.memory.table import MemoryTable
from tests.contract.conftest import TABLE, mark_erased, over
from tests.contract.people import ADDRESS, ID, NOW, OTHER_ID
from tests.contract.template import table_definition

KEY = ApiKey("0" * 16, "support", ("responses:write",), "hash", NOW)
ASKED = NOW - timedelta(days=30)


@dataclass
class Seconds:
    """A clock that is set by hand."""

    now: float = 0.0

    def __call__(self) -> float:
        return self.now


@dataclass
class Places:
    """The table through the eyes of the API and of operators."""

    answers: Any
    keys: Any
    ring: Any
    facts: Any
    responses: Any
    clock: Seconds = field(default_factory=Seconds)


@pytest.fixture(params=["memory", "aws"])
def places(request):
    if request.param == "memory":
        table, keys = MemoryTable(), MemoryApiKeys()
        return Places(table, keys, keys, table, table)
    dynamodb, clock = request.getfixturevalue("aws")("dynamodb"), Seconds()
    dynamodb.create_table(**table_definition(TABLE))
    keys = ApiKeysTable(dynamodb, TABLE, clock)
    ring, responses = IssuedApiKeysTable(dynamodb, TABLE), ResponsesTable(dynamodb, TABLE)
    return Places(ExternalResponsesTable(dynamodb, TABLE), keys, ring, over(dynamodb).facts, responses, clock)


def answer(id_=ID, **changes):
    plain = ExternalResponse(
        id=id_,
        fact=f"api|1|{id_}|digest",
        channel=Channel.API,
        source="call centre",
        touchpoint="support_resolved",
        stage="support",
        answer=Answer(4, "Freundlich", "service", contact_ok=True),
        answered_at=ASKED,
        day="2026-10-23",
        question=Question.CSAT,
        segments={"plan": "pro"},
        customer=Customer("customer-1", locale="de-CH", country="CH"),
    )
    return closed_invitation(replace(plain, **changes), NOW)


def test_an_answer_is_kept_as_it_was_told(places):
    assert places.answers.keep_answer(answer()) is None

    assert places.responses.invitation(ID) == answer()


def test_an_answer_of_somebody_unknown_is_kept_too(places):
    plain = answer(customer=None, segments={}, question=Question.NPS, answer=Answer(0))

    assert places.answers.keep_answer(plain) is None
    assert places.responses.invitation(ID) == plain


def test_an_answer_that_is_there_is_returned_and_not_changed(places):
    places.answers.keep_answer(answer())

    assert places.answers.keep_answer(answer(answer=Answer(1), fact="api|1|other")) == answer()
    assert places.responses.invitation(ID) == answer()


def test_answers_do_not_meet_each_other(places):
    assert places.answers.keep_answer(answer()) is None
    assert places.answers.keep_answer(answer(OTHER_ID)) is None


def test_customers_are_found_by_their_names(places):
    aliases = {"shop#1": ("a", None), "shop#2": ("b", None)}
    places.facts.commit(FactWrites(customers=(Customer("a"), Customer("b")), aliases=aliases))

    assert places.answers.customer_ids(["shop#1", "shop#2", "shop#3"]) == {"shop#1": "a", "shop#2": "b"}
    assert places.answers.customer_ids([]) == {}
    assert places.answers.customers(["b", "c"]) == {"b": Customer("b", 1)}


def test_who_was_erased_is_known_by_their_hashed_name(places):
    mark_erased(places.answers, "5e1f", NOW)

    assert places.answers.erasures(["5e1f", "0bad"]) == {"5e1f": NOW}


def at_address(id_, address_hash=ADDRESS, version=0):
    return Customer(id_, version, address="ada@example.com", address_hash=address_hash)


def test_the_holders_of_an_address_are_found_two_at_most(places):
    """Who is one of several is nobody in particular."""
    places.facts.commit(FactWrites(customers=(at_address("a"), at_address("x", "other"), Customer("y"))))
    assert list(places.answers.holders(ADDRESS)) == ["a"]
    assert list(places.answers.holders("none")) == []

    places.facts.commit(FactWrites(customers=(at_address("b"), at_address("c"))))
    assert len(places.answers.holders(ADDRESS)) == 2
    assert set(places.answers.holders(ADDRESS)) < {"a", "b", "c"}


def test_who_left_an_address_is_its_holder_no_longer(places):
    places.facts.commit(FactWrites(customers=(at_address("a"),)))
    places.facts.commit(FactWrites(customers=(at_address("a", "other", 1),)))

    assert list(places.answers.holders(ADDRESS)) == []
    assert list(places.answers.holders("other")) == ["a"]


def test_an_invitation_is_no_holder(places):
    places.answers.keep_answer(answer())

    assert list(places.answers.holders("customer-1")) == []
    assert list(places.answers.holders(ADDRESS)) == []


def test_a_key_is_found_as_it_was_added(places):
    assert places.keys.api_key("1" * 16) is None
    assert places.ring.add(KEY)

    assert places.keys.api_key(KEY.id) == KEY
    assert list(places.ring.issued()) == [KEY]


def test_a_key_is_not_written_over(places):
    places.ring.add(KEY)

    assert not places.ring.add(replace(KEY, secret_hash="other"))
    assert places.keys.api_key(KEY.id) == KEY


def test_a_revoked_key_is_known_as_such_within_a_minute(places):
    places.ring.add(KEY)
    places.keys.api_key(KEY.id)

    assert places.ring.revoke(KEY.id, NOW)
    places.clock.now += 60

    assert places.keys.api_key(KEY.id) == replace(KEY, revoked_at=NOW)
    assert list(places.ring.issued()) == [replace(KEY, revoked_at=NOW)]


def test_a_key_is_revoked_once(places):
    places.ring.add(KEY)

    assert places.ring.revoke(KEY.id, NOW)
    assert not places.ring.revoke(KEY.id, NOW + timedelta(hours=1))
    assert not places.ring.revoke("none", NOW)
    assert next(iter(places.ring.issued())).revoked_at == NOW


def test_a_key_is_read_once_a_minute_whether_it_is_there_or_not(aws, monkeypatch):
    dynamodb, clock, read = aws("dynamodb"), Seconds(), []
    dynamodb.create_table(**table_definition(TABLE))
    keys = ApiKeysTable(dynamodb, TABLE, clock)
    get = dynamodb.get_item
    monkeypatch.setattr(dynamodb, "get_item", lambda **asked: read.append(asked) or get(**asked))

    for seconds in (0.0, 30.0, 59.0, 60.0):
        clock.now = seconds
        keys.api_key(KEY.id)

    assert len(read) == 2


def test_trying_many_keys_fills_no_memory(aws, monkeypatch):
    monkeypatch.setattr("afterbill.adapters.dynamodb.api_keys._MOST_KNOWN", 9)
    dynamodb = aws("dynamodb")
    dynamodb.create_table(**table_definition(TABLE))
    keys = ApiKeysTable(dynamodb, TABLE, lambda: 0.0)
    for number in range(10):
        keys.api_key(f"{number:016x}")

    assert len(keys._known) == 1
