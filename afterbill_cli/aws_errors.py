"""Errors of AWS in one line each, as the command line tells them: the local stack may be what does not answer."""

from botocore.exceptions import BotoCoreError, ConnectionError, HTTPClientError  # noqa: A004  # botocore's own

from afterbill_cli import local_stack
from afterbill_console.adapters import aws_errors
from afterbill_console.adapters.aws_errors import credentials_refused, denied_action

__all__ = ["credentials_refused", "denied_action", "explained"]


def explained(error: BaseException | None) -> str | None:
    """Return what went wrong and what to do, on one line; None for an error that is not one of AWS."""
    if isinstance(error, ConnectionError | HTTPClientError) and _local(error):
        return "the local stack does not answer: run `make up`"
    return aws_errors.explained(error)


def _local(error: BotoCoreError) -> bool:
    return local_stack.serves(str(error.kwargs.get("endpoint_url", "")))
