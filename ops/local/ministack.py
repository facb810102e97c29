"""MiniStack, which plays AWS: https://pypi.org/project/ministack."""

import os
import shutil

from ops.local import aws, programs
from ops.local.errors import StackError
from ops.local.places import ACCOUNT, HOST, PROGRAMS, REGION, RUN, SCRATCH

NAME = "ministack"


def start(port: int, mail_url: str) -> str:
    """Start MiniStack and wait until it answers; its URL.

    Mail that functions send goes to it by way of `mail_url`, which writes down what MiniStack forgets.
    """
    if not (PROGRAMS / NAME).exists():
        raise StackError(f"{PROGRAMS / NAME} is missing: run `make setup`, which installs it.")
    url = f"http://{HOST}:{port}"
    SCRATCH.mkdir(parents=True, exist_ok=True)
    programs.start(NAME, [str(PROGRAMS / NAME)], _environment(url, port, mail_url), RUN)
    try:
        programs.wait_until(lambda: _answers(url), "MiniStack to answer", seconds=30)
    except StackError as error:
        raise StackError(f"{error} {programs.tail(NAME)}") from error
    return url


def _environment(url: str, port: int, mail_url: str) -> dict[str, str]:
    """All variables of MiniStack. Its functions inherit them, so nothing of this machine's may be among them."""
    return {
        **aws.environment(url),
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


def _answers(url: str) -> bool:
    if not programs.is_running(NAME):
        raise StackError("MiniStack ended at once.")
    return programs.answers(f"{url}/_ministack/health")


def clean() -> None:
    """Remove what MiniStack unpacked."""
    shutil.rmtree(SCRATCH, ignore_errors=True)
