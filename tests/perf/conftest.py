"""The functions as in the integration tests, with their calls counted."""

import pytest

from tests.integration.loop import Loop
from tests.integration.samples import SOURCES
from tests.integration.stack import configured_at_once, standing


@pytest.fixture
def stack(monkeypatch, tmp_path):
    with standing(monkeypatch, configured_at_once(tmp_path / "config"), SOURCES) as stack:
        yield stack


@pytest.fixture
def loop(stack):
    return Loop(stack)
