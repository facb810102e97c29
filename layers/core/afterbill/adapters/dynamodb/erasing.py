"""The dependencies of an erasure over one table: the function and the operator's command erase alike."""

import secrets
import uuid
from collections.abc import Collection
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from afterbill.adapters.aws.evidence import S3Copies
from afterbill.adapters.aws.secret_keys import SecretKeys
from afterbill.adapters.aws.timer import Schedules
from afterbill.adapters.dynamodb.forgetting import (
    ForgettableAnswersTable,
    ForgettableDeliveriesTable,
    ForgettableFactsTable,
)
from afterbill.adapters.dynamodb.ledger import LedgerTable
from afterbill.adapters.dynamodb.people import PeopleTable
from afterbill.adapters.dynamodb.privacy_requests import PrivacyRequestsTable
from afterbill.adapters.phones import number_hashes
from afterbill.model.anonymous import LONGEST
from afterbill.privacy.erase import EraseDeps


@dataclass(frozen=True, slots=True)
class Stores:
    """The stores of people; `copies` is None where no copies of webhooks are kept, `sources` are all that are known."""

    people: PeopleTable
    ledger: LedgerTable
    schedules: Schedules
    copies: S3Copies | None
    keys: SecretKeys
    sources: Collection[str]


def forgettable_answers(people: PeopleTable) -> ForgettableAnswersTable:
    """The answers of a person, whose rows get random ids and are kept for a random time longer."""
    return ForgettableAnswersTable(people, lambda: uuid.uuid4().hex, _longer)


def erasing(stores: Stores) -> EraseDeps:
    """Return what `erase` needs to remove people from there."""
    people, keys = stores.people, stores.keys
    hash_number = number_hashes(keys.hash_address)
    return EraseDeps(
        people=people,
        requests=PrivacyRequestsTable(people.dynamodb, people.table),
        ledger=stores.ledger,
        deliveries=ForgettableDeliveriesTable(people, stores.schedules, hash_number, _now),
        answers=forgettable_answers(people),
        facts=ForgettableFactsTable(people, stores.copies),
        hash_alias=keys.hash_alias,
        clock=_now,
        copies=stores.copies,
        sources=frozenset(stores.sources),
    )


def _now() -> datetime:
    return datetime.now(UTC)


def _longer() -> timedelta:
    return timedelta(days=secrets.randbelow(LONGEST + 1))
