"""offer_survey: what pages of the operator's product ask, and plain links, as the HTTP API hands them over."""

import hashlib
import json
import re
import sys
from dataclasses import replace
from itertools import product
from zoneinfo import ZoneInfo

import pytest

from afterbill.adapters.dynamodb.items import customer_of
from afterbill.answers.in_product import user_hash
from afterbill.answers.rate_limit import RateLimiter
from afterbill.model.invitation import Answer, State
from tests.integration.in_product import MORE, SECRET, asked, awaiting, link, offering, with_in_product
from tests.integration.samples import due, mail_event, sample, with_body, with_headers
from tests.integration.stack import IDENTITY

ORIGIN = "https://app.example.com"
CORS = "Access-Control-"
ACTIONS = ("survey", "shown", "answer", "dismissal")
OTHERS = (
    "https://evil.example",
    "https://app.example.com.evil.example",
    "https://app.example.com:444",
    "http://app.example.com",
    "https://APP.example.com",
    "https://sub.app.example.com",
    "null",
    "*",
    "",
)
UNREADABLE = {
    b"": "body",
    b"{": "body",
    b"[]": "body",
    b'"user"': "body",
    b"\xff\xfe": "body",
    b"[" * 100_000: "body",
    b"{}": "user",
    b'{"user": ["k-1"], "hash": "x"}': "body",
    b'{"user": {"a": 1}, "hash": "x"}': "body",
    b'{"user": null, "hash": "x"}': "user",
    b'{"user": "%s", "hash": "x"}' % (b"x" * 201): "user",
    b'{"user": "k-1"}': "hash",
    b'{"user": "k-1", "hash": null}': "hash",
}


@pytest.fixture
def configuration(asking_at_once):
    return with_in_product(asking_at_once)


@pytest.fixture
def offer(stack):
    return stack.load("offer_survey")


@pytest.fixture
def waiting(stack, loop):
    """A survey that waits in the product for the customer `k-1`."""
    invitation = loop.sent(id="k-1", email="kim@example.com")
    offering(stack, invitation)
    return invitation


def body_of(response):
    return json.loads(response["body"])


def cors(response):
    return {name: value for name, value in response["headers"].items() if name.startswith(CORS)}


def hurried(stack, most):
    """The loaded function, admitting no more than this in a minute."""
    module = sys.modules["functions.offer_survey.app"]
    stack.patch.setattr(module, "_opening", replace(module._opening, throttle=RateLimiter(most)))
    stack.patch.setattr(module, "_offering", replace(module._offering, throttle=RateLimiter(most)))


def survey(offer):
    return body_of(offer(asked()))["survey"]


