"""SmsMailer over End User Messaging and SNS, with every answer they can give."""

from collections.abc import Mapping
from datetime import timedelta

import pytest
from botocore.exceptions import ConnectTimeoutError, ReadTimeoutError
from botocore.stub import ANY, Stubber
from moto import mock_aws

from afterbill.adapters.aws.clients import client
from afterbill.adapters.aws.sms import TIME_TO_LIVE, EndUserMessaging, Sns, text_mailer
from afterbill.model.messages import OPTED_OUT, Accepted, Deferred, QuotaUsedUp, Receipt, Rejected, Sms, Unknown
from afterbill_cli.memory.queues import MemoryMailer
from tests.contract.conftest import REGION

NUMBER = "+4915123456789"
SMS = Sms(NUMBER, "Acme: eine Frage: https://n.example/c/0123456789", {"invitation": "0a" * 16})
SOON, LATER = timedelta(minutes=1), timedelta(minutes=15)
POOL = "arn:aws:sms-voice:eu-central-1:123456789012:pool/pool-1"
ANSWERS: Mapping[tuple[str, str], tuple[int, Receipt]] = {
    # The errors of SendTextMessage in the API's own model, with the reasons that matter.
    ("ThrottlingException", ""): (400, Deferred("ThrottlingException", SOON, paused=False)),
    ("ServiceQuotaExceededException", "MONTHLY_SPEND_LIMIT_REACHED_FOR_TEXT"): (
        400,
        QuotaUsedUp("MONTHLY_SPEND_LIMIT_REACHED_FOR_TEXT"),
    ),
    ("ServiceQuotaExceededException", "DAILY_DESTINATION_CALL_LIMIT"): (400, Rejected("DAILY_DESTINATION_CALL_LIMIT")),
    ("AccessDeniedException", "ACCOUNT_DISABLED"): (400, Deferred("ACCOUNT_DISABLED", LATER, paused=True)),
    ("ResourceNotFoundException", ""): (400, Deferred("ResourceNotFoundException", LATER, paused=True)),
    ("ConflictException", "DESTINATION_PHONE_NUMBER_OPTED_OUT"): (400, Rejected(OPTED_OUT)),
    ("ConflictException", "DESTINATION_PHONE_NUMBER_NOT_VERIFIED"): (
        400,
        Deferred("DESTINATION_PHONE_NUMBER_NOT_VERIFIED", LATER, paused=True),
    ),
    ("ConflictException", "DESTINATION_COUNTRY_BLOCKED_BY_PROTECT_CONFIGURATION"): (
        400,
        Rejected("DESTINATION_COUNTRY_BLOCKED_BY_PROTECT_CONFIGURATION"),
    ),
    ("ValidationException", "PRICE_OVER_THRESHOLD"): (400, Rejected("PRICE_OVER_THRESHOLD")),
    ("ValidationException", "INVALID_PARAMETER"): (400, Rejected("INVALID_PARAMETER")),
    ("InternalServerException", ""): (500, Unknown("InternalServerException")),
}
SNS_ANSWERS: Mapping[tuple[str, str], tuple[int, Receipt]] = {
    ("InvalidParameter", f"Invalid parameter: PhoneNumber {NUMBER}"): (400, Rejected("InvalidParameter")),
    ("InvalidParameter", f"{NUMBER} is opted out"): (400, Rejected(OPTED_OUT)),
    ("Throttled", "slow"): (429, Deferred("Throttled", LATER, paused=True)),
    ("Throttling", "Rate exceeded"): (400, Deferred("Throttling", SOON, paused=False)),
    ("AuthorizationError", "no"): (403, Deferred("AuthorizationError", LATER, paused=True)),
    ("InternalError", "oops"): (500, Unknown("InternalError")),
}
SILENCE = ReadTimeoutError(endpoint_url="https://sms.example")
NEVER_CONNECTED = ConnectTimeoutError(endpoint_url="https://sms.example")


@pytest.fixture(autouse=True)
def region(monkeypatch):
    monkeypatch.setenv("AWS_DEFAULT_REGION", REGION)
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "test")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "test")


@pytest.fixture
def eum():
    return client("pinpoint-sms-voice-v2", attempts=1)


@pytest.fixture
def sns():
    with mock_aws():
        yield client("sns", attempts=1)


@pytest.fixture(params=["memory", "sns"])
def mailer(request):
    return MemoryMailer() if request.param == "memory" else Sns(request.getfixturevalue("sns"), "", "0.10")


