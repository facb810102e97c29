"""What a function calls is what its role grants, nothing more.

That nothing is missing, every integration test holds too: its stack refuses a call that the role does not allow.
"""

import json
from dataclasses import replace
from datetime import date, time, timedelta
from fnmatch import fnmatchcase
from functools import partial
from pathlib import Path
from types import SimpleNamespace

import pytest
from botocore.exceptions import ClientError

from afterbill.adapters.aws.report_files import S3Reports
from afterbill.adapters.dynamodb import keys
from afterbill.adapters.dynamodb.archive_marks import ArchiveMarksTable
from afterbill.adapters.dynamodb.click_reviews import ReviewsTable
from afterbill.adapters.dynamodb.items import day_attributes, encode, utc_day
from afterbill.adapters.dynamodb.responses import ResponsesTable
from afterbill.adapters.dynamodb.scores import ScoresTable
from afterbill.adapters.dynamodb.sending_gate import GatesTable
from afterbill.adapters.dynamodb.sending_switch import SendingSwitchTable
from afterbill.adapters.dynamodb.tallies import tally_item
from afterbill.answers.api_keys import Scope, spelled
from afterbill.insight.nps import Tally
from afterbill.insight.periods import month_of
from afterbill.insight.reports.requested import ReportRequest
from afterbill.model.links import Purpose
from afterbill.model.visits import Kind, Visit
from afterbill.settings import config
from afterbill_console.adapters.notices import NoticesTable
from afterbill_console.adapters.preferences import PreferencesTable
from afterbill_console.digest.periods import periods_of
from afterbill_console.health.document import PLACE
from afterbill_console.preferences import Alert, Cadence, Choices
from afterbill_reports.adapters.duckdb.database import connect
from afterbill_reports.adapters.duckdb.parquet import ParquetRows
from afterbill_reports.adapters.report_queue import SqsReportQueue
from afterbill_reports.archive.columns import FACTS, place
from afterbill_reports.reports import compute as reports
from tests.contract.template import properties
from tests.infra.acting_tour import act, operate, with_actions
from tests.integration.apis import CONSENT, from_source, let_answer, reply, with_thin_sources
from tests.integration.archiving import Noon, archive_a_night
from tests.integration.asking import asked as asked_of
from tests.integration.asking import asking, looked_up, serve, settle
from tests.integration.calling import SECRET, by, with_key
from tests.integration.calling import reported as telling
from tests.integration.campaigning import living, with_a_campaign
from tests.integration.deploying import described
from tests.integration.grants import Wanted, actions_of, allows, grants_of
from tests.integration.in_product import asked, awaiting, link, offering, with_in_product
from tests.integration.loop import Loop
from tests.integration.samples import (
    SOURCES,
    captured,
    due,
    mail_event,
    now,
    payment,
    sample,
    signed,
    sms_event,
    survey_token,
    to_source,
    token,
    unsubscribe_token,
    with_body,
    with_headers,
)
from tests.integration.stack import Context, configured_at_once, functions, logical_id, standing, with_text_messages
from tests.integration.visiting import Visitor

TO_LOG = {"logs:CreateLogStream", "logs:PutLogEvents"}
TO_POLL = {
    "sqs:ReceiveMessage",
    "sqs:DeleteMessage",
    "sqs:GetQueueAttributes",
    "dynamodb:DescribeStream",
    "dynamodb:GetRecords",
    "dynamodb:GetShardIterator",
    "dynamodb:ListStreams",
}
"""Granted to the function's role, and used by Lambda: to write its log, to poll its queue, to read its stream."""


@pytest.fixture(scope="module")
def toured(tmp_path_factory):
    """A stack in which every function has been through everything it can do."""
    with pytest.MonkeyPatch.context() as patch:
        folder = with_a_campaign(with_thin_sources(configured_at_once(tmp_path_factory.mktemp("layer") / "config")))
        with_in_product(with_actions(folder))
        with standing(
            patch, folder, SOURCES, {"EvidenceDays": "30", "SmsService": "sns", "AlarmEmail": "ops@example.com"}
        ) as stack:
            stack.observe = partial(lose_the_first_of_its_kind, stack, set())
            tour(stack, Loop(stack), folder / "surveys.toml")
            yield stack


