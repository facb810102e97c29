"""Every call over the network that is throttled, times out or meets a server error raises TransientError."""

from datetime import timedelta
from functools import cache

import pytest
from botocore.exceptions import ClientError, ConnectTimeoutError, EndpointConnectionError, ReadTimeoutError
from botocore.stub import Stubber

from afterbill.adapters.aws.clients import client as fresh_client
from afterbill.adapters.aws.evidence import S3Copies, S3Evidence
from afterbill.adapters.aws.inbox import SqsInbox
from afterbill.adapters.aws.secrets import Secret
from afterbill.adapters.aws.send_queue import SqsSendQueue
from afterbill.adapters.aws.timer import EventBridgeTimer, Schedules
from afterbill.adapters.aws.tokens import SecretTokens
from afterbill.adapters.dynamodb.api_keys import ApiKeysTable
from afterbill.adapters.dynamodb.click_reviews import ReviewsTable
from afterbill.adapters.dynamodb.external_responses import ExternalResponsesTable
from afterbill.adapters.dynamodb.forgetting import ForgettableAnswersTable, ForgettableFactsTable
from afterbill.adapters.dynamodb.in_product import InProductSurveysTable
from afterbill.adapters.dynamodb.people import PeopleTable
from afterbill.adapters.dynamodb.privacy_requests import PrivacyRequestsTable
from afterbill.adapters.dynamodb.sending_gate import GatesTable
from afterbill.answers.ports import ReviewMark
from afterbill.intake.connector import Token
from afterbill.intake.ports import FactQuery, FactWrites
from afterbill.model.billing import OperatorTask
from afterbill.model.errors import PayloadError, TransientError
from afterbill.model.invitation import Answer, Deferral, Delivery, Refusal, SkipReason
from afterbill.model.privacy import Person, PrivacyRequest, RequestKind
from afterbill.model.webhooks import Webhook
from afterbill.outreach.caps import Cap
from afterbill.outreach.ports import SweepProgress
from afterbill.outreach.quota_gate import Gate
from afterbill_actions.adapters.effects import EffectsTable
from afterbill_actions.adapters.known import KnownTable
from afterbill_actions.adapters.version_sweeps import VersionSweepsTable
from afterbill_actions.effects import Written
from afterbill_actions.ports import VersionSweep
from afterbill_cli.issued_keys import IssuedApiKeysTable
from tests.contract.conftest import REGION, over
from tests.contract.people import ADA, ADDRESS, ID, LINK, NOW, OTHER_ID, claimed, customer, invitation, mailed
from tests.contract.test_timer_port import TARGET

client = cache(fresh_client)
"""Made once, for making one takes longer than most of these tests; a stub leaves nothing behind."""
WAIT = Deferral(NOW, SkipReason.COOLDOWN, NOW)
GATE = Gate(NOW, NOW, timedelta(hours=1))
LIMIT = Cap("hour", 1, NOW, SkipReason.LIMIT)
ASKED = PrivacyRequest("1", RequestKind.ERASE, NOW, "source:shop", NOW)

SOMEBODY = Person("1", invitations={ID: invitation()})


def privacy(client):
    return PrivacyRequestsTable(client, "afterbill")


def evidence(s3=None, dynamodb=None):
    return S3Evidence(s3, "bucket", dynamodb, "afterbill", timedelta(days=30))


