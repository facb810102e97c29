"""Requests about what is stored of somebody, in memory and in DynamoDB."""

from dataclasses import replace
from datetime import timedelta

import pytest

from afterbill.adapters.dynamodb.privacy_requests import PrivacyRequestsTable
from afterbill.model.errors import UnreadableError
from afterbill.model.privacy import DEADLINE, KEPT_AFTER, PrivacyRequest, RequestKind, RequestState
from afterbill_cli.memory.privacy import MemoryPrivacyRequests
from tests.contract.conftest import TABLE
from tests.contract.people import NOW

BARE = PrivacyRequest("request-1", RequestKind.EXPORT, NOW, "source:shop", NOW + DEADLINE)
FULL = PrivacyRequest(
    "request-2",
    RequestKind.ERASE,
    NOW + timedelta(seconds=1),
    "key:1",
    NOW + DEADLINE,
    why="a letter",
    customer_ids=frozenset({"a", "b"}),
    invitation_ids=frozenset({"c"}),
    alias_hashes=frozenset({"d"}),
    copies=frozenset({"shop/1.json"}),
    source="shop",
    state=RequestState.SETTLING,
    settle_at=NOW + timedelta(minutes=20),
    removed={"invitations": 2},
    walks=1,
    walked=7,
    within="a7",
    met=2,
    people=4,
    shared=5,
    changed=3,
    part_of="request-1",
)


@pytest.fixture
def requests(world):
    return PrivacyRequestsTable(world.dynamodb, TABLE) if world.dynamodb else MemoryPrivacyRequests()


@pytest.mark.parametrize("request_", [BARE, FULL], ids=["bare", "full"])
def test_a_request_is_read_as_it_was_kept(requests, request_):
    assert requests.keep_request(request_)

    assert requests.request(request_.id) == request_


def test_one_that_is_there_is_not_kept_again(requests):
    requests.keep_request(BARE)

    assert not requests.keep_request(replace(BARE, by="source:other"))
    assert requests.request(BARE.id) == BARE


def test_an_unknown_one_is_none(requests):
    assert requests.request("request-9") is None


def test_how_far_it_has_come_is_stored(requests):
    requests.keep_request(FULL)
    done = replace(FULL, state=RequestState.DONE, done_at=NOW + timedelta(hours=1))

    requests.store_request(done)

    assert requests.request(FULL.id) == done


def test_only_who_read_it_as_it_stands_may_store_how_far_it_has_come(requests):
    requests.keep_request(FULL)
    assert requests.advance_request(replace(FULL, walked=8))
    assert not requests.advance_request(replace(FULL, walked=9))

    stored = requests.request(FULL.id)
    assert (stored.walked, stored.version) == (8, 1)
    assert requests.advance_request(replace(stored, walked=10))
    assert not requests.advance_request(replace(stored, walked=11))
    assert requests.request(FULL.id).walked == 10


def test_one_that_was_never_kept_is_stored(requests):
    assert requests.advance_request(BARE)

    assert requests.request(BARE.id) == BARE


def test_all_are_told_the_oldest_first(requests):
    for request in (FULL, BARE):
        requests.keep_request(request)

    assert list(requests.requests()) == [BARE, FULL]


def test_parts_are_told_apart_from_the_requests_that_they_belong_to(requests):
    part = replace(FULL, id=f"{BARE.id}/1", part_of=BARE.id)
    for request in (FULL, BARE, part):
        requests.keep_request(request)
    done = replace(part, state=RequestState.DONE)
    requests.store_request(done)

    assert list(requests.requests()) == [BARE, FULL]
    assert list(requests.parts(BARE.id)) == [done]
    assert (requests.request(part.id), list(requests.parts(FULL.id))) == (done, [])


def test_what_is_done_is_forgotten_after_a_time_and_what_is_not_is_kept(aws_world):
    requests = PrivacyRequestsTable(aws_world.dynamodb, TABLE)
    requests.keep_request(BARE)
    requests.store_request(replace(FULL, done_at=NOW))

    by_id = {item["sk"]["S"]: item for item in aws_world.dynamodb.scan(TableName=TABLE)["Items"]}
    assert "expires_at" not in by_id[BARE.id]
    assert by_id[FULL.id]["expires_at"] == {"N": str(int((NOW + KEPT_AFTER).timestamp()))}


def test_what_this_version_does_not_know_is_named(aws_world):
    requests = PrivacyRequestsTable(aws_world.dynamodb, TABLE)
    requests.keep_request(replace(BARE, kind="rectify"))

    with pytest.raises(UnreadableError, match="PRIVACY request-1: unknown RequestKind"):
        requests.request(BARE.id)


def test_one_that_cannot_be_read_hides_no_other(aws_world):
    requests, told = PrivacyRequestsTable(aws_world.dynamodb, TABLE), []
    for request in (replace(BARE, kind="rectify"), FULL):
        requests.keep_request(request)

    assert list(requests.requests(told.append)) == list(requests.requests()) == [FULL]
    assert [BARE.id in str(error) for error in told] == [True]
