"""Note objections and their liftings in the ledger: a restored table does not know those it missed."""

from collections import defaultdict
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TypeVar

from afterbill.model.errors import TransientError, UnreadableError
from afterbill.model.privacy import Objection
from afterbill.privacy.ports import Ledger

Record = TypeVar("Record")


@dataclass(frozen=True, slots=True)
class Noted:
    """The ids of the records to try again, and the errors about records that nobody can read, which are done."""

    failed: frozenset[str]
    unreadable: list[UnreadableError]


def note_objections(records: Mapping[str, Record], read: Callable[[Record], Objection | None], ledger: Ledger) -> Noted:
    """Note the newest word about each address; `read` gives the one that a record tells of, if any.

    Records may come twice and in any order: the ledger keeps the later word.
    """
    unreadable: list[UnreadableError] = []
    said, told_by = dict[str, Objection](), defaultdict[str, set[str]](set)
    for id_, record in records.items():
        try:
            word = read(record)
        except UnreadableError as error:
            unreadable.append(error)
            continue
        if word:
            said[word.address_hash] = max(said.get(word.address_hash, word), word, key=lambda one: one.at)
            told_by[word.address_hash].add(id_)
    failed = set[str]()
    for hashed, word in said.items():
        try:
            ledger.note_objection(word)
        except TransientError:
            failed |= told_by[hashed]
    return Noted(frozenset(failed), unreadable)
