"""request_privacy and handle_privacy_requests: people removed, restricted and released at the word of others."""

import json
import sys
from datetime import UTC, datetime, timedelta

import pytest

from afterbill.adapters.dynamodb.items import customer_of
from afterbill.answers.api_keys import Scope
from afterbill.privacy.receipt import Verdict, verify
from afterbill_actions.adapters.effects import EffectsTable
from afterbill_actions.effects import Written
from tests.integration.asking import asked, asking, looked_up, serve, settle
from tests.integration.calling import SECRET, by, with_key
from tests.integration.logs import counted
from tests.integration.samples import with_body, with_headers

MIRJAM = {"email": "mirjam@example.com"}
NOW = datetime.now(UTC)


@pytest.fixture
def configuration(asking_at_once):
    return asking_at_once


@pytest.fixture
def call(stack):
    return asking(stack)


def body_of(answer):
    return json.loads(answer["body"])


def problem(answer):
    """Status and code, after a look at the form of RFC 9457."""
    document = body_of(answer)
    assert answer["headers"]["Content-Type"] == "application/problem+json"
    assert document["status"] == answer["statusCode"]
    return answer["statusCode"], document["code"]


def test_a_customer_is_removed_in_two_looks(stack, loop, call, capsys):
    loop.asked("order-1", id="cus_1", **MIRJAM)

    told = call(asked({"kind": "erase", "customer": MIRJAM}))
    request = body_of(told)
    serve(stack)
    settling = body_of(call(looked_up(request["id"])))
    settle(stack)
    serve(stack)

    done = body_of(call(looked_up(request["id"])))
    assert (told["statusCode"], told["headers"]["Location"]) == (202, f"/v1/privacy/requests/{request['id']}")
    assert request == {"id": request["id"], "kind": "erase", "state": "open", "customers": 1}
    assert (settling["state"], done["state"]) == ("settling", "done")
    assert done["removed"]["customers"] == 1
    assert stack.items("CUSTOMER") == stack.items("ALIAS") == []
    assert counted(capsys.readouterr().out, "PrivacyFinished") == [1, 1]


def test_a_customer_is_restricted_and_released(stack, loop, call):
    loop.asked("order-1", id="cus_1", **MIRJAM)
    who = {"source": "events", "id": "cus_1"}

    restricted = []
    for kind in ("restrict", "release"):
        call(asked({"kind": kind, "customer": who}, idempotency_key=kind))
        serve(stack)
        (item,) = stack.items("CUSTOMER")
        restricted.append(customer_of(item).restricted_at is not None)

    assert restricted == [True, False]


def test_by_a_survey_its_customer_is_meant(loop, call):
    one = loop.asked("order-1", id="cus_1", **MIRJAM)

    assert body_of(call(asked({"kind": "erase", "invitation": one.id})))["customers"] == 1


def test_an_export_is_shown_when_it_is_fetched_and_can_be_fetched_again(stack, loop, call):
    invitation = loop.asked("order-1", id="cus_1", **MIRJAM)
    request = body_of(call(asked({"kind": "export", "customer": MIRJAM})))

    first, again = (body_of(call(looked_up(request["id"]))) for _ in range(2))

    assert (request["state"], first["state"], first["kind"]) == ("ready", "done", "export")
    (record,) = first["export"]["records"]
    assert record["id"] == invitation.customer_id
    assert "mirjam@example.com" in json.dumps(record)
    assert again["export"]["records"][0]["profile"] == record["profile"]
    acts = stack.dynamodb.scan(TableName="ledger")["Items"]
    assert [act["what"]["S"] for act in acts] == ["privacy export"] * 3


def test_an_export_names_the_systems_that_hold_something_of_an_answer(stack, loop, call):
    invitation = loop.asked("order-1", id="cus_1", **MIRJAM)
    effects = EffectsTable(stack.dynamodb, "afterbill")
    effects.mark_published(invitation.id, "1", NOW, NOW + timedelta(days=30))
    effects.keep_written(invitation.id, "unhappy/desk.ticket", Written("desk", "ticket", "1", NOW, {"ticket": "1042"}))
    request = body_of(call(asked({"kind": "export", "customer": MIRJAM})))

    (record,) = body_of(call(looked_up(request["id"])))["export"]["records"]

    assert [(one["connection"], one["ids"]) for one in record["surveys"][0]["systems"]] == [
        ("desk", {"ticket": "1042"})
    ]
    assert {"who": "connected_system", "source": "desk"} in record["recipients"]


def test_an_export_is_not_shown_where_nobody_would_know(stack, loop, call):
    loop.asked("order-1", id="cus_1", **MIRJAM)
    request = body_of(call(asked({"kind": "export", "customer": MIRJAM})))
    stack.failures["PutItem"] = "ThrottlingException"

    answer = call(looked_up(request["id"]))

    assert problem(answer) == (503, "try_again")
    assert "mirjam" not in answer["body"]


