"""record_response: links opened and answers given, as the HTTP API hands them over."""

import json
import re
from datetime import timedelta

import pytest

from afterbill.adapters.dynamodb import keys
from afterbill.model.invitation import Answer
from tests.integration.samples import sample, survey_token, unsubscribe_token, with_body, with_headers

FORBIDDEN_HEADERS = {"set-cookie", "location"}
LONGEST = "x" * 10_000


@pytest.fixture
def configuration(asking_at_once):
    return asking_at_once


@pytest.fixture
def sent(loop):
    return loop.sent()


@pytest.fixture
def opened(loop, sent):
    """Open one of the samples by the token of the sent survey, or another."""

    def open_(name, token=None, **changes):
        fitting = unsubscribe_token if name.startswith("unsubscribe") else survey_token
        return loop.answer(sample(f"api/{name}", TOKEN=token or fitting(sent.id)) | changes)

    return open_


def test_the_page_shows_the_number_of_the_link_chosen(opened):
    page = opened("survey_get")

    assert page["statusCode"] == 200
    assert 'lang="de"' in page["body"]
    assert page["body"].count(" checked") == 1
    assert re.search(r'name="rating" value="9"[^>]* checked', page["body"])


@pytest.mark.parametrize("rating", ["11", "-1", "9.5", "nine", "", "07", "٧"])
def test_a_number_that_is_none_chooses_nothing(opened, rating):
    page = opened("survey_get", rawQueryString=f"rating={rating}")

    assert page["statusCode"] == 200
    assert " checked" not in page["body"]


@pytest.mark.parametrize("name", ["unsubscribe_get", "unsubscribe_head"])
def test_opening_an_unsubscribe_link_leaves_no_trace(stack, opened, name):
    before = stack.items("INVITATION"), stack.items("CUSTOMER"), stack.items("ADDRESS")

    for _ in range(3):
        assert opened(name)["statusCode"] == 200

    assert (stack.items("INVITATION"), stack.items("CUSTOMER"), stack.items("ADDRESS")) == before


@pytest.mark.parametrize("case", [("survey_get", "opened", 9), ("survey_head", "probed", None)], ids=["get", "head"])
def test_opening_a_link_leaves_a_visit_without_an_address_and_no_answer(stack, loop, opened, sent, case):
    name, kind, rating = case
    query = {} if rating else {"rawQueryString": ""}

    assert opened(name, **query)["statusCode"] == 200

    (visit,) = loop.invitation(sent.id).visits
    assert (visit.kind, visit.rating, visit.family, len(visit.network)) == (kind, rating, "other", 8)
    assert loop.invitation(sent.id).answer is None
    assert "192.0.2" not in str(stack.items("INVITATION"))
    assert "sample/1.0" not in str(stack.items("INVITATION"))


def test_the_page_takes_one_call_and_so_does_the_answer(stack, opened):
    opened("survey_get")
    for name, query in (("survey_get", "rating=9"), ("survey_get", "rating=none"), ("survey_get", "")):
        calls = len(stack.calls)
        opened(name, rawQueryString=query)
        assert len(stack.calls[calls:]) == 1
    calls = len(stack.calls)
    opened("survey_form")
    assert [call.operation for call in stack.calls[calls:]] == ["UpdateItem"]


def test_a_page_that_was_seen_is_reported_and_answers_nothing(loop, opened, sent):
    seen = opened("survey_form", body="seen=1&rating=9", isBase64Encoded=False)

    assert (seen["statusCode"], seen["body"]) == (204, "")
    (visit,) = loop.invitation(sent.id).visits
    assert (visit.kind, visit.rating) == ("seen", 9)
    assert loop.invitation(sent.id).answer is None


@pytest.mark.parametrize("rating", ["11", "", "none"])
def test_seeing_no_number_is_400(loop, opened, sent, rating):
    assert opened("survey_form", body=f"seen=1&rating={rating}", isBase64Encoded=False)["statusCode"] == 400
    assert loop.invitation(sent.id).visits == ()


@pytest.mark.parametrize("seen", [True, 1, "1"])
def test_a_program_reports_a_page_that_was_seen_as_well(loop, opened, sent, seen):
    body = json.dumps({"seen": seen, "rating": 9})
    response = opened("survey_form", body=body, isBase64Encoded=False, headers={"content-type": "application/json"})

    assert response["statusCode"] == 204
    assert [visit.kind for visit in loop.invitation(sent.id).visits] == ["seen"]
    assert loop.invitation(sent.id).answer is None


