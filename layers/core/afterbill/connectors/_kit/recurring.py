"""Recurring amounts as billing systems state them: a price, and an interval in their own spelling."""

from collections.abc import Sequence

from afterbill.connectors._kit.json import integer, text
from afterbill.model.billing import Money
from afterbill.model.recurring import UNITS, Recurring


def recurring_of(money: Money | None, every: object, unit: object) -> Recurring | None:
    """Return the amount for each interval ("MONTH" and "months" are one); None where a part is not known."""
    word = (text(unit) or "").lower().removesuffix("s")
    known, count = next((each for each in UNITS if each == word), None), integer(every) or 0
    return Recurring(money, count, known) if money and known and count > 0 else None


def together(amounts: Sequence[Recurring | None]) -> Recurring | None:
    """Return the sum, per month where the intervals differ; None for none, an unknown one, or several currencies."""
    known = [each for each in amounts if each]
    if not known or len(known) != len(amounts) or len({each.money.currency for each in known}) != 1:
        return None
    first, same = known[0], len({(each.every, each.unit) for each in known}) == 1
    parts = [each.money if same else each.per_month for each in known]
    total = Money(sum(money.amount for money in parts), first.money.currency)
    return Recurring(total, first.every, first.unit) if same else Recurring(total, 1, "month")
