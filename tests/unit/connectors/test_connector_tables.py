"""Every page in docs/providers tables what becomes of each event; here the code is held to those tables."""

from dataclasses import dataclass
from pathlib import Path
from typing import TypeAlias

import pytest

from afterbill.connectors import registry
from afterbill.connectors._kit import json
from afterbill.model.billing import BillingEvent, ObjectReference, OperatorTask
from afterbill.model.errors import PayloadError
from afterbill.model.privacy import PrivacyAsk
from afterbill.model.webhooks import Source
from afterbill_cli import samples
from afterbill_cli.memory.keys import MemoryApis

Element: TypeAlias = BillingEvent | OperatorTask | PrivacyAsk
ROOT = Path(__file__).resolve().parents[3]
HEADER = "| Event | When | Touchpoint | Object | Meaning | Occurrence | Samples |"
TERMS = "| Recurring amount | Payment method | Reason of a cancellation |"
SEPARATE = {"stripe"}
"""Held to its table by tests of its own, which know more."""
GENERIC = {"standard_webhooks", "cloudevents", "zuora"}
"""Their events are the operator's to name."""


@dataclass(frozen=True)
class Row:
    provider: str
    kind: str
    touchpoint: str
    object: str
    meaning: str
    occurrence: str
    sample: str


def rows(provider: str) -> list[Row]:
    page = (ROOT / "docs" / "providers" / f"{provider}.md").read_text()
    lines = iter(page.splitlines())
    found: list[Row] = []
    for line in lines:
        if line == HEADER:
            next(lines)
            for each in lines:
                if not each.startswith("|"):
                    break
                cells = [cell.strip(" `") for cell in each.strip("|").split("|")]
                kind, _, touchpoint, subject, meaning, occurrence, named = cells
                found += [
                    Row(provider, kind, touchpoint, subject, meaning, occurrence, one) for one in named.split("` `")
                ]
    return found


TABLED = [name for name in registry.PROVIDERS if name not in SEPARATE | GENERIC]
ROWS = [row for name in TABLED for row in rows(name)]


def understood(provider: str, stem: str) -> list[Element]:
    """Read a sample to the end, with the answers of the API that are recorded in events/apis."""
    offered = registry.load(provider)
    (file,) = (ROOT / "events" / "webhooks" / provider).glob(f"{stem}.[jx][sm][ol]*")
    recorded = ROOT / "events" / "apis" / f"{provider}.json"
    apis = MemoryApis(dict(json.parse(recorded.read_bytes())) if recorded.exists() else {})
    source = Source(provider, provider)
    found: list[Element] = []
    for one in offered.normalise(samples.read(file, offered.ABOUT, provider), source):
        if isinstance(one, ObjectReference):
            assert offered.resolve
            found += offered.resolve(one, source, apis.call)
        elif isinstance(one, Element):
            found.append(one)
        else:
            assert provider in GENERIC, one  # whose samples of batches hold a bad event
    return [_named(one, source, apis, provider) for one in found]


def _named(one: Element, source: Source, apis: MemoryApis, provider: str) -> Element:
    find_customer = registry.load(provider).find_customer
    if not isinstance(one, BillingEvent) or one.touchpoint is None or one.customer.address or find_customer is None:
        return one
    return find_customer(one, source, apis.call)


def says(one: Element) -> str:
    if isinstance(one, OperatorTask):
        return "task"
    if isinstance(one, PrivacyAsk):
        return "request"
    return str(one.touchpoint) if one.touchpoint else "learned"


@pytest.mark.parametrize("row", ROWS, ids=lambda row: f"{row.provider}-{row.sample}-{row.touchpoint}")
def test_the_sample_becomes_what_its_row_says(row: Row) -> None:
    found = understood(row.provider, row.sample)
    if row.touchpoint == "ignored":
        assert found == []
        return
    matching = [one for one in found if says(one) == row.touchpoint]
    assert matching, [says(one) for one in found]
    for one in matching:
        if isinstance(one, BillingEvent) and one.touchpoint:
            _, _, subject, meaning, occurrence = one.fact.split("|")
            assert subject == one.objects[row.object]
            assert meaning == row.meaning
            assert bool(occurrence) is bool(row.occurrence)


@pytest.mark.parametrize("provider", TABLED)
def test_every_sample_has_its_row(provider: str) -> None:
    folder = ROOT / "events" / "webhooks" / provider
    assert {row.sample for row in rows(provider)} == {path.stem for path in folder.iterdir()}


@pytest.mark.parametrize("provider", TABLED)
def test_an_operator_ticks_the_events_that_mean_something(provider: str) -> None:
    kinds = {row.kind for row in rows(provider) if row.touchpoint != "ignored"}
    assert set(registry.load(provider).ABOUT.events) == kinds


def terms(provider: str) -> list[str]:
    """Return the cells of the only row under the heading: each begins with `yes: ` and samples, or with `no: `."""
    lines = (ROOT / "docs" / "providers" / f"{provider}.md").read_text().splitlines()
    return [cell.strip() for cell in lines[lines.index(TERMS) + 2].strip("|").split("|")]


def readable(provider: str, stem: str) -> list[Element]:
    """Read a sample; one that is foreign without the settings of its source says nothing."""
    try:
        return understood(provider, stem)
    except PayloadError:
        assert provider in GENERIC
        return []


def shown_in(found: list[Element]) -> tuple[bool, ...]:
    events = [one for one in found if isinstance(one, BillingEvent)]
    told = [
        (one.recurring is not None, bool(one.payment_method), bool(one.reported_reason or one.reported_comment))
        for one in events
    ]
    return tuple(map(any, zip(*told, strict=True))) or (False, False, False)


@pytest.mark.parametrize("provider", registry.PROVIDERS)
def test_a_page_names_samples_that_show_what_a_fact_is_worth_or_none_does(provider: str) -> None:
    samples_of = {path.stem for path in (ROOT / "events" / "webhooks" / provider).iterdir()}
    shown = {stem: shown_in(readable(provider, stem)) for stem in samples_of}
    for column, cell in enumerate(terms(provider)):
        says_yes, _, rest = cell.partition(": ")
        if says_yes == "yes":
            named = rest.partition(";")[0].strip("`").split("` `")
            assert [stem for stem in named if not shown[stem][column]] == []
        else:
            assert says_yes == "no", cell
            assert [stem for stem in samples_of if shown[stem][column]] == []