@pytest.mark.parametrize("seen", [False, 0, 2, None, "yes"])
def test_any_other_report_is_400_and_no_answer(loop, opened, sent, seen):
    body = json.dumps({"seen": seen, "rating": 9})
    response = opened("survey_form", body=body, isBase64Encoded=False, headers={"content-type": "application/json"})

    assert response["statusCode"] == 400
    assert json.loads(response["body"]) == {"outcome": "invalid", "problem": "form"}
    assert (loop.invitation(sent.id).visits, loop.invitation(sent.id).answer) == ((), None)


@pytest.mark.parametrize("step", ["reason", "comment", "contact", "rating", "", "x"])
def test_every_step_of_a_phone_is_recorded(loop, opened, sent, step):
    page = opened("survey_form", body=f"rating=9&reason=price&comment=a&go={step}", isBase64Encoded=False)

    assert page["statusCode"] == 200
    assert loop.invitation(sent.id).answer == Answer(9, "a", "price")


@pytest.mark.parametrize("name", ["survey_form", "unsubscribe_get", "unsubscribe_one_click"])
def test_every_page_keeps_to_itself(opened, name):
    page = opened(name)
    headers = {key.lower(): value for key, value in page["headers"].items()}

    assert headers["content-type"] == "text/html; charset=utf-8"
    assert headers["cache-control"] == "no-store"
    assert headers["referrer-policy"] == "no-referrer"
    assert "noindex" in headers["x-robots-tag"]
    assert headers["x-content-type-options"] == "nosniff"
    assert headers["content-security-policy"].startswith("default-src 'none'")
    assert not FORBIDDEN_HEADERS & headers.keys()
    assert "cookies" not in page
    assert "src=" not in page["body"]
    assert "<script" not in page["body"]


def test_a_form_records_the_answer(loop, opened, sent):
    page = opened("survey_form")

    assert page["statusCode"] == 200
    assert loop.invitation(sent.id).answer == Answer(9, "Schnell und freundlich 🎉", contact_ok=True)


def test_a_program_that_sends_json_gets_json(loop, opened, sent):
    answer = opened("survey_json")

    assert (answer["statusCode"], json.loads(answer["body"])) == (200, {"outcome": "recorded", "problem": None})
    assert answer["headers"]["Content-Type"] == "application/json"
    assert loop.invitation(sent.id).answer == Answer(3, "Too dear", "price")


def test_a_later_answer_replaces_the_first(loop, opened, sent):
    opened("survey_form")
    first = loop.invitation(sent.id)
    opened("survey_json")

    last = loop.invitation(sent.id)
    assert last.answer.rating == 3
    assert (last.answered_at, last.answered_day) == (first.answered_at, first.answered_day)


def test_of_two_answers_at_the_same_moment_one_stands_whole(loop, stack, opened, sent):
    """The JSON arrives while the form is about to be written: that is one update, so nothing of it mixes."""
    stack.meanwhile["UpdateItem"] = lambda: opened("survey_json")

    assert opened("survey_form")["statusCode"] == 200

    assert loop.invitation(sent.id).answer == Answer(9, "Schnell und freundlich 🎉", contact_ok=True)


@pytest.mark.parametrize("rating", ["07", " 7", 7.0, "7.0", True, [7], {"rating": 7}, 10**400, -1, 11, None, "\u0667"])
def test_a_rating_of_a_wrong_kind_is_400(loop, opened, sent, rating):
    assert opened("survey_json", body=json.dumps({"rating": rating}))["statusCode"] == 400
    assert loop.invitation(sent.id).answer is None


def test_a_reason_that_is_not_configured_is_400(loop, opened, sent):
    answer = opened("survey_json", body='{"rating": 9, "reason": "weather"}')

    assert (answer["statusCode"], json.loads(answer["body"])) == (400, {"outcome": "invalid", "problem": "reason"})
    assert opened("survey_form", body="rating=9&reason=weather", isBase64Encoded=False)["statusCode"] == 400
    assert loop.invitation(sent.id).answer is None


@pytest.mark.parametrize(
    "kind", ["text/plain", "multipart/form-data; boundary=x", "application/xml", "application/csv"]
)
def test_what_is_neither_a_form_nor_json_is_415(stack, loop, opened, sent, kind):
    event = with_headers(sample("api/survey_form"), **{"content-type": kind})
    calls = len(stack.calls)

    page = opened("survey_form", headers=event["headers"])

    assert (page["statusCode"], page["headers"]["Accept-Post"]) == (
        415,
        "application/x-www-form-urlencoded, application/json",
    )
    assert stack.calls[calls:] == []
    assert loop.invitation(sent.id).answer is None


