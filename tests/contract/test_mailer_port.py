"""Mailer, in memory and over SES, with every answer SES v2 can give."""

import json
from collections.abc import Mapping
from datetime import timedelta

import boto3
import pytest
from botocore.awsrequest import AWSResponse
from botocore.exceptions import ConnectionClosedError, ConnectTimeoutError, EndpointConnectionError, ReadTimeoutError
from botocore.stub import Stubber
from moto import mock_aws

from afterbill.adapters.aws.clients import client
from afterbill.adapters.aws.ses import SesMailer
from afterbill.model.messages import Accepted, Deferred, Mail, QuotaUsedUp, Receipt, Rejected, Unknown
from afterbill_cli.memory.queues import MemoryMailer
from tests.contract.conftest import REGION

MAIL = Mail(
    to="ada@example.com",
    sender='"Example" <survey@example.com>',
    reply_to="help@example.com",
    subject="Wie wahrscheinlich ist es, …?",
    text="Grüße",
    html="<p>Grüße</p>",
    headers={"List-Unsubscribe": "<https://example.com/u/1>", "List-Unsubscribe-Post": "List-Unsubscribe=One-Click"},
    tags={"invitation": "0a" * 16},
)
SOON, LATER = timedelta(minutes=1), timedelta(minutes=15)
ANSWERS: Mapping[str, tuple[int, Receipt]] = {
    # The errors of SendEmail in the API's own model.
    "TooManyRequestsException": (429, Deferred("TooManyRequestsException", SOON, paused=False)),
    "LimitExceededException": (400, Deferred("LimitExceededException", LATER, paused=False)),
    "AccountSuspendedException": (400, Deferred("AccountSuspendedException", LATER, paused=True)),
    "SendingPausedException": (400, Deferred("SendingPausedException", LATER, paused=True)),
    "MailFromDomainNotVerifiedException": (400, Deferred("MailFromDomainNotVerifiedException", LATER, paused=True)),
    "NotFoundException": (404, Deferred("NotFoundException", LATER, paused=True)),
    "MessageRejected": (400, Rejected("MessageRejected")),
    "BadRequestException": (400, Rejected("BadRequestException")),
    # And those common to all services.
    "ThrottlingException": (400, Deferred("ThrottlingException", SOON, paused=False)),
    "AccessDeniedException": (403, Deferred("AccessDeniedException", LATER, paused=True)),
    "ExpiredTokenException": (403, Deferred("ExpiredTokenException", LATER, paused=True)),
    "InternalServiceErrorException": (500, Unknown("InternalServiceErrorException")),
    "InternalFailure": (500, Unknown("InternalFailure")),
    "ServiceUnavailable": (503, Unknown("ServiceUnavailable")),
    "GatewayTimeout": (504, Unknown("GatewayTimeout")),
}
SILENCES = [
    ReadTimeoutError(endpoint_url="https://email.example"),
    ConnectionClosedError(endpoint_url="https://email.example"),
]
NEVER_CONNECTED = [
    ConnectTimeoutError(endpoint_url="https://email.example"),
    EndpointConnectionError(endpoint_url="https://email.example"),
]


@pytest.fixture
def ses(monkeypatch):
    """The client as send_survey makes it, on moto: a verified identity, but neither headers nor tags are kept."""
    monkeypatch.setenv("AWS_DEFAULT_REGION", REGION)
    with mock_aws():
        boto3.client("sesv2").create_email_identity(EmailIdentity="example.com")
        yield client("sesv2", attempts=1)


@pytest.fixture(params=["memory", "aws"])
def mailer(request):
    if request.param == "memory":
        return MemoryMailer()
    return SesMailer(request.getfixturevalue("ses"), "afterbill")


def test_an_accepted_mail_has_a_message_id(mailer):
    first, second = mailer.send(MAIL), mailer.send(MAIL)

    assert isinstance(first, Accepted)
    assert isinstance(second, Accepted)
    assert first.message_id != second.message_id


def test_ses_gets_everything_a_mail_says(ses):
    asked = []
    ses.meta.events.register("provide-client-params.sesv2.SendEmail", lambda params, **_: asked.append(params))

    SesMailer(ses, "afterbill").send(MAIL)

    assert asked == [
        {
            "FromEmailAddress": '"Example" <survey@example.com>',
            "Destination": {"ToAddresses": ["ada@example.com"]},
            "ReplyToAddresses": ["help@example.com"],
            "ConfigurationSetName": "afterbill",
            "EmailTags": [{"Name": "invitation", "Value": "0a" * 16}],
            "Content": {
                "Simple": {
                    "Subject": {"Data": "Wie wahrscheinlich ist es, …?", "Charset": "UTF-8"},
                    "Body": {
                        "Text": {"Data": "Grüße", "Charset": "UTF-8"},
                        "Html": {"Data": "<p>Grüße</p>", "Charset": "UTF-8"},
                    },
                    "Headers": [
                        {"Name": "List-Unsubscribe", "Value": "<https://example.com/u/1>"},
                        {"Name": "List-Unsubscribe-Post", "Value": "List-Unsubscribe=One-Click"},
                    ],
                }
            },
        }
    ]


