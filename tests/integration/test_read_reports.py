"""read_reports: reports and answers, from the event of the API to the stored document and the table."""

import csv
import gzip
import io
import json
import sys
from dataclasses import replace
from datetime import timedelta
from urllib.parse import urlencode

import pytest

from afterbill.adapters.aws.report_files import S3Reports
from afterbill.adapters.dynamodb.facts import FactsTable
from afterbill.adapters.dynamodb.restrictions import RestrictionsTable
from afterbill.answers.api_keys import Scope
from afterbill.answers.rate_limit import RateLimiter
from afterbill.answers.response_rows import COLUMNS
from afterbill.insight.periods import rolling
from afterbill.insight.reports.reading import MOST_ASKED
from afterbill.insight.reports.requested import ReportRequest
from afterbill.intake.ports import FactWrites
from afterbill.model.invitation import Answer, State
from tests.contract.people import customer, invitation
from tests.integration.calling import KEY, by, with_key
from tests.integration.samples import now, sample, with_headers

ROW = {"value": "2026-11-22", "n": 40, "score": 12.5, "low": -3.1, "high": 28.1, "change": 20.0, "real": True}
TREND = {"rows": [ROW], "by": "day", "comparisons": 1}


@pytest.fixture
def call(stack):
    with_key(stack, Scope.REPORTS_READ, Scope.RESPONSES_READ)
    return stack.load("read_reports")


@pytest.fixture
def keep(stack):
    """Store a document as compute_reports does."""

    def keeping(name="trend", window="30d", question="nps", place="", **scopes):
        days = rolling(30, now().date())
        document = {
            "computed_at": "2026-11-22T01:10:00+00:00",
            "fingerprint": "f",
            "name": name,
            "question": question,
            "window": {"name": window, "first": str(days.first), "last": str(days.last)},
            "scopes": {key.replace("_", "="): body for key, body in scopes.items()} or {"": TREND},
        }
        S3Reports(stack.s3, "archive").store(place or f"reports/{name}/{question}/{window}.json", document)
        return document

    return keeping


def report(name="trend", headers=None, **query):
    return with_headers(
        sample("api/report_get", KEY=KEY, REPORT=name, QUERY=urlencode(query, doseq=True)), **(headers or {})
    )


def responses(headers=None, **query):
    named = {name.rstrip("_"): value for name, value in query.items()}
    return with_headers(sample("api/responses_get", KEY=KEY, QUERY=urlencode(named, doseq=True)), **(headers or {}))


def problem(answer):
    document = json.loads(answer["body"])
    assert answer["headers"]["Content-Type"] == "application/problem+json"
    assert document["status"] == answer["statusCode"]
    return answer["statusCode"], document["code"]


def acts(stack):
    found = stack.dynamodb.scan(TableName="ledger")["Items"]
    return [(act["who"]["S"], act["what"]["S"], [one["S"] for one in act["whose"]["L"]]) for act in found]


@pytest.fixture
def known(stack):
    """Store customers of these ids."""

    def storing(*ids):
        for id_ in ids:
            assert FactsTable(stack.dynamodb, "afterbill").commit(FactWrites(customers=(customer(id_),)))
        return list(ids)

    return storing