LOST = ClientError(
    {
        "Error": {"Code": "TransactionCanceledException", "Message": "Transaction cancelled"},
        "CancellationReasons": [{"Code": "TransactionConflict"}],
    },
    "TransactWriteItems",
)


def lose_the_first_of_its_kind(stack, known, call):
    """Somebody else is faster at the first transaction on such items: what is called then must be granted too."""
    if call.operation != "TransactWriteItems":
        return
    stack.failures.pop(call.operation, None)
    wanted = actions_of(call, stack.resolver)
    kind = call.caller, frozenset((one.action, key.partition("#")[0]) for one in wanted for key in one.leading_keys)
    if kind not in known:
        known.add(kind)
        stack.failures[call.operation] = LOST


def tour(stack, loop, surveys):
    receive(stack)
    receive_unsigned(stack)
    poll(stack)
    run_campaigns(stack)
    put_aside(loop)
    split(stack)
    renew_a_token(stack)
    schedule_later(stack, loop, surveys)
    remind_later(stack, loop, surveys)
    taken_back(loop)
    withdrawn(loop)
    asked_to_erase(stack)
    throttled(stack, loop)
    out_of_quota(stack, loop)
    capped(stack, loop, surveys)
    answered_then_bounced(loop)
    unsubscribed(loop)
    offered(stack, loop)
    without_a_basis(stack, loop, surveys)
    texted(stack, loop, surveys)
    collect(stack)
    unknown_then_swept(stack, loop)
    count(stack, loop)
    review(stack, loop)
    publish(stack)
    act(stack, loop)
    archive(stack)
    read(stack)
    show(stack)
    show_people(stack)
    notified(stack, loop)
    retain(stack, loop)
    archive_a_night(stack)
    removed(stack)
    watch(stack, loop)
    computed(stack)
    checked(stack, surveys)


def checked(stack, surveys):
    """A look at a stack that sends, and that asks nobody without a legal basis."""
    surveys.write_text(surveys.read_text().replace('preset = "relaxed"', 'preset = "strict"'))
    SendingSwitchTable(stack.dynamodb, "afterbill").resume(now().date() - timedelta(days=3))
    described(stack)
    stack.sqs.send_message(QueueUrl=stack.resolver.made["ComputeDeadLetters"]["Ref"], MessageBody="{}")
    stack.load("check_health")(sample("schedule/compute_nps"), TwoMinutes())


class TwoMinutes(Context):
    remaining = 120_000


def computed(stack):
    """A run that has time for one report asks for the next, and somebody asks for another one."""
    day = date(2026, 11, 22)
    stack.s3.put_object(Bucket="archive", Key=place("facts", day), Body=b"damaged")
    stack.s3.put_object(Bucket="archive", Key="reports/trend/nps/7d.json", Body=b"")
    compute, answers = stack.load("compute_reports"), iter([True])
    stack.patch.setattr(reports, "report_of", lambda _name: SimpleNamespace(compute=lambda *_: {}))
    stack.patch.setattr("functions.compute_reports.app.goes_on", lambda *_: lambda: next(answers, False))
    stack.records("ReportRequests")  # what archive_facts and read_reports asked for
    queue = SqsReportQueue(stack.sqs, stack.resolver.made["ReportRequests"]["Ref"])
    queue.send({"kind": "stored", "nightly": False})
    queue.send({"kind": "asked", "request": ReportRequest("trend", month_of(day)).payload()})
    assert compute({"Records": stack.records("ReportRequests")}) == {"batchItemFailures": []}


def receive(stack):
    assert stack.load("receive_webhook")(signed(sample("api/webhook_standard")))["statusCode"] == 202


