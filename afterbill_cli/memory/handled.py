"""Answers with their handling, the stories of customers and tasks, in memory, over MemoryTable."""

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date, datetime

from afterbill.adapters.dynamodb.items import stamp
from afterbill.answers.read_responses import Place
from afterbill.model.customer import Customer
from afterbill.model.errors import UnreadableError
from afterbill.model.invitation import Invitation
from afterbill.model.privacy import DEADLINE
from afterbill.privacy.retention import RetentionProgress
from afterbill_cli.memory.actions.effects import MemoryEffects
from afterbill_cli.memory.answered import MemoryAnswered
from afterbill_cli.memory.items import MemoryItems
from afterbill_cli.memory.table import MemoryTable
from afterbill_console.people.handling import MOST_BYTES, MOST_NOTES, UNHANDLED, Handled, Handling, Note
from afterbill_console.people.ports import (
    MOST_TASKS,
    STORY_PART,
    VERIFIER,
    WITHOUT_DEADLINE,
    Earlier,
    FeedPart,
    Found,
    Task,
    Told,
)


@dataclass
class MemoryAnswers:
    """Answers with the lists behind those of a day, which counts its `calls`; `page_size` as with MemoryAnswered."""

    table: MemoryTable
    page_size: int = 300
    calls: Counter[str] = field(default_factory=Counter)
    lists: dict[date, Earlier] = field(default_factory=dict)

    def answered(self, place: Place) -> Found:
        """A part of the day; the list of it where it is the last."""
        self.calls["answered"] += 1
        briefs, more = MemoryAnswered(self.table, self.page_size).answered(place, newest_first=True)
        return Found(briefs, more, None if more else self.lists.get(place.day))

    def listed(self, day: date) -> Earlier | None:
        """The list of that day."""
        return self.lists.get(day)

    def keep(self, day: date, earlier: Earlier) -> None:
        """Keep it."""
        self.lists[day] = earlier

    def read(self, ids: Sequence[str]) -> FeedPart:
        """Those that exist among these ids."""
        self.calls["read"] += 1
        stored = self.table.read_invitations(ids)
        answers = {id_: _handled(self.table, one) for id_, one in stored.items()}
        there = (one for one in stored.values() if isinstance(one, Invitation))
        moments = {one.id: stamp(one.answered_at) for one in there if one.answered_at}
        return FeedPart(answers, {one.id for one in self.table.people.values() if one.restricted_at}, moments)


def _handled(table: MemoryItems, one: Invitation | UnreadableError) -> Handled | UnreadableError:
    return Handled(one, table.handlings.get(one.id, UNHANDLED)) if isinstance(one, Invitation) else one


@dataclass
class MemoryHandlings:
    """Handlings over the answers of MemoryTable."""

    table: MemoryItems

    def mark_read(self, id_: str, who: str, at: datetime, *, read: bool) -> bool:
        """Keep it, or forget it."""
        return self._change(id_, read_at=at if read else None, read_by=who if read else "")

    def set_tags(self, id_: str, tags: Sequence[str]) -> bool:
        """Keep these."""
        return self._change(id_, tags=tuple(tags))

    def add_note(self, id_: str, who: str, at: datetime, text: str) -> bool:
        """Keep it behind the others."""
        notes = self.table.handlings.get(id_, UNHANDLED).notes
        size = sum(len(note.text.encode()) for note in notes) + len(text.encode())
        return len(notes) < MOST_NOTES and size <= MOST_BYTES and self._change(id_, notes=(*notes, Note(at, who, text)))

    def _change(self, id_: str, **changes: object) -> bool:
        stored = self.table.alive(id_)
        if stored is None or stored.answer is None:
            return False
        known: Handling = self.table.handlings.get(id_, UNHANDLED)
        self.table.handlings[id_] = replace(known, **changes)  # type: ignore[arg-type]  # its own fields
        return True


@dataclass
class MemoryStories:
    """Stories over the items of MemoryTable, which counts its `calls`."""

    table: MemoryItems
    tasks: "MemoryTasks"
    part: int = STORY_PART
    calls: Counter[str] = field(default_factory=Counter)
    effects: MemoryEffects = field(default_factory=MemoryEffects)

    def story(self, customer_id: str, after: str = "") -> Told:
        """A part of everything, in the order of the index."""
        self.calls["story"] += 1
        theirs = (one for one in self.table.invitations.values() if one.customer_id == customer_id)
        ordered = sorted(theirs, key=lambda one: (one.created_at, one.id), reverse=True)
        begin = _number(after, len(ordered))
        part = ordered[begin : begin + self.part]
        read = [_handled(self.table, self.table.read_invitations([one.id])[one.id]) for one in part]
        more = str(begin + self.part) if begin + self.part < len(ordered) else ""
        tasks = [] if more else [task for task in self.tasks.everything() if task.customer_id == customer_id]
        told = [one for one in read if isinstance(one, Handled)]
        effects = self.effects.effects([one.response.id for one in told])
        return Told(self.table.people.get(customer_id), told, tasks, len(read) - len(told), more, effects)

    def owner(self, invitation_id: str) -> str | None:
        """The customer of an answer."""
        stored = self.table.alive(invitation_id)
        return None if stored is None else stored.customer_id

    def called(self, aliases: Sequence[str]) -> Sequence[str]:
        """Those who are known."""
        return list(dict.fromkeys(self.table.customer_ids(aliases).values()))

    def known(self, ids: Sequence[str]) -> Mapping[str, Customer]:
        """Those who are there."""
        return self.table.customers(ids)

    def holding(self, contact_hash: str) -> Sequence[str]:
        """Those who hold it, and who had the number when a text message went there."""
        phone = self.table.phones.get(contact_hash)
        return [*self.table.everybody_at(contact_hash), *([phone] if phone else [])]


def _number(text: str, end: int) -> int:
    if text and not (text.isascii() and text.isdigit() and int(text) < end):
        raise ValueError("is none of ours")
    return int(text or 0)


@dataclass
class MemoryTasks:
    """Tasks over the tasks of MemoryTable; which are done is known here alone."""

    table: MemoryItems
    done: dict[tuple[str, str, str], datetime] = field(default_factory=dict)
    calls: Counter[str] = field(default_factory=Counter)

    def everything(self) -> Iterator[Task]:
        """All of them, done or not."""
        for key, (task, _) in self.table.tasks.items():
            due = None if task.kind in WITHOUT_DEADLINE else task.occurred_at + DEADLINE
            ref = task.customer
            shown = {} if task.kind == VERIFIER or key in self.done else task.details
            yield Task(*key, task.occurred_at, due, ref.id or "", ref.own_id or "", self.done.get(key), shown)

    def open_tasks(self) -> Sequence[Task]:
        """Those that are not done."""
        self.calls["open_tasks"] += 1
        waiting = [task for task in self.everything() if task.done_at is None]
        return sorted(waiting, key=lambda task: (task.occurred_at, task.source, task.kind, task.id))[:MOST_TASKS]

    def task(self, source: str, kind: str, id_: str) -> Task | None:
        """The one under this key."""
        return next((one for one in self.everything() if (one.source, one.kind, one.id) == (source, kind, id_)), None)

    def finish(self, source: str, kind: str, id_: str, at: datetime) -> bool:
        """Mark it, once."""
        task = self.task(source, kind, id_)
        if task is None or task.done_at:
            return False
        self.done[source, kind, id_] = at
        return True


@dataclass
class MemoryRetained:
    """Retained, as it is told."""

    progress: RetentionProgress | None = None

    def retention_progress(self) -> RetentionProgress | None:
        """The progress."""
        return self.progress
