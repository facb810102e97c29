"""The local stack of `make up`, found by the file that exists while it is up."""

import json
from pathlib import Path
from typing import Any

import boto3
from botocore.config import Config

from afterbill.model.errors import ConfigurationError


def checkout(package: Path) -> Path:
    """Return the checkout that holds `package`; where it is installed elsewhere, the current folder."""
    return package.parent if (package.parent / "layers" / "config").is_dir() else Path.cwd()


ROOT = checkout(Path(__file__).resolve().parent)
"""The commands read `layers/config` and the samples of this folder."""
PATIENCE = Config(connect_timeout=5, read_timeout=30, retries={"mode": "standard", "total_max_attempts": 3})
"""What every client has: whoever waits at a terminal learns soon that nobody answers."""
STACK_FILE = ROOT / ".local" / "stack.json"


def described() -> dict[str, Any] | None:
    """The stack as its file describes it; None while it is down."""
    try:
        stack: dict[str, Any] = json.loads(STACK_FILE.read_text())
    except FileNotFoundError:
        return None
    except ValueError as error:
        raise ConfigurationError(f"{STACK_FILE} cannot be read: run `make up`") from error
    return stack


def serves(url: str) -> bool:
    """True when this is an address of the local stack's AWS."""
    stack = described()
    return stack is not None and url.startswith(stack["environment"]["AWS_ENDPOINT_URL"])


def client(stack: dict[str, Any], service: str) -> Any:  # noqa: ANN401  # boto3 clients have no static type
    """A client of this stack, whatever account the shell is set up for."""
    make: Any = boto3.client  # its stubs know a few literal names
    environment = stack["environment"]
    return make(
        service,
        endpoint_url=environment["AWS_ENDPOINT_URL"],
        region_name=environment["AWS_REGION"],
        aws_access_key_id=environment["AWS_ACCESS_KEY_ID"],
        aws_secret_access_key=environment["AWS_SECRET_ACCESS_KEY"],
        config=PATIENCE,
    )