def receive_unsigned(stack):
    """A verifier that becomes a task, and a webhook of PayPal's that nobody can read."""
    verifier = b"name=callback.verify&object_id=2047&verifier=scSampleVerifierOf32Characters00"
    headers = {"paypal-auth-algo": "SHA256withRSA", "paypal-cert-url": "https://api.paypal.com/certificate"}
    headers |= {"paypal-transmission-id": "1", "paypal-transmission-sig": "AAAA"}
    headers |= {"paypal-transmission-time": "2026-11-22T12:00:00Z"}
    receive = stack.load("receive_webhook")
    for source, body in (("ledger", verifier), ("paypal", b"{}")):
        event = with_headers(to_source(with_body(sample("api/webhook_standard"), body), source), **headers)
        assert receive(event)["statusCode"] in {200, 202}
    stack.write_secret("ApisSecret", {"paypal": {"client_id": "me", "client_secret": "hush"}})
    capture = stack.load("capture_event")
    let_answer("capture_event", reply({"access_token": "a"}), reply({"verification_status": "SUCCESS"}))
    assert capture({"Records": stack.records("UnsignedInbox")}) == {"batchItemFailures": []}


def poll(stack):
    stack.write_secret("ApisSecret", {"books": {"key": "a-key"}})
    run = stack.load("poll_billing")
    let_answer("poll_billing", reply([{"id": 1, "invnumber": "R-1"}]), reply({}))
    run(sample("schedule/poll_billing"))


def run_campaigns(stack):
    living(stack, 0)
    stack.load("run_campaigns")(sample("schedule/run_campaigns"))


def put_aside(loop):
    loop.capture(captured(b"not JSON"))


def split(stack):
    """A batch that is too long to be captured in one go."""
    (event,) = sample("webhooks/xero/invoice.update.paid")["events"]
    stack.load("capture_event")(from_source("xero", {"events": [event] * 50}))


def renew_a_token(stack):
    stack.write_secret("ApisSecret", {"xero": {"client_id": "me", "client_secret": "hush"}})
    stack.write_secret("TokensSecret", {"xero": CONSENT})
    capture = stack.load("capture_event")
    let_answer("capture_event", reply({"access_token": "a", "refresh_token": "b", "expires_in": 1800}), (404, b""))
    capture(from_source("xero", sample("webhooks/xero/invoice.update.paid")))


def schedule_later(stack, loop, surveys):
    """Due in a quarter of a minute or later, a survey takes a schedule; all others of this tour go to the queue."""
    surveys.write_text(surveys.read_text().replace('delay = "0s"', 'delay = "1h"'))
    stack.load("capture_event")(captured(payment("order-0", id="zero", email="zero@example.com")))
    surveys.write_text(surveys.read_text().replace('delay = "1h"', 'delay = "0s"'))
    loop.asked("order-9", id="nine", email="nine@example.com")


def remind_later(stack, loop, surveys):
    """Who is to be reminded, or has to wait long, takes a schedule of send_survey's own."""
    plain = surveys.read_text()
    surveys.write_text(plain.replace('expiry = "30d"', 'expiry = "30d"\nreminder = "7d"'))
    stack.load("capture_event")(captured(payment("order-r", id="reminded", email="reminded@example.com")))
    (one,) = [one for one in loop.invitations() if one.objects.get("object") == "order-r"]
    stack.load("send_survey")(due(one.id))
    surveys.write_text(plain)


def taken_back(loop):
    """A payment is refunded, and its survey does not go out."""
    one = loop.asked("order-1", id="one", email="one@example.com")
    loop.capture(captured(payment("order-1", kind="refunded", id="one", email="one@example.com")))
    loop.send(due(one.id))


def withdrawn(loop):
    """An end that was announced is taken back: the surveys that it holds back are looked at again."""
    for kind in ("cancelled", "cancellation_withdrawn"):
        body = json.loads(payment("sub_1", kind=kind, id="w", email="w@example.com"))
        loop.capture(captured(json.dumps(body | {"data": body["data"] | {"subscription": "sub_1"}}).encode()))


def asked_to_erase(stack):
    """A shop passes on the wish of a customer to be forgotten."""
    topic = {"x-shopify-topic": "customers/redact", "x-shopify-shop-domain": "kranich-tea.myshopify.com"}
    stack.load("capture_event")(from_source("shopify", sample("webhooks/shopify/customers.redact"), **topic))


def throttled(stack, loop):
    one = loop.asked("order-4", id="four", email="four@example.com")
    stack.failures["SendEmail"] = "TooManyRequestsException"
    loop.send(due(one.id))
    stack.failures.clear()
    loop.send(due(one.id))


