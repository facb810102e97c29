"""The first of a month, with limits so small that a few hundred webhooks reach them; `make load` has those of AWS."""

import re
from typing import Any

import pytest

from afterbill_dev.load.first import SHIPPED, TINY, Break, Round, given, table
from afterbill_dev.load.template import Template
from afterbill_dev.paths import ROOT
from tests.simulation.test_month import run

WEBHOOKS = 300


@pytest.fixture(scope="module")
def rounds() -> list[dict[str, Any]]:
    return run("tiny", WEBHOOKS, measured=True)


def test_the_first_round_names_what_broke_in_the_order_of_time(rounds):
    breaks = rounds[0]["breaks"]

    assert [one["at"] for one in breaks] == sorted(one["at"] for one in breaks)
    assert breaks[0]["parameter"] == "ThrottleRate"
    assert {"ThrottleRate", "SES quota"} <= {one["parameter"] for one in breaks}


def test_the_last_round_holds_with_the_values_that_were_named(rounds):
    last = rounds[-1]

    assert len(rounds) > 1
    assert [one for one in last["breaks"] if one["parameter"]] == []
    assert (last["captured"], last["sent"]) == (WEBHOOKS, WEBHOOKS)


def test_no_webhook_is_lost_even_in_the_first_round(rounds):
    assert all(one["captured"] == WEBHOOKS for one in rounds)


def test_the_table_names_limit_effect_and_parameter():
    broken = Break(93_784, "1 mail a day", "9 wait", "SES quota", 1_000), Break(0, "a partition", "3 throttled", "", 0)
    text = table(Round(TINY, broken, 10, 10, 1, {"Inbox": 7_200, "SendQueue": 60}))

    assert "| day 2, 02:03:04 | 1 mail a day | 9 wait | `SES quota` | 1,000 |" in text
    assert "| day 1, 00:00:00 | a partition | 3 throttled | none |  |" in text
    assert "Inbox up to 2.0 h, SendQueue up to 1 min" in text


def test_the_settings_are_told_in_a_line():
    assert given(SHIPPED) == "Lambda quota 10, SES quota 50,000, SES rate 14"
    assert given(TINY).endswith("ThrottleRate 1, ThrottleBurst 2, MaxWriteUnits 25")


def test_the_docs_tell_figures_of_the_parameters_that_are_shipped():
    text = (ROOT / "docs" / "scaling.md").read_text(encoding="utf-8")
    (told,) = re.findall(r"with the shipped parameters\n\(`([^`]+)`", text)
    named = dict(one.split("=") for one in told.split())

    assert len(named) == 6
    assert named == {name: str(Template({}).parameters[name]) for name in named}
