"""Mail over SES v2: one attempt, and an honest word about what came of it."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from botocore.exceptions import BotoCoreError, ClientError, ConnectTimeoutError, EndpointConnectionError

from afterbill.adapters.aws.clients import error_code, no_pause
from afterbill.model.addresses import mailbox
from afterbill.model.messages import Accepted, Deferred, Mail, QuotaUsedUp, Receipt, Rejected, Unknown

_THROTTLED = frozenset({"TooManyRequestsException", "ThrottlingException"})
_LIMITED = "LimitExceededException"
_DAY_USED_UP = "daily message quota exceeded"
"""SES has one code for this and for its sending rate; only the words tell them apart (SES, "Errors related to the
sending quotas")."""

_REJECTED = frozenset({"MessageRejected", "BadRequestException"})
_UNVERIFIED = "Email address is not verified"
"""How SES words a MessageRejected that is about the sender's identity, or about any recipient in the sandbox."""

_SERVER_ERROR = 500
_SOON = timedelta(minutes=1)
_LATER = timedelta(minutes=15)
_TOO_FAST = tuple(Deferred(code, _SOON, paused=False) for code in sorted(_THROTTLED))


@dataclass(frozen=True, slots=True)
class SesMailer:
    """`ses` must be a client with a single attempt: botocore's own retries would send twice on a read timeout.

    `pause` waits before another try at the sending rate; False, and no wait, where there is no time for one.
    """

    ses: Any
    configuration_set: str
    pause: Callable[[int], bool] = no_pause

    def send(self, mail: Mail) -> Receipt:
        """Hand over once; a mail that SES refuses for its rate is not taken, and tried again at once."""
        request = self._request(mail)
        tries, receipt = 0, self._hand_over(request)
        while receipt in _TOO_FAST and self.pause(tries):
            tries, receipt = tries + 1, self._hand_over(request)
        return receipt

    def _hand_over(self, request: dict[str, Any]) -> Receipt:
        """Only a refusal (4xx), or a connection never made, proves that nothing was taken."""
        try:
            answer = self.ses.send_email(**request)
        except ClientError as error:
            return _receipt(error)
        except (ConnectTimeoutError, EndpointConnectionError) as error:
            return Deferred(type(error).__name__, _SOON, paused=False)
        except BotoCoreError as error:
            return Unknown(type(error).__name__)
        return Accepted(answer["MessageId"])

    def _request(self, mail: Mail) -> dict[str, Any]:
        headers = [{"Name": name, "Value": value} for name, value in mail.headers.items()]
        body = {"Text": _utf8(mail.text), "Html": _utf8(mail.html)}
        return {
            "FromEmailAddress": mail.sender,
            "Destination": {"ToAddresses": [mailbox(mail.to)]},
            "ReplyToAddresses": [mail.reply_to] if mail.reply_to else [],
            "ConfigurationSetName": self.configuration_set,
            "EmailTags": [{"Name": name, "Value": value} for name, value in mail.tags.items()],
            "Content": {"Simple": {"Subject": _utf8(mail.subject), "Body": body, "Headers": headers}},
        }


def _utf8(text: str) -> dict[str, str]:
    return {"Data": text, "Charset": "UTF-8"}


def _receipt(error: ClientError) -> Receipt:
    code = error_code(error)
    status = error.response.get("ResponseMetadata", {}).get("HTTPStatusCode", _SERVER_ERROR)
    if code in {*_THROTTLED, _LIMITED} and _DAY_USED_UP in _said(error).casefold():
        return QuotaUsedUp(code)
    if code in _THROTTLED:
        return Deferred(code, _SOON, paused=False)
    if code == _LIMITED:
        return Deferred(code, _LATER, paused=False)
    if status >= _SERVER_ERROR:
        return Unknown(code)
    if code in _REJECTED and _UNVERIFIED not in _said(error):
        return Rejected(code)
    # Paused or suspended account, unverified identity, missing permission: an operator must act, the mail can wait.
    return Deferred(code, _LATER, paused=True)


def _said(error: ClientError) -> str:
    """The words beside the code; they may quote an address, so they are looked at and not passed on."""
    return str(error.response.get("Error", {}).get("Message", ""))