def out_of_quota(stack, loop):
    """The first to meet the quota closes the gate for all, who look once a minute; then it opens."""
    one = loop.asked("order-q", id="quota", email="quota@example.com")
    stack.failures["SendEmail"] = ClientError(
        {
            "Error": {"Code": "ThrottlingException", "Message": "Daily message quota exceeded."},
            "ResponseMetadata": {"HTTPStatusCode": 400},
        },
        "SendEmail",
    )
    stack.load("send_survey")(due(one.id))
    stack.failures.clear()
    gates = GatesTable(stack.dynamodb, "afterbill")
    gates.open_gate("mail", gates.gates()["mail"])


def capped(stack, loop, surveys):
    plain = surveys.read_text()
    surveys.write_text(plain + "\n[sending]\nper_day = 100\n")
    one = loop.asked("order-c", id="c", email="c@example.com")
    stack.load("send_survey")(due(one.id))
    surveys.write_text(plain)


def answered_then_bounced(loop):
    one = loop.sent("order-5", id="five", email="five@example.com")
    loop.answer(sample("api/survey_get", TOKEN=survey_token(one.id)))
    loop.form(one)
    loop.mail(mail_event("delivery", one.id, "five@example.com"))
    for kind in ("bounce_permanent", "complaint"):
        loop.mail(mail_event(kind, one.id, "five@example.com"))


def unsubscribed(loop):
    one = loop.sent("order-6", id="six", email="six@example.com")
    loop.answer(sample("api/unsubscribe_one_click", TOKEN=unsubscribe_token(one.id)))


def without_a_basis(stack, loop, surveys):
    """The first survey of a source that lacks a legal basis is told as a task."""
    plain = surveys.read_text()
    surveys.write_text(plain.replace('preset = "relaxed"', 'preset = "strict"'))
    one = loop.asked("order-b", id="b", email="b@example.com")
    stack.load("send_survey")(due(one.id))
    surveys.write_text(plain)
    assert loop.invitation(one.id).reason == "no_basis"


def texted(stack, loop, surveys):
    """A short link is followed, a personal one counted, and a number says stop."""
    plain = surveys.read_text()
    with_text_messages(surveys.parent)
    one = loop.asked("order-10", id="ten", email="ten@example.com", phone="+4915123456789")
    send = stack.load("send_survey")
    send(due(one.id))
    send(due(one.id))  # the first lost the race for its short link
    surveys.write_text(plain)
    (code,) = stack.items("CODE")
    follow, reported = stack.load("follow_link"), stack.load("handle_sms_event")
    assert follow(sample("api/code_get", TOKEN=code["pk"]["S"].partition("#")[2]))["statusCode"] == 303
    personal = sample("api/referral_get", TOKEN=token(Purpose.REFERRAL, one.id))
    for method in ("GET", "HEAD"):
        follow(by(method, personal))
    reported(sms_event("delivered", one.id))
    reported(sms_event("inbound"))


def collect(stack):
    """Answers of a known customer and of an unknown one, told by another system."""
    with_key(stack)
    collected = stack.load("collect_response")
    told = [{"email": "six@example.com"}, {"source": "events", "id": "six"}, {"source": "events", "id": "unknown"}]
    for key, customer in zip("123", told, strict=True):
        answer = {"rating": 9, "customer": customer}
        assert collected(telling(answer, idempotency_key=key))["statusCode"] == 201


def offered(stack, loop):
    """A user whose survey waits in the product answers it, and opens a plain link."""
    one = loop.sent("order-p", id="p", email="p@example.com")
    offering(stack, one)
    awaiting(stack, one)
    offer = stack.load("offer_survey")
    survey = json.loads(offer(asked(user="p"))["body"])["survey"]["id"]
    for action in ("shown", "dismissal", "answer"):
        offer(asked(action, user="p", survey=survey, rating=9))
    assert offer(link())["statusCode"] == 303


def unknown_then_swept(stack, loop):
    """A sender that died after its claim: the sweep calls it unknown, a day later failed; another is only overdue."""
    lost = loop.asked("order-7", id="seven", email="seven@example.com")
    stack.failures["UpdateItem"] = "ThrottlingException"
    loop.send(due(lost.id))
    stack.failures.clear()
    overdue = loop.asked("order-8", id="eight", email="eight@example.com")
    for one, hours in ((lost, 30), (overdue, 3)):
        back_date(stack, one, timedelta(hours=hours))
    loop.sweep(sample("schedule/compute_nps"))
    loop.sweep(sample("schedule/compute_nps"))


