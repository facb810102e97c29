"""Errors of AWS in one line each: what happened, and what to do."""

import re

from botocore.exceptions import (
    BotoCoreError,
    ClientError,
    ConnectionError,  # noqa: A004  # botocore's own
    HTTPClientError,
    LoginError,
    NoCredentialsError,
    NoRegionError,
    PartialCredentialsError,
    ProfileNotFound,
    SSOError,
    TokenRetrievalError,
)
from botocore.parsers import ResponseParserError

from afterbill.adapters.aws.clients import error_code

_DENIED = re.compile(r"Denied|Unauthori[sz]ed|Authorization|NotAuthorized|Forbidden")
_ACTION = re.compile(r"perform: ([\w-]+:\w+)")
_EXPIRED = frozenset({"ExpiredToken", "ExpiredTokenException", "RequestExpired", "TokenRefreshRequired"})
_NOT_KNOWN = frozenset(
    {
        "AuthFailure",
        "InvalidAccessKeyId",
        "InvalidClientTokenId",
        "InvalidSignatureException",
        "SignatureDoesNotMatch",
        "UnrecognizedClientException",
    }
)
_SIGN_IN = "sign in again, for instance with `aws sso login`, and repeat the command"
_WITHOUT = {
    NoCredentialsError: "no credentials of AWS: set AWS_PROFILE, or sign in with `aws configure` or `aws sso login`",
    PartialCredentialsError: "half of the credentials of AWS is missing: a key needs its id and its secret",
    NoRegionError: "no region of AWS: set AWS_REGION, as in AWS_REGION=eu-central-1",
    LoginError: f"your session at AWS has ended: {_SIGN_IN}",
    SSOError: f"your session at AWS has ended: {_SIGN_IN}",
    TokenRetrievalError: f"your session at AWS has ended: {_SIGN_IN}",
}


def explained(error: BaseException | None) -> str | None:
    """Return what went wrong and what to do, on one line; None for an error that is not one of AWS."""
    if isinstance(error, ClientError):
        return _refused(error)
    if isinstance(error, ResponseParserError):
        return "something that is not AWS answered: look at the proxy, the network and AWS_ENDPOINT_URL"
    return _not_asked(error) if isinstance(error, BotoCoreError) else None


def credentials_refused(error: ClientError) -> bool:
    """Tell whether AWS takes these credentials for nothing at all, whatever is asked."""
    return error_code(error) in _EXPIRED | _NOT_KNOWN


def denied_action(error: ClientError) -> str | None:
    """Return the action that this caller may not do, `service:Action`, or the bare operation where AWS names none.

    None where nothing was denied.
    """
    if not _DENIED.search(error_code(error)):
        return None
    named = _ACTION.search(_message(error))
    return named[1] if named else error.operation_name


def _message(error: ClientError) -> str:
    return " ".join(str(error.response.get("Error", {}).get("Message", "")).split())


def _refused(error: ClientError) -> str:
    code = error_code(error)
    if code in _EXPIRED:
        return f"your credentials of AWS have expired: {_SIGN_IN}"
    if code in _NOT_KNOWN:
        return "AWS does not know these credentials: look which ones with `aws configure list`"
    if action := denied_action(error):
        return f"AWS: you may not look or change this: allow {action} to whoever runs the command"
    return f"AWS: {error.operation_name}: {code}: {_message(error)}"


def _not_asked(error: BotoCoreError) -> str:
    for kind, text in _WITHOUT.items():
        if isinstance(error, kind):
            return text
    if isinstance(error, ProfileNotFound):
        return f"there is no profile {error.kwargs['profile']}: `aws configure list-profiles` shows those there are"
    if not isinstance(error, ConnectionError | HTTPClientError):
        return f"AWS: {error}"
    return f"AWS was not reached; check the network and the region: {error}"
