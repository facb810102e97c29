"""MiniStack, which plays AWS: https://pypi.org/project/ministack."""

import json
import os
import secrets

from afterbill_dev.local import aws_environment, processes
from afterbill_dev.local.processes import StackError
from afterbill_dev.paths import ACCOUNT, HOST, PROGRAMS, REGION, RUN, SCRATCH

NAME = "ministack"
PORT = 8466
"""Preferred; any free port will do."""


def start(mail_url: str) -> str:
    """Start MiniStack and wait until it answers; its URL.

    Mail that functions send goes to it by way of `mail_url`, which writes down what MiniStack forgets.
    """
    if not (PROGRAMS / NAME).exists():
        raise StackError(f"{PROGRAMS / NAME} is missing: run `make setup`, which installs it.")
    with processes.listen(PORT) as held:
        port = held.getsockname()[1]
    url, name = f"http://{HOST}:{port}", f"afterbill-{secrets.token_hex(8)}"
    SCRATCH.mkdir(parents=True, exist_ok=True)
    processes.start(NAME, [str(PROGRAMS / NAME)], _environment(url, port, mail_url) | {"MINISTACK_EDITION": name}, RUN)
    try:
        processes.wait_until(lambda: _answers(url, name), "MiniStack to answer", seconds=30)
    except StackError as error:
        raise StackError(f"{error} {processes.tail(NAME)}") from error
    return url


def _environment(url: str, port: int, mail_url: str) -> dict[str, str]:
    """All variables of MiniStack. Its functions inherit them, so nothing of this machine's may be among them."""
    return {
        **aws_environment.environment(url),
        "AWS_ENDPOINT_URL_SESV2": mail_url,
        # Policies are evaluated: a function may do what its role says and nothing else.
        "AUTH": "true",
        "BIND_HOST": HOST,
        "GATEWAY_PORT": str(port),
        "HOME": str(SCRATCH),
        "IOT_MTLS_ENABLED": "0",
        "LAMBDA_EXECUTOR": "local",
        "LANG": "C.UTF-8",
        "MINISTACK_ACCOUNT_ID": ACCOUNT,
        "MINISTACK_REGION": REGION,
        "PATH": os.environ.get("PATH", os.defpath),
        "S3_DATA_DIR": str(SCRATCH / "s3"),
        "SFTP_ENABLED": "0",
        "STATE_DIR": str(SCRATCH / "state"),
        "TMPDIR": str(SCRATCH),
    }


def stop() -> None:
    """End MiniStack, its functions and all it held."""
    processes.stop(NAME, at_once=True)


def _answers(url: str, name: str) -> bool:
    """True when this MiniStack answers; one of another checkout may have taken the port."""
    if not processes.is_running(NAME):
        raise StackError("MiniStack ended at once; if its port was taken, just try again.")
    health = processes.get(f"{url}/_ministack/health")
    return health is not None and json.loads(health).get("edition") == name
