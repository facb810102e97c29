"""Acts of an operator, noted in the audit trail before anything is shown or changed."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import cached_property
from typing import TypeVar

from afterbill.adapters.dynamodb.ledger import LedgerTable
from afterbill.model.privacy import MOST_NAMED, Act
from afterbill_cli.deployed import Deployed

Row = TypeVar("Row")


@dataclass
class Acts:
    """One command with the reason its operator gives; an act that cannot be noted ends the command with its error."""

    stack: Deployed
    what: str
    why: str = ""

    def note(self, whose: Iterable[str] = (), found: int = 0) -> None:
        """Note that these people are looked at or changed, by our ids; `found` of them where they are not known yet."""
        act = Act(datetime.now(UTC), self.who, self.what, why=self.why).about(whose, found)
        ledger_of(self.stack, self.stack.policy().retention.audit).note(act)

    @cached_property
    def who(self) -> str:
        """The ARN of whoever gives the command."""
        return str(self.stack.client("sts").get_caller_identity()["Arn"])


def ledger_of(stack: Deployed, audit: timedelta | None = None) -> LedgerTable:
    """Return the ledger of the stack."""
    return LedgerTable(stack.client("dynamodb"), stack.output("LedgerTableName"), stack.output("TableName"), audit)


def in_parts(rows: Iterable[Row]) -> Iterator[list[Row]]:
    """Yield the rows in parts of as many as one act names, so that each is noted before it is shown."""
    part: list[Row] = []
    for row in rows:
        part.append(row)
        if len(part) == MOST_NAMED:
            yield part
            part = []
    if part:
        yield part
