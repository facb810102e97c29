"""Store many answers from elsewhere at once, as they were given; what is there is never overwritten unasked."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from enum import StrEnum

from afterbill.answers.external import ExternalResponse, closed_invitation
from afterbill.intake.ports import MOST_WRITES, ImportedResponses, ResponseWrite
from afterbill.model.customer import Customer
from afterbill.model.errors import TransientError
from afterbill.model.invitation import Invitation, SkipReason

TOGETHER = 100
"""Responses to pass at a time: they fill whole calls, to read as well as to write."""
_TRIES = 3
"""Tries of responses that lost a race, before they are left to a later call."""
_MOST_BYTES = 3_000_000
"""Size of one transaction; DynamoDB takes 4 MB."""
_AROUND = 2_000
"""Bytes of a response beside its comment, amply."""


class Outcome(StrEnum):
    """Outcome of one response."""

    STORED = "stored"
    REPLACED = "replaced"
    THERE = "already there"
    DIFFERS = "already there, but different"
    ERASED = "erased"


@dataclass(frozen=True, slots=True)
class Response:
    """One answer, and how its author may be known: by the id at a source (`SOURCE#ID`), or by the address."""

    collected: ExternalResponse
    alias: str = ""
    address_hash: str = ""

    @property
    def id(self) -> str:
        """The id under which the table keeps it."""
        return self.collected.id


@dataclass(frozen=True, slots=True)
class ResponseImportDeps:
    """Dependencies of import_responses; `now` is when the import began, `replace` overwrites stored responses.

    `hash_alias` is keyed. Answers of names whose customer was erased are passed over, unless `include_erased` says that
    they are known again; who is named by their address alone may be a guest of one of the `sources`. `declared` are the
    segments that surveys.toml declares, each with its attribute of the customer.
    """

    table: ImportedResponses
    hash_alias: Callable[[str], str]
    now: datetime
    replace: bool = False
    sources: frozenset[str] = frozenset()
    include_erased: bool = False
    declared: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Imported:
    """Outcomes by id of the response; those `left` wait for another call, because the table was busy (`problem`)."""

    outcomes: Mapping[str, Outcome]
    left: tuple[Response, ...] = ()
    problem: str = ""


def import_responses(responses: Sequence[Response], deps: ResponseImportDeps) -> Imported:
    """Store those that are not there; safe to repeat after a crash anywhere. Their ids differ.

    What this very import stored before it was stopped counts as stored again. Who gave an answer is looked up
    only for those that are written.
    """
    outcomes: dict[str, Outcome] = {}
    open_ = tuple(responses)
    for _ in range(_TRIES):
        try:
            for rewrites in _transactions(open_, outcomes, deps):
                if deps.table.store(rewrites):
                    outcomes |= {one.after.id: Outcome.REPLACED if one.before else Outcome.STORED for one in rewrites}
        except TransientError as error:
            return Imported(outcomes, _without(open_, outcomes), str(error))
        open_ = _without(open_, outcomes)
        if not open_:
            break
    return Imported(outcomes, open_, "others kept writing the same responses" if open_ else "")


def _without(responses: Sequence[Response], outcomes: Mapping[str, Outcome]) -> tuple[Response, ...]:
    return tuple(one for one in responses if one.id not in outcomes)


def _transactions(
    responses: Sequence[Response], outcomes: dict[str, Outcome], deps: ResponseImportDeps
) -> Iterator[list[ResponseWrite]]:
    """Yield batches of writes; a response that needs no writing gets its outcome at once."""
    if not responses:
        return
    stored = deps.table.responses([response.id for response in responses])
    for response in responses:
        if response.id in stored:
            outcome = _outcome(response.collected, stored[response.id], deps.now)
            if outcome is not Outcome.DIFFERS or not deps.replace:
                outcomes[response.id] = outcome
    open_ = _without(responses, outcomes)
    people, erased = _people(open_, deps.table), _erased(open_, deps)
    outcomes |= {one.id: Outcome.ERASED for one in open_ if _is_forgotten(one, erased, known=one.id in people)}
    open_ = _without(open_, outcomes)
    yield from _batches([_rewrite(response, people, stored.get(response.id), deps) for response in open_])


def _outcome(collected: ExternalResponse, stored: Invitation, now: datetime) -> Outcome:
    if stored.reason == SkipReason.ERASED:
        return Outcome.ERASED
    response = (collected.answer, collected.answered_at, collected.touchpoint, collected.question)
    if response != (stored.answer, stored.answered_at, stored.touchpoint, stored.question):
        return Outcome.DIFFERS
    if stored.created_at == now:
        return Outcome.STORED
    return Outcome.REPLACED if stored.closed_at == now else Outcome.THERE


def _people(responses: Sequence[Response], table: ImportedResponses) -> Mapping[str, Customer]:
    """Customers by id of the response: by their id at the source, or without one by an address nobody else has."""
    aliases = tuple(dict.fromkeys(one.alias for one in responses if one.alias))
    ids = table.customer_ids(aliases) if aliases else {}
    hashes = dict.fromkeys(one.address_hash for one in responses if one.address_hash and not one.alias)
    holders = {hashed: table.holders(hashed) for hashed in hashes}
    alone = {hashed: found[0] for hashed, found in holders.items() if len(found) == 1}
    known = {one.id: ids.get(one.alias) or alone.get(one.address_hash, "") for one in responses}
    people = table.customers(tuple(dict.fromkeys(filter(None, known.values())))) if any(known.values()) else {}
    return {id_: people[customer_id] for id_, customer_id in known.items() if customer_id in people}


def _erased(responses: Sequence[Response], deps: ResponseImportDeps) -> Mapping[str, datetime]:
    """The moment of the last erasure of a customer whom a response may name, by id of the response."""
    if deps.include_erased:
        return {}
    hashes = {one.id: [deps.hash_alias(name) for name in _names(one, deps.sources)] for one in responses}
    wanted = tuple(dict.fromkeys(hashed for several in hashes.values() for hashed in several))
    marks = deps.table.erasures(wanted) if wanted else {}
    moments = {id_: [marks[hashed] for hashed in several if hashed in marks] for id_, several in hashes.items()}
    return {id_: max(found) for id_, found in moments.items() if found}


def _names(response: Response, sources: frozenset[str]) -> Sequence[str]:
    """The names under which who gave an answer may have been known: their id, else that of a guest anywhere."""
    if response.alias:
        return (response.alias,)
    return [f"{source}@{response.address_hash}" for source in sorted(sources)] if response.address_hash else ()


def _is_forgotten(response: Response, erased: Mapping[str, datetime], *, known: bool) -> bool:
    at = erased.get(response.id)
    return at is not None and (response.collected.answered_at <= at or not known)


def _rewrite(
    response: Response, people: Mapping[str, Customer], before: Invitation | None, deps: ResponseImportDeps
) -> ResponseWrite:
    """Return the response to write; one that replaces another is forgotten when that one would have been."""
    collected = replace(response.collected, customer=people.get(response.id), declared=deps.declared)
    after = closed_invitation(collected, deps.now)
    kept = replace(after, created_at=before.created_at, due_at=before.due_at) if before else after
    return ResponseWrite(kept, before)


def _batches(rewrites: Sequence[ResponseWrite]) -> Iterator[list[ResponseWrite]]:
    """Yield the writes in order, in batches that a transaction takes."""
    batch: list[ResponseWrite] = []
    size = 0
    for write in rewrites:
        comment = write.after.answer.comment if write.after.answer else ""
        more = _AROUND + len(comment.encode())
        if batch and (len(batch) == MOST_WRITES or size + more > _MOST_BYTES):
            yield batch
            batch, size = [], 0
        batch.append(write)
        size += more
    if batch:
        yield batch