CALLS = {
    "look up": (
        "dynamodb",
        "batch_get_item",
        lambda client: over(client).facts.look_up(FactQuery(ID, "stripe#cus_1", [LINK])),
    ),
    "customers": ("dynamodb", "batch_get_item", lambda client: over(client).facts.customers(["customer-1"])),
    "customer": ("dynamodb", "batch_get_item", lambda client: over(client).responses.customer("customer-1")),
    "situation": ("dynamodb", "batch_get_item", lambda client: over(client).invitations.situation(invitation())),
    "commit": (
        "dynamodb",
        "transact_write_items",
        lambda client: over(client).facts.commit(FactWrites(invitation=invitation(), stops={LINK: OTHER_ID})),
    ),
    "claim": (
        "dynamodb",
        "transact_write_items",
        lambda client: over(client).invitations.claim(claimed(invitation()), customer(version=1), ADA),
    ),
    "newest invitations": ("dynamodb", "query", lambda client: over(client).facts.newest_invitations("customer-1")),
    "holders": (
        "dynamodb",
        "query",
        lambda client: ExternalResponsesTable(client, "afterbill").holders(ADDRESS),
    ),
    "objected": ("dynamodb", "get_item", lambda client: InProductSurveysTable(client, "t").objected(ADDRESS)),
    "customer called": (
        "dynamodb",
        "get_item",
        lambda client: InProductSurveysTable(client, "t").customer_called("shop#1"),
    ),
    "open": ("dynamodb", "put_item", lambda client: InProductSurveysTable(client, "t").open(invitation())),
    "invitation": ("dynamodb", "get_item", lambda client: over(client).invitations.invitation(ID)),
    "release": (
        "dynamodb",
        "transact_write_items",
        lambda client: over(client).invitations.release(claimed(invitation()), customer(version=1), ADA),
    ),
    "mark sent": (
        "dynamodb",
        "update_item",
        lambda client: over(client).invitations.mark_sent(mailed(claimed(invitation()))),
    ),
    "put off": (
        "dynamodb",
        "update_item",
        lambda client: over(client).invitations.defer(invitation().defer(WAIT), customer()),
    ),
    "claim reminder": (
        "dynamodb",
        "transact_write_items",
        lambda client: over(client).invitations.claim_reminder(invitation(), customer(version=1)),
    ),
    "release reminder": (
        "dynamodb",
        "update_item",
        lambda client: over(client).invitations.release_reminder(invitation()),
    ),
    "take": ("dynamodb", "update_item", lambda client: over(client).caps.take([LIMIT])),
    "give back": ("dynamodb", "update_item", lambda client: over(client).caps.give_back([LIMIT])),
    "halted": ("dynamodb", "batch_get_item", lambda client: over(client).status.pause_reason()),
    "gates": ("dynamodb", "get_item", lambda client: GatesTable(client, "afterbill").gates()),
    "close a gate": ("dynamodb", "update_item", lambda client: over(client).status.close("mail", GATE)),
    "probe a gate": ("dynamodb", "update_item", lambda client: GatesTable(client, "t").probe_gate("mail", GATE, GATE)),
    "open a gate": ("dynamodb", "update_item", lambda client: over(client).status.open("mail", GATE)),
    "mark unknown": ("dynamodb", "update_item", lambda client: over(client).sweeps.mark_unknown(claimed(invitation()))),
    "close": (
        "dynamodb",
        "transact_write_items",
        lambda client: over(client).invitations.close(invitation(), SkipReason.EXPIRED),
    ),
    "record": (
        "dynamodb",
        "update_item",
        lambda client: over(client).responses.record(ID, Answer(9), NOW, "2026-11-22"),
    ),
    "suppress": (
        "dynamodb",
        "update_item",
        lambda client: over(client).responses.suppress("hash", "bounced", NOW, None),
    ),
    "confirm sent": (
        "dynamodb",
        "update_item",
        lambda client: over(client).mail_events.confirm_sent(claimed(invitation()), "message-1", NOW, "2026-11-22"),
    ),
    "deliver": ("dynamodb", "update_item", lambda client: over(client).mail_events.deliver(ID, Delivery.DELIVERED)),
    "not sent": ("dynamodb", "query", lambda client: over(client).sweeps.not_sent("2026-11-22", NOW, NOW)),
    "mark for review": (
        "dynamodb",
        "update_item",
        lambda client: ReviewsTable(client, "afterbill").mark_for_review([ID], NOW),
    ),
    "click reviews": ("dynamodb", "query", lambda client: list(ReviewsTable(client, "afterbill").marks(NOW))),
    "store review": (
        "dynamodb",
        "update_item",
        lambda client: ReviewsTable(client, "afterbill").store_review(invitation(), invitation()),
    ),
    "clear review": (
        "dynamodb",
        "batch_write_item",
        lambda client: ReviewsTable(client, "afterbill").clear([ReviewMark(NOW, ID, frozenset({ID}))]),
    ),
    "several invitations": (
        "dynamodb",
        "batch_get_item",
        lambda client: over(client).sweeps.read_invitations([ID]),
    ),
    "sweep progress": ("dynamodb", "get_item", lambda client: over(client).sweeps.sweep_progress()),
    "store sweep progress": (
        "dynamodb",
        "put_item",
        lambda client: over(client).sweeps.store_sweep_progress(SweepProgress(NOW, NOW)),
    ),
    "send queue, several": (
        "sqs",
        "send_message_batch",
        lambda client: SqsSendQueue(client, "queue").put_all([(ID, 1)]),
    ),
    "length of the send queue": (
        "sqs",
        "get_queue_attributes",
        lambda client: SqsSendQueue(client, "queue").waiting(),
    ),
    "inbox": ("sqs", "send_message", lambda client: SqsInbox(client, "queue").put(Webhook("stripe", {}, b"{}", NOW))),
    "send queue": ("sqs", "send_message", lambda client: SqsSendQueue(client, "queue").put(ID, 1, timedelta(0))),
    "refused": (
        "sqs",
        "send_message",
        lambda client: SqsSendQueue(client, "queue").put_refused(ID, 1, Refusal("1.1.a"), timedelta(0)),
    ),
    "timer": ("scheduler", "create_schedule", lambda client: EventBridgeTimer(client, TARGET).at(invitation(), 1, NOW)),
    "dead letters": (
        "sqs",
        "send_message",
        lambda client: SqsInbox(client, "queue").put_aside(Webhook("stripe", {}, b"{}", NOW), "no JSON"),
    ),
    "keep task": (
        "dynamodb",
        "put_item",
        lambda client: over(client).facts.keep_task(OperatorTask("shop", "privacy", "1", NOW), "", NOW),
    ),
    "keep privacy request": ("dynamodb", "put_item", lambda client: privacy(client).keep_request(ASKED)),
    "store privacy request": ("dynamodb", "put_item", lambda client: privacy(client).store_request(ASKED)),
    "privacy request": ("dynamodb", "get_item", lambda client: privacy(client).request("1")),
    "privacy requests": ("dynamodb", "query", lambda client: privacy(client).requests()),
    "person": ("dynamodb", "query", lambda client: PeopleTable(client, "t").person("1")),
    "invitations of nobody": (
        "dynamodb",
        "batch_get_item",
        lambda client: PeopleTable(client, "t").invitations_of_nobody([ID]),
    ),
    "mark erased": ("dynamodb", "update_item", lambda client: PeopleTable(client, "t").mark_erased(["hash"], NOW)),
    "forget a customer": (
        "dynamodb",
        "delete_item",
        lambda client: ForgettableFactsTable(PeopleTable(client, "t")).forget(Person("1")),
    ),
    "forget invitations": (
        "dynamodb",
        "batch_get_item",
        lambda client: ForgettableAnswersTable(PeopleTable(client, "t"), str, timedelta).forget(SOMEBODY),
    ),
    "delete timers": ("scheduler", "delete_schedule", lambda client: Schedules(client, "group").delete(["name"])),
    "delete copies": ("s3", "delete_objects", lambda client: S3Copies(client, "bucket").delete(["name"])),
    "keep answer": (
        "dynamodb",
        "put_item",
        lambda client: ExternalResponsesTable(client, "afterbill").keep_answer(invitation()),
    ),
    "customer ids": (
        "dynamodb",
        "batch_get_item",
        lambda client: ExternalResponsesTable(client, "afterbill").customer_ids(["stripe#cus_1"]),
    ),
    "api key": ("dynamodb", "get_item", lambda client: ApiKeysTable(client, "afterbill", lambda: 0.0).api_key("1")),
    "issued keys": ("dynamodb", "query", lambda client: IssuedApiKeysTable(client, "afterbill").issued()),
    "revoke": ("dynamodb", "update_item", lambda client: IssuedApiKeysTable(client, "afterbill").revoke("1", NOW)),
    "lock": (
        "dynamodb",
        "update_item",
        lambda client: SecretTokens(None, client, "afterbill").keep("shop", Token("a")),
    ),
    "store secret": (
        "secretsmanager",
        "put_secret_value",
        lambda client: Secret(client, "secret", lambda: 0.0).store({}),
    ),
    "evidence": (
        "s3",
        "put_object",
        lambda client: evidence(s3=client).keep(Webhook("stripe", {}, b"{}", NOW)),
    ),
    "remember evidence": (
        "dynamodb",
        "put_item",
        lambda client: evidence(dynamodb=client).remember("name", ["customer-1"], NOW),
    ),
    "effects": ("dynamodb", "batch_get_item", lambda client: EffectsTable(client, "t").effects([ID])),
    "mark published": (
        "dynamodb",
        "update_item",
        lambda client: EffectsTable(client, "t").mark_published(ID, "1", NOW, NOW),
    ),
    "keep written": (
        "dynamodb",
        "update_item",
        lambda client: EffectsTable(client, "t").keep_written(ID, "w/c.a", Written("c", "a", "1", NOW)),
    ),
    "forget written": (
        "dynamodb",
        "update_item",
        lambda client: EffectsTable(client, "t").forget_written(ID, "w/c.a"),
    ),
    "forget effects": ("dynamodb", "batch_write_item", lambda client: EffectsTable(client, "t").forget([ID])),
    "restricted": ("dynamodb", "get_item", lambda client: KnownTable(client, "t").restricted()),
    "earlier answer": ("dynamodb", "query", lambda client: KnownTable(client, "t").earlier(invitation())),
    "sweep of versions": ("dynamodb", "get_item", lambda client: VersionSweepsTable(client, "t").load()),
    "store sweep of versions": (
        "dynamodb",
        "put_item",
        lambda client: VersionSweepsTable(client, "t").store(VersionSweep(NOW, NOW, NOW)),
    ),
    "secret": ("secretsmanager", "get_secret_value", lambda client: Secret(client, "secret", lambda: 0.0).value()),
}
ERRORS = {
    "dynamodb": {
        "ProvisionedThroughputExceededException": 400,
        "RequestLimitExceeded": 400,
        "ThrottlingException": 400,
        "InternalServerError": 500,
        "ServiceUnavailable": 503,
    },
    "sqs": {"RequestThrottled": 403, "ThrottlingException": 400, "InternalFailure": 500, "ServiceUnavailable": 503},
    "scheduler": {"ThrottlingException": 429, "InternalServerException": 500},
    "s3": {"SlowDown": 503, "InternalError": 500},
    "secretsmanager": {"ThrottlingException": 400, "InternalServiceError": 500},
}
SILENCES = (ReadTimeoutError, ConnectTimeoutError, EndpointConnectionError)


