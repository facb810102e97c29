"""Clients with bounded patience, and those of their errors that may pass by themselves."""

import gc
from collections.abc import Callable, Iterator, Mapping
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


def client(service: str, *, attempts: int = 3) -> Any:  # noqa: ANN401  # boto3 clients have no static type
    """A client that gives up within seconds: the queue in front of every function retries better than it can."""
    config = Config(connect_timeout=2, read_timeout=5, retries={"mode": "standard", "total_max_attempts": attempts})
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


def write_if(call: Callable[..., Any], what: str, **parameters: Any) -> ConditionalWrite:  # noqa: ANN401  # of boto3
    """Write with a condition; everything but a condition that does not hold is raised as `transient` does."""
    try:
        with transient(what):
            answer = call(**parameters)
    except ClientError as error:
        if error_code(error) != "ConditionalCheckFailedException":
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
