"""collect_response: answers that other systems tell, from the event of the API to the score."""

import json
import sys
from datetime import timedelta

import pytest

from afterbill.answers.external import COLLECTED
from afterbill.model.channels import Channel
from afterbill.model.invitation import Answer, State
from afterbill_cli.issued_keys import IssuedApiKeysTable
from tests.integration.calling import ID, KEY, SECRET, by, reported, with_key
from tests.integration.samples import now, sample, with_body, with_headers

ANONYMOUS = {"rating": 9}


@pytest.fixture
def configuration(asking_at_once):
    return asking_at_once


@pytest.fixture
def call(stack):
    with_key(stack)
    return stack.load("collect_response")


def problem(answer):
    """Status and code, after a look at the form of RFC 9457."""
    document = json.loads(answer["body"])
    assert answer["headers"]["Content-Type"] == "application/problem+json"
    assert document["status"] == answer["statusCode"]
    assert document["type"] == "about:blank"
    assert document["title"]
    assert document["detail"]
    return answer["statusCode"], document["code"]


def test_an_answer_is_kept_as_it_was_told(loop, call):
    answer = call(reported())

    document = json.loads(answer["body"])
    (invitation,) = loop.invitations()
    assert (answer["statusCode"], document) == (201, {"id": invitation.id, "outcome": "recorded"})
    assert invitation.answer == Answer(9, "Quick and friendly", contact_ok=True)
    assert (invitation.state, invitation.reason, invitation.channel) == (State.CLOSED, COLLECTED, Channel.API)
    assert (invitation.source, invitation.touchpoint, invitation.segments["plan"]) == (
        "call centre",
        "support_resolved",
        "pro",
    )
    assert invitation.customer_id == ""


def test_a_known_customer_is_found_by_whatever_is_known_of_them(loop, call):
    asked = loop.asked("order-1", id="cus_1", email="mirjam@example.com")

    call(reported({"rating": 9, "customer": {"source": "events", "id": "cus_1"}}, idempotency_key="1"))
    call(reported({"rating": 8, "customer": {"email": "Mirjam@example.com"}}, idempotency_key="2"))

    assert {one.customer_id for one in loop.invitations()} == {asked.customer_id}


def test_who_answered_is_not_stored(stack, call):
    call(reported({"rating": 9, "customer": {"source": "events", "id": "cus_77", "email": "mirjam@example.com"}}))

    assert stack.items("CUSTOMER") == []
    assert not [word for word in ("mirjam", "cus_77") if word in str(stack.items("INVITATION"))]


def test_an_answer_costs_one_write_and_its_key_one_read_a_minute(stack, call):
    call(reported(ANONYMOUS, idempotency_key="1"))
    call(reported(ANONYMOUS, idempotency_key="2"))

    assert stack.calls_of("collect_response") == ["GetItem", "PutItem", "PutItem"]


def test_who_has_an_address_that_several_have_is_nobody_in_particular(loop, call):
    loop.asked("order-1", id="cus_1", email="mirjam@example.com")
    loop.asked("order-2", id="cus_2", email="mirjam@example.com")

    call(reported({"rating": 9, "customer": {"email": "mirjam@example.com"}}))

    (answered,) = [one for one in loop.invitations() if one.answer]
    assert answered.customer_id == ""


def test_a_customer_costs_two_reads_more(stack, loop, call):
    loop.asked("order-1", id="cus_1")
    called = reported({"rating": 9, "customer": {"source": "events", "id": "cus_1"}})
    call(reported(ANONYMOUS, idempotency_key="1"))
    before = len(stack.calls)

    call(called)

    found = [one.operation for one in stack.calls[before:]]
    assert found == ["GetSecretValue", "BatchGetItem", "BatchGetItem", "PutItem"]


def test_the_same_again_is_kept_once(loop, call):
    event = reported()
    first, again = call(event), call(event)

    assert again["statusCode"] == 200
    assert json.loads(again["body"]) == json.loads(first["body"]) | {"outcome": "repeated"}
    assert len(loop.invitations()) == 1


