"""The effects that are planted into a history, and what has none on purpose. Shifts are in points of a rating."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import timedelta

BASE, SPREAD, OWN = 8.1, 1.9, 0.5
"""The mean of ratings before they are rounded and cut to 0 to 10, their spread, and that of the means of customers."""
CATEGORIES = ("promoter", "passive", "detractor")
PLANS: Mapping[str, int] = {"Basic": 900, "Team": 4_900, "Business": 19_900}
"""The price of a month in minor units."""


def _alike(chance: float, *names: str) -> Mapping[str, float]:
    return dict.fromkeys(names, chance)


@dataclass(frozen=True, slots=True)
class Effects:
    """The effects of one history.

    `plans` and `touchpoints` shift ratings. For the last `drop_for` every rating is lower by `drop`. `leaving` is the
    chance to cancel in a month, by the category of the last answer (`""` before the first). `answering` is the chance
    that a survey is answered, by plan. Whoever pays twice the price of the plan rates higher by `money`. With
    `blaming`, low ratings come with other reasons than high ones.
    """

    plans: Mapping[str, float] = field(default_factory=dict)
    touchpoints: Mapping[str, float] = field(default_factory=dict)
    drop: float = 0.0
    drop_for: timedelta = timedelta(days=90)
    leaving: Mapping[str, float] = field(default_factory=lambda: _alike(0.02, "", *CATEGORIES))
    answering: Mapping[str, float] = field(default_factory=lambda: _alike(0.35, *PLANS))
    money: float = 0.0
    blaming: bool = False


NONE = Effects()
"""Nothing is planted: whatever a report calls real in it is an error."""

PLANTED = Effects(
    plans={"Basic": -0.7},
    touchpoints={"payment_recovered": -1.5},
    drop=0.8,
    leaving={"": 0.02, "promoter": 0.015, "passive": 0.02, "detractor": 0.06},
    answering={"Basic": 0.2, "Team": 0.35, "Business": 0.5},
    money=0.15,
    blaming=True,
)
"""The history of `make history`. Source, country, locale and method of payment have no effect in it either."""
