"""The same event at the same moment, and mail at a permitted hour of everybody's own day."""

import subprocess
import sys
import tomllib
from datetime import datetime
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from tests.e2e import hours
from tests.e2e.town import ROOT, Town, eventually, invitation_id

PEOPLE = {city: f"{city.lower().replace(' ', '-').replace('ü', 'ue')}@example.com" for city in hours.CITIES}
BY_COUNTRY = {"Tokyo": "JP", "Zürich": "CH"}
"""Of these two the billing system tells the country alone; New York is told by its zone."""
ELSEWHERE = "mumbai@example.com"


def one_event_in_four_zones(town: Town) -> None:
    for city, email in PEOPLE.items():
        place = {"country": BY_COUNTRY[city]} if city in BY_COUNTRY else {"time_zone": hours.CITIES[city]}
        town.tell(hours.KIND, f"hours-{city}", email, customer={"id": city, **place})
    town.tell(hours.KIND, "hours-elsewhere", ELSEWHERE, customer={"id": "elsewhere", "time_zone": hours.ELSEWHERE})


@pytest.fixture
def permitted(stack) -> list[tuple[str, str]]:
    """The stretches of the day that the stack was given."""
    surveys = tomllib.loads((Path(stack["configuration"]) / "surveys.toml").read_text(encoding="utf-8"))
    if "demo" not in surveys["windows"]:
        pytest.skip("this stack keeps no hours: it was started without --surveys")
    return [(begin, end) for begin, _, end in (one.partition("-") for one in surveys["windows"]["demo"]["hours"])]


@pytest.mark.last
@pytest.mark.after(scene=one_event_in_four_zones)
@pytest.mark.parametrize("city", hours.CITIES)
def test_mail_comes_at_a_permitted_hour_of_the_customers_own_day(town: Town, permitted, city: str):
    town.mail(PEOPLE[city], seconds=420)

    id_ = invitation_id(hours.KIND, f"hours-{city}")
    sent = eventually(lambda: town.invitation(id_), lambda one: one.get("sent_at"), f"{city} to be marked as sent")
    local = datetime.fromtimestamp(int(sent["sent_at"]) // 1_000_000, ZoneInfo(hours.CITIES[city]))
    assert any(begin <= f"{local:%H:%M}" < end for begin, end in permitted), (local, permitted)


@pytest.mark.last
@pytest.mark.after(scene=one_event_in_four_zones)
@pytest.mark.parametrize("city", hours.CITIES)
def test_explain_tells_why_it_came_then(town: Town, permitted, city: str):
    town.mail(PEOPLE[city], seconds=420)

    timeline = explained(invitation_id(hours.KIND, f"hours-{city}"))

    assert permitted
    zone = hours.CITIES[city]
    assert f"{zone}, " + ("that of the country" if city in BY_COUNTRY else "as the customer said") in timeline
    assert f"fact: {hours.KIND} of source standard_webhooks" in timeline
    assert "decided: wait until" in timeline
    assert ": window, " in timeline
    assert "mail sent, " in timeline
    assert f"[touchpoints.{hours.KIND}] delay 0s, window demo" in timeline


@pytest.mark.last
@pytest.mark.after(scene=one_event_in_four_zones)
def test_where_no_hour_is_permitted_soon_the_mail_waits_for_tomorrow(town: Town, permitted):
    for city in hours.CITIES:
        town.mail(PEOPLE[city], seconds=420)

    timeline = explained(invitation_id(hours.KIND, "hours-elsewhere"))

    assert permitted
    assert town.letters(ELSEWHERE) == []
    assert "its mail leaves" in timeline


def explained(wanted: str) -> str:
    ended = subprocess.run(
        [sys.executable, "-m", "afterbill_cli.cli", "explain", wanted],
        check=False,
        capture_output=True,
        text=True,
        cwd=ROOT,
    )
    assert ended.returncode == 0, ended.stderr
    return ended.stdout
