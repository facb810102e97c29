"""Each kind once with real requests, a real page and its real script: what it comes to is what the table says."""

import pytest

from afterbill.model.visits import Kind
from afterbill_dev.lab.browser_actions import ACTIONS
from afterbill_dev.lab.browser_report import play, report
from afterbill_dev.lab.clients import NAMES


@pytest.mark.parametrize("name", ACTIONS)
def test_what_a_real_client_does_comes_to_what_is_promised(name, chromium, integrity):
    invitation = play(name, chromium, integrity).harness.invitation

    assert invitation.answer == ACTIONS[name][1], [str(visit) for visit in invitation.visits]
    assert invitation.visits
    assert name in NAMES


def test_a_browser_that_fetches_ahead_says_so(chromium, integrity):
    visits = play("hover, then tap", chromium, integrity).harness.invitation.visits

    assert [(visit.kind, visit.rating) for visit in visits] == [
        (Kind.AHEAD, 3),
        (Kind.AHEAD, 9),
        (Kind.OPENED, 9),
        (Kind.SEEN, 9),
    ]
    assert len({(visit.network, visit.family) for visit in visits}) == 1


def test_the_report_has_a_line_for_every_kind(chromium, integrity, monkeypatch):
    monkeypatch.setattr(
        "afterbill_dev.lab.browser_report.ACTIONS", {name: ACTIONS[name] for name in ("HEAD only", "tap and send")}
    )

    text = report(integrity, chromium)

    assert "hidden probed:0 probed:1" in text
    assert text.splitlines()[-1].split()[:5] == ["tap", "and", "send", "9", "opened:9"]
