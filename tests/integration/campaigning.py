"""A campaign that began today, and customers whose turn it is."""

from collections.abc import Iterator
from datetime import datetime
from itertools import count, islice
from pathlib import Path
from zoneinfo import ZoneInfo

from afterbill.adapters.dynamodb.facts import FactsTable
from afterbill.intake.ports import FactWrites
from afterbill.model.campaigns import slot_of
from afterbill.model.customer import Customer
from tests.integration.stack import Stack


def today() -> str:
    """The operator's local day."""
    return datetime.now(ZoneInfo("Europe/Berlin")).date().isoformat()


def with_a_campaign(folder: Path) -> Path:
    """Over so many days that two groups have their turn on the first: 0 and 1."""
    with (folder / "surveys.toml").open("a", encoding="utf-8") as file:
        file.write(f'[campaigns.version-2]\ntouchpoint = "release"\nstart = {today()}\nover = "366d"\n')
    return folder


def living(stack: Stack, slot: int, number: int = 1) -> list[str]:
    """New customers of a group."""
    ids = list(islice(_ids(slot), number))
    for id_ in ids:
        person = Customer(id_, address=f"{id_}@example.com", name="Mirjam Keller")
        assert FactsTable(stack.dynamodb, "afterbill").commit(FactWrites(customers=(person,)))
    return ids


def _ids(slot: int) -> Iterator[str]:
    return (id_ for id_ in (f"{number:032x}" for number in count()) if slot_of(id_) == slot)