def test_the_receipt_of_an_erasure_is_genuine_and_tells_what_ends_by_itself(stack, loop, call):
    loop.asked("order-1", id="cus_1", **MIRJAM)
    request = body_of(call(asked({"kind": "erase", "customer": MIRJAM})))
    for _ in range(2):
        serve(stack)
        settle(stack)

    told = body_of(call(looked_up(request["id"])))["receipt"]

    key = sys.modules["functions.request_privacy.app"]._secret.receipt_key()
    assert verify(told.encode(), "afterbill", key) is Verdict.GENUINE
    said = json.loads(told)
    assert [one["what"] for one in said["remains"]] == [
        "stream",
        "archive",
        "results",
        "recovery",
        "logs",
        "dead_letters",
    ]
    assert [one["what"] for one in said["kept"]] == ["tombstones", "marks", "ledger", "request", "audit"]
    assert said["removed"]["customers"] == 1


def test_who_never_was_known_is_removed_without_an_error(stack, call):
    request = body_of(call(asked()))
    for _ in range(2):
        serve(stack)
        settle(stack)

    assert (request["customers"], body_of(call(looked_up(request["id"])))["state"]) == (0, "done")


def test_it_is_noted_by_whom_and_why_and_nothing_of_the_person_is_kept(stack, loop, call):
    invitation = loop.asked("order-1", id="cus_1", **MIRJAM)

    call(asked({"kind": "erase", "customer": MIRJAM}))

    (act,) = stack.dynamodb.scan(TableName="ledger")["Items"]
    assert (act["what"]["S"], act["why"]["S"]) == ("privacy erase", "letter 7")
    assert act["whose"]["L"] == [{"S": invitation.customer_id}]
    assert "mirjam" not in str(act) + str(stack.items("PRIVACY"))


def test_what_cannot_be_noted_is_not_done(stack, call):
    stack.failures["PutItem"] = "ThrottlingException"

    assert problem(call(asked())) == (503, "try_again")
    assert stack.items("PRIVACY") == []


def test_told_again_it_is_one_request(stack, call):
    first, again = call(asked()), call(asked())

    assert (first["statusCode"], again["statusCode"]) == (202, 200)
    assert body_of(first) == body_of(again)
    assert len(stack.items("PRIVACY")) == 1
    assert problem(call(asked({"kind": "restrict", "customer": MIRJAM}))) == (422, "idempotency_key_reused")


@pytest.mark.parametrize(
    ("body", "field", "message"),
    [
        ({"kind": "erase"}, "", "needs `customer` or `invitation`, and not both"),
        ({"kind": "erase", "customer": MIRJAM, "invitation": "a" * 32}, "", "needs `customer` or `invitation`"),
        ({"kind": "erase", "customer": {}}, "customer", "needs `id`, or `id` and `source`, or `email`, and no other"),
        ({"kind": "erase", "customer": {"source": "events"}}, "customer", "needs `id`, or"),
        ({"kind": "erase", "customer": {"id": "1", **MIRJAM}}, "customer", "needs `id`, or"),
        ({"kind": "erase_source", "customer": MIRJAM}, "kind", "export"),
        ({"kind": "erase", "invitation": "A" * 32}, "invitation", "must be an id of ours"),
        ({"kind": "erase", "customer": {"mail": "x"}}, "customer.mail", "is unknown"),
        ({"kind": "erase", "customer": MIRJAM, "why": ""}, "why", "must be a text on one line"),
    ],
)
def test_a_body_that_is_no_request_is_told_why(call, body, field, message):
    answer = call(asked(body))

    assert problem(answer) == (422, "invalid")
    faults = body_of(answer)["problems"]
    assert any(fault["field"] == field and message in fault["message"] for fault in faults), faults


@pytest.mark.parametrize(
    ("change", "expected"),
    [
        (lambda event: with_headers(event, authorization=""), (401, "no_key")),
        (lambda event: with_headers(event, authorization="Bearer ab_1"), (401, "wrong_key")),
        (lambda event: with_headers(event, **{"content-type": "text/plain"}), (415, "content_type")),
        (lambda event: with_headers(event, **{"idempotency-key": ""}), (400, "idempotency_key")),
        (lambda event: with_body(event, b"{"), (400, "no_json")),
        (lambda event: with_body(event, b"x" * 100_001), (413, "too_large")),
        (lambda event: by("PUT", event), (405, "method_not_allowed")),
        (lambda event: by("DELETE", looked_up("a" * 32) | {"headers": event["headers"]}), (405, "method_not_allowed")),
    ],
)
def test_what_is_no_call_of_this_api_is_refused(call, change, expected):
    assert problem(call(change(asked()))) == expected


def test_a_key_needs_the_scope(stack, call):
    key = with_key(stack, Scope.RESPONSES_WRITE, id_="fedcba9876543210")

    answer = call(asked(key=key))

    assert SECRET in key
    assert problem(answer) == (403, "wrong_scope")
    assert "privacy:manage" in body_of(answer)["detail"]


@pytest.mark.parametrize("id_", ["a" * 32, "..", "A" * 32])
def test_an_unknown_request_is_not_found(call, id_):
    assert problem(call(looked_up(id_))) == (404, "unknown")


def test_a_key_that_calls_too_often_is_told_to_wait(call):
    answers = [call(looked_up("a" * 32)) for _ in range(61)]

    assert {answer["statusCode"] for answer in answers[:60]} == {404}
    assert problem(answers[60]) == (429, "too_many")


def test_a_request_that_fails_is_told_and_fails_the_run(stack, call, capsys):
    call(asked())
    stack.failures["TransactWriteItems"] = "ThrottlingException"

    with pytest.raises(Exception, match="ThrottlingException"):
        serve(stack)

    assert counted(capsys.readouterr().out, "PrivacyFinished") == []
