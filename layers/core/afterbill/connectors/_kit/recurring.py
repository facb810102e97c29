"""Recurring amounts as billing systems state them: a price, and an interval in their own spelling."""

from collections.abc import Sequence

from afterbill.connectors._kit.json import text
from afterbill.connectors._kit.money import whole
from afterbill.model.billing import Money
from afterbill.model.recurring import UNITS, Recurring, Unit

_LARGEST, _LONGEST = 10**15, 10_000
_UNITS: dict[str, tuple[int, Unit]] = {
    **{unit: (1, unit) for unit in UNITS},
    "daily": (1, "day"),
    "weekly": (1, "week"),
    "monthly": (1, "month"),
    "quarter": (3, "month"),
    "quarterly": (3, "month"),
    "semi annual": (6, "month"),
    "annual": (1, "year"),
    "annually": (1, "year"),
    "yearly": (1, "year"),
}


def recurring_of(money: Money | None, every: object, unit: object) -> Recurring | None:
    """Return the amount for each interval ("MONTH", "months" and "monthly" are one); None where a part is not known."""
    word = (text(unit) or "").lower().replace("-", " ").removesuffix("s")
    times, known = _UNITS.get(word, (0, None))
    count = times * (whole(every) or 0)
    usable = money and 0 <= money.amount < _LARGEST and 0 < count < _LONGEST
    return Recurring(money, count, known) if money and known and usable else None


def together(amounts: Sequence[Recurring | None]) -> Recurring | None:
    """Return the sum, per month where the intervals differ; None for none, an unknown one, or several currencies."""
    if len(amounts) == 1:
        return amounts[0]
    known = [each for each in amounts if each]
    if not known or len(known) != len(amounts) or len({each.money.currency for each in known}) != 1:
        return None
    first, same = known[0], len({(each.every, each.unit) for each in known}) == 1
    parts = [each.money if same else each.per_month for each in known]
    total = Money(sum(money.amount for money in parts), first.money.currency)
    return Recurring(total, first.every, first.unit) if same else Recurring(total, 1, "month")
