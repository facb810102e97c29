"""The retention pass over the twin in memory, where items have no TTL but that of customers."""

from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass, field, replace

from afterbill.answers.external import COLLECTED
from afterbill.model.anonymous import erased
from afterbill.model.customer import Customer
from afterbill.model.errors import UnreadableError
from afterbill.model.invitation import Invitation
from afterbill.model.privacy import Person
from afterbill.privacy.holdings import Holding, HoldingsPage, Kind
from afterbill.privacy.retention import RetentionProgress
from afterbill_cli.memory.people import MemoryForgettableAnswers
from afterbill_cli.memory.table import MemoryTable


@dataclass
class MemoryRetention:
    """RetentionPasses over plain dictionaries."""

    table: MemoryTable
    progress: RetentionProgress | UnreadableError | None = None
    page_size: int = 1000
    stored: list[RetentionProgress] = field(default_factory=list)

    def holdings(self, after: tuple[str, str] | None) -> HoldingsPage:
        """A slice of everything, in the order of the keys."""
        everything = dict(self._holdings())
        left = sorted(place for place in everything if after is None or place > after)
        places = left[: self.page_size]
        return HoldingsPage([everything[place] for place in places], places[-1] if len(left) > len(places) else None)

    def _holdings(self) -> Iterator[tuple[tuple[str, str], Holding | UnreadableError]]:
        for id_, invitation in self.table.invitations.items():
            place = ("INVITATION", id_)
            one = UnreadableError(f"INVITATION#{id_}") if id_ in self.table.unreadable else _response(place, invitation)
            yield place, one
        for id_, customer in self.table.people.items():
            yield ("CUSTOMER", id_), _customer(("CUSTOMER", id_), customer)
        for name, to in self.table.aliases.items():
            yield ("ALIAS", name), Holding(("ALIAS", name), Kind.NAMES, customer_id=to)
        for hash_, to in self.table.phones.items():
            yield ("PHONE", hash_), Holding(("PHONE", hash_), Kind.PHONES, customer_id=to)

    def restricted(self, customer_ids: Collection[str]) -> Mapping[str, bool]:
        """Of those who exist."""
        people = self.table.people
        return {id_: people[id_].restricted_at is not None for id_ in customer_ids if id_ in people}

    def settle(self, before: Holding, after: Holding | None) -> bool:
        """False where it is no longer as it was."""
        (kind, id_), table = before.place, self.table
        match kind:
            case "INVITATION" if after is None:
                answers = MemoryForgettableAnswers(table, lambda: f"{len(table.invitations):032x}")
                return bool(answers.forget(Person(before.customer_id, invitations={id_: table.invitations[id_]})))
            case "INVITATION" if after and _response(before.place, table.invitations[id_]) == before:
                table.invitations[id_] = _scrubbed(table.invitations[id_], after)
            case "CUSTOMER" if after and _customer(before.place, table.people[id_]) == before:
                known, end = table.people[id_], {"active_at": after.kept_from, "kept_until": after.expires_at}
                table.people[id_] = replace(known, version=known.version + 1, **end)  # type: ignore[arg-type]  # moments
            case "ALIAS" if table.aliases.get(id_) == before.customer_id:
                del table.aliases[id_]
            case "PHONE" if table.phones.get(id_) == before.customer_id:
                del table.phones[id_]
            case _:
                return False
        return True

    def retention_progress(self) -> RetentionProgress | None:
        """The progress as the last run stored it."""
        if isinstance(self.progress, UnreadableError):
            raise self.progress
        return self.progress

    def store_retention_progress(self, progress: RetentionProgress) -> None:
        """Store the progress, and all there were."""
        self.progress = progress
        self.stored.append(progress)


def _response(place: tuple[str, str], one: Invitation) -> Holding:
    return Holding(
        place,
        Kind.RESPONSES,
        since=one.created_at,
        anonymous=erased(one),
        from_elsewhere=one.reason == COLLECTED,
        customer_id=one.customer_id,
        comment=one.answer.comment if one.answer else "",
        reported_comment=one.reported_comment,
        occurred_at=one.occurred_at if one.reported_comment else None,
        answered_at=one.answered_at,
        closes_at=one.answer_until,
        visits=one.visits,
        condensed=one.condensed,
        label=one.label,
    )


def _customer(place: tuple[str, str], one: Customer) -> Holding:
    sign = one.active_at or one.kept_until
    return Holding(
        place,
        Kind.CUSTOMERS,
        since=sign,
        expires_at=one.kept_until,
        kept_from=None if one.forget_at else sign,
        restricted=one.restricted_at is not None,
        customer_id=one.id,
    )


def _scrubbed(one: Invitation, after: Holding) -> Invitation:
    answer = replace(one.answer, comment=after.comment) if one.answer else None
    one = replace(one, answer=answer, reported_comment=after.reported_comment)
    return replace(one, visits=after.visits, condensed=after.condensed, label=after.label)
