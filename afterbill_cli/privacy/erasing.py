"""What erasing needs of a deployed stack, with the operator's credentials."""

import uuid
from datetime import UTC, datetime

from afterbill.adapters.aws.evidence import S3Copies
from afterbill.adapters.aws.secret_keys import SecretKeys
from afterbill.adapters.aws.timer import Schedules
from afterbill.adapters.dynamodb.forgetting import (
    ForgettableAnswersTable,
    ForgettableDeliveriesTable,
    ForgettableFactsTable,
)
from afterbill.adapters.dynamodb.people import PeopleTable
from afterbill.adapters.dynamodb.privacy_requests import PrivacyRequestsTable
from afterbill.adapters.phones import mobile_number
from afterbill.privacy.erase import EraseDeps
from afterbill_cli.acts import ledger_of
from afterbill_cli.deployed import Deployed
from afterbill_cli.sources import stack_secrets


def erasing(stack: Deployed) -> EraseDeps:
    """Return the dependencies of `erase` over the stack."""
    dynamodb, table = stack.client("dynamodb"), stack.output("TableName")
    keys = SecretKeys(stack_secrets.secret(stack, "KeysSecretArn"))
    people = PeopleTable(dynamodb, table)
    bucket = stack.outputs.get("EvidenceBucketName", "")
    copies = S3Copies(stack.client("s3"), bucket) if bucket else None
    schedules = Schedules(stack.client("scheduler"), stack.output("ScheduleGroupName"))

    def hash_number(phone: str | None, country: str | None) -> str:
        number = mobile_number(phone, country)
        return keys.hash_address(number) if number else ""

    return EraseDeps(
        people=people,
        requests=PrivacyRequestsTable(dynamodb, table),
        ledger=ledger_of(stack),
        deliveries=ForgettableDeliveriesTable(people, schedules, hash_number, lambda: datetime.now(UTC)),
        answers=ForgettableAnswersTable(people, lambda: uuid.uuid4().hex),
        facts=ForgettableFactsTable(people, copies),
        hash_alias=keys.hash_alias,
        copies=copies,
    )