@pytest.fixture(autouse=True)
def region(monkeypatch):
    monkeypatch.setenv("AWS_DEFAULT_REGION", REGION)


@pytest.mark.parametrize("name", CALLS)
def test_an_error_that_may_pass_is_transient(aws, name):
    del aws
    service, operation, call = CALLS[name]
    stubbed = client(service)
    for code, status in ERRORS[service].items():
        with Stubber(stubbed) as stub:
            stub.add_client_error(operation, code, "said of ada@example.com", http_status_code=status)
            with pytest.raises(TransientError) as raised:
                call(stubbed)
        assert code in str(raised.value)
        assert "ada" not in str(raised.value)


@pytest.mark.parametrize("name", CALLS)
def test_silence_is_transient(aws, name):
    del aws
    service, _, call = CALLS[name]
    silent = fresh_client(service)
    silences = [silence(endpoint_url="https://aws.example") for silence in SILENCES]
    silent.meta.events.register_first("before-call", raising(silences))

    for silence in list(silences):
        with pytest.raises(TransientError, match=type(silence).__name__):
            call(silent)


@pytest.mark.parametrize("name", CALLS)
def test_a_bug_of_ours_is_not_transient(aws, name):
    """It must be seen: retried for ever it would only fill a log."""
    del aws
    service, operation, call = CALLS[name]
    stubbed = client(service)
    with Stubber(stubbed) as stub:
        stub.add_client_error(operation, "ValidationException", http_status_code=400)
        with pytest.raises(ClientError, match="ValidationException"):
            call(stubbed)


