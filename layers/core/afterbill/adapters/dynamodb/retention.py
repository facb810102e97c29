"""The table as the retention pass sees it: all items page by page, and conditional updates of single ones."""

from collections.abc import Callable, Collection, Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

from afterbill.adapters.aws.clients import transient, write_if
from afterbill.adapters.dynamodb import keys
from afterbill.adapters.dynamodb.compact import from_microseconds
from afterbill.adapters.dynamodb.erasing import forgettable_answers
from afterbill.adapters.dynamodb.items import Item, customer_of, decode, encode, stamp
from afterbill.adapters.dynamodb.people import PeopleTable
from afterbill.adapters.dynamodb.stored import reading
from afterbill.adapters.dynamodb.table import InvitationTable
from afterbill.answers.external import COLLECTED
from afterbill.model.errors import UnreadableError
from afterbill.model.invitation import NO_DAY, RETENTION, SkipReason
from afterbill.model.privacy import Person, Removed
from afterbill.model.retention import Retention
from afterbill.model.visits import codes_of, condensed_of, counted, visits_of
from afterbill.privacy.holdings import Holding, HoldingsPage, Kind, Stock
from afterbill.privacy.retention import RetentionProgress

_PAGE = 1000
"""Items of one page; a megabyte holds fewer where they are large."""
_TOGETHER = 100
_DAY = timedelta(days=1)


class RetentionTable(InvitationTable):
    """RetentionPasses over DynamoDB."""

    def holdings(self, after: tuple[str, str] | None) -> HoldingsPage:
        """One Scan; the order is DynamoDB's own and stays."""
        start = {"ExclusiveStartKey": keys.key(*after)} if after else {}
        with transient("reading the table"):
            page = self.dynamodb.scan(TableName=self.table, Limit=_PAGE, **start)
        found = (_holding_or_error(item) for item in page["Items"])
        last = page.get("LastEvaluatedKey")
        return HoldingsPage([one for one in found if one], _place(last) if last else None)

    def restricted(self, customer_ids: Collection[str]) -> Mapping[str, bool]:
        """As many calls as a hundred of them take each."""
        ids, found = sorted(customer_ids), dict[str, Any]()
        for start in range(0, len(ids), _TOGETHER):
            found |= self.read([keys.customer(id_) for id_ in ids[start : start + _TOGETHER]])
        return {keys.customer_id(item): "restricted_at" in item for item in found.values()}

    def settle(self, before: Holding, after: Holding | None) -> bool:
        """One write, on the condition that what it changes is still as it was read.

        A survey whose customer is gone leaves a row that counts, as after an erasure.
        """
        if after is None:
            return self._without_customer(before)
        change = _Change()
        if before.kind is Kind.RESPONSES:
            _rewrite_answer(before, after, change)
        else:
            _restamp(before, after, change)
        return self.change(keys.key(*before.place), change.update, change.condition, change.values)

    def _without_customer(self, before: Holding) -> bool:
        if before.kind is Kind.RESPONSES:
            answers = forgettable_answers(PeopleTable(self.dynamodb, self.table))
            id_ = keys.invitation_id({keys.PK: {"S": before.place[0]}})
            left = Person(before.customer_id, invitations={id_: UnreadableError("it is replaced as it is stored")})
            return bool(answers.forget(left).get(Removed.INVITATIONS))
        deletion = {
            "TableName": self.table,
            "Key": keys.key(*before.place),
            "ConditionExpression": f"{keys.CUSTOMER_ID} = :read OR customer = :read",
            "ExpressionAttributeValues": encode({":read": before.customer_id}),
        }
        return write_if(self.dynamodb.delete_item, "deleting a name", **deletion).held

    def retention_progress(self) -> RetentionProgress | None:
        """The progress as the last run stored it."""
        item = self.item(keys.retention())
        if not item:
            return None
        with reading(item):
            return _progress_of(decode(item))

    def store_retention_progress(self, progress: RetentionProgress) -> None:
        """One PutItem."""
        with transient("keeping the progress of retention"):
            self.dynamodb.put_item(TableName=self.table, Item=keys.retention() | encode(_progress_stored(progress)))


class _Change:
    """An update as it grows: what is set and removed, and what must still be as it was read."""

    def __init__(self) -> None:
        self._sets: list[str] = []
        self._removes: list[str] = []
        self._adds = ""
        self._conditions = dict.fromkeys([f"attribute_exists({keys.PK})"])
        self.values: dict[str, Any] = {}

    def set(self, name: str, value: Any) -> None:  # noqa: ANN401  # of an item
        self._sets.append(f"#{name} = :{name}")
        self.values[f":{name}"] = value

    def remove(self, *names: str) -> None:
        self._removes += [f"#{name}" for name in names]

    def next_version(self) -> None:
        self._adds = " ADD #version :one"
        self.values[":one"] = 1

    def as_read(self, name: str, value: Any) -> None:  # noqa: ANN401  # of an item
        if value is None:
            self._conditions[f"attribute_not_exists(#{name})"] = None
            return
        self._conditions[f"#{name} = :read_{name}"] = None
        self.values[f":read_{name}"] = value

    @property
    def update(self) -> str:
        sets = f"SET {', '.join(self._sets)}" if self._sets else ""
        removes = f" REMOVE {', '.join(self._removes)}" if self._removes else ""
        return f"{sets}{removes}{self._adds}".strip()

    @property
    def condition(self) -> str:
        return " AND ".join(self._conditions)