class TestTheSurvey:
    def test_it_is_told_with_every_word_the_script_needs(self, offer, waiting):
        response = offer(asked(locale="de"))

        document = body_of(response)["survey"]
        assert response["statusCode"] == 200
        assert document["id"].startswith(waiting.id)
        assert (document["language"], document["direction"]) == ("de", "ltr")
        assert (document["lowest"], document["highest"], document["bad"], document["good"]) == (0, 10, 6, 9)
        assert set(document["follow"]) == {"promoter", "passive", "detractor"}
        assert all(len(colour) == 7 for colour in document["colours"])
        assert all(
            document[name] for name in ("title", "question", "low", "high", "send", "close", "thanks", "contact")
        )

    def test_it_speaks_the_language_of_the_page_else_that_of_its_invitation(self, offer, waiting):
        wanted = ("fr", "fr-CA", "fr_FR.UTF-8", "", "xx", "🎉", "x" * 5000)

        spoken = [body_of(offer(asked(locale=locale)))["survey"]["language"] for locale in wanted]

        assert spoken == ["fr"] * 3 + [waiting.locale.partition("-")[0]] * 4

    @pytest.mark.usefixtures("waiting")
    def test_a_user_who_is_nobody_is_offered_nothing(self, offer):
        assert body_of(offer(asked(user="stranger"))) == {"survey": None}

    @pytest.mark.usefixtures("waiting")
    def test_the_reasons_of_its_touchpoint_can_be_chosen(self, stack, configuration):
        surveys = configuration / "surveys.toml"
        listed = re.sub(r"\nreasons = .*", "", surveys.read_text())
        surveys.write_text(listed.replace("[defaults]", '[defaults]\nreasons = ["price", "service"]'))
        again = stack.load("offer_survey")

        document = survey(again)["reasons"]
        refused = again(asked("answer", survey=survey(again)["id"], rating=9, reason="invoice"))

        assert [slug for slug, _ in document] == ["price", "service", ""]
        assert (refused["statusCode"], body_of(refused)["problem"]) == (400, "reason")

    @pytest.mark.usefixtures("waiting")
    def test_finding_it_takes_four_reads_and_once_a_day_a_write(self, stack, offer):
        """Of the alias, the customer, the invitation, and of the address where one waits."""
        offer(asked())
        offer(asked())

        second = ["GetItem", "BatchGetItem", "GetItem", "GetItem"]
        first = [*second[:2], "UpdateItem", *second[2:]]
        assert stack.calls_of("offer_survey") == ["GetSecretValue", *first, *second]

    def test_what_waited_for_its_user_is_looked_at_again_and_the_script_told_to_ask_soon(self, stack, loop, offer):
        one = loop.asked(id="k-1", email="kim@example.com")
        awaiting(stack, one)

        first, second = (body_of(offer(asked())) for _ in range(2))

        assert (first, second) == ({"survey": None, "soon": True}, {"survey": None})
        assert stack.calls_of("offer_survey")[1:5] == ["GetItem", "BatchGetItem", "SendMessage", "UpdateItem"]
        assert stack.calls_of("offer_survey")[5:] == ["GetItem", "BatchGetItem"]

    @pytest.mark.usefixtures("waiting")
    @pytest.mark.parametrize(("kind", "offered"), [("complaint", False), ("bounce_permanent", True)])
    def test_who_objected_as_another_customer_is_offered_nothing(self, loop, offer, kind, offered):
        """A bounce is no objection: who uses the product is reached there."""
        other = loop.sent("order-2", id="k-2", email="other@example.com")
        loop.mail(mail_event(kind, other.id, "kim@example.com"))

        assert (survey(offer) is not None) is offered

    @pytest.mark.usefixtures("waiting")
    def test_all_else_takes_one_write(self, stack, offer):
        id_ = survey(offer)["id"]
        before = len(stack.calls_of("offer_survey"))
        for name in ("shown", "answer", "dismissal"):
            offer(asked(name, survey=id_, rating=9))

        assert stack.calls_of("offer_survey")[before:] == ["UpdateItem"] * 3


class TestTheWholeWay:
    def test_a_survey_waits_until_its_user_comes_and_is_then_asked(self, stack, loop, configuration):
        surveys = configuration / "surveys.toml"
        plain = surveys.read_text()
        surveys.write_text(plain.replace('channels = ["mail"]', 'channels = ["in_app"]\nseen_within = "14d"'))
        offer = stack.load("offer_survey")
        one = loop.asked(id="k-1", email="kim@example.com")

        assert loop.send(due(one.id)) == {"batchItemFailures": []}
        waiting, first = loop.invitation(one.id), body_of(offer(asked()))
        assert loop.send(due(one.id)) == {"batchItemFailures": []}
        second = body_of(offer(asked()))["survey"]

        assert ([wait.reason for wait in waiting.deferrals], waiting.state) == (["not_seen"], State.PENDING)
        assert first == {"survey": None, "soon": True}
        assert second["id"].startswith(one.id)
        assert body_of(offer(asked("shown", survey=second["id"]))) == {"show": True}
        assert body_of(offer(asked("answer", survey=second["id"], rating=9))) == {"outcome": "recorded"}
        assert (loop.invitation(one.id).showings, loop.invitation(one.id).answer) == (1, Answer(9))


