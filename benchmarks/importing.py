"""Calls of the table that an import makes, counted at the client: the real use case over the real adapter."""

import hashlib
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from functools import partial
from itertools import count
from typing import Any

from afterbill.adapters.dynamodb import keys
from afterbill.answers.external import ExternalResponse
from afterbill.model.addresses import address_hash
from afterbill.model.billing import BillingEvent, CustomerRef, Touchpoint
from afterbill.model.channels import Channel
from afterbill.model.invitation import Answer
from afterbill_cli.importing import import_responses
from afterbill_cli.importing.import_customers import TOGETHER, CustomerImportDeps, import_customers
from afterbill_cli.importing.imports_table import ImportsTable
from benchmarks.table import Row

SIZE = 100_000
_FEWER = 10_000
MOST_CALLS = 0.08
"""Per customer."""
MOST_CALLS_OF_A_RESPONSE = 0.06
_TABLE = "afterbill"
_NOW = datetime(2026, 11, 22, 12, tzinfo=UTC)
_MOST_AT_ONCE = 100


@dataclass
class Client:
    """DynamoDB as far as an import needs it, its items in a dictionary; refuses what is too much for one call."""

    items: dict[str, Any] = field(default_factory=dict)
    calls: Counter[str] = field(default_factory=Counter)

    def batch_get_item(self, **asked: Any) -> dict[str, Any]:  # noqa: ANN401  # as boto3 has it
        """The items there are."""
        wanted = [key[keys.PK]["S"] for key in asked["RequestItems"][_TABLE]["Keys"]]
        self._count("BatchGetItem", wanted)
        return {"Responses": {_TABLE: [self.items[pk] for pk in wanted if pk in self.items]}}

    def transact_write_items(self, **asked: Any) -> None:  # noqa: ANN401  # as boto3 has it
        """Put them; nobody else is there to race with."""
        items = [write["Put"]["Item"] for write in asked["TransactItems"]]
        self._count("TransactWriteItems", [item[keys.PK]["S"] for item in items])
        self.items |= {item[keys.PK]["S"]: item for item in items}

    def _count(self, operation: str, named: list[str]) -> None:
        if not 0 < len(set(named)) == len(named) <= _MOST_AT_ONCE:
            raise ValueError(f"{operation} takes 1 to {_MOST_AT_ONCE} different keys, not {len(named)}")
        self.calls[operation] += 1


def rows() -> list[Row]:
    """Customers nobody knew; fewer that are known, once with news and once without; what those answered elsewhere."""
    known = Client()
    imported(known, _FEWER, "Pro", 0)
    return [
        _row(SIZE, "", "Pro", Client()),
        _row(_FEWER, ", known, with news", "Team", known),
        _row(_FEWER, ", known, without news", "Team", known),
        *_of_responses(known),
    ]


def imported(client: Client, size: int, plan: str, day: int) -> Counter[str]:
    """Calls of importing so many customers with an id each, as of that day."""
    client.calls.clear()
    numbers = count(len(client.items))
    importing = CustomerImportDeps(
        ImportsTable(client, _TABLE),
        partial(address_hash, key=b"identity"),
        partial(address_hash, key=b"alias"),
        lambda: _hex(next(numbers)),
        _NOW,
    )
    for chunk in _chunks(size, plan, _NOW + timedelta(days=day)):
        import_customers(chunk, importing)
    return client.calls


def _row(size: int, which: str, plan: str, client: Client) -> Row:
    calls = imported(client, size, plan, 1)
    listed = ", ".join(f"{number} {name}" for name, number in sorted(calls.items()))
    return Row(f"import of {size:,} customers{which}, table calls", calls.total(), "calls", MOST_CALLS * size, listed)


def imported_responses(client: Client, size: int, people: int, minute: int = 0) -> Counter[str]:
    """Calls of importing so many responses with address and id of so many people, begun at that minute."""
    client.calls.clear()
    importing = import_responses.ResponseImportDeps(
        ImportsTable(client, _TABLE), partial(address_hash, key=b"alias"), _NOW + timedelta(minutes=minute)
    )
    hash_address = partial(address_hash, key=b"identity")
    for start in range(0, size, import_responses.TOGETHER):
        some = range(start, min(start + import_responses.TOGETHER, size))
        import_responses.import_responses([_response(number, people, hash_address) for number in some], importing)
    return client.calls


def _of_responses(known: Client) -> list[Row]:
    rows = []
    for which, minute in (("", 0), (", a second time", 1)):
        calls = imported_responses(known, SIZE, _FEWER, minute)
        listed = ", ".join(f"{number} {name}" for name, number in sorted(calls.items()))
        what = f"import of {SIZE:,} responses{which}, table calls"
        rows.append(Row(what, calls.total(), "calls", MOST_CALLS_OF_A_RESPONSE * SIZE, listed))
    return rows


def _response(number: int, people: int, hash_address: Callable[[str], str]) -> import_responses.Response:
    person = number % people
    response = ExternalResponse(
        id=_hex(number),
        fact=f"import|delighted|{number}",
        channel=Channel.IMPORT,
        source="delighted",
        touchpoint=Touchpoint.RELATIONSHIP,
        stage="loyalty",
        answer=Answer(number % 11, "A comment of the usual length, about an invoice."),
        answered_at=_NOW - timedelta(minutes=number),
        day="2026-11-22",
    )
    return import_responses.Response(response, f"stripe#cus_{person}", hash_address(f"person{person}@example.com"))


def _chunks(size: int, plan: str, at: datetime) -> Iterator[list[BillingEvent]]:
    for start in range(0, size, TOGETHER):
        yield [_row_of(number, plan, at) for number in range(start, min(start + TOGETHER, size))]


def _row_of(number: int, plan: str, at: datetime) -> BillingEvent:
    ref = CustomerRef(id=f"cus_{number}", email=f"person{number}@example.com", name=f"Person {number}", country="CH")
    return BillingEvent("stripe", f"line {number}", at, ref, plan=plan)


def _hex(number: int) -> str:
    return hashlib.sha256(str(number).encode()).hexdigest()[:32]