def test_an_accepted_message_has_an_id(mailer):
    first, second = mailer.send(SMS), mailer.send(SMS)

    assert isinstance(first, Accepted)
    assert isinstance(second, Accepted)
    assert first.message_id != second.message_id


def test_end_user_messaging_gets_everything_with_a_price_for_all_parts(eum):
    long = Sms(NUMBER, "a" * 161, SMS.tags)
    expected = {
        "DestinationPhoneNumber": NUMBER,
        "OriginationIdentity": POOL,
        "MessageBody": "a" * 161,
        "MessageType": "TRANSACTIONAL",
        "ConfigurationSetName": "afterbill-sms",
        "MaxPrice": "0.20",
        "TimeToLive": TIME_TO_LIVE,
        "Context": {"invitation": "0a" * 16},
    }
    with Stubber(eum) as stub:
        stub.add_response("send_text_message", {"MessageId": "message-1"}, expected)

        assert EndUserMessaging(eum, POOL, "afterbill-sms", "0.10").send(long) == Accepted("message-1")


@pytest.mark.parametrize(
    ("origination", "named"),
    [("", {}), ("Acme", {"AWS.SNS.SMS.SenderID": "Acme"}), ("+4915100000000", {"AWS.MM.SMS.OriginationNumber": ANY})],
)
def test_sns_gets_type_price_and_origin(sns, origination, named):
    values = {"AWS.SNS.SMS.SMSType": "Transactional", "AWS.SNS.SMS.MaxPrice": "0.10", **named}
    typed = {
        name: {"DataType": "Number" if "Price" in name else "String", "StringValue": value}
        for name, value in values.items()
    }
    with Stubber(sns) as stub:
        expected = {"PhoneNumber": NUMBER, "Message": SMS.text, "MessageAttributes": typed}
        stub.add_response("publish", {"MessageId": "message-1"}, expected if ANY not in values.values() else None)

        assert Sns(sns, origination, "0.10").send(SMS) == Accepted("message-1")


def test_no_price_is_higher_than_the_services_read(sns):
    seen = []
    sns.meta.events.register("provide-client-params.sns.Publish", lambda params, **_: seen.append(params))

    Sns(sns, "", "99.00").send(Sms(NUMBER, "a" * 400, {}))

    assert seen[0]["MessageAttributes"]["AWS.SNS.SMS.MaxPrice"]["StringValue"] == "99.99"


def test_every_error_in_the_model_is_expected_here(eum):
    modelled = {shape.name for shape in eum.meta.service_model.operation_model("SendTextMessage").error_shapes}

    assert modelled == {code for code, _ in ANSWERS}


@pytest.mark.parametrize(("code", "reason"), ANSWERS)
def test_an_error_of_end_user_messaging_is_a_receipt(eum, code, reason):
    status, receipt = ANSWERS[code, reason]
    modelled = {"Reason": reason} if reason else None
    with Stubber(eum) as stub:
        words = f"words with {NUMBER} in them"
        stub.add_client_error("send_text_message", code, words, http_status_code=status, modeled_fields=modelled)

        assert EndUserMessaging(eum, POOL, "set", "0.10").send(SMS) == receipt


@pytest.mark.parametrize(("code", "words"), SNS_ANSWERS)
def test_an_error_of_sns_is_a_receipt(sns, code, words):
    status, receipt = SNS_ANSWERS[code, words]
    with Stubber(sns) as stub:
        stub.add_client_error("publish", code, words, http_status_code=status)

        assert Sns(sns, "", "0.10").send(SMS) == receipt


@pytest.mark.parametrize(
    ("failure", "receipt"),
    [(SILENCE, Unknown("ReadTimeoutError")), (NEVER_CONNECTED, Deferred("ConnectTimeoutError", SOON, paused=False))],
)
def test_silence_proves_nothing_and_there_is_one_attempt(sns, failure, receipt):
    attempts = []

    def fail(**_):
        attempts.append(failure)
        raise failure

    sns.meta.events.register_first("before-send.sns.Publish", fail)

    assert Sns(sns, "", "0.10").send(SMS) == receipt
    assert len(attempts) == 1


def test_the_template_names_what_sends():
    assert isinstance(text_mailer("eum", POOL, "set", "0.10"), EndUserMessaging)
    assert isinstance(text_mailer("sns", "", "", "0.10"), Sns)
    assert text_mailer("none", "", "", "0.10") is None