def test_the_same_key_for_another_answer_is_422(loop, call):
    call(reported({"rating": 9}))

    assert problem(call(reported({"rating": 0}))) == (422, "idempotency_key_reused")
    assert [one.answer for one in loop.invitations()] == [Answer(9)]


def test_answers_count_on_the_day_they_were_given(stack, loop, call):
    """They count like answers that afterbill asked for; nothing is counted as sent."""
    for number, rating in enumerate((10, 10, 0)):
        given = (now() - timedelta(days=3)).isoformat()
        call(reported({"rating": rating, "answered_at": given}, idempotency_key=str(number)))
    track = stack.load("track_changes")
    for number, item in enumerate(stack.items("INVITATION")):
        record = sample("stream/answered")["Records"][0]
        record["dynamodb"] |= {"OldImage": {}, "NewImage": item, "SequenceNumber": str(number)}
        assert track({"Records": [record]}) == {"batchItemFailures": []}

    loop.compute(sample("schedule/compute_nps"))

    scores = {item["pk"]["S"]: item for item in stack.items("SCORE") if item["sk"]["S"].startswith("7d#")}
    assert (scores["SCORE#channel"]["sk"]["S"], scores["SCORE#channel"]["n"]["N"]) == ("7d#api", "3")
    assert round(float(scores["SCORE#all"]["score"]["N"])) == 33


@pytest.mark.parametrize(
    ("headers", "code"),
    [
        ({"authorization": ""}, "no_key"),
        ({"authorization": "Basic YWRhOmhlbGxv"}, "no_key"),
        ({"authorization": "Bearer x"}, "wrong_key"),
        ({"authorization": f"Bearer ab_{ID}_{SECRET[::-1]}"}, "wrong_key"),
        ({"authorization": f"Bearer ab_{'f' * 16}_{SECRET}"}, "wrong_key"),
    ],
)
def test_without_the_right_key_it_is_401(loop, call, headers, code):
    answer = call(reported(**headers))

    assert problem(answer) == (401, code)
    assert answer["headers"]["WWW-Authenticate"].startswith('Bearer realm="afterbill"')
    assert loop.invitations() == []


def test_a_revoked_key_is_401_a_minute_later_at_most(stack, call, monkeypatch):
    assert call(reported())["statusCode"] == 201
    IssuedApiKeysTable(stack.dynamodb, "afterbill").revoke(ID, now())

    assert call(reported(idempotency_key="2"))["statusCode"] == 201
    keys = sys.modules["functions.collect_response.app"]._keys
    clock = keys._clock
    monkeypatch.setattr(keys, "_clock", lambda: clock() + 60)
    assert problem(call(reported(idempotency_key="3"))) == (401, "wrong_key")


def test_a_key_of_another_scope_is_403(stack, call):
    key = with_key(stack, "scores:read", id_="a" * 16)

    assert problem(call(reported(key=key))) == (403, "wrong_scope")


@pytest.mark.parametrize("method", ["HEAD", "PUT", "PATCH", "DELETE", "OPTIONS"])
def test_other_methods_are_refused(call, method):
    answer = call(by(method, reported()))

    assert problem(answer) == (405, "method_not_allowed")
    assert answer["headers"]["Allow"] == "GET, POST"


@pytest.mark.parametrize("name", ["", "x" * 101, "é", "a\tb", "\x7f"])
def test_without_a_name_for_repetitions_it_is_400(loop, call, name):
    assert problem(call(reported(idempotency_key=name))) == (400, "idempotency_key")
    assert loop.invitations() == []


def test_a_name_may_be_anything_that_can_be_printed(call):
    assert call(reported(idempotency_key="a|b ~!" + "x" * 94))["statusCode"] == 201


@pytest.mark.parametrize("body", [b"", b"{", b"\xff\xfe", b'{"rating": NaN}', b"[" * 90_000])
def test_what_is_no_json_is_400(call, body):
    assert problem(call(with_body(reported(), body))) == (400, "no_json")


@pytest.mark.parametrize("kind", ["", "text/plain", "application/x-www-form-urlencoded", "application/jsonx"])
def test_what_does_not_call_itself_json_is_415(call, kind):
    assert problem(call(reported(content_type=kind))) == (415, "content_type")