def back_date(stack, one, age):
    at = now() - age
    stack.dynamodb.update_item(
        TableName="afterbill",
        Key={"pk": {"S": f"INVITATION#{one.id}"}, "sk": {"S": "INVITATION"}},
        UpdateExpression="SET due_at = :at, claimed_at = :at, day_bucket = :day_bucket, day_at = :day_at",
        ExpressionAttributeValues=encode(
            {":at": at.isoformat()} | {f":{name}": value for name, value in day_attributes(at, utc_day(at)).items()}
        ),
    )


class ShortOfTime(Context):
    """The time is over after the first look, in the middle of a day."""

    def get_remaining_time_in_millis(self):
        self.remaining, left = 0, self.remaining
        return left


def count(stack, loop):
    """A marked day is counted, scored, and its mark cleared once it is old; a score that has gone is deleted.

    An objection is noted in the ledger, and known there when it is told again.
    """
    track = stack.load("track_changes")
    for change in ("captured", "answered", "tapped", "objected", "objected"):
        track(sample(f"stream/{change}"))
    loop.compute(sample("schedule/compute_nps"))
    ScoresTable(stack.dynamodb, "afterbill").mark(now().date(), now() - timedelta(hours=1))
    loop.compute(sample("schedule/compute_nps"), ShortOfTime())
    loop.compute(sample("schedule/compute_nps"))


def publish(stack):
    """Answers are told, compared with the customer's answer before, and marked; objections are told."""
    answered = sample("stream/answered")["Records"][0]["dynamodb"]["NewImage"]
    before = answered | keys.invitation("cd" * 16) | encode({"answered_at": "2026-02-03T04:05:06Z"})
    stack.dynamodb.put_item(TableName="afterbill", Item=before)
    handler = stack.load("publish_events")
    for change in ("answered", "changed", "customer_objected"):
        handler(sample(f"stream/{change}"))


def archive(stack):
    """Today's facts are written, a day that the table has forgotten is read again, and one whose time is over ends.

    The first run has time for one day.
    """
    today = now().date()
    marks = ArchiveMarksTable(stack.dynamodb, "afterbill")
    rows = ParquetRows(connect(Path("/tmp/archive"), 100, 1), Path("/tmp/archive"))  # noqa: S108  # as the function's
    # Months of an imported history lie under their first day.
    forgotten, over = (today - timedelta(days=800)).replace(day=1), today - timedelta(days=5000)
    for day in (forgotten, over):
        stack.s3.put_object(Bucket="archive", Key=place("facts", day), Body=rows.written([{"id": "old"}], FACTS))
    stack.s3.put_object(Bucket="archive", Key=place("comments", over), Body=b"")
    marks.mark_changed(now() - timedelta(hours=3), {today, forgotten}, ())
    run = stack.load("archive_facts")
    stack.patch.setattr("functions.archive_facts.app.datetime", Noon)
    for context in (ShortOfTime(), Context()):
        context.remaining = 900_000
        run(sample("schedule/compute_nps"), context)


def read(stack):
    """A stored report is told, one behind a link as it is large, and another is asked for; answers are told."""
    key = with_key(stack, Scope.REPORTS_READ, Scope.RESPONSES_READ, id_="e" * 16)
    document = {"window": {"name": "30d", "first": "2026-11-01", "last": "2026-11-30"}, "scopes": {"": {"rows": []}}}
    document |= {"computed_at": "2026-11-30T12:00:00+00:00", "name": "trend", "question": "nps"}
    S3Reports(stack.s3, "archive").store("reports/trend/nps/30d.json", document)
    tell = stack.load("read_reports")
    report = partial(sample, "api/report_get", KEY=key, REPORT="trend")
    assert tell(report(QUERY="window=30d"))["statusCode"] == 200
    assert tell(report(QUERY="window=2026-09"))["statusCode"] == 202
    stack.patch.setattr("functions.read_reports.app._MOST_BYTES", 0)
    assert tell(report(QUERY="window=30d"))["statusCode"] == 303
    assert tell(sample("api/responses_get", KEY=key, QUERY=""))["statusCode"] == 200


