"""One Chromium for all kinds."""

import pytest

from afterbill.surveys import load_policy
from ops.demo.browser import chromium as installed_chromium
from ops.lab.__main__ import SURVEYS


@pytest.fixture(scope="session")
def chromium():
    with installed_chromium() as browser:
        yield browser


@pytest.fixture(scope="session")
def integrity():
    """The thresholds that are shipped."""
    return load_policy(SURVEYS).integrity
