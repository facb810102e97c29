"""docs/providers/stripe.md tables what becomes of each event; here the code is held to that table."""

import json
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import pytest

from afterbill.connectors import stripe
from afterbill.model.billing import BillingEvent, fact_key

ROOT = Path(__file__).resolve().parents[3]
PAGE = ROOT / "docs" / "providers" / "stripe.md"
SAMPLES = ROOT / "events" / "webhooks" / "stripe"

Understood = Callable[..., tuple[BillingEvent, ...]]


@dataclass(frozen=True)
class Row:
    kind: str
    touchpoint: str
    object: str
    meaning: str
    occurrence: str
    sample: str


def rows() -> list[Row]:
    found = []
    facts = PAGE.read_text().partition("## Revenue and reasons")[0]
    for line in facts.splitlines():
        if line.startswith("| ") and not line.startswith("| Event"):
            cells = (cell.strip(" `") for cell in line.strip("|").split("|"))
            kind, _, touchpoint, subject, meaning, occurrence, samples = cells
            found += [Row(kind, touchpoint, subject, meaning, occurrence, sample) for sample in samples.split("` `")]
    return found


ROWS = rows()


@pytest.mark.parametrize("row", ROWS, ids=lambda row: row.sample)
def test_the_sample_becomes_what_its_row_says(row: Row, understood: Understood) -> None:
    body = (SAMPLES / f"{row.sample}.json").read_bytes()
    event = json.loads(body)
    assert row.kind in (event["type"], "everything else")
    events = understood("stripe", body)
    if row.touchpoint == "ignored":
        assert events == ()
        return
    (reading,) = events
    if row.touchpoint == "learned":
        assert (reading.touchpoint, reading.fact) == (None, "")
        return
    assert reading.touchpoint == (None if row.touchpoint == "connects" else row.touchpoint)
    occurrence = str(event["data"]["object"].get(row.occurrence) or row.occurrence)
    if row.occurrence == "canceled_at" and event["data"]["object"]["canceled_at"] is None:
        occurrence = ""
    if row.occurrence == "old>new@created":
        occurrence = reading.fact.rpartition("|")[2]
        assert occurrence.endswith(f"@{event['created']}")
    account = event.get("account", "")
    assert reading.fact == fact_key("stripe", account, reading.objects[row.object], row.meaning, occurrence)


def test_every_kind_the_code_reads_is_tabled_and_no_other() -> None:
    assert {row.kind for row in ROWS} - {"everything else"} == set(stripe.ABOUT.events)


def test_every_sample_has_its_row() -> None:
    assert sorted(row.sample for row in ROWS) == sorted(path.stem for path in SAMPLES.glob("*.json"))