def show(stack):
    """Somebody signs in, looks at a report and asks for another, is asked about, signs out, and is removed."""
    visitor, operator = Visitor(stack), stack.users.add("jo@example.com", "admin")
    visitor.sign_in(operator)
    for page in ("/app/overview", "/app/overview?window=2026-09", "/app/health", "/app/settings"):
        assert visitor.open(page)["statusCode"] == 200
    [session] = stack.items("OPERATOR")
    long_ago = encode({"checked_at": (now() - timedelta(minutes=6)).isoformat()})
    stack.dynamodb.put_item(TableName="afterbill", Item=session | long_ago)
    assert visitor.open("/app/overview")["statusCode"] == 200
    visitor.sign_out()
    visitor.sign_in(operator)
    stack.users.users.pop(operator)
    [session] = stack.items("OPERATOR")
    stack.dynamodb.put_item(TableName="afterbill", Item=session | long_ago)
    assert visitor.open("/app/overview")["statusCode"] == 303


def show_people(stack):
    """Somebody reads answers, looks for people in each way there is, notes, does a task, and reads who looked."""
    visitor = Visitor(stack)
    visitor.sign_in(stack.users.add("ada@example.com", "admin"))
    answered = next(item for item in stack.items("INVITATION") if "rating" in item and "customer_id" in item)
    survey, customer = answered["pk"]["S"].partition("#")[2], answered["customer_id"]["S"]
    waiting = next(item for item in stack.items("TASK") if "done_at" not in item and item["kind"]["S"] != "verifier")
    task = {name: waiting[name]["S"] for name in ("source", "kind", "id")}
    theirs = keys.task(task["source"], task["kind"], customer) | encode(keys.of(customer) | {"id": customer})
    stack.dynamodb.put_item(TableName="afterbill", Item=waiting | theirs)

    for page in ("/app/responses?tab=all", f"/app/customers/{customer}", "/app/privacy"):
        assert visitor.open(page)["statusCode"] == 200
    assert visitor.send(f"/app/responses/{survey}", note="Called.")["statusCode"] == 303
    for who in (customer, survey, "ten", "ten@example.com", "+491700000000"):
        assert visitor.send("/app/customers", who=who)["statusCode"] in {200, 303}
    assert visitor.send("/app/tasks", **task)["statusCode"] == 303
    assert visitor.open("/app/tasks")["statusCode"] == 200
    assert "task done" in visitor.open("/app/privacy/audit")["body"]
    operate(stack, visitor)
    visitor.sign_out()


def notified(stack, loop):
    """A digest asks for its reports, and is refused before it is sent; a low score is told, and a silent source."""
    silent = {"name": "events", "accepted_at": (now() - timedelta(days=30)).isoformat()}
    S3Reports(stack.s3, "archive").store(PLACE, {"sources": [silent]})
    operator, tables = stack.users.add("day@example.com", "admin"), (stack.dynamodb, "afterbill")
    PreferencesTable(*tables).store(operator, Choices("en", Cadence.DAILY, frozenset(Alert)))
    before = NoticesTable(*tables).load()
    NoticesTable(*tables).store(replace(before, version=1, since=now() - timedelta(hours=1)), before)
    low = loop.sent("order-low", id="low", email="low@example.com")
    form = sample("api/survey_form", TOKEN=survey_token(low.id))
    loop.answer(with_body(form, b"rating=2&comment=Too+dear."))
    run = stack.load("notify_operators")
    stack.patch.setattr("afterbill_console.digest.periods.EARLIEST", time(0))
    run(sample("schedule/compute_nps"), Context())
    period = periods_of(now().astimezone(config.time_zone()).date())[Cadence.DAILY]
    total = {"n": 1, "sent": 9, "score": None, "few": True, "change": None, "real": False, "response_rate": 0.1}
    for name, window in (("trend", period.window), ("trend", period.before), ("journey", period.window)):
        days = {"name": window.name, "first": str(window.first), "last": str(window.last)}
        document = {
            "window": days,
            "name": name,
            "question": "nps",
            "computed_at": now().isoformat(),
            "fingerprint": "x",
        }
        document |= {"scopes": {"": {"rows": [], "total": total | {"low": None, "high": None}}}}
        S3Reports(stack.s3, "archive").store(ReportRequest(name, window).place, document)
    stack.failures["SendEmail"] = "TooManyRequestsException"
    run(sample("schedule/compute_nps"), Context())
    stack.failures.clear()
    run(sample("schedule/compute_nps"), Context())
    stack.users.users.pop(operator)