class TestStoredReports:
    def test_one_is_read_by_one_call(self, stack, call, keep):
        stored = keep()

        answer = call(report())

        body = json.loads(answer["body"])
        assert answer["statusCode"] == 200
        assert body == {
            "report": "trend",
            "window": "30d",
            "first": stored["window"]["first"],
            "last": stored["window"]["last"],
            "question": "nps",
            "where": {},
            "computed_at": "2026-11-22T01:10:00+00:00",
            **TREND,
        }
        assert stack.calls_of("read_reports") == ["GetItem", "GetObject"]

    def test_within_a_value_it_is_read_from_the_same_document(self, stack, call, keep):
        keep(**{"": TREND, "plan_Team": {"rows": []}})

        body = json.loads(call(report(where="plan:Team"))["body"])

        assert (body["where"], body["rows"]) == ({"plan": "Team"}, [])
        assert stack.calls_of("read_reports") == ["GetItem", "GetObject"]

    def test_it_may_be_kept_and_is_not_sent_twice(self, call, keep):
        keep()
        first = call(report())

        again = call(report(headers={"if-none-match": first["headers"]["ETag"]}))

        assert first["headers"]["Cache-Control"] == "private, no-cache"
        assert (again["statusCode"], again["body"]) == (304, "")
        assert again["headers"]["ETag"] == first["headers"]["ETag"]

    @pytest.mark.parametrize(("tag", "status"), [('W/{}, "x"', 304), ("*", 304), ('"x"', 200)])
    def test_what_a_caller_has_is_told_by_its_tag(self, call, keep, tag, status):
        keep()
        known = call(report())["headers"]["ETag"]

        assert call(report(headers={"if-none-match": tag.format(known)}))["statusCode"] == status

    def test_a_new_report_has_another_tag(self, call, keep):
        keep()
        before = call(report())["headers"]["ETag"]
        keep(**{"": TREND | {"comparisons": 2}})

        assert call(report())["headers"]["ETag"] != before

    def test_it_can_be_a_table_without_formulas(self, call, keep):
        keep(
            "segments",
            **{
                "": {"rows": [{"dimension": "plan", "value": "=1+1", "score": -12.5}, {"dimension": "x", "value": "-"}]}
            },
        )

        answer = call(report("segments", export="csv"))

        assert answer["headers"]["Content-Type"] == "text/csv; charset=utf-8"
        assert list(csv.reader(io.StringIO(answer["body"]))) == [
            ["dimension", "value", "score"],
            ["plan", "'=1+1", "-12.5"],
            ["x", "'-", ""],
        ]

    def test_a_table_without_rows_is_empty(self, call, keep):
        keep(**{"": {"rows": []}})

        assert call(report(export="csv"))["body"] == ""

    def test_who_reads_ids_of_customers_is_noted_before_they_are_shown(self, stack, call, keep, known):
        ids = known(*(f"c{number:03}" for number in range(121)))
        keep("changes", **{"": {"rows": [], "candidates": {"referral": {"n": 121, "customers": ids}}}})

        tag = call(report("changes"))["headers"]["ETag"]
        call(report("changes", headers={"if-none-match": tag}))

        assert sorted(len(whose) for _, _, whose in acts(stack)) == [21, 100]
        assert {(who, what) for who, what, _ in acts(stack)} == {("key:0123456789abcdef", "report changes")}

    def test_who_is_gone_or_restricted_since_is_not_named(self, stack, call, keep, known):
        known("c1", "c2")
        assert RestrictionsTable(stack.dynamodb, "afterbill").set_restricted("c2", now())
        keep("changes", **{"": {"rows": [], "candidates": {"upsell": {"n": 3, "customers": ["c1", "c2", "gone"]}}}})

        assert json.loads(call(report("changes"))["body"])["candidates"]["upsell"]["customers"] == ["c1"]

    def test_what_cannot_be_noted_is_not_shown(self, stack, call, keep, known):
        known("c1")
        keep("changes", **{"": {"rows": [], "candidates": {"upsell": {"n": 1, "customers": ["c1"]}}}})
        stack.failures["PutItem"] = "ThrottlingException"

        answer = call(report("changes"))

        assert problem(answer) == (503, "try_again")
        assert "c1" not in answer["body"]

    def test_a_very_large_one_lies_behind_a_link_of_five_minutes(self, stack, call, keep, monkeypatch):
        keep()
        monkeypatch.setattr(sys.modules["functions.read_reports.app"], "_MOST_BYTES", 10)

        answer = call(report())

        link = answer["headers"]["Location"]
        [export] = stack.s3.list_objects_v2(Bucket="archive", Prefix="exports/")["Contents"]
        assert (answer["statusCode"], json.loads(answer["body"])) == (303, {"location": link})
        assert link.startswith(f"https://s3.eu-central-1.amazonaws.com/archive/{export['Key']}?")
        assert "X-Amz-Expires=300" in link
        content = stack.s3.get_object(Bucket="archive", Key=export["Key"])["Body"].read()
        assert json.loads(content)["report"] == "trend"
        assert acts(stack) == [("key:0123456789abcdef", "export trend", [])]


