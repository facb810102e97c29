"""The state of the sweep of versions over DynamoDB: one item."""

from collections.abc import Mapping
from datetime import date, datetime
from typing import Any

from afterbill.adapters.aws.clients import transient
from afterbill.adapters.dynamodb.items import decode, encode, stamp
from afterbill.adapters.dynamodb.stored import reading
from afterbill.adapters.dynamodb.table import TableReader
from afterbill.answers.read_responses import Place
from afterbill_actions.adapters import keys
from afterbill_actions.ports import VersionSweep

_MOMENTS = ("since", "begun_at", "before")


class VersionSweepsTable(TableReader):
    """VersionSweeps over DynamoDB."""

    def load(self) -> VersionSweep | None:
        """One GetItem; UnreadableError where the item says what this version does not know."""
        item = self.item(keys.publish_sweep())
        if not item:
            return None
        with reading(item):
            return _sweep_of(decode(item))

    def store(self, sweep: VersionSweep) -> None:
        """One PutItem."""
        stored: dict[str, Any] = {name: stamp(getattr(sweep, name)) for name in _MOMENTS}
        stored |= {"suspects": dict(sweep.suspects)} if sweep.suspects else {}
        if place := sweep.place:
            stored["place"] = [place.day.isoformat(), place.at, place.id]
        with transient("keeping the sweep of versions"):
            self.dynamodb.put_item(TableName=self.table, Item=keys.publish_sweep() | encode(stored))


def _sweep_of(plain: Mapping[str, Any]) -> VersionSweep:
    since, begun_at, before = (datetime.fromisoformat(plain[name]) for name in _MOMENTS)
    suspects = {str(id_): str(version) for id_, version in plain.get("suspects", {}).items()}
    return VersionSweep(since, begun_at, before, _place_of(plain.get("place")), suspects)


def _place_of(stored: list[str] | None) -> Place | None:
    if stored is None:
        return None
    day, at, id_ = stored
    return Place(date.fromisoformat(day), at, id_)
