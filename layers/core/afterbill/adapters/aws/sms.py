"""Text messages over AWS End User Messaging, or over SNS: one attempt, and an honest word about what came of it."""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import timedelta
from decimal import Decimal
from typing import Any

from botocore.exceptions import BotoCoreError, ClientError, ConnectTimeoutError, EndpointConnectionError

from afterbill.adapters.aws.clients import client, error_code
from afterbill.model.messages import OPTED_OUT, Accepted, Deferred, QuotaUsedUp, Receipt, Rejected, Sms, Unknown
from afterbill.model.sms_parts import parts

TIME_TO_LIVE = 24 * 3600
"""Seconds for which a message may wait for a phone that is switched off; later it would come at any hour."""

_SERVER_ERROR = 500
_SOON, _LATER = timedelta(minutes=1), timedelta(minutes=15)
_THROTTLED = frozenset({"ThrottlingException", "Throttling", "ThrottledException", "TooManyRequestsException"})
_ABOUT_THIS = frozenset(
    {
        "COUNTRY_CODE_MISMATCH",
        "COUNTRY_NOT_ENABLED",
        "DAILY_DESTINATION_CALL_LIMIT",
        "DESTINATION_COUNTRY_BLOCKED",
        "DESTINATION_COUNTRY_BLOCKED_BY_PROTECT_CONFIGURATION",
        "DESTINATION_PHONE_NUMBER_BLOCKED_BY_PROTECT_NUMBER_OVERRIDE",
        "FIELD_VALIDATION_FAILED",
        "INTERNATIONAL_SENDING_NOT_SUPPORTED",
        "INVALID_IDENTITY_FOR_DESTINATION_COUNTRY",
        "INVALID_PARAMETER",
        "MAXIMUM_SIZE_EXCEEDED",
        "PRICE_OVER_THRESHOLD",
        "SENDER_ID_NOT_SUPPORTED",
    }
)
"""Reasons of End User Messaging that are about this number or this text and no other."""

_SPENT = frozenset({"MONTHLY_SPEND_LIMIT_REACHED_FOR_TEXT"})
"""Reasons that hold for every text message of the account, until the month ends or the limit is raised."""

_HIGHEST = Decimal("99.99")
"""The largest price that the services read."""

_OPTED_OUT = frozenset({"DESTINATION_PHONE_NUMBER_OPTED_OUT"})
_NUMBER_INVALID = frozenset({"InvalidParameter", "InvalidParameterValue", "ParameterValueInvalid"})


@dataclass(frozen=True, slots=True)
class EndUserMessaging:
    """`client` is one of pinpoint-sms-voice-v2 with a single attempt; `max_price` is in US dollars per part."""

    client: Any
    origination: str
    configuration_set: str
    max_price: str

    def send(self, message: Sms, /) -> Receipt:
        """Hand over once."""
        asked = {
            "DestinationPhoneNumber": message.to,
            "OriginationIdentity": self.origination,
            "MessageBody": message.text,
            "MessageType": "TRANSACTIONAL",
            "ConfigurationSetName": self.configuration_set,
            "MaxPrice": _most(self.max_price, message),
            "TimeToLive": TIME_TO_LIVE,
            "Context": dict(message.tags),
        }
        return _handed_over(lambda: self.client.send_text_message(**asked))


@dataclass(frozen=True, slots=True)
class Sns:
    """`client` is one of sns with a single attempt; it tells nobody what became of a message."""

    client: Any
    origination: str
    max_price: str

    def send(self, message: Sms, /) -> Receipt:
        """Hand over once."""
        values = {"AWS.SNS.SMS.SMSType": "Transactional", "AWS.SNS.SMS.MaxPrice": _most(self.max_price, message)}
        sender = "AWS.MM.SMS.OriginationNumber" if self.origination.startswith("+") else "AWS.SNS.SMS.SenderID"
        values |= {sender: self.origination} if self.origination else {}
        attributes = {
            name: {"DataType": "Number" if name.endswith("MaxPrice") else "String", "StringValue": value}
            for name, value in values.items()
        }
        return _handed_over(
            lambda: self.client.publish(PhoneNumber=message.to, Message=message.text, MessageAttributes=attributes)
        )


def text_mailer(
    service: str, origination: str, configuration_set: str, max_price: str
) -> EndUserMessaging | Sns | None:
    """The adapter that sends text messages by the service the template names (`eum`, `sns`); None for every other."""
    if service == "eum":
        return EndUserMessaging(client("pinpoint-sms-voice-v2", attempts=1), origination, configuration_set, max_price)
    return Sns(client("sns", attempts=1), origination, max_price) if service == "sns" else None


def _most(price: str, message: Sms) -> str:
    """The highest price of the whole message, in US dollars: AWS knows no price per part."""
    return str(min(Decimal(price) * parts(message.text), _HIGHEST))


def _handed_over(call: Callable[[], Mapping[str, Any]]) -> Receipt:
    """Only a refusal (4xx), or a connection never made, proves that nothing was taken."""
    try:
        answer = call()
    except ClientError as error:
        return _receipt(error)
    except (ConnectTimeoutError, EndpointConnectionError) as error:
        return Deferred(type(error).__name__, _SOON, paused=False)
    except BotoCoreError as error:
        return Unknown(type(error).__name__)
    return Accepted(str(answer["MessageId"]))


def _receipt(error: ClientError) -> Receipt:
    code, reason = error_code(error), str(error.response.get("Reason", ""))
    status = error.response.get("ResponseMetadata", {}).get("HTTPStatusCode", _SERVER_ERROR)
    if code in _THROTTLED:
        return Deferred(code, _SOON, paused=False)
    if status >= _SERVER_ERROR:
        return Unknown(code)
    if reason in _OPTED_OUT or _says_opted_out(error):
        return Rejected(OPTED_OUT)
    if reason in _SPENT:
        return QuotaUsedUp(reason)
    if reason in _ABOUT_THIS or code in _NUMBER_INVALID:
        return Rejected(reason or code)
    # A missing permission, an identity that is not there: an operator must act, the message can wait.
    return Deferred(reason or code, _LATER, paused=True)


def _says_opted_out(error: ClientError) -> bool:
    """SNS has no code for it; its words may quote the number, so they are looked at and not passed on."""
    return bool(re.search(r"opted[ -]out", str(error.response.get("Error", {}).get("Message", "")), re.IGNORECASE))
