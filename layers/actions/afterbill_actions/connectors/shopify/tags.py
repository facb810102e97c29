"""The action `tags`: the score and its band as tags of the order and of its customer.

Tags are a set there, so that adding one again changes nothing. They are read back: some were dropped without a word
(community.shopify.com/t/tagsadd-mutation/97345).
"""

from collections.abc import Mapping, Sequence
from datetime import timedelta

from afterbill_actions.connector import Job, Open
from afterbill_actions.connectors._kit import replies, texts
from afterbill_actions.connectors.shopify import documents
from afterbill_actions.connectors.shopify.api import Complaints, Session, customer_id, missing, order_id
from afterbill_actions.connectors.shopify.documents import TagChange
from afterbill_actions.outcome import Done, GoesOn, Later, NeedsPerson, Outcome, TaskKind

MOST_TAG = 40
"""The longest tag that Shopify takes on orders."""
_BETWEEN = "|"
_DROPPED = "dropped"
_KINDS = ("order", "customer")

Records = Mapping[str, tuple[str, Sequence[str]]]
"""Records that are tagged, by kind: the GraphQL id, and the tags that stand there."""


def write(job: Job, open_: Open) -> Outcome:
    """Put the tags of the answer in the place of those that an earlier version of it put there."""
    kept = job.written.record if job.written else {}
    if not texts.version(job):
        return Done(kept)
    session = Session(open_)
    there = _read(job, session)
    if not isinstance(there, Mapping):
        return there
    record = _record(job, there, kept)
    changes = _changes(job, there, kept, record)
    if not changes:
        return Done(record)
    if _is_dropped(job, kept, changes):
        reason = "Shopify dropped a tag without a word: choose another in actions.toml"
        return NeedsPerson(TaskKind.ACTION_REFUSED, reason, {"tags": kept[_DROPPED].replace(_BETWEEN, ", ")})
    return _change(job, session, changes, record)


def _is_dropped(job: Job, kept: Mapping[str, str], changes: Sequence[TagChange]) -> bool:
    """Tell whether all that is missing was written a moment ago and dropped."""
    dropped = set(filter(None, kept.get(_DROPPED, "").split(_BETWEEN)))
    wanted = {tag for change in changes for tag in change.add}
    return job.maybe and bool(dropped) and dropped == wanted and not any(change.remove for change in changes)


def _change(job: Job, session: Session, changes: Sequence[TagChange], record: Mapping[str, str]) -> Outcome:
    failure = session.mutate(*documents.tag_changes(changes))
    if failure:
        return failure.outcome() if isinstance(failure, Complaints) else failure
    if not session.left:
        return GoesOn(record)
    after = _read(job, session)
    return _checked(job, after, record) if isinstance(after, Mapping) else after


def _wanted(job: Job) -> list[str]:
    return list(dict.fromkeys([*texts.score_tags(job), *_chosen(job)]))


def _chosen(job: Job) -> list[str]:
    """Return the tags that the workflow adds."""
    return list(filter(None, (texts.tag(str(tag), MOST_TAG) for tag in job.settings.get("tags") or ())))


def _read(job: Job, session: Session) -> Records | Outcome:
    """Read the records that are to be tagged; a guest's order has no customer, and that is no fault."""
    on = job.settings.get("on") or _KINDS
    order, known = order_id(job), customer_id(job)
    if order:
        document = documents.ORDER_WITH_CUSTOMER if "customer" in on else documents.ORDER
        data = session.query(document, id=order)
    elif known and "customer" in on:
        data = session.query(documents.CUSTOMER, id=known)
    else:
        return NeedsPerson(TaskKind.RECORD_MISSING, "the answer is about no order of the shop, and no customer of it")
    if not isinstance(data, Mapping):
        return data
    found = replies.section(data, "order")
    customer = replies.section(found, "customer") or replies.section(data, "customerByIdentifier")
    if not found and not customer:
        return missing("order" if order else "customer")
    read = {"order": found, "customer": customer}
    return {kind: (one["id"], _tags_of(one)) for kind, one in read.items() if kind in on and one.get("id")}


def _tags_of(record: Mapping[str, object]) -> list[str]:
    tags = record.get("tags")
    return [tag for tag in tags if isinstance(tag, str)] if isinstance(tags, list) else []


def _ours(kept: Mapping[str, str], kind: str) -> list[str]:
    return [tag for tag in kept.get(f"{kind}_tags", "").split(_BETWEEN) if tag]


def _lacks(there: Sequence[str], tags: Sequence[str]) -> list[str]:
    """Return the tags that are not there; Shopify takes `VIP` and `vip` for one."""
    present = {tag.casefold() for tag in there}
    return [tag for tag in tags if tag.casefold() not in present]