class TestAnswering:
    def test_an_answer_is_that_of_the_page_but_for_its_channel(self, loop, offer, waiting):
        id_ = survey(offer)["id"]

        response = offer(asked("answer", survey=id_, rating=9, comment="Schnell", contact_ok=True))

        stored = loop.invitation(waiting.id)
        assert (response["statusCode"], body_of(response)) == (200, {"outcome": "recorded"})
        assert stored.answer == Answer(9, "Schnell", contact_ok=True)
        assert (stored.channel, stored.segments["channel"]) == ("in_app", "in_app")

    def test_the_page_shows_it(self, loop, offer, waiting):
        offer(asked("answer", survey=survey(offer)["id"], rating=4))

        assert loop.form(waiting)["statusCode"] == 200
        assert loop.invitation(waiting.id).answer.rating == 9

    def test_a_rating_that_is_none_is_named(self, loop, offer, waiting):
        id_ = survey(offer)["id"]
        for rating in (11, -1, 9.5, True, None, "nine", "", "٧", " 9", 10**400):
            response = offer(asked("answer", survey=id_, rating=rating))

            assert (response["statusCode"], body_of(response)["problem"]) == (400, "rating"), rating
        assert loop.invitation(waiting.id).answer is None

    @pytest.mark.usefixtures("waiting")
    def test_a_comment_of_any_kind_is_only_text(self, offer):
        id_ = survey(offer)["id"]
        for comment in ("<script>alert(1)</script>", "'; DROP TABLE", "=HYPERLINK(1)", "a\0b", "\ud800", "🎉" * 10_000):
            assert offer(asked("answer", survey=id_, rating=9, comment=comment))["statusCode"] == 200

    @pytest.mark.usefixtures("waiting")
    def test_too_long_a_comment_is_refused_and_a_flood_not_even_read(self, offer):
        id_ = survey(offer)["id"]

        long = offer(asked("answer", survey=id_, rating=9, comment="x" * 100_000))
        flood = offer(asked("answer", survey=id_, rating=9, comment="x" * 300_000))

        assert (long["statusCode"], body_of(long)["problem"]) == (400, "comment")
        assert flood["statusCode"] == 413


class TestOnce:
    @pytest.mark.usefixtures("waiting")
    def test_of_two_tabs_one_shows_it(self, offer):
        invitation, other = survey(offer)["id"], survey(offer)["id"]

        shown = [body_of(offer(asked("shown", survey=id_)))["show"] for id_ in (invitation, other)]

        assert (shown, survey(offer)) == ([True, False], None)

    @pytest.mark.usefixtures("waiting")
    def test_a_page_that_is_left_gives_it_to_the_next(self, offer):
        id_ = survey(offer)["id"]
        offer(asked("shown", survey=id_))

        left = body_of(offer(asked("shown", survey=id_, gone=True)))

        assert left == {"show": False}
        assert survey(offer)["id"] == id_
        assert body_of(offer(asked("shown", survey=id_))) == {"show": True}

    def test_a_dismissed_one_never_comes_back(self, loop, offer, waiting):
        response = offer(asked("dismissal", survey=survey(offer)["id"]))

        assert (response["statusCode"], body_of(response)) == (200, {"outcome": "dismissed"})
        assert loop.invitation(waiting.id).dismissed_at
        assert survey(offer) is None

    def test_a_closed_one_is_gone(self, stack, offer, waiting):
        id_ = survey(offer)["id"]
        stack.dynamodb.update_item(
            TableName="afterbill",
            Key={"pk": {"S": f"INVITATION#{waiting.id}"}, "sk": {"S": "INVITATION"}},
            UpdateExpression="SET #state = :closed",
            ExpressionAttributeNames={"#state": "state"},
            ExpressionAttributeValues={":closed": {"S": State.CLOSED}},
        )

        assert offer(asked("answer", survey=id_, rating=9))["statusCode"] == 410


