"""Environment variables that point programs of this machine to the local AWS alone."""

import os

from afterbill_dev.paths import REGION


def environment(ministack_url: str) -> dict[str, str]:
    """The variables with which any AWS client or tool talks to the local stack as its root."""
    return {
        "AWS_ENDPOINT_URL": ministack_url,
        "AWS_DEFAULT_REGION": REGION,
        "AWS_REGION": REGION,
        "AWS_ACCESS_KEY_ID": "test",
        "AWS_SECRET_ACCESS_KEY": "test",
    }


def enter(ministack_url: str) -> None:
    """Point this process and its children to the local stack, whatever account is set up."""
    for name in [name for name in os.environ if name.startswith("AWS_")]:
        del os.environ[name]
    os.environ.update(environment(ministack_url), AWS_CONFIG_FILE=os.devnull, AWS_SHARED_CREDENTIALS_FILE=os.devnull)