class TestReportsOnDemand:
    def test_what_is_not_stored_is_asked_for_once(self, stack, call):
        event = report(window="45d", where=["plan:Team", "country:DE"], by="touchpoint", compare="2026-01")

        first, again = call(event), call(event)

        assert [first["statusCode"], again["statusCode"]] == [202, 202]
        assert first["headers"]["Location"] == f"/v1/reports/trend?{event['rawQueryString']}"
        assert int(first["headers"]["Retry-After"]) > 0
        [record] = stack.records("ReportRequests")
        asked = json.loads(record["body"])
        assert asked["kind"] == "asked"
        assert asked["request"]["where"] == [["country", "DE"], ["plan", "Team"]]

    def test_once_it_is_computed_it_is_read(self, call, keep):
        request = ReportRequest("trend", rolling(45, now().date()))
        keep(place=request.place)

        assert json.loads(call(report(window="45d"))["body"])["rows"] == [ROW]

    def test_a_value_that_is_not_stored_is_computed(self, stack, call, keep):
        keep(**{"": TREND, "plan_Team": TREND})

        assert call(report(where="plan:Solo"))["statusCode"] == 202
        assert len(stack.records("ReportRequests")) == 1

    def test_a_stored_report_that_is_damaged_is_computed_anew(self, stack, call):
        stack.s3.put_object(Bucket="archive", Key="reports/trend/nps/30d.json", Body=b"no gzip")

        assert call(report())["statusCode"] == 202

    def test_a_computed_one_that_is_damaged_is_503(self, stack, call):
        request = ReportRequest("trend", rolling(45, now().date()))
        stack.s3.put_object(Bucket="archive", Key=request.place, Body=gzip.compress(b"{"))

        assert problem(call(report(window="45d"))) == (503, "try_again")

    def test_more_than_the_limit_of_an_hour_is_429(self, call):
        for days in range(1, MOST_ASKED + 1):
            assert call(report(window=f"{days + 400}d"))["statusCode"] == 202

        answer = call(report(window="700d"))

        assert problem(answer) == (429, "too_many_reports")
        assert int(answer["headers"]["Retry-After"]) > 0


@pytest.fixture
def answered(stack):
    """Store an answered survey, `days` ago."""

    def keeping(number, answer, days=0, **changes):
        at = now() - timedelta(days=days)
        one = invitation(f"{number:032x}", state=State.SENT, sent_at=at, due_at=at, **changes)
        one = replace(one, answer=answer, answered_at=at, answered_day=at.date().isoformat())
        assert FactsTable(stack.dynamodb, "afterbill").commit(FactWrites(one))

    return keeping


def ids(answer):
    return [int(one["id"], 16) for one in json.loads(answer["body"])["responses"]]


