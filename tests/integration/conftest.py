"""A stack of its own for every test; whatever is written to the log is searched for what must never be there."""

import re

import pytest

from tests.integration.loop import Loop
from tests.integration.samples import SOURCES, STANDARD_SECRET, STRIPE_SECRET
from tests.integration.stack import IDENTITY, ROOT, configured_at_once, standing

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
def parameters():
    """Parameters of the template that differ from those of every test."""
    return {}


@pytest.fixture
def stack(monkeypatch, configuration, parameters, tmp_path_factory):
    # The folders of pytest are made before those of the stack, which end with it.
    tmp_path_factory.getbasetemp()
    with standing(monkeypatch, configuration, SOURCES, parameters) as stack:
        yield stack


@pytest.fixture(autouse=True)
def nothing_personal_is_logged(capsys):
    """Addresses, names, links and secrets stay out of every line that a function writes."""
    yield
    written = "".join(capsys.readouterr())
    leaked = [line for line in written.splitlines() if NEVER_LOGGED.search(line)]
    assert not leaked, f"the log tells what it must not: {leaked}"


@pytest.fixture
def asking_at_once(tmp_path):
    return configured_at_once(tmp_path / "config")


@pytest.fixture
def loop(stack):
    return Loop(stack)