class TestWhoMayAsk:
    def test_another_origin_gets_nothing_and_no_permission(self, stack, offer):
        for name, origin, method in product(ACTIONS, OTHERS, ("POST", "OPTIONS", "GET")):
            response = offer(with_headers(asked(name, method=method), origin=origin))

            assert (response["statusCode"], cors(response)) == (403, {}), (name, origin, method)
            assert response["headers"]["Vary"] == "Origin"
        assert stack.calls_of("offer_survey") == []

    def test_none_neither(self, offer):
        event = asked()
        del event["headers"]["origin"]

        assert offer(event)["statusCode"] == 403

    @pytest.mark.usefixtures("waiting")
    def test_each_configured_origin_is_named_in_every_answer(self, offer):
        events = (asked(), asked(secret="wrong"), asked("shown"), asked(method="PUT"), asked("nothing"))
        for event, origin in product(events, (ORIGIN, "http://localhost:8931")):
            response = offer(with_headers(event, origin=origin))

            assert cors(response) == {"Access-Control-Allow-Origin": origin}
            assert response["headers"]["Vary"] == "Origin"

    def test_a_browser_may_ask_first(self, stack, offer):
        for name in ACTIONS:
            response = offer(asked(name, method="OPTIONS"))

            assert response["statusCode"] == 204
            assert cors(response) == {
                "Access-Control-Allow-Origin": ORIGIN,
                "Access-Control-Allow-Methods": "POST",
                "Access-Control-Allow-Headers": "content-type",
                "Access-Control-Max-Age": "3600",
            }
        assert stack.calls_of("offer_survey") == []

    def test_without_the_table_nobody_may(self, stack, configuration):
        surveys = configuration / "surveys.toml"
        surveys.write_text(surveys.read_text().replace(MORE, ""))

        assert stack.load("offer_survey")(asked())["statusCode"] == 403


class TestBadRequests:
    @pytest.mark.usefixtures("waiting")
    def test_a_hash_of_another_user_is_401(self, offer):
        for name in ACTIONS:
            event = asked(name, survey="x", rating=9)
            stolen = json.loads(event["body"]) | {"user": "k-2"}

            response = offer(event | {"body": json.dumps(stolen)})

            assert (response["statusCode"], body_of(response)["problem"]) == (401, "unproven")

    @pytest.mark.usefixtures("waiting")
    def test_a_survey_of_another_user_is_404(self, offer):
        id_ = survey(offer)["id"]
        for name in ACTIONS[1:]:
            response = offer(asked(name, user="k-2", survey=id_, rating=9))

            assert (response["statusCode"], body_of(response)["problem"]) == (404, "not_found")

    def test_what_is_wrong_is_named(self, offer):
        for body, problem in UNREADABLE.items():
            response = offer(with_body(asked(), body))

            assert (response["statusCode"], body_of(response)["problem"]) == (400, problem), body
            assert body_of(response)["message"]

    def test_a_user_of_the_wrong_kind_is_not_proven(self, offer):
        event = asked()
        for user in (True, 7, "\ud800", "' OR 1=1", "k-1\n"):
            response = offer(event | {"body": json.dumps(json.loads(event["body"]) | {"user": user})})

            assert response["statusCode"] == 401, user

    def test_what_a_page_can_send_without_asking_first_is_not_taken(self, offer):
        for kind in ("text/plain", "application/x-www-form-urlencoded", "multipart/form-data", ""):
            assert offer(with_headers(asked(), **{"content-type": kind}))["statusCode"] == 415

    def test_only_posts_are(self, offer):
        for method in ("GET", "HEAD", "PUT", "DELETE"):
            response = offer(asked(method=method))

            assert (response["statusCode"], response["headers"]["Allow"]) == (405, "POST, OPTIONS")

    def test_there_is_nothing_else(self, offer):
        assert offer(asked("surveys"))["statusCode"] == 404

    @pytest.mark.usefixtures("waiting")
    def test_who_asks_too_often_waits(self, stack, offer):
        hurried(stack, most=2)

        answers = [offer(asked()) for _ in range(3)]

        assert [one["statusCode"] for one in answers] == [200, 200, 429]
        assert answers[-1]["headers"]["Retry-After"] == "60"

    @pytest.mark.usefixtures("waiting")
    def test_when_the_table_does_not_answer_it_says_so(self, stack, offer):
        stack.failures["GetItem"] = "ThrottlingException"

        response = offer(asked())

        assert (response["statusCode"], body_of(response)["problem"]) == (503, "unavailable")
        assert cors(response) == {"Access-Control-Allow-Origin": ORIGIN}