def raising(errors):
    def fail(**_):
        raise errors.pop(0)

    return fail


@pytest.mark.parametrize("name", ["commit", "claim"])
@pytest.mark.parametrize("reason", ["ThrottlingError", "ProvisionedThroughputExceeded"])
def test_a_throttled_transaction_is_transient(aws, name, reason):
    del aws
    call, stubbed = CALLS[name][2], client("dynamodb")
    with Stubber(stubbed) as stub:
        cancelled(stub, "None", reason)
        with pytest.raises(TransientError, match=reason):
            call(stubbed)


@pytest.mark.parametrize("name", ["commit", "claim"])
@pytest.mark.parametrize("reason", ["ConditionalCheckFailed", "TransactionConflict"])
def test_a_lost_race_is_no_error(aws, name, reason):
    """moto 5.2.5 never reports a conflict of two transactions at the same item, as DynamoDB does."""
    del aws
    call, stubbed = CALLS[name][2], client("dynamodb")
    with Stubber(stubbed) as stub:
        cancelled(stub, "None", reason)
        assert call(stubbed) is False


@pytest.mark.parametrize("code", ["ConditionalCheckFailedException", "TransactionConflictException"])
def test_a_race_that_a_single_write_loses_is_no_error(aws, code):
    """A write outside of a transaction that meets one at its item: what others wrote is read again."""
    del aws
    stubbed = client("dynamodb")
    with Stubber(stubbed) as stub:
        stub.add_client_error("put_item", code, http_status_code=400)
        stub.add_client_error("update_item", code, http_status_code=400)
        assert over(stubbed).facts.commit(FactWrites(invitation=invitation())) is False
        assert over(stubbed).facts.commit(FactWrites(stops={LINK: OTHER_ID})) is False