def _rewrite_answer(before: Holding, after: Holding, change: _Change) -> None:
    """Every part on the condition that it is as it was stored, which says more than what was read from it."""
    for name in ("comment", "reported_comment"):
        if (words := getattr(before, name)) != getattr(after, name):
            change.remove(name)
            change.as_read(name, words)
    if (before.visits, before.condensed, before.label) != (after.visits, after.condensed, after.label):
        _rewrite_visits(before, after, change)
    for name, read, wanted in (
        (keys.KEPT_UNTIL, before.answered_until, after.answered_until),
        (keys.TTL, before.expires_at, after.expires_at),
    ):
        if read != wanted:
            change.set(name, _epoch(wanted))
    if (before.answered_until, before.expires_at) != (after.answered_until, after.expires_at):
        # An answer makes the one end the other.
        change.as_read(keys.KEPT_UNTIL, _epoch(before.answered_until))
        change.as_read(keys.TTL, _epoch(before.expires_at))


def _rewrite_visits(before: Holding, after: Holding, change: _Change) -> None:
    for name in ("visits", "condensed", "label"):
        change.as_read(name, before.raw.get(name))
    if before.visits != after.visits:
        change.set("visits", codes_of(after.visits))  # the map is there even if empty, to be updated
        change.set("visited", counted(after.visits))
    if before.condensed != after.condensed and after.condensed:
        change.set("condensed", [str(one) for one in after.condensed])
    elif before.condensed != after.condensed:
        change.remove("condensed")
    if before.label != after.label:
        change.remove("label")


def _restamp(before: Holding, after: Holding, change: _Change) -> None:
    change.set(keys.TTL, _epoch(after.expires_at))
    change.as_read(keys.TTL, _epoch(before.expires_at))
    if after.kind is Kind.CUSTOMERS:
        change.set("active_at", _epoch(after.kept_from))
        change.next_version()
    elif after.kind is not Kind.ADDRESSES and after.expires_at and after.kept_from:
        change.set(keys.KEPT_FOR, round((after.expires_at - after.kept_from) / _DAY))


def _epoch(at: datetime | None) -> int | None:
    return int(at.timestamp()) if at else None


def _holding_or_error(item: Item) -> Holding | UnreadableError | None:
    """None for what belongs to nobody: tallies, scores, marks, states."""
    read = _READERS.get(item[keys.PK]["S"].partition("#")[0])
    if read is None:
        return None
    try:
        with reading(item):
            return read(item)
    except UnreadableError as error:
        return error


def _place(item: Item) -> tuple[str, str]:
    return item[keys.PK]["S"], item[keys.SK]["S"]


_READ_OF_INVITATIONS = (
    *("due_at", "seconds", "created_at", "answered_at", "answered_day", "answer_until", "comment", "visits"),
    *(
        "condensed",
        "label",
        "reason",
        "sent_day",
        "occurred_at",
        "reported_comment",
        keys.CUSTOMER_ID,
        keys.KEPT_UNTIL,
        keys.TTL,
    ),
)


def _invitation(item: Item) -> Holding:
    plain = decode({name: item[name] for name in _READ_OF_INVITATIONS if name in item})
    expiry, _, patience = (timedelta(seconds=int(number)) for number in plain["seconds"])
    days = {plain.get(name, "") for name in ("sent_day", keys.ANSWERED_DAY)}
    erased = plain.get("reason") == SkipReason.ERASED
    # What leads nowhere any more is kept for what counts alone; a tombstone counts nothing.
    prolonged = bool(days - {"", NO_DAY}) if erased else NO_DAY not in days
    return Holding(
        _place(item),
        Kind.RESPONSES,
        since=_moment(plain, "created_at"),
        expires_at=_second(plain, keys.TTL),
        kept_from=datetime.fromisoformat(plain["due_at"]) + patience + expiry if prolonged else None,
        anonymous=erased,
        from_elsewhere=plain.get("reason") == COLLECTED,
        answered_until=_second(plain, keys.KEPT_UNTIL),
        customer_id=plain.get(keys.CUSTOMER_ID, ""),
        comment=plain.get("comment", ""),
        reported_comment=plain.get("reported_comment", ""),
        occurred_at=from_microseconds(plain["occurred_at"]) if "reported_comment" in plain else None,
        answered_at=_moment(plain, "answered_at"),
        closes_at=_second(plain, "answer_until"),
        visits=visits_of(plain.get("visits", {})),
        condensed=tuple(condensed_of(line) for line in plain.get("condensed", ())),
        label=plain.get("label", ""),
        raw=plain,
    )