def review(stack, loop):
    """A click is judged; another invitation has gone, and a third cannot be read: it is marked anew."""
    tapped = loop.sent("order-t", id="t", email="t@example.com")
    then = now() - timedelta(hours=1)
    for kind in (Kind.OPENED, Kind.SEEN):
        ResponsesTable(stack.dynamodb, "afterbill").visit(tapped.id, Visit(then, kind, 9, "a" * 8, "safari"))
    stack.dynamodb.put_item(TableName="afterbill", Item=keys.invitation("f" * 32))
    ReviewsTable(stack.dynamodb, "afterbill").mark_for_review([tapped.id, "0" * 32, "f" * 32], then)
    loop.review(sample("schedule/compute_nps"))
    # Whoever looks at all invitations would meet it.
    stack.dynamodb.delete_item(TableName="afterbill", Key=keys.invitation("f" * 32))


def removed(stack):
    """Customers with everything that can belong to one are restricted and removed, and so are those of a shop."""
    (ten,) = {item["customer_id"]["S"] for item in stack.items("CODE")}
    for key in (keys.copy("events/1.json", ten), keys.task("events", "crowded", ten), keys.link("stripe|acct|in_1")):
        stack.dynamodb.put_item(TableName="afterbill", Item=key | encode(keys.of(ten)))
    shop = {"x-shopify-topic": "shop/redact", "x-shopify-shop-domain": "kranich-tea.myshopify.com"}
    stack.load("capture_event")(from_source("shopify", sample("webhooks/shopify/shop.redact"), **shop))
    (emptied,) = [item for item in stack.items("PRIVACY") if item["kind"] == {"S": "erase_source"}]
    part = keys.privacy_request(f"{emptied['sk']['S']}/1")
    stack.dynamodb.put_item(TableName="afterbill", Item=emptied | part | {"kind": {"S": "erase"}})
    ask = asking(stack, id_="0" * 16)
    key = spelled("0" * 16, SECRET)
    reporting = {item["customer_id"]["S"] for item in stack.items("EVENT") if "customer_id" in item}
    joined = {item["customer_id"]["S"] for item in stack.items("LINK") if "customer_id" in item}
    known = {item["customer_id"]["S"] for item in stack.items("INVITATION") if "customer_id" in item}
    nobody = [item for item in stack.items("INVITATION") if "customer_id" not in item and item.get("fact", {}).get("S")]
    survey = nobody[0]["pk"]["S"].partition("#")[2]
    told = [
        ask(asked_of({"kind": kind, **whom}, key=key, idempotency_key=f"{kind} {whom}"))
        for kind, whom in [
            ("restrict", {"customer": {"id": ten}}),
            *(("export", {"customer": {"id": one}}) for one in sorted({ten, *reporting, *joined})),
            ("erase", {"customer": {"email": "six@example.com"}}),
            ("erase", {"invitation": survey}),
            *(("erase", {"customer": {"id": one}}) for one in sorted(known)),
        ]
    ]
    assert {one["statusCode"] for one in told} == {202}
    for one in map(json.loads, (each["body"] for each in told)):
        assert ask(looked_up(one["id"], key))["statusCode"] == 200
    for _ in range(3):
        serve(stack)
        settle(stack)


def watch(stack, loop):
    """So many mails bounced that all sending stops."""
    item = tally_item("channel", now().date(), {"mail": Tally(sent=10_000, bounced=9_000)})
    stack.dynamodb.put_item(TableName="afterbill", Item=item)
    loop.watch(sample("schedule/compute_nps"))


