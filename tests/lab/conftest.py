"""A Chromium for the kinds, and the thresholds that are shipped."""

import pytest

from afterbill.settings.surveys import load_policy
from afterbill_dev.demo.browser import chromium as installed_chromium
from afterbill_dev.lab.__main__ import SURVEYS


@pytest.fixture(scope="module")
def chromium():
    """Ends with its module: Playwright runs once at a time in a process, and the next may start its own."""
    with installed_chromium() as browser:
        yield browser


@pytest.fixture(scope="session")
def integrity():
    """The thresholds that are shipped."""
    return load_policy(SURVEYS).integrity