class TestResponses:
    def test_they_are_rows_with_all_that_is_known(self, call, answered):
        answered(1, Answer(3, "Zu teuer", "price", contact_ok=True), customer_id="c1")

        answer = call(responses())

        [row] = json.loads(answer["body"])["responses"]
        assert tuple(row) == COLUMNS
        assert (row["rating"], row["comment"], row["customer"]) == (3, "Zu teuer", "c1")
        assert answer["headers"]["Cache-Control"] == "private, no-cache"

    def test_they_are_read_page_by_page_and_each_once(self, call, answered):
        for number in range(5):
            answered(number, Answer(9), days=number)

        found, query = [], {"limit": 2}
        while query:
            answer = call(responses(**query))
            found.append(ids(answer))
            cursor = json.loads(answer["body"])["next"]
            query = {"limit": 2, "cursor": cursor} if cursor else {}

        assert [one for page in found for one in page] == [0, 1, 2, 3, 4]
        assert max(map(len, found)) == 2

    def test_the_oldest_may_come_first(self, call, answered):
        for number in range(3):
            answered(number, Answer(9), days=number)

        assert ids(call(responses(order="oldest"))) == [2, 1, 0]

    def test_they_are_chosen_by_days_and_properties(self, call, answered):
        answered(1, Answer(9, reason="price"), days=1)
        answered(2, Answer(4, confirmed=False), days=2, source="paddle")
        answered(3, Answer(5), days=40)
        day = (now() - timedelta(days=1)).date()

        assert ids(call(responses(rating="0-6"))) == [2]
        assert ids(call(responses(from_=day, to=day))) == [1]
        assert ids(call(responses(from_=day - timedelta(days=60)))) == [1, 2, 3]
        assert ids(call(responses(confirmed="false"))) == [2]
        assert ids(call(responses(source="paddle", question="nps"))) == [2]
        assert ids(call(responses(reason="price", touchpoint="payment_succeeded"))) == [1]

    def test_every_page_is_noted_before_it_is_shown(self, stack, call, answered):
        answered(1, Answer(9), customer_id="c1")
        answered(2, Answer(9), customer_id="")

        tag = call(responses())["headers"]["ETag"]
        assert call(responses(headers={"if-none-match": tag}))["statusCode"] == 304

        assert acts(stack) == [("key:0123456789abcdef", "responses", sorted([f"{2:032x}", "c1"]))]

    def test_a_page_that_cannot_be_noted_is_not_shown(self, stack, call, answered):
        answered(1, Answer(9, "secret"))
        stack.failures["PutItem"] = "ThrottlingException"

        answer = call(responses())

        assert problem(answer) == (503, "try_again")
        assert "secret" not in answer["body"]

    def test_restricted_people_are_left_out_and_counted(self, stack, call, answered):
        answered(1, Answer(9, "secret"), customer_id="c1")
        assert FactsTable(stack.dynamodb, "afterbill").commit(FactWrites(customers=(customer("c1"),)))
        assert RestrictionsTable(stack.dynamodb, "afterbill").set_restricted("c1", now())

        assert json.loads(call(responses())["body"]) == {"responses": [], "left_out": 1, "next": None}

    def test_words_whose_time_is_over_are_not_shown(self, call, answered):
        answered(1, Answer(9, "Once upon a time"), days=400)

        day = (now() - timedelta(days=400)).date()
        [row] = json.loads(call(responses(from_=day, to=day))["body"])["responses"]
        assert row["comment"] is None

    def test_one_that_cannot_be_read_is_left_out(self, stack, call, answered, capsys):
        answered(1, Answer(9))
        answered(2, Answer(9))
        stack.dynamodb.update_item(
            TableName="afterbill",
            Key={"pk": {"S": f"INVITATION#{1:032x}"}, "sk": {"S": "INVITATION"}},
            UpdateExpression="SET #state = :new",
            ExpressionAttributeNames={"#state": "state"},
            ExpressionAttributeValues={":new": {"S": "archived"}},
        )

        assert ids(call(responses())) == [2]
        assert "unknown State" in capsys.readouterr().out