def retain(stack, loop):
    """Items of a survey end by other periods than before, and names lead nowhere."""
    long_ago = int((now() + timedelta(days=3000)).timestamp())
    ends = {keys.TTL: long_ago, keys.KEPT_FOR: 3000}
    one = loop.sent("order-kept", id="kept", email="kept@example.com")
    put = partial(stack.dynamodb.put_item, TableName="afterbill")
    put(Item=keys.invitation("e" * 32) | encode({"due_at": now().isoformat(), "seconds": [1, 0, 1], **ends}))
    put(Item=keys.address("e" * 32) | encode({"last_asked_at": now().isoformat(), **ends}))
    put(Item=keys.phone("e" * 32) | encode({keys.CUSTOMER_ID: "gone", **ends}))
    put(Item=keys.phone("f" * 32) | encode({keys.CUSTOMER_ID: one.customer_id, **ends}))
    put(Item=keys.event("evt_r", "events", one.id) | encode(ends))
    put(Item=keys.link("r") | encode(ends))
    put(Item=keys.customer("e" * 32) | encode({"version": 1, "last_asked_at": now().isoformat(), **ends}))
    for number in range(100):
        put(Item=keys.alias(f"events#{number}") | encode({keys.CUSTOMER_ID: "gone"}))
        survey = {"due_at": now().isoformat(), "seconds": [1, 0, 1], keys.CUSTOMER_ID: "gone", "sent_day": "2026-11-22"}
        put(Item=keys.invitation(f"{number:032x}") | encode(survey))
    loop.retain(sample("schedule/compute_nps"))


def used(stack, function):
    """Everything the function's calls needed."""
    calls = [call for call in stack.calls if call.caller == function]
    return {wanted for call in calls for wanted in actions_of(call, stack.resolver)}


def own(function, stack):
    """What is granted for the function's own calls."""
    dead_letters = set(on_failure(function, stack.resolver))
    events = properties(logical_id(function)).get("Events", {}).values()
    lambda_itself = TO_LOG | (TO_POLL if any(event["Type"] in {"SQS", "DynamoDB"} for event in events) else set())
    return {
        grant
        for grant in grants_of(function, stack.resolver)
        if grant.action not in lambda_itself
        and not (grant.action == "sqs:SendMessage" and grant.resource in dead_letters)
    }


def on_failure(function, resolver):
    """Queues that Lambda itself writes to, under the function's role."""
    described = properties(logical_id(function))
    configured = [described.get("EventInvokeConfig", {})]
    configured += [event["Properties"] for event in described.get("Events", {}).values()]
    for one in configured:
        if "DestinationConfig" in one:
            yield resolver.resolve(one["DestinationConfig"]["OnFailure"]["Destination"])


@pytest.mark.parametrize("function", functions())
def test_a_role_grants_what_its_function_calls(toured, function):
    grants = own(function, toured)

    missing = {wanted for wanted in used(toured, function) if not any(allows(grant, wanted) for grant in grants)}

    assert not missing, f"{function} calls what its role does not grant: {reported(missing)}"


@pytest.mark.parametrize("function", functions())
def test_a_role_grants_nothing_that_its_function_never_calls(toured, function):
    calls = used(toured, function)

    unused = {
        Wanted(grant.action, grant.resource, (pattern,))
        for grant in own(function, toured)
        for pattern in grant.patterns
        if not any(allows(grant, one) and touches(pattern, one) for one in calls)
    }

    assert not unused, f"the role of {function} grants what is never called: {reported(unused)}"


def touches(pattern, wanted):
    """Whether the call reaches a partition of this pattern; what is no item has none."""
    return not wanted.leading_keys or any(fnmatchcase(key, pattern) for key in wanted.leading_keys)


def reported(wanted: set[Wanted]) -> str:
    return json.dumps(sorted(map(str, wanted)), indent=1)


WITHOUT_RESOURCE = {
    "cloudwatch:DescribeAlarms",
    "cloudwatch:GetMetricData",
    "scheduler:ListSchedules",
    "ses:GetAccount",
}
"""Looks that name no resource; alarms are listed by names that CloudFormation makes up."""


@pytest.mark.parametrize("function", functions())
def test_nothing_is_granted_on_everything(function):
    policies = properties(f"{logical_id(function).removesuffix('Function')}Role")["Policies"]
    statements = [one for policy in policies for one in policy["PolicyDocument"]["Statement"]]

    assert not [one for one in statements if "*" in str(one["Action"])]
    assert {action for one in statements if one["Resource"] == "*" for action in one["Action"]} <= WITHOUT_RESOURCE