def test_both_headers_of_one_click_unsubscribing_are_on_the_wire_in_their_order(ses):
    """RFC 8058: one without the other, or a signature that covers only one, shows no button."""
    requests = []
    ses.meta.events.register_first("before-send.sesv2.SendEmail", lambda request, **_: requests.append(request.body))

    SesMailer(ses, "afterbill").send(MAIL)

    (body,) = map(json.loads, requests)
    assert [header["Name"] for header in body["Content"]["Simple"]["Headers"]] == [
        "List-Unsubscribe",
        "List-Unsubscribe-Post",
    ]


def test_every_error_in_the_model_of_ses_is_expected_here(ses):
    modelled = {shape.name for shape in ses.meta.service_model.operation_model("SendEmail").error_shapes}

    assert modelled <= ANSWERS.keys()


@pytest.mark.parametrize("code", ANSWERS)
def test_an_error_is_a_receipt(ses, code):
    status, receipt = ANSWERS[code]
    with Stubber(ses) as stub:
        stub.add_client_error("send_email", code, "words with ada@example.com in them", http_status_code=status)

        assert SesMailer(ses, "afterbill").send(MAIL) == receipt


def test_a_mail_from_an_identity_that_is_not_verified_waits_for_the_operator(ses):
    """SES has one code for it and for a mail that will never be taken; only its words tell them apart."""
    words = "Email address is not verified. The following identities failed the check in region X: survey@example.com"
    with Stubber(ses) as stub:
        stub.add_client_error("send_email", "MessageRejected", words, http_status_code=400)

        assert SesMailer(ses, "afterbill").send(MAIL) == Deferred("MessageRejected", LATER, paused=True)


DAY_USED_UP = "Daily message quota exceeded."
RATE = "Maximum sending rate exceeded."


@pytest.mark.parametrize("code", ["ThrottlingException", "TooManyRequestsException", "LimitExceededException"])
def test_the_quota_of_a_day_is_told_from_the_rate_by_its_words(ses, code):
    """Both are a ThrottlingException (SES, "Errors related to the sending quotas for your Amazon SES account")."""
    with Stubber(ses) as stub:
        stub.add_client_error("send_email", code, DAY_USED_UP, http_status_code=400)

        assert SesMailer(ses, "afterbill", lambda _tries: True).send(MAIL) == QuotaUsedUp(code)


def test_a_mail_that_was_too_fast_is_tried_again_in_place(ses):
    tries = []
    with Stubber(ses) as stub:
        for _ in range(2):
            stub.add_client_error("send_email", "ThrottlingException", RATE, http_status_code=400)
        stub.add_response("send_email", {"MessageId": "message-1"})

        receipt = SesMailer(ses, "afterbill", lambda before: not tries.append(before)).send(MAIL)

    assert (receipt, tries) == (Accepted("message-1"), [0, 1])


def test_as_long_as_there_is_time(ses):
    with Stubber(ses) as stub:
        for _ in range(3):
            stub.add_client_error("send_email", "TooManyRequestsException", RATE, http_status_code=429)

        receipt = SesMailer(ses, "afterbill", lambda before: before < 2).send(MAIL)

        assert receipt == Deferred("TooManyRequestsException", SOON, paused=False)
        stub.assert_no_pending_responses()


@pytest.mark.parametrize("silence", SILENCES, ids=lambda one: type(one).__name__)
def test_silence_proves_nothing(ses, silence):
    attempts = []

    def fall_silent(**_):
        attempts.append(silence)
        raise silence

    ses.meta.events.register_first("before-send.sesv2.SendEmail", fall_silent)

    assert SesMailer(ses, "afterbill").send(MAIL) == Unknown(type(silence).__name__)
    assert len(attempts) == 1


@pytest.mark.parametrize("failure", NEVER_CONNECTED, ids=lambda one: type(one).__name__)
def test_a_connection_never_made_carried_no_mail(ses, failure):
    def fail(**_):
        raise failure

    ses.meta.events.register_first("before-send.sesv2.SendEmail", fail)

    assert SesMailer(ses, "afterbill").send(MAIL) == Deferred(type(failure).__name__, SOON, paused=False)


@pytest.mark.parametrize("status", [429, 500, 502, 503, 504])
def test_whatever_is_answered_there_is_one_attempt(ses, status):
    """botocore's own retries would send the mail again after an error that came behind its acceptance."""
    attempts = []

    def answer(request, **_):
        attempts.append(request)
        return Answered(request.url, status)

    ses.meta.events.register_first("before-send.sesv2.SendEmail", answer)

    receipt = SesMailer(ses, "afterbill").send(MAIL)

    assert len(attempts) == 1
    assert isinstance(receipt, Unknown if status >= 500 else Deferred)


class Answered(AWSResponse):
    """An answer from the wire, without a wire."""

    def __init__(self, url, status):
        code = "TooManyRequestsException" if status == 429 else "InternalFailure"
        super().__init__(url, status, {"x-amzn-ErrorType": code}, None)

    @property
    def content(self):
        return b'{"message": "no"}'


@pytest.mark.parametrize(
    "receipt",
    [
        Deferred("TooManyRequestsException", SOON, paused=False),
        Rejected("MessageRejected"),
        Unknown("ReadTimeoutError"),
    ],
    ids=lambda one: type(one).__name__,
)
def test_the_twin_gives_the_receipts_it_was_told_to_and_keeps_no_such_mail(receipt):
    mailer = MemoryMailer(receipts=[receipt])

    assert mailer.send(MAIL) == receipt
    assert mailer.outbox == []
