"""Clients with bounded patience, and those of their errors that may pass by themselves."""

import gc
import time
from collections.abc import Callable, Collection, Iterator, Mapping
from contextlib import contextmanager
from typing import Any, NamedTuple

import boto3
from botocore.config import Config
from botocore.exceptions import (
    ClientError,
    ConnectionError,  # noqa: A004  # botocore's own: the built-in one is never raised by it
    CredentialRetrievalError,
    HTTPClientError,
)

from afterbill.model.errors import TransientError

_PASSING = frozenset(
    {
        "InternalFailure",
        "InternalServerError",
        "InternalServerException",
        "InternalServiceError",
        "LimitExceededException",
        "ProvisionedThroughputExceededException",
        "RequestLimitExceeded",
        "RequestThrottled",
        "RequestTimeout",
        "ServiceQuotaExceededException",
        "ServiceUnavailable",
        "ThrottlingException",
        "TooManyRequestsException",
        "TransactionConflictException",
        "TransactionInProgressException",
    }
)
_SERVER_ERROR = 500
_CONNECT_SECONDS, _READ_SECONDS, _ATTEMPTS = 2, 5, 3
PATIENCE_SECONDS = _ATTEMPTS * (_CONNECT_SECONDS + _READ_SECONDS) + 1 + 2
"""Time after which `client` gives up, with the pauses before its second and third attempt."""
HTTP_CONNECT_SECONDS, HTTP_READ_SECONDS = 1.0, 2.0
LAST_ATTEMPT_SECONDS = 5.0
"""A function that answers HTTP begins no attempt later than this after its request came. With the pause before a second
one, of up to a second, every request has its answer before 10 seconds are over, however many calls it makes."""

BATCH_RESERVE_SECONDS = 9.0
"""A function that works through a batch begins no attempt with less time left: one takes up to 7 seconds, the pause
before it one or two."""

BY_PATH: Any = {"addressing_style": "path"}
"""Links to S3 are signed for the host of the bucket's region: the one of all regions leads elsewhere, and the signature
does not hold there."""

_until = {"request": float("inf"), "batch": float("inf")}


def client(service: str, *, attempts: int = _ATTEMPTS) -> Any:  # noqa: ANN401  # boto3 clients have no static type
    """A client that gives up after PATIENCE_SECONDS: the queue in front of a function retries better than it can."""
    return _client(service, connect_timeout=_CONNECT_SECONDS, read_timeout=_READ_SECONDS, attempts=attempts)


def batch_client(service: str, *, attempts: int = _ATTEMPTS) -> Any:  # noqa: ANN401  # as above
    """The same for a function that works through batches and calls `begin_batch` for each.

    No attempt begins that could outlast the invocation: that raises TransientError instead.
    """
    made = client(service, attempts=attempts)
    made.meta.events.register("before-send", _check_batch, unique_id="afterbill-batch-time")
    return made


def http_client(service: str, *, attempts: int = 2) -> Any:  # noqa: ANN401  # as above
    """A client for a function that answers HTTP and calls `begin_request` for each request.

    An attempt takes 3 seconds at most, and none begins after LAST_ATTEMPT_SECONDS: that raises TransientError instead.
    """
    made = _client(service, connect_timeout=HTTP_CONNECT_SECONDS, read_timeout=HTTP_READ_SECONDS, attempts=attempts)
    made.meta.events.register("before-send", _check_request, unique_id="afterbill-request-time")
    return made


def begin_request() -> None:
    """Count the seconds of a request from now on."""
    _until["request"] = time.monotonic() + LAST_ATTEMPT_SECONDS


def begin_batch(context: Any) -> None:  # noqa: ANN401  # Lambda's
    """Count what is left of an invocation that works through a batch."""
    left = context.get_remaining_time_in_millis() / 1000
    _until["batch"] = time.monotonic() + left - BATCH_RESERVE_SECONDS


def _check_request(**_: object) -> None:
    _check_time("request")


def _check_batch(**_: object) -> None:
    _check_time("batch")


def _check_time(of: str) -> None:
    if time.monotonic() > _until[of]:
        raise TransientError(f"no time is left for another call in this {of}")


def _client(service: str, *, connect_timeout: float, read_timeout: float, attempts: int) -> Any:  # noqa: ANN401  # as above
    config = Config(
        connect_timeout=connect_timeout,
        read_timeout=read_timeout,
        retries={"mode": "standard", "total_max_attempts": attempts},
        s3=BY_PATH,
    )
    literal: Any = service  # one of hundreds of literals, of which the stubs in use know a few
    gc.disable()
    try:
        return boto3.client(literal, config=config)
    finally:
        # A client reads models of many thousand objects and keeps them: no collection, now or later, finds any garbage
        # in there, and each would cost a tenth of a start.
        gc.freeze()
        gc.enable()


def no_pause(_tries: int) -> bool:
    """Allow no further try."""
    return False


@contextmanager
def transient(what: str) -> Iterator[None]:
    """Turn throttling, timeouts and server errors into TransientError; everything else is a bug and passes."""
    try:
        yield
    except ClientError as error:
        if not passing(error.response):
            raise
        message = f"{what}: {error_code(error)}"
        raise TransientError(message) from error
    except (HTTPClientError, ConnectionError, CredentialRetrievalError) as error:
        message = f"{what}: {type(error).__name__}"
        raise TransientError(message) from error


class ConditionalWrite(NamedTuple):
    """The result of a write: `held`, if its condition did, and the item afterwards, where the call asked for it."""

    held: bool
    item: Mapping[str, Any]


def write_if(
    call: Callable[..., Any],
    what: str,
    lost: Collection[str] = frozenset({"ConditionalCheckFailedException"}),
    /,
    **parameters: Any,  # noqa: ANN401  # of boto3
) -> ConditionalWrite:
    """Write with a condition that does not hold where the code is one of `lost`; else raises as `transient` does."""
    with transient(what):
        try:
            answer = call(**parameters)
        except ClientError as error:
            if error_code(error) not in lost:
                raise
            response: Mapping[str, Any] = error.response
            return ConditionalWrite(held=False, item=response.get("Item", {}))
    return ConditionalWrite(held=True, item=answer.get("Attributes", {}))


def passing(response: Mapping[str, Any]) -> bool:
    """True for an error that may be gone at the next try."""
    status = response.get("ResponseMetadata", {}).get("HTTPStatusCode", 0)
    return response.get("Error", {}).get("Code") in _PASSING or status >= _SERVER_ERROR


def error_code(error: ClientError) -> str:
    """The service's name for what went wrong."""
    return str(error.response.get("Error", {}).get("Code", ""))