def _customer(item: Item) -> Holding:
    customer = customer_of(item)
    expires_at = customer.forget_at or customer.kept_until
    signs = [customer.last_asked_at, customer.last_seen_at, *customer.learned_at.values()]
    # Before signs of life were stored, the newest thing that is known of a customer stands for one.
    sign = customer.active_at or max(filter(None, signs), default=expires_at)
    first = min(filter(None, [*signs, customer.active_at]), default=expires_at)
    return Holding(
        _place(item),
        Kind.CUSTOMERS,
        since=first,
        expires_at=expires_at,
        kept_from=None if customer.forget_at else sign or datetime.now(UTC),
        restricted=customer.restricted_at is not None,
        customer_id=customer.id,
    )


def _name(item: Item) -> Holding:
    return Holding(_place(item), Kind.NAMES, customer_id=item[keys.CUSTOMER_ID]["S"])


def _address(item: Item) -> Holding:
    plain = decode(item)
    if "reason" in plain:
        return Holding(_place(item), Kind.OBJECTIONS, since=_moment(plain, "since"))
    moments = [at for name in ("last_asked_at", "lifted_at") if (at := _moment(plain, name))]
    expires_at, newest = _second(plain, keys.TTL), max(moments, default=None)
    first = min(moments, default=None)
    return Holding(_place(item), Kind.ADDRESSES, first, expires_at, newest if expires_at else None)


def _kept(kind: Kind) -> Callable[[Item], Holding]:
    """Read an item whose TTL alone tells since when it is kept, by the days from there."""

    def read(item: Item) -> Holding:
        plain = decode({name: value for name, value in item.items() if name in {keys.TTL, keys.KEPT_FOR}})
        expires_at, days = _second(plain, keys.TTL), int(plain.get(keys.KEPT_FOR, RETENTION.days))
        since = expires_at - days * _DAY if expires_at and days else None
        customer = item.get(keys.CUSTOMER_ID) or item.get("customer") or {}
        return Holding(_place(item), kind, since, expires_at, since, customer_id=customer.get("S", ""))

    return read


def _other(kind: Kind, since: str = "") -> Callable[[Item], Holding]:
    """Read an item whose TTL has a reason of its own; `since` names the moment from which it is there."""

    def read(item: Item) -> Holding:
        plain = decode({name: value for name, value in item.items() if name in {keys.TTL, since}})
        return Holding(_place(item), kind, _moment(plain, since), _second(plain, keys.TTL))

    return read


_READERS: Mapping[str, Callable[[Item], Holding]] = {
    "INVITATION": _invitation,
    "CUSTOMER": _customer,
    "ALIAS": _name,
    "PHONE": _kept(Kind.PHONES),
    "ADDRESS": _address,
    "EVENT": _kept(Kind.EVENTS),
    "LINK": _kept(Kind.PAYMENTS),
    "CODE": _other(Kind.SHORT_LINKS),
    "TASK": _other(Kind.TASKS),
    "COPY": _other(Kind.COPIES),
    keys.PRIVACY: _other(Kind.REQUESTS, "requested_at"),
    "ERASED": _other(Kind.ERASED_NAMES, "erased_at"),
}


def _moment(plain: Mapping[str, Any], name: str) -> datetime | None:
    return datetime.fromisoformat(plain[name]) if name in plain else None


def _second(plain: Mapping[str, Any], name: str) -> datetime | None:
    return datetime.fromtimestamp(int(plain[name]), UTC) if name in plain else None


_PERIODS = ("responses", "customers", "comments", "visits", "audit")


def _progress_stored(progress: RetentionProgress) -> dict[str, Any]:
    stored: dict[str, Any] = {
        "begun_at": stamp(progress.begun_at),
        "periods": {name: getattr(progress.periods, name).days for name in _PERIODS},
        "held": {kind: _held_stored(one) for kind, one in progress.held.items()},
        "over": progress.over,
        "turn": progress.turn,
        "overdue": progress.overdue,
    }
    stored |= {"place": list(progress.place)} if progress.place else {}
    return stored | ({"finished_at": stamp(progress.finished_at)} if progress.finished_at else {})


def _held_stored(one: Stock) -> list[Any]:
    return [one.number, _epoch(one.since), _epoch(one.until), one.due, one.overdue]


def _progress_of(plain: Mapping[str, Any]) -> RetentionProgress:
    return RetentionProgress(
        datetime.fromisoformat(plain["begun_at"]),
        Retention(**{name: timedelta(days=int(plain["periods"][name])) for name in _PERIODS}),
        place=tuple(plain["place"]) if "place" in plain else None,
        over=plain["over"],
        turn=int(plain["turn"]),
        held={Kind(kind): _held_of(one) for kind, one in plain["held"].items()},
        finished_at=_moment(plain, "finished_at"),
        overdue=int(plain["overdue"]),
    )


def _held_of(stored: list[Any]) -> Stock:
    number, since, until, due, overdue = stored
    first, last = (None if at is None else datetime.fromtimestamp(int(at), UTC) for at in (since, until))
    return Stock(int(number), first, last, int(due), int(overdue))