def cancelled(stub, *reasons, words=None):
    stub.add_client_error(
        "transact_write_items",
        "TransactionCanceledException",
        f"Transaction cancelled, please refer cancellation reasons for specific reasons [{', '.join(reasons)}]",
        http_status_code=400,
        modeled_fields={
            "CancellationReasons": [
                {"Code": reason} | ({"Message": words} if words and reason != "None" else {}) for reason in reasons
            ]
        },
    )


WORDS_OF_SIZE = (
    "Item size has exceeded the maximum allowed size",
    "Item size to update has exceeded the maximum allowed size",
    "The update expression attempted to update the secondary index key beyond allowed size limits.",
    "One or more parameter values were invalid: Size of hashkey has exceeded the maximum size limit of2048 bytes",
    "Aggregated size of all range keys has exceeded the size limit of1024 bytes",
)
"""The messages of DynamoDB, the last three of which are about keys, in its own spelling."""


@pytest.mark.parametrize("words", WORDS_OF_SIZE)
@pytest.mark.parametrize("shape", ["refused", "cancelled"])
def test_what_is_too_large_to_be_stored_is_not_tried_again(aws, words, shape):
    """DynamoDB refuses a Put that is too large before it begins; of an Update only the transaction finds out."""
    del aws
    stubbed = client("dynamodb")
    with Stubber(stubbed) as stub:
        if shape == "refused":
            stub.add_client_error("transact_write_items", "ValidationException", words, http_status_code=400)
        else:
            cancelled(stub, "None", "ValidationError", words=words)
        with pytest.raises(PayloadError, match="larger than the table stores"):
            over(stubbed).facts.commit(FactWrites(invitation=invitation(), stops={LINK: OTHER_ID}))


