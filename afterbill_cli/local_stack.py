"""The local stack of `make up`, found by the file that exists while it is up."""

import json
from pathlib import Path
from typing import Any

import boto3
from botocore.config import Config
from botocore.exceptions import BotoCoreError

from afterbill.adapters.aws.clients import BY_PATH
from afterbill.model.errors import ConfigurationError


def checkout(package: Path) -> Path:
    """Return the checkout that holds `package`; where it is installed elsewhere, the current folder."""
    return package.parent if (package.parent / "layers" / "config").is_dir() else Path.cwd()


ROOT = checkout(Path(__file__).resolve().parent)
"""The commands read `layers/config` and the samples of this folder."""
PATIENCE = Config(connect_timeout=5, read_timeout=30, retries={"mode": "standard", "total_max_attempts": 3}, s3=BY_PATH)
"""The time-outs and tries of every client: a person at a terminal learns soon that nobody answers."""
STACK_FILE = ROOT / ".local" / "stack.json"
_DAMAGED = f"{STACK_FILE} is damaged: run `make up`"
_KINDS = {"stack_name": str, "api_url": str, "configuration": str, "outputs": dict, "environment": dict}
_AWS = {"AWS_ENDPOINT_URL", "AWS_REGION", "AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"}


def described() -> dict[str, Any] | None:
    """The stack as its file describes it; None while it is down, ConfigurationError where the file is damaged."""
    try:
        stack = json.loads(STACK_FILE.read_text())
    except FileNotFoundError:
        return None
    except (OSError, ValueError) as error:
        raise ConfigurationError(_DAMAGED) from error
    if not _is_whole(stack):
        raise ConfigurationError(_DAMAGED)
    return dict(stack)


def _is_whole(stack: object) -> bool:
    if not isinstance(stack, dict) or not all(isinstance(stack.get(key), kind) for key, kind in _KINDS.items()):
        return False
    return set(stack["environment"]) >= _AWS


def serves(url: str) -> bool:
    """True when this is an address of the local stack's AWS."""
    try:
        stack = described()
    except ConfigurationError:
        return False
    return stack is not None and url.startswith(stack["environment"]["AWS_ENDPOINT_URL"])


def client(stack: dict[str, Any], service: str) -> Any:  # noqa: ANN401  # boto3 clients have no static type
    """A client of this stack, whatever account the shell is set up for."""
    environment = stack["environment"]
    return new_client(
        service,
        endpoint_url=environment["AWS_ENDPOINT_URL"],
        region_name=environment["AWS_REGION"],
        aws_access_key_id=environment["AWS_ACCESS_KEY_ID"],
        aws_secret_access_key=environment["AWS_SECRET_ACCESS_KEY"],
    )


def new_client(service: str, **settings: str | None) -> Any:  # noqa: ANN401  # as above
    """A client with PATIENCE; ConfigurationError where the settings of the shell allow none."""
    make: Any = boto3.client  # its stubs know a few literal names
    try:
        return make(service, config=PATIENCE, **settings)
    except ValueError as error:
        if isinstance(error, BotoCoreError):
            raise
        raise ConfigurationError(f"no client for AWS, look at AWS_ENDPOINT_URL: {error}") from error