def _record(job: Job, there: Records, kept: Mapping[str, str]) -> Mapping[str, str]:
    """Return what is ours afterwards: what stood there before we ever wrote is somebody else's and stays."""
    record = dict[str, str]()
    for kind, (id_, present) in there.items():
        known = _ours(kept, kind) if kept.get(kind) == id_ else []
        added = _wanted(job) if job.maybe else _lacks(present, _wanted(job))
        ours = {tag.casefold() for tag in (*added, *known)}
        record[kind] = id_
        record[f"{kind}_tags"] = _BETWEEN.join(tag for tag in _wanted(job) if tag.casefold() in ours)
    return record


def _changes(job: Job, there: Records, kept: Mapping[str, str], record: Mapping[str, str]) -> list[TagChange]:
    """Return the changes that are needed; a customer whom the order no longer has loses our tags."""
    changes = list[TagChange]()
    wanted = _wanted(job)
    for id_, present in there.values():
        old = [tag for kind in _KINDS if kept.get(kind) == id_ for tag in _ours(kept, kind)]
        old += _perhaps_ours(job, present)
        stale = [tag for tag in _lacks(wanted, old) if not _lacks(present, [tag])]
        change = TagChange(id_, stale, _lacks(present, wanted))
        changes += [change] if change.remove or change.add else []
    left = [kind for kind in _KINDS if kept.get(kind) and kept[kind] not in record.values()]
    return [*changes, *(TagChange(kept[kind], _ours(kept, kind), ()) for kind in left if _ours(kept, kind))]


def _perhaps_ours(job: Job, present: Sequence[str]) -> list[str]:
    """Return the scores and bands that an attempt of which we heard nothing may have left there."""
    asked = job.invitation
    return [tag for tag in present if texts.is_score_tag(tag, asked)] if asked and job.maybe else []


def _checked(job: Job, there: Records, record: Mapping[str, str]) -> Outcome:
    """Return Done where all tags stand; what was dropped is told by the next step, once it is kept what stands."""
    lacking = (tag for _, present in there.values() for tag in _lacks(present, _wanted(job)))
    missing_tags = _BETWEEN.join(dict.fromkeys(lacking))
    return GoesOn({**record, _DROPPED: missing_tags}) if missing_tags else Done(record)


def undo(job: Job, open_: Open) -> Outcome:
    """Remove exactly the tags that were ours; a record that is gone has none."""
    kept = job.written.record if job.written else {}
    session = Session(open_)
    if job.maybe and job.invitation:
        return _look_and_undo(job, session, kept)
    if job.maybe and not kept:
        reason = "an order and its customer may bear tags of an answer: look for them in the shop, and remove them"
        return NeedsPerson(TaskKind.ERASE_BY_HAND, reason, {"mark": job.mark})
    return _remove(session, kept)


def _look_and_undo(job: Job, session: Session, kept: Mapping[str, str]) -> Outcome:
    """Remove what an attempt of which we heard nothing may have written too."""
    there = _read(job, session)
    if isinstance(there, NeedsPerson):
        there = {}
    if not isinstance(there, Mapping):
        return there
    changes = list[TagChange]()
    for kind, (id_, present) in there.items():
        known = _ours(kept, kind) if kept.get(kind) == id_ else _chosen(job)
        ours = [*_perhaps_ours(job, present), *(tag for tag in known if not _lacks(present, [tag]))]
        changes += [TagChange(id_, list(dict.fromkeys(ours)), ())] if ours else []
    found = {id_ for id_, _ in there.values()}
    elsewhere = _of(kept, [kind for kind in _KINDS if kept.get(kind) and kept[kind] not in found])
    if not changes:
        return _remove(session, elsewhere)
    failure = session.mutate(*documents.tag_changes(changes))
    if failure:
        return failure.outcome() if isinstance(failure, Complaints) else failure
    return GoesOn(elsewhere) if elsewhere else Done()


def _of(kept: Mapping[str, str], kinds: Sequence[str]) -> Mapping[str, str]:
    """Return the part of a record that is about these kinds."""
    return {name: value for name, value in kept.items() if name.removesuffix("_tags") in kinds}


def _remove(session: Session, kept: Mapping[str, str]) -> Outcome:
    """Remove what the record says, where it still is; in one mutation all look refused when one is gone."""
    ours = [kind for kind in _KINDS if kept.get(kind) and _ours(kept, kind)]
    if not ours:
        return Done()
    failure = session.mutate(*documents.tag_changes([TagChange(kept[kind], _ours(kept, kind), ()) for kind in ours]))
    if not isinstance(failure, Complaints):
        return failure or Done()
    checked = ours[: session.left]
    gone = set[str]()
    for kind in checked:
        data = session.query(documents.ORDER if kind == "order" else documents.CUSTOMER, id=kept[kind])
        if not isinstance(data, Mapping):
            return data
        gone |= set() if any(data.values()) else {kind}
    if gone:
        return GoesOn(_of(kept, [kind for kind in ours if kind not in gone]))
    return failure.outcome() if checked == ours else Later("the requests of one step are used up", timedelta(0))