def test_an_item_too_large_beside_a_lost_race_is_told(aws):
    del aws
    stubbed = client("dynamodb")
    with Stubber(stubbed) as stub:
        cancelled(stub, "ConditionalCheckFailed", "ValidationError", words=WORDS_OF_SIZE[0])
        with pytest.raises(PayloadError):
            over(stubbed).facts.commit(FactWrites(invitation=invitation(), stops={LINK: OTHER_ID}))


def test_a_transaction_that_is_invalid_for_another_reason_is_a_bug_of_ours(aws):
    del aws
    stubbed = client("dynamodb")
    with Stubber(stubbed) as stub:
        cancelled(stub, "None", "ValidationError", words="Type mismatch for attribute to update")
        with pytest.raises(ClientError, match="ValidationError"):
            over(stubbed).facts.commit(FactWrites(invitation=invitation(), stops={LINK: OTHER_ID}))


def test_a_name_that_is_too_long_to_be_a_key_is_not_asked_for_again(aws):
    """Some sender's id of a customer: it is the payload that cannot be read."""
    del aws
    stubbed = client("dynamodb")
    with Stubber(stubbed) as stub:
        stub.add_client_error("batch_get_item", "ValidationException", WORDS_OF_SIZE[3], http_status_code=400)
        with pytest.raises(PayloadError):
            over(stubbed).facts.look_up(FactQuery(alias=f"shop#{'9' * 3000}"))


class TestTheTableItself:
    """moto knows both ends of an item."""

    def test_an_item_of_400_kb_is_the_largest(self, aws_world):
        assert aws_world.facts.commit(FactWrites(customers=(customer(name="a" * 400_000),)))
        with pytest.raises(PayloadError):
            aws_world.facts.commit(FactWrites(customers=(customer("customer-2", name="a" * 410_000),)))

    def test_a_key_has_2_kb_at_most(self, aws_world):
        with pytest.raises(PayloadError):
            aws_world.facts.commit(FactWrites(aliases={f"shop#{'9' * 3000}": ("customer-1", None)}))


def test_keys_left_unread_are_asked_for_again(aws):
    del aws
    stubbed = client("dynamodb")
    left = {"afterbill": {"Keys": [{"pk": {"S": "ALIAS#stripe#cus_1"}, "sk": {"S": "ALIAS"}}]}}
    item = {"pk": {"S": "ALIAS#stripe#cus_1"}, "sk": {"S": "ALIAS"}, "customer_id": {"S": "customer-1"}}
    with Stubber(stubbed) as stub:
        stub.add_response("batch_get_item", {"Responses": {}, "UnprocessedKeys": left})
        stub.add_response("batch_get_item", {"Responses": {"afterbill": [item]}, "UnprocessedKeys": {}})

        found = over(stubbed).facts.look_up(FactQuery(alias="stripe#cus_1"))

    assert found.customer_ids == {"stripe#cus_1": "customer-1"}


def test_keys_left_unread_time_after_time_are_transient(aws):
    """DynamoDB throttles a batch by leaving keys out; moto 5.2.5 never does."""
    del aws
    stubbed = client("dynamodb")
    left = {"afterbill": {"Keys": [{"pk": {"S": "ALIAS#stripe#cus_1"}, "sk": {"S": "ALIAS"}}]}}
    with Stubber(stubbed) as stub:
        for _ in range(3):
            stub.add_response("batch_get_item", {"Responses": {}, "UnprocessedKeys": left})
        with pytest.raises(TransientError, match="throttling"):
            over(stubbed).facts.look_up(FactQuery(alias="stripe#cus_1"))
