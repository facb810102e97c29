"""Mail over SES v2: one attempt, and an honest word about what came of it."""

from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from botocore.exceptions import BotoCoreError, ClientError, ConnectTimeoutError, EndpointConnectionError

from afterbill.adapters.aws.clients import error_code
from afterbill.model.addresses import mailbox
from afterbill.model.messages import Accepted, Deferred, Mail, Receipt, Rejected, Unknown

_THROTTLED = frozenset({"TooManyRequestsException", "ThrottlingException"})
_QUOTA_USED_UP = "LimitExceededException"
_REJECTED = frozenset({"MessageRejected", "BadRequestException"})
_UNVERIFIED = "Email address is not verified"
"""How SES words a MessageRejected that is about the sender's identity, or about any recipient in the sandbox."""

_SERVER_ERROR = 500
_SOON = timedelta(minutes=1)
_LATER = timedelta(minutes=15)


@dataclass(frozen=True, slots=True)
class SesMailer:
    """`ses` must be a client with a single attempt: botocore's own retries would send twice on a read timeout."""

    ses: Any
    configuration_set: str

    def send(self, mail: Mail) -> Receipt:
        """Hand over once. Only a refusal (4xx), or a connection never made, proves that nothing was taken."""
        try:
            answer = self.ses.send_email(**self._request(mail))
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
    if code in _THROTTLED:
        return Deferred(code, _SOON, paused=False)
    if code == _QUOTA_USED_UP:
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
