"""The errors with which a service of AWS refuses, as botocore raises them."""

from botocore.exceptions import ClientError

SERVER_ERROR = 500


def refusal(code: str, message: str, operation: str, status: int = 400) -> ClientError:
    """Return the error of this code."""
    return ClientError(
        {"Error": {"Code": code, "Message": message}, "ResponseMetadata": {"HTTPStatusCode": status}},  # type: ignore[typeddict-item]
        operation,
    )
