"""Values of items in few bytes: moments, recurring amounts, subscriptions, ids of mails."""

import re
from datetime import UTC, datetime, timedelta
from itertools import accumulate
from typing import TYPE_CHECKING, Any, SupportsInt

from boto3.dynamodb.types import Binary

from afterbill.adapters.dynamodb.stored import require
from afterbill.model.billing import Money
from afterbill.model.subscriptions import Subscription

if TYPE_CHECKING:
    from afterbill.model.recurring import Recurring

_SES_GROUPS = (16, 8, 4, 4, 4, 12, 6)
"""Digits of the groups of a message id of SES, as in 0100018e2a4b6c8d-1a2b3c4d-5e6f-7081-92a3-b4c5d6e7f809-000000."""
_PRICE = r"(?:(-?\d+)([A-Z]{3}))?([1-9]\d*)([dwmy])"
_MOMENTS = 5
"""Moments in the text of a subscription."""


def microseconds(at: datetime) -> int:
    """A moment as a number, for conditions on moments of senders, who spell some with fractions and some without."""
    return (at - datetime.fromtimestamp(0, UTC)) // timedelta(microseconds=1)


def from_microseconds(text: SupportsInt | str) -> datetime:
    """Inverse of `microseconds`."""
    return datetime.fromtimestamp(0, UTC) + timedelta(microseconds=int(text))


def price_text(recurring: "Recurring", money: Money | None = None) -> str:
    """A price in a few characters: `4900EUR1m`, or `1m` where the amount is that of the fact."""
    amount = "" if recurring.money == money else f"{recurring.money.amount}{recurring.money.currency}"
    return f"{amount}{recurring.every}{recurring.unit[0]}"


def price_of(text: str, money: Money | None = None) -> "Recurring":
    """Inverse of `price_text`."""
    from afterbill.model.recurring import UNITS, Recurring  # noqa: PLC0415  # pages and answers read no prices

    found = re.fullmatch(_PRICE, text)
    require(found is not None and bool(found[1] or money), "a price that is none")
    amount, currency, every, unit = found.groups() if found else ("", "", "", "")
    told = Money(int(amount), currency) if amount else money
    return Recurring(told or Money(0, ""), int(every), next(one for one in UNITS if one.startswith(unit)))


def subscription_text(subscription: Subscription) -> str:
    """Its moments in Unix microseconds in the order of the fields, `-` where not known, and the fact of its end.

    Before them stands what it costs, if that is known, and when that was said: `4900EUR1m:<moment>`.
    """
    one, priced = subscription, subscription.recurring
    moments = (one.heard_at, one.announced_at, one.ended_at, one.running_at, one.expired_at)
    price = [f"{price_text(priced)}:{microseconds(one.priced_at)}"] if priced and one.priced_at else []
    return " ".join([*price, *(str(microseconds(at)) if at else "-" for at in moments), one.farewell])


def subscription_of(text: str) -> Subscription:
    """Inverse of `subscription_text`."""
    first, _, rest = text.partition(" ")
    price, _, priced_at = first.rpartition(":")
    *moments, farewell = (rest if price else text).split(" ", _MOMENTS)
    heard, *others = (None if at == "-" else from_microseconds(at) for at in moments)
    announced, ended, running, expired = others
    return Subscription(
        heard or datetime.fromtimestamp(0, UTC),
        announced,
        ended,
        running,
        expired,
        farewell,
        price_of(price) if price else None,
        from_microseconds(priced_at) if price else None,
    )


def packed(message_id: str) -> str | bytes:
    """The id of a mail in half its length where SES gave it: digits of base 16 in groups of fixed lengths."""
    groups = message_id.split("-")
    digits = "".join(groups)
    fits = tuple(map(len, groups)) == _SES_GROUPS and not set(digits) - set("0123456789abcdef")
    return bytes.fromhex(digits) if fits else message_id


def unpacked(stored: object) -> object:
    """Inverse of `packed`; of anything else, what is stored."""
    if not isinstance(stored, Binary):
        return stored
    value: Any = stored  # of which boto3 declares nothing
    digits = bytes(value).hex()
    ends = list(accumulate(_SES_GROUPS))
    require(len(digits) == ends[-1], "a message id of another length")
    return "-".join(digits[end - size : end] for size, end in zip(_SES_GROUPS, ends, strict=True))
