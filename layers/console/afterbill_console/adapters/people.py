"""The stores of the pages about people, over DynamoDB."""

from collections.abc import Callable, Collection
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from afterbill.adapters.dynamodb.answered import AnsweredTable
from afterbill.adapters.dynamodb.people import PeopleTable
from afterbill.adapters.dynamodb.privacy_requests import PrivacyRequestsTable
from afterbill.model.campaigns import CAMPAIGNS
from afterbill.model.consent import Legal
from afterbill.model.retention import Retention
from afterbill_console.adapters.answers import AnswersTable, HandlingsTable
from afterbill_console.adapters.stories import StoriesTable
from afterbill_console.adapters.tasks import TasksOfOperators
from afterbill_console.people.deps import PeopleDeps

if TYPE_CHECKING:
    from afterbill.privacy.retention import RetentionProgress


@dataclass(frozen=True, slots=True)
class RetainedTable:
    """Retained over the table."""

    dynamodb: Any
    table: str

    def retention_progress(self) -> "RetentionProgress | None":
        """One GetItem."""
        from afterbill.adapters.dynamodb.retention import RetentionTable  # noqa: PLC0415  # one page in ten needs it

        return RetentionTable(self.dynamodb, self.table).retention_progress()


def people_over(
    dynamodb: Any,  # noqa: ANN401  # a boto3 client
    table: str,
    sources: Collection[str],
    hash_contact: Callable[[str], str],
    retention: Retention,
) -> PeopleDeps:
    """Return the stores; `hash_contact` gives the keyed hash of an address or number."""
    answered, people = AnsweredTable(dynamodb, table), PeopleTable(dynamodb, table)
    return PeopleDeps(
        answers=AnswersTable(answered),
        handlings=HandlingsTable(answered),
        stories=StoriesTable(people),
        tasks=TasksOfOperators(people),
        requests=PrivacyRequestsTable(dynamodb, table),
        retained=RetainedTable(dynamodb, table),
        sources=(*sorted(sources), CAMPAIGNS),
        hash_contact=hash_contact,
        legal=_legal,
        retention=retention,
    )


def _legal() -> Legal:
    from afterbill.settings.surveys import load_policy  # noqa: PLC0415  # a story alone needs the rules

    return load_policy().legal