class TestRefusals:
    @pytest.mark.parametrize("event", [report, responses])
    def test_a_call_needs_a_key(self, call, event):
        assert problem(call(event(headers={"authorization": ""}))) == (401, "no_key")
        assert problem(call(event(headers={"authorization": "Bearer ab_1"}))) == (401, "wrong_key")

    @pytest.mark.parametrize(
        ("event", "scopes", "lacks"),
        [
            (responses, [Scope.REPORTS_READ, Scope.RESPONSES_WRITE], "responses:read"),
            (report, [Scope.RESPONSES_READ, Scope.PRIVACY_MANAGE], "reports:read"),
        ],
    )
    def test_a_key_needs_the_scope(self, stack, call, event, scopes, lacks):
        key = with_key(stack, *scopes, id_="fedcba9876543210")

        answer = call(event(headers={"authorization": f"Bearer {key}"}))

        assert problem(answer) == (403, "wrong_scope")
        assert lacks in json.loads(answer["body"])["detail"]

    @pytest.mark.parametrize("method", ["POST", "PUT", "DELETE"])
    def test_nothing_is_written(self, call, method):
        answer = call(by(method, report()))

        assert problem(answer) == (405, "method_not_allowed")
        assert answer["headers"]["Allow"] == "GET, HEAD"

    def test_an_unknown_report_is_404(self, call):
        assert problem(call(report("weather"))) == (404, "unknown_report")

    @pytest.mark.parametrize(
        ("event", "field", "message"),
        [
            (report(window="soon"), "window", "no window 'soon'"),
            (report(window=["7d", "30d"]), "window", "is given twice"),
            (report(question="mood"), "question", "is unknown"),
            (report(where="plan"), "where", "such as plan:Team"),
            (report(where="shoe:42"), "", "no dimension 'shoe'"),
            (report(where=["plan:a", "country:b", "source:c"]), "where", "more than 2 times"),
            (report(compare="2026-13"), "compare", "no window"),
            (report(export="pdf"), "export", "is unknown"),
            (report(widow="30d"), "widow", 'did you mean "window"?'),
            (responses(limit="201"), "limit", "from 1 to 200"),
            (responses(from_="yesterday"), "from", "2026-11-22"),
            (responses(to="20261122"), "to", "2026-11-22"),
            (responses(from_="2026-02-01", to="2026-01-01"), "from", "lies behind"),
            (responses(rating="11"), "rating", "write ratings from 0 to 10"),
            (responses(touchpoint="lunch"), "touchpoint", "is unknown"),
            (responses(confirmed="yes"), "confirmed", "is unknown"),
            (responses(plan=""), "plan", "1 to 200 characters"),
            (responses(cursor="x"), "cursor", "is none of ours"),
        ],
    )
    def test_a_query_that_is_not_understood_is_told_why(self, call, event, field, message):
        answer = call(event)

        assert problem(answer) == (400, "query")
        faults = json.loads(answer["body"])["problems"]
        assert any(fault["field"] == field and message in fault["message"] for fault in faults), faults

    def test_a_cursor_of_other_filters_is_told(self, call, answered):
        answered(1, Answer(9))
        answered(2, Answer(9))
        cursor = json.loads(call(responses(limit=1))["body"])["next"]

        assert problem(call(responses(limit=1, rating="9", cursor=cursor))) == (400, "query")

    def test_a_key_that_calls_too_often_is_told_to_wait(self, call, monkeypatch):
        monkeypatch.setattr(sys.modules["functions.read_reports.app"], "_throttle", RateLimiter(most=1, seconds=10))
        call(responses())

        assert problem(call(responses())) == (429, "too_many")

    @pytest.mark.parametrize("operation", ["GetItem", "GetObject", "UpdateItem", "SendMessage"])
    def test_when_aws_does_not_answer_a_report_is_503(self, stack, call, operation):
        stack.failures[operation] = "ThrottlingException"

        assert problem(call(report())) == (503, "try_again")

    @pytest.mark.parametrize("operation", ["GetItem", "Query", "BatchGetItem"])
    def test_when_aws_does_not_answer_responses_are_503(self, stack, call, answered, operation):
        answered(1, Answer(9))
        stack.failures[operation] = "ThrottlingException"

        assert problem(call(responses())) == (503, "try_again")
