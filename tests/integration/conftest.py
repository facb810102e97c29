"""A stack of its own for every test; whatever is written to the log is searched for what must never be there."""

import re
import shutil

import boto3
import pytest
from moto import mock_aws

from tests.integration.loop import Loop
from tests.integration.resolving import REGION
from tests.integration.samples import SOURCES, STANDARD_SECRET, STRIPE_SECRET
from tests.integration.stack import IDENTITY, ROOT, Stack, forget_configuration

NEVER_LOGGED = re.compile(
    "|".join(
        [
            r"[\w.+-]+@[\w-]+\.\w+",  # an address
            r"[A-Za-z0-9_-]{52}",  # a token, or a key
            re.escape(STANDARD_SECRET),
            re.escape(STRIPE_SECRET),
            re.escape(IDENTITY),
            "Mirjam|Keller|Lindqvist",  # names in events/
        ]
    )
)


@pytest.fixture
def configuration():
    """The folder that stands for the configuration layer."""
    return ROOT / "layers" / "config"


@pytest.fixture
def stack(monkeypatch, configuration):
    monkeypatch.syspath_prepend(str(configuration))
    monkeypatch.setenv("AWS_DEFAULT_REGION", REGION)
    with mock_aws():
        yield Stack(monkeypatch, SOURCES)
    boto3.DEFAULT_SESSION = None
    forget_configuration()


@pytest.fixture(autouse=True)
def nothing_personal_is_logged(capsys):
    """Addresses, names, links and secrets stay out of every line that a function writes."""
    yield
    written = "".join(capsys.readouterr())
    leaked = [line for line in written.splitlines() if NEVER_LOGGED.search(line)]
    assert not leaked, f"the log tells what it must not: {leaked}"


AT_ONCE = """
time_zone = "Europe/Berlin"
[defaults]
ask = true
stage = "purchase"
delay = "0s"
sampling = 1.0
priority = 50
channel = "mail"
cooldown = "90d"
expiry = "30d"
paid_only = false
stops = "nothing"
[touchpoints.refunded]
ask = false
stops = "customer"
[sources.events]
provider = "standard_webhooks"
[sources.stripe]
provider = "stripe"
"""


@pytest.fixture
def asking_at_once(tmp_path):
    """A configuration layer whose surveys are due the moment their fact is captured."""
    folder = tmp_path / "config"
    shutil.copytree(ROOT / "layers" / "config", folder)
    (folder / "surveys.toml").write_text(AT_ONCE)
    return folder


@pytest.fixture
def loop(stack):
    return Loop(stack)