class TestSecrets:
    @pytest.mark.usefixtures("waiting")
    def test_a_listed_secret_takes_the_place_of_the_derived_one(self, stack):
        stack.write_secret("KeysSecret", {"identity": IDENTITY, "links": {}, "in_product": ["newer", "older"]})
        offer = stack.load("offer_survey")

        statuses = [offer(asked(secret=one))["statusCode"] for one in ("newer", "older", SECRET)]

        assert statuses == [200, 200, 401]

    @pytest.mark.parametrize("listed", [[""], "newer"])
    def test_what_is_no_list_of_secrets_changes_nothing(self, stack, listed):
        stack.write_secret("KeysSecret", {"identity": IDENTITY, "links": {}, "in_product": listed})

        assert stack.load("offer_survey")(asked())["statusCode"] == 200


class TestTheScript:
    def test_any_page_may_load_and_keep_it(self, stack, offer):
        event = asked("afterbill.js", method="GET")
        del event["headers"]["origin"]

        response = offer(event)

        headers = response["headers"]
        assert response["statusCode"] == 200
        assert len(response["body"].encode()) < 7000
        assert headers["Content-Type"] == "text/javascript; charset=utf-8"
        assert headers["X-Content-Type-Options"] == "nosniff"
        assert headers["Cross-Origin-Resource-Policy"] == "cross-origin"
        assert "max-age=300" in headers["Cache-Control"]
        assert stack.calls_of("offer_survey") == []

    def test_a_browser_that_has_it_is_told_so(self, offer):
        tag = offer(asked("afterbill.js", method="GET"))["headers"]["ETag"]

        for said_ in (tag, f"W/{tag}", f'"other", {tag}', "*"):
            response = offer(with_headers(asked("afterbill.js", method="GET"), **{"if-none-match": said_}))
            assert (response["statusCode"], response["body"]) == (304, "")
        assert offer(with_headers(asked("afterbill.js", method="GET"), **{"if-none-match": '"x"'}))["statusCode"] == 200

    def test_it_takes_nothing(self, offer):
        assert offer(asked("afterbill.js"))["statusCode"] == 405


