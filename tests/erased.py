"""Ada is erased, as privacy leaves her: marks of her names, and closed invitations that say nothing."""

from datetime import datetime

from afterbill.model.anonymous import tombstone
from afterbill_cli.memory.table import MemoryTable
from tests.factories import hash_alias


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
