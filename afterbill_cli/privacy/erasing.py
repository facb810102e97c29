"""The dependencies of erasing, from a deployed stack with the operator's credentials."""

from dataclasses import replace

from afterbill.adapters.aws.evidence import S3Copies
from afterbill.adapters.aws.secret_keys import SecretKeys
from afterbill.adapters.aws.timer import Schedules
from afterbill.adapters.dynamodb import erasing as over_table
from afterbill.adapters.dynamodb.people import PeopleTable
from afterbill.privacy.erase import EraseDeps
from afterbill.settings.config import read_toml
from afterbill_actions.adapters.erasing import elsewhere
from afterbill_actions.adapters.wakes import SqsWakes
from afterbill_actions.publishing import ACTIONS, publishing_of
from afterbill_cli.acts import ledger_of
from afterbill_cli.deployed import Deployed
from afterbill_cli.sources import stack_secrets


def erasing(stack: Deployed) -> EraseDeps:
    """Return the dependencies of `erase` over the stack."""
    bucket = stack.outputs.get("EvidenceBucketName", "")
    stores = over_table.erasing(
        over_table.Stores(
            people=PeopleTable(stack.client("dynamodb"), stack.output("TableName")),
            ledger=ledger_of(stack),
            schedules=Schedules(stack.client("scheduler"), stack.output("ScheduleGroupName")),
            copies=S3Copies(stack.client("s3"), bucket) if bucket else None,
            keys=SecretKeys(stack_secrets.secret(stack, "KeysSecretArn")),
            sources=stack.policy().sources,
        )
    )
    queue = stack.outputs.get("ActionsQueueUrl")
    if not queue:  # an earlier version, which writes to no other system
        return stores
    wakes = SqsWakes(stack.client("sqs"), queue)
    file = stack.config / ACTIONS
    names = publishing_of(read_toml(file)).connections if file.is_file() else ()
    return replace(stores, elsewhere=elsewhere(stack.client("dynamodb"), stack.output("TableName"), wakes, names))