class TestPlainLinks:
    def test_one_leads_to_a_survey_of_ones_own(self, loop, offer):
        response = offer(link())

        location = response["headers"]["Location"]
        token = location.removeprefix("../s/")
        page = loop.answer(sample("api/survey_get", TOKEN=token) | {"rawQueryString": ""})
        form = loop.answer(sample("api/survey_form", TOKEN=token))
        (invitation,) = loop.invitations()
        assert (response["statusCode"], page["statusCode"], form["statusCode"]) == (303, 200, 200)
        assert (invitation.channel, invitation.touchpoint, invitation.answer.rating) == ("link", "support_resolved", 9)
        assert (invitation.segments["source"], invitation.sent_day, invitation.customer_id) == ("links.counter", "", "")

    def test_anybody_s_answer_counts_apart_and_permits_no_contact(self, loop, offer):
        token = offer(link())["headers"]["Location"].removeprefix("../s/")

        page = loop.answer(sample("api/survey_get", TOKEN=token) | {"rawQueryString": ""})
        sent = sample("api/survey_json", TOKEN=token) | {"body": '{"rating": 9, "contact_ok": true}'}
        answer = loop.answer(sent)

        (invitation,) = loop.invitations()
        assert "contact_ok" not in page["body"]
        assert (answer["statusCode"], invitation.answer) == (200, Answer(9))
        assert invitation.segments["anonymous"] == "counter"

    def test_it_speaks_the_language_of_the_link_or_of_the_browser(self, loop, offer):
        for query in ("", "locale=fr", "locale=xx"):
            offer(link(query))

        assert sorted(one.locale for one in loop.invitations()) == ["de", "de", "fr"]

    def test_a_user_meets_the_same_all_day_and_is_known(self, loop, offer, waiting):
        query = f"user=k-1&hash={user_hash('k-1', SECRET)}"

        offer(link(query))
        offer(link(query))

        (invitation,) = [one for one in loop.invitations() if one.id != waiting.id]
        assert invitation.customer_id == waiting.customer_id
        day = invitation.created_at.astimezone(ZoneInfo("Europe/Berlin")).date()
        assert invitation.id == hashlib.sha256(f"links.counter|k-1|{day}".encode()).hexdigest()[:32]

    def test_a_user_who_is_not_proven_gets_a_page_that_says_so(self, stack, offer):
        for query in ("user=k-1", "user=k-1&hash=00", "hash=00"):
            assert offer(link(query))["statusCode"] == 404
        assert stack.items("INVITATION") == []

    def test_for_programs_that_look_nothing_is_made(self, stack, offer):
        looking = [link(method="HEAD"), *(link(**{"user-agent": one}) for one in ("WhatsApp preview", "Googlebot/2.1"))]
        for event in looking:
            response = offer(event)

            assert response["statusCode"] == 200
            assert '<form method="post"><button>' in response["body"]
        assert stack.items("INVITATION") == []

    def test_a_person_who_looks_like_one_gets_in_with_one_more_press(self, offer):
        assert offer(link(method="POST", **{"user-agent": "Mozilla CUBOT X30"}))["statusCode"] == 303

    def test_a_browser_that_looks_ahead_is_told_to_come_again(self, stack, offer):
        response = offer(link(**{"sec-purpose": "prefetch"}))

        assert response["statusCode"] == 503
        assert response["headers"]["Cache-Control"] == "no-store"
        assert stack.items("INVITATION") == []

    def test_what_is_no_link_is_404_in_the_language_of_the_browser(self, offer):
        response = offer(link(name="nowhere"))

        assert response["statusCode"] == 404
        assert '<html lang="de"' in response["body"]
        assert "default-src 'none'" in response["headers"]["Content-Security-Policy"]

    def test_other_methods_are_405(self, offer):
        assert offer(link(method="DELETE"))["statusCode"] == 405

    def test_when_the_table_does_not_answer_it_says_so(self, stack, offer):
        stack.failures["PutItem"] = "ThrottlingException"

        assert offer(link())["statusCode"] == 503

    def test_a_flood_is_held_up_before_the_table_and_nobody_else_is(self, stack, offer):
        hurried(stack, most=2)

        statuses = [offer(link())["statusCode"] for _ in range(3)]
        elsewhere = link()
        elsewhere["requestContext"]["http"]["sourceIp"] = "198.51.100.7"

        assert statuses == [303, 303, 429]
        assert offer(elsewhere)["statusCode"] == 303
        assert len(stack.items("INVITATION")) == 3


@pytest.mark.usefixtures("waiting")
def test_the_customer_is_remembered_as_seen(stack, offer):
    offer(asked())

    (item,) = stack.items("CUSTOMER")
    assert customer_of(item).last_seen_at is not None
