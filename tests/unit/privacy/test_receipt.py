"""Receipts: what they say, and that nobody else can say it."""

import json
from dataclasses import replace
from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from afterbill.model.privacy import PrivacyRequest, RequestKind, RequestState
from afterbill.privacy.receipt import LARGEST, Remains, Verdict, parts, receipt, stated, verify

KEY = b"the key of receipts, of 32 bytes"
DONE_AT = datetime(2026, 11, 22, 12, tzinfo=UTC)
REQUEST = PrivacyRequest(
    "5f" * 8,
    RequestKind.ERASE,
    DONE_AT,
    "arn:aws:sts::123456789012:user/ada",
    DONE_AT,
    why="asked by mail",
    customer_ids=frozenset({"0a" * 16}),
    alias_hashes=frozenset({"0b" * 16}),
    state=RequestState.DONE,
    done_at=DONE_AT,
    removed={"events": 4, "customers": 1, "objections_kept": 1, "rows_kept": 3, "answers_kept": 2},
)
REMAINS = (
    Remains("recovery", DONE_AT.replace(day=29)),
    Remains("dead_letters", DONE_AT.replace(month=12), 3),
    Remains("marks", None, 1, kept=True),
)
SIGNED = receipt(REQUEST, "afterbill", DONE_AT, REMAINS, KEY)
SAID = json.loads(SIGNED)


def verdict(content: str | bytes, stack: str = "afterbill", key: bytes = KEY) -> Verdict:
    return verify(content if isinstance(content, bytes) else content.encode(), stack, key)


def test_a_receipt_says_what_was_done_and_what_ends_when() -> None:
    assert {name: value for name, value in SAID.items() if name != "signature"} == {
        "version": 1,
        "request": REQUEST.id,
        "kind": "erase",
        "stack": "afterbill",
        "state": "done",
        "requested_at": "2026-11-22T12:00:00Z",
        "settle_at": None,
        "done_at": "2026-11-22T12:00:00Z",
        "issued_at": "2026-11-22T12:00:00Z",
        "people": 1,
        "kept_for_other_sources": 0,
        "removed": {"customers": 1, "events": 4},
        "remains": [
            {"what": "recovery", "ends_at": "2026-11-29T12:00:00Z"},
            {"what": "dead_letters", "ends_at": "2026-12-22T12:00:00Z", "count": 3},
        ],
        "kept": [{"what": "marks", "ends_at": None, "count": 1}],
        "objections_kept": 1,
        "rows_kept_anonymous": 3,
        "answers_kept_anonymous": 2,
    }


def test_before_the_second_look_it_says_when_that_comes_and_not_that_all_is_done() -> None:
    settling = replace(REQUEST, state=RequestState.SETTLING, settle_at=DONE_AT.replace(minute=20), done_at=None)

    said = stated(settling, "afterbill", DONE_AT, REMAINS)

    assert (said["state"], said["settle_at"], said["done_at"]) == ("settling", "2026-11-22T12:20:00Z", None)


def test_nothing_in_a_receipt_leads_to_a_person_or_to_who_did_it() -> None:
    for personal in (*REQUEST.customer_ids, *REQUEST.alias_hashes, REQUEST.by, REQUEST.why):
        assert personal not in SIGNED


def test_a_receipt_has_one_form() -> None:
    assert json.dumps(SAID, sort_keys=True, separators=(",", ":"), ensure_ascii=False) == SIGNED


def test_its_own_stack_finds_it_genuine_however_it_is_indented() -> None:
    assert verdict(SIGNED) is Verdict.GENUINE
    assert verdict(json.dumps(SAID, indent=2)) is Verdict.GENUINE
    assert verdict(b"\xef\xbb\xbf" + SIGNED.encode() + b"\n") is Verdict.GENUINE
    assert parts(SIGNED.encode())["request"] == REQUEST.id


@given(st.data())
def test_whatever_byte_is_changed_it_is_not_genuine_any_more(data: st.DataObject) -> None:
    content = bytearray(SIGNED.encode())
    place = data.draw(st.integers(0, len(content) - 1))
    content[place] = data.draw(st.integers(0, 255).filter(lambda one: one != content[place]))

    assert verdict(bytes(content)) is not Verdict.GENUINE


@given(st.integers(0, len(SIGNED) - 1))
def test_a_part_of_a_receipt_is_none(end: int) -> None:
    assert verdict(SIGNED[:end]) is Verdict.NO_RECEIPT


@pytest.mark.parametrize("name", [name for name in SAID if name not in {"version", "stack"}])
def test_whatever_is_said_otherwise_is_told_as_changed(name: str) -> None:
    assert verdict(json.dumps(SAID | {name: "something else"})) is Verdict.CHANGED


def test_what_is_added_or_left_out_is_told_as_changed() -> None:
    assert verdict(json.dumps(SAID | {"more": 1})) is Verdict.CHANGED
    assert verdict(json.dumps({name: said for name, said in SAID.items() if name != "people"})) is Verdict.CHANGED


@pytest.mark.parametrize("signature", ["", "0" * 63, "0" * 64, SAID["signature"].upper(), "é" * 64, 7, None])
def test_another_signature_is_told_as_changed(signature: object) -> None:
    assert verdict(json.dumps(SAID | {"signature": signature})) is Verdict.CHANGED


def test_a_receipt_of_another_stack_is_told_as_such() -> None:
    foreign = receipt(REQUEST, "other", DONE_AT, REMAINS, b"another key")

    assert verdict(foreign) is Verdict.OTHER_STACK
    assert verdict(receipt(REQUEST, "afterbill", DONE_AT, REMAINS, b"another key")) is Verdict.CHANGED


@pytest.mark.parametrize("version", [2, 0, "1", True, None, [1]])
def test_a_receipt_of_another_version_is_told_as_such(version: object) -> None:
    assert verdict(json.dumps(SAID | {"version": version})) is Verdict.OTHER_VERSION


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"\xff\xfe",
        b"no JSON",
        b"[]",
        b"{}",
        b'{"version":1}',
        b"[" * LARGEST,
        b" " * (LARGEST + 1),
        SIGNED.replace('"people":1', '"people":1,"people":1').encode(),
        SIGNED.replace('"people":1', '"people":1.0').encode(),
        SIGNED.replace('"people":1', '"people":1e999').encode(),
        SIGNED.replace('"people":1', '"people":NaN').encode(),
        SIGNED.replace('"people":1', '"people":"\\ud800"').encode(),
    ],
)
def test_what_no_receipt_can_be_is_none(content: bytes) -> None:
    assert verdict(content) is Verdict.NO_RECEIPT
    assert parts(content) == {} or content == b'{"version":1}'