def test_a_charset_may_be_named(call):
    assert call(reported(content_type="Application/JSON; charset=utf-8"))["statusCode"] == 201


def test_more_than_100_kilobytes_is_413(call):
    assert problem(call(reported({"rating": 9, "comment": "x" * 100_000}))) == (413, "too_large")


def test_what_is_no_answer_is_422_with_every_mistake_by_its_field(loop, call):
    answer = call(reported({"question": "csat", "rating": 0, "answered_at": "yesterday", "customer": {"name": "Ada"}}))

    assert problem(answer) == (422, "invalid")
    assert {one["field"] for one in json.loads(answer["body"])["problems"]} == {
        "rating",
        "answered_at",
        "customer.name",
    }
    assert loop.invitations() == []


def test_a_reason_that_surveys_toml_does_not_know_is_422_and_the_known_ones_are_told(loop, call):
    answer = call(reported({"rating": 0, "reason": "prize"}))

    assert problem(answer) == (422, "invalid")
    ((field, message),) = (one.values() for one in json.loads(answer["body"])["problems"])
    assert (field, message) == ("reason", "is none of surveys.toml, only: price, service")
    assert loop.invitations() == []


def test_a_reason_of_surveys_toml_is_kept(loop, call):
    call(reported({"rating": 0, "reason": "price"}))

    (invitation,) = loop.invitations()
    assert invitation.answer == Answer(0, reason="price")


@pytest.mark.parametrize(
    "comment",
    ["<script>alert(1)</script>", "'; DROP TABLE answers; --", '=HYPERLINK("x")', "مرحبا \u202e", "🎉" * 10_000],
    ids=["HTML", "SQL", "formula", "right to left", "10,000 emoji"],
)
def test_a_comment_is_kept_as_it_was_written(loop, call, comment):
    event = reported()
    body = json.dumps({"rating": 0, "comment": comment}, ensure_ascii=False).encode()

    assert call(with_body(event, body))["statusCode"] == 201
    (invitation,) = loop.invitations()
    assert invitation.answer == Answer(0, comment)


def test_a_key_that_calls_too_often_is_429_and_no_other(stack, call):
    other = with_key(stack, id_="a" * 16)
    for _ in range(200):
        call(reported(content_type="text/plain"))

    answer = call(reported())
    assert problem(answer) == (429, "too_many")
    assert int(answer["headers"]["Retry-After"]) > 0
    assert call(reported(key=other))["statusCode"] == 201


@pytest.mark.parametrize("operation", ["GetItem", "GetSecretValue", "BatchGetItem", "PutItem"])
def test_when_aws_does_not_answer_it_is_503(stack, call, operation):
    stack.failures[operation] = "ThrottlingException"

    answer = call(reported())

    assert problem(answer) == (503, "try_again")
    assert answer["headers"]["Retry-After"] == "30"
    stack.failures.clear()
    afresh = stack.load("collect_response")  # one that failed to read a secret pauses before it asks again
    assert afresh(reported())["statusCode"] == 201


def test_the_document_is_for_everybody(stack, call):
    answer = call(sample("api/openapi_get"))

    assert answer["statusCode"] == 200
    assert answer["headers"]["Content-Type"] == "application/json"
    assert json.loads(answer["body"])["openapi"].startswith("3.1")
    assert call(by("HEAD", sample("api/openapi_get")))["statusCode"] == 200
    assert stack.calls_of("collect_response") == []


def test_the_document_cannot_be_changed(call):
    answer = call(by("PUT", sample("api/openapi_get")))

    assert problem(answer) == (405, "method_not_allowed")
    assert answer["headers"]["Allow"] == "GET, HEAD"


def test_an_answer_opens_no_survey_page(loop, call):
    """Nobody was sent a link to it; and its id is no token."""
    id_ = json.loads(call(reported())["body"])["id"]

    assert loop.answer(sample("api/survey_get", TOKEN=id_))["statusCode"] == 404


def test_a_key_is_not_logged(call, capsys):
    call(reported())
    call(with_headers(reported(), authorization=f"Bearer {KEY}x"))

    assert SECRET not in capsys.readouterr().out
