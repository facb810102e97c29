"""What a reply means, and when it is tried again."""

from datetime import timedelta

import pytest

from afterbill_actions.connectors._kit.replies import failure, listed, names, retry_after, section
from afterbill_actions.exchange import NO_REPLY, NOT_SENT, Reply
from afterbill_actions.outcome import Denied, Later, Refused, Unclear

DATE = "Tue, 01 Dec 2026 12:00:00 GMT"


@pytest.mark.parametrize("status", [200, 201, 202, 204])
def test_success_is_no_failure(status: int) -> None:
    assert failure(Reply(status)) is None


@pytest.mark.parametrize(
    ("reply", "kind"),
    [
        (Reply(400), Refused),
        (Reply(401), Denied),
        (Reply(403), Denied),
        (Reply(404), Refused),
        (Reply(408), Later),
        (Reply(409), Later),
        (Reply(413), Refused),
        (Reply(422), Refused),
        (Reply(423), Later),
        (Reply(429), Later),
        (Reply(301), Later),
        (Reply(500), Later),
        (Reply(502), Later),
        (Reply(503), Later),
        (Reply(NO_REPLY), Later),
        (Reply(NOT_SENT), Later),
    ],
    ids=lambda value: str(value.status) if isinstance(value, Reply) else None,
)
def test_every_status_means_one_thing(reply: Reply, kind: type) -> None:
    assert isinstance(failure(reply), kind)


@pytest.mark.parametrize("reply", [Reply(500), Reply(503), Reply(NO_REPLY), Reply(200, b"<html>")])
def test_what_cannot_be_looked_up_is_never_repeated_by_itself(reply: Reply) -> None:
    assert isinstance(failure(reply, repeatable=False, json=True), Unclear)


@pytest.mark.parametrize("reply", [Reply(429), Reply(NOT_SENT), Reply(409)])
def test_but_what_was_surely_not_done_is(reply: Reply) -> None:
    assert isinstance(failure(reply, repeatable=False), Later)


@pytest.mark.parametrize("body", [b"", b"<html>", b'"text"', b"7", b"{"])
def test_where_json_is_due_nothing_else_is_a_success(body: bytes) -> None:
    assert isinstance(failure(Reply(200, body), json=True), Later)


@pytest.mark.parametrize("reply", [Reply(200, b"{}"), Reply(201, b"[]"), Reply(204)])
def test_json_and_the_promise_of_no_content_are(reply: Reply) -> None:
    assert failure(reply, json=True) is None


@pytest.mark.parametrize(
    ("headers", "seconds"),
    [
        ({"retry-after": "0"}, 0),
        ({"retry-after": "30"}, 30),
        ({"retry-after": "99999999999999"}, 6 * 3600),
        ({"retry-after": "Tue, 01 Dec 2026 12:00:20 GMT", "date": DATE}, 20),
        ({"retry-after": "Tue, 01 Dec 2026 11:00:00 GMT", "date": DATE}, 0),
        ({"retry-after": "Tue, 01 Dec 2026 12:00:20 GMT"}, None),
        ({"retry-after": "-1"}, None),
        ({"retry-after": "soon", "date": DATE}, None),
        ({"retry-after": "1.5"}, None),
        ({}, None),
    ],
)
def test_the_time_that_a_system_asks_for(headers: dict[str, str], seconds: int | None) -> None:
    expected = None if seconds is None else timedelta(seconds=seconds)

    assert retry_after(Reply(429, b"", headers)) == expected


def test_only_names_of_a_system_are_told_and_never_its_words() -> None:
    assert names(["cf_score", "cf_score", "ada@example.com", "is not valid", 7, "a" * 61]) == "cf_score"
    assert failure(Reply(400, b"ada@example.com"), detail="cf_score") == Refused("status 400: cf_score")


def test_json_of_another_shape_is_empty() -> None:
    assert section({"a": {"b": {"c": 1}}}, "a", "b") == {"c": 1}
    assert (section([], "a"), section({"a": 1}, "a"), listed({"a": 1}), listed([1, {"a": 1}])) == (
        {},
        {},
        [],
        [{"a": 1}],
    )
