"""One local stack for all of these tests; what they ask about is sent before the first of them, for mails take time."""

import json
import os
from datetime import UTC, datetime
from pathlib import Path

import pytest

from afterbill_dev.demo.browser import chromium as installed_chromium
from afterbill_dev.paths import STACK_FILE
from tests.e2e import channels, hours, marked
from tests.e2e.newcomer import COMPANY, afterbill, run
from tests.e2e.town import Town


@pytest.fixture(scope="session")
def folder(tmp_path_factory):
    """The folder of a newcomer, who answered with Enter but for her name."""
    folder = tmp_path_factory.mktemp("newcomer") / "acme"
    ended = afterbill("init", str(folder), "--yes", "--company", COMPANY)
    assert ended.returncode == 0, ended.stderr
    return folder


@pytest.fixture(scope="session")
def stack(request, tmp_path_factory):
    """A fresh stack of the newcomer's, stopped at the end; AFTERBILL_STACK names the stack.json of a running one."""
    running = os.environ.get("AFTERBILL_STACK")
    if running:
        yield json.loads(Path(running).read_text())
        return
    surveys = tmp_path_factory.mktemp("surveys") / "more.toml"
    zone = 'time_zone = "Europe/Berlin"  # on whatever machine this runs\n'
    surveys.write_text(zone + hours.tables(datetime.now(UTC)) + channels.TABLES + marked.TABLES, encoding="utf-8")
    _ops_local("down")
    _ops_local("up", "--config", str(request.getfixturevalue("folder")), "--surveys", str(surveys))
    try:
        yield json.loads(STACK_FILE.read_text())
    finally:
        _ops_local("down")


def _ops_local(*command):
    ended = run("afterbill_dev.local", *command)
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
