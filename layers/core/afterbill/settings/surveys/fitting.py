"""Checks across the keys of a touchpoint: reminders and further channels must fit its cooldown and its expiry."""

from datetime import timedelta

from pydantic import ValidationInfo
from pydantic_core import PydanticCustomError

_FOLLOWING = frozenset({"cooldown", "channels", "fallback"})
_TIMES = frozenset({"cooldown", "reminder", "expiry"})

TOGETHER = {
    "reminder": _TIMES,
    "fallback": _FOLLOWING,
    "expiry": _TIMES | _FOLLOWING,
    "channels": frozenset({"channels", "seen_within"}),
}
"""Keys of one touchpoint that must fit each other, by the one that is complained about."""

UNFIT = "unfit"
"""The type of the mistake that they do not."""


def keeps_to_the_cooldown(value: timedelta, info: ValidationInfo) -> timedelta:
    """The reminder, or all fallbacks together, end before somebody may be asked again."""
    times = _further(info) if info.field_name == "fallback" else 1
    if timedelta(0) < info.data.get("cooldown", timedelta(0)) <= value * times:
        every = ", once for every further channel" if times > 1 else ""
        raise PydanticCustomError(
            UNFIT, f"must be shorter than the cooldown{every}, or the next survey could come before it"
        )
    return value


def outlives_what_follows(value: timedelta, info: ValidationInfo) -> timedelta:
    """The survey is still open when the reminder or the last channel has its turn."""
    for key, times in (("reminder", 1), ("fallback", _further(info))):
        if info.data.get(key, timedelta(0)) * times >= value:
            every = ", once for every further channel" if times > 1 else ""
            raise PydanticCustomError(
                UNFIT, f"must be longer than the {key} takes{every}, or that would ask about a closed survey"
            )
    return value


def _further(info: ValidationInfo) -> int:
    """The number of channels that may follow the first."""
    return max(len(info.data.get("channels", ())) - 1, 0)