@pytest.mark.parametrize("kind", ["multipart/form-data; boundary=x", "text/plain"])
def test_unsubscribing_takes_whatever_a_mail_program_sends(stack, opened, kind):
    event = with_headers(sample("api/unsubscribe_one_click"), **{"content-type": kind})

    assert opened("unsubscribe_one_click", headers=event["headers"])["statusCode"] == 200
    assert stack.suppressions() == ["unsubscribed"]


def test_a_flood_of_one_link_costs_no_call_of_the_table(stack, opened):
    for _ in range(60):
        assert opened("survey_get", rawQueryString="")["statusCode"] == 200
    calls = len(stack.calls)

    page, refused = opened("survey_get"), opened("survey_head")

    assert (page["statusCode"], page["headers"]["Retry-After"], refused["statusCode"]) == (429, "60", 429)
    assert 'lang="de"' in page["body"]
    assert stack.calls[calls:] == []
    assert opened("survey_json")["statusCode"] == 200


def test_a_program_is_told_of_a_flood_as_well(opened):
    for _ in range(60):
        opened("survey_json", body="{")

    answer = opened("survey_json")

    assert (answer["statusCode"], answer["headers"]["Retry-After"]) == (429, "60")
    assert json.loads(answer["body"]) == {"outcome": "too_many", "problem": None}


def test_a_comment_of_100_kb_comes_back_to_be_shortened(loop, opened, sent):
    page = opened("survey_form", body=f"rating=9&comment={'x' * 100_000}", isBase64Encoded=False)

    assert page["statusCode"] == 400
    assert "x" * 100_000 in page["body"]
    assert loop.invitation(sent.id).answer is None


@pytest.mark.parametrize(
    "fields",
    ["", "rating=11", "rating=-1", "rating=9.5", "rating=nine", "rating=", "comment=x", f"rating=9&comment={LONGEST}x"],
    ids=["nothing", "11", "-1", "9.5", "nine", "empty", "only a comment", "a comment of 10,001"],
)
def test_what_is_no_answer_is_400_with_the_form_as_it_was(loop, opened, sent, fields):
    page = opened("survey_form", body=fields, isBase64Encoded=False)

    assert page["statusCode"] == 400
    assert "<form" in page["body"]
    assert loop.invitation(sent.id).answer is None


@pytest.mark.parametrize("body", [b"\xff\xfe", b"&" * 30, b"rating=9" * 30_000], ids=["not UTF-8", "too many", "long"])
def test_a_body_that_is_no_form_is_no_error(loop, sent, body):
    event = with_body(sample("api/survey_form", TOKEN=survey_token(sent.id)), body)

    assert loop.answer(event)["statusCode"] == 400
    assert loop.invitation(sent.id).answer is None


@pytest.mark.parametrize("body", ["", "[]", "null", '"9"', "{", "[" * 100_000, '{"rating": 9.5}', '{"rating": null}'])
def test_json_that_is_no_answer_is_400(opened, body):
    answer = opened("survey_json", body=body)

    assert answer["statusCode"] == 400
    assert json.loads(answer["body"])["outcome"] == "invalid"


@pytest.mark.parametrize(
    "comment",
    [LONGEST, "🎉" * 10_000, "<script>alert(1)</script>", "مرحبا \u202e", "a\r\nb"],
    ids=["10,000 characters", "10,000 emoji", "HTML", "right to left", "two lines"],
)
def test_a_comment_is_kept_as_it_was_typed(loop, opened, sent, comment):
    answer = opened("survey_json", body=json.dumps({"rating": 0, "comment": comment}))

    assert answer["statusCode"] == 200
    assert loop.invitation(sent.id).answer == Answer(0, comment.replace("\r\n", "\n"))
    assert "<script" not in opened("survey_get")["body"]


def test_more_than_any_answer_is_413(opened):
    assert opened("survey_form", body="x" * 250_001, isBase64Encoded=False)["statusCode"] == 413


@pytest.mark.parametrize("method", ["PUT", "DELETE", "PATCH", "OPTIONS"])
def test_other_methods_are_405(stack, opened, method):
    context = sample("api/survey_get")["requestContext"]
    context["http"]["method"] = method
    calls = len(stack.calls)

    page = opened("survey_get", requestContext=context)

    assert (page["statusCode"], page["headers"]["Allow"]) == (405, "GET, HEAD, POST")
    assert "GetItem" not in [call.operation for call in stack.calls[calls:]]


