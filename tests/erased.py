"""Ada is erased, as privacy leaves her: marks of her names, and closed invitations that say nothing."""

from datetime import datetime

from afterbill.model.invitation import Invitation, SkipReason, State
from afterbill_cli.memory.table import MemoryTable
from tests.factories import hash_alias


def tombstone(one: Invitation) -> Invitation:
    """The closed invitation that stays under the id of one whose customer was erased."""
    return Invitation(
        id=one.id,
        fact="",
        customer_id="",
        address_hashes=one.address_hashes,
        touchpoint=one.touchpoint,
        stage=one.stage,
        source=one.source,
        channel=one.channel,
        locale=one.locale,
        created_at=one.created_at.replace(hour=12, minute=0, second=0, microsecond=0),
        occurred_at=one.occurred_at.replace(hour=12, minute=0, second=0, microsecond=0),
        due_at=one.due_at.replace(hour=12, minute=0, second=0, microsecond=0),
        expiry=one.expiry,
        patience=one.patience,
        state=State.CLOSED,
        reason=SkipReason.ERASED,
    )


def erase(table: MemoryTable, customer_id: str, at: datetime) -> None:
    """Remove the customer and everything that leads to them."""
    names = [alias for alias, owner in table.aliases.items() if owner == customer_id]
    table.erased |= {hash_alias(alias): at for alias in names}
    theirs = {id_: one for id_, one in table.invitations.items() if one.customer_id == customer_id}
    table.invitations |= {id_: tombstone(one) for id_, one in theirs.items()}
    table.events = {key: owner for key, owner in table.events.items() if owner != customer_id}
    table.tasks = {key: one for key, one in table.tasks.items() if one[0].customer.own_id != customer_id}
    table.copies -= {copy for copy in table.copies if copy[1] == customer_id}
    table.aliases = {alias: owner for alias, owner in table.aliases.items() if owner != customer_id}
    table.people.pop(customer_id, None)
