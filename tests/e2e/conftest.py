"""One local stack for all of these tests; what they ask about is sent before the first of them, for mails take time."""

import json
import os
import subprocess
import sys
from datetime import UTC, datetime
from pathlib import Path

import pytest

from afterbill_dev.demo.browser import chromium as installed_chromium
from afterbill_dev.paths import STACK_FILE
from tests.e2e import channels, hours
from tests.e2e.town import ROOT, Town


def pytest_configure(config):
    config.addinivalue_line("markers", "after(scene): the scene, a function of the town, is played before all tests")


@pytest.fixture(scope="session")
def stack(tmp_path_factory):
    """A fresh stack, stopped at the end; AFTERBILL_STACK names the stack.json of a running one to use instead."""
    running = os.environ.get("AFTERBILL_STACK")
    if running:
        yield json.loads(Path(running).read_text())
        return
    surveys = tmp_path_factory.mktemp("surveys") / "more.toml"
    surveys.write_text(hours.tables(datetime.now(UTC)) + channels.TABLES, encoding="utf-8")
    _ops_local("down")
    _ops_local("up", "--surveys", str(surveys))
    try:
        yield json.loads(STACK_FILE.read_text())
    finally:
        _ops_local("down")


def _ops_local(*command):
    ended = subprocess.run(
        [sys.executable, "-m", "afterbill_dev.local", *command], check=False, capture_output=True, text=True, cwd=ROOT
    )
    assert ended.returncode == 0, ended.stdout + ended.stderr


@pytest.fixture(scope="session")
def town(request, stack):
    """The town after every scene that a test of this run comes after, each played once."""
    town = Town(stack)
    markers = (item.get_closest_marker("after") for item in request.session.items)
    for scene in dict.fromkeys(marker.kwargs["scene"] for marker in markers if marker):
        scene(town)
    yield town
    town.http.clear()


@pytest.fixture(scope="module")
def chromium():
    """Ends with its module: Playwright runs once at a time in a process, and the next may start its own."""
    with installed_chromium() as browser:
        yield browser
