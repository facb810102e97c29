"""Records of the table's stream, as Lambda hands them over."""

from base64 import b64decode
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from afterbill.adapters.dynamodb import keys
from afterbill.adapters.dynamodb.items import invitation_of
from afterbill.adapters.dynamodb.stored import known, reading
from afterbill.model.customer import Suppression
from afterbill_actions.events import Change, Objection, SurveyChange

_TOLD_BY = ("rating", "comment", "answer_reason", "contact_ok", "unconfirmed", "label", "sent_day")
"""The attributes of an invitation whose change is an event; visits and reports come far more often."""
_Image = Mapping[str, Any]


def change_in(record: Mapping[str, Any]) -> Change | None:
    """Return what a record tells of; None for what is no event. UnreadableError where it cannot be read.

    Its moment is that of the change in whole seconds, the same whenever the record comes again.
    """
    images = record["dynamodb"]
    old, new = images.get("OldImage") or {}, images.get("NewImage") or {}
    with reading(images.get("Keys", {})):
        at = datetime.fromtimestamp(int(images["ApproximateCreationDateTime"]), UTC)
        kind = images["Keys"][keys.SK]["S"]
        if kind == "CUSTOMER":
            return _objection(at, old, new)
        if kind != "INVITATION" or not new or all(old.get(name) == new.get(name) for name in _TOLD_BY):
            return None
        before = invitation_of(_with_bytes(old)) if old else None
        return SurveyChange(at, before, invitation_of(_with_bytes(new)))


def _with_bytes(image: _Image) -> dict[str, Any]:
    """Return the image with its bytes, which Lambda hands over as text in base 64."""
    return {name: {"B": b64decode(value["B"])} if "B" in value else value for name, value in image.items()}


def _objection(at: datetime, old: _Image, new: _Image) -> Objection | None:
    """Return the objection of a customer who is known already: one that is learned with them is told by nobody here."""
    if not old or "suppressed" in old or "suppressed" not in new:
        return None
    return Objection(at, keys.customer_id(dict(new)), str(known(Suppression, new["suppressed"]["S"])))