@pytest.mark.parametrize("name", ["survey_get", "survey_head", "survey_form", "survey_json"])
def test_a_link_that_is_not_ours_is_404_without_looking(loop, stack, opened, sent, name):
    good = survey_token(sent.id)
    loop.answer(sample("api/survey_get", TOKEN=good))
    calls = len(stack.calls)
    tampered = [good[:-2] + ("A" if good[-2] != "A" else "B") + good[-1], good[:-1], good + "A", "TOKEN", "é", "a/b"]

    for wrong in [*tampered, unsubscribe_token(sent.id)]:
        assert opened(name, token=wrong)["statusCode"] == 404
    assert stack.calls[calls:] == []


def test_a_survey_link_does_not_unsubscribe(stack, opened, sent):
    assert opened("unsubscribe_one_click", token=survey_token(sent.id))["statusCode"] == 404
    assert stack.suppressions() == []


def test_a_link_to_what_was_erased_is_404(opened):
    assert opened("survey_get", token=survey_token("0" * 32))["statusCode"] == 404
    assert opened("survey_form", token=survey_token("0" * 32))["statusCode"] == 404
    assert opened("unsubscribe_get", token=unsubscribe_token("0" * 32))["statusCode"] == 404


@pytest.mark.parametrize("name", ["survey_get", "survey_form", "survey_json"])
def test_an_expired_link_is_410(loop, opened, sent, name):
    assert opened(name, token=survey_token(sent.id, timedelta(seconds=-1)))["statusCode"] == 410
    assert loop.invitation(sent.id).answer is None


def test_a_survey_that_was_never_sent_is_410(loop):
    invitation = loop.asked("order-9")

    assert loop.form(invitation)["statusCode"] == 410


def test_a_page_for_nobody_speaks_the_browsers_language(opened):
    event = with_headers(sample("api/survey_get"), **{"accept-language": "sv, en;q=0.4, de;q=0.7"})

    assert 'lang="de"' in opened("survey_get", token="none", headers=event["headers"])["body"]


def test_the_unsubscribe_page_asks_first(stack, opened):
    page = opened("unsubscribe_get")

    assert page["statusCode"] == 200
    assert 'method="post"' in page["body"].lower()
    assert stack.suppressions() == []


@pytest.mark.parametrize("body", [None, b"", b"confirm=1"], ids=["one click", "empty", "from the page"])
def test_unsubscribing_takes_one_post(stack, loop, sent, body):
    event = sample("api/unsubscribe_one_click", TOKEN=unsubscribe_token(sent.id))
    event = event if body is None else with_body(event, body)

    assert loop.answer(event)["statusCode"] == 200
    assert loop.answer(event)["statusCode"] == 200

    assert stack.suppressions() == ["unsubscribed"]
    assert stack.items("CUSTOMER")[0]["suppressed"] == {"S": "unsubscribed"}
    assert "mirjam" not in json.dumps(stack.items("ADDRESS"))


def test_who_unsubscribed_is_never_asked_again(loop, sent):
    loop.answer(sample("api/unsubscribe_one_click", TOKEN=unsubscribe_token(sent.id)))

    assert loop.asked("order-2").reason == "suppressed"
    assert loop.asked("order-3", id="other", email="MIRJAM.Keller@example.com").reason == "suppressed"


def test_an_expired_unsubscribe_link_is_410(opened, sent):
    assert opened("unsubscribe_get", token=unsubscribe_token(sent.id, timedelta(seconds=-1)))["statusCode"] == 410


@pytest.mark.parametrize("name", ["survey_get", "survey_form", "unsubscribe_one_click"])
def test_when_the_table_does_not_answer_the_page_says_so(stack, loop, opened, name):
    _ = loop.answer
    stack.failures |= dict.fromkeys(("GetItem", "UpdateItem"), "ThrottlingException")

    page = opened(name)

    assert (page["statusCode"], page["headers"]["Retry-After"]) == (503, "60")


@pytest.mark.parametrize("name", ["survey_get", "survey_form"])
def test_for_a_survey_that_cannot_be_read_the_page_says_so(stack, sent, opened, name):
    """It may be readable again tomorrow, as after a rollback that is taken back."""
    stack.dynamodb.update_item(
        TableName="afterbill",
        Key=keys.invitation(sent.id),
        UpdateExpression="SET deferrals = :waits",
        ExpressionAttributeValues={":waits": {"L": [{"S": "0 full_moon 60"}]}},
    )

    assert opened(name)["statusCode"] == 503
