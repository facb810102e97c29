"""Checks across keys and tables: within a touchpoint, and of names that other tables give."""

from collections.abc import Iterator
from datetime import timedelta
from typing import TYPE_CHECKING

from pydantic import ValidationInfo
from pydantic_core import PydanticCustomError

from afterbill.model.billing import Touchpoint
from afterbill.model.campaigns import CAMPAIGNS
from afterbill.model.suggestions import did_you_mean
from afterbill.model.survey_tests import SEND_TEST
from afterbill.outreach.policy import Stops
from afterbill.settings.surveys.report_fitting import report_misfits

if TYPE_CHECKING:
    from afterbill.settings.surveys.tables import SurveysFile

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

MISFIT = "misfit"
"""The type of a mistake that concerns another table."""


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


def misfits(file: "SurveysFile") -> Iterator[tuple[tuple[str, ...], str]]:
    """Yield the place and the mistake of each value that does not fit another table or its own touchpoint."""
    for touchpoint, rule in file.touchpoints.items():
        place = ("touchpoints", touchpoint.value, "stops")
        if rule.stops is Stops.PAYMENT and touchpoint is Touchpoint.CANCELLED:
            yield place, '"payment" stops nothing here: what ends is a "subscription"'
        if rule.stops is Stops.SUBSCRIPTION and touchpoint is not Touchpoint.CANCELLED:
            yield place, '"subscription" is for cancelled alone: nothing else ends one'
    for name, campaign in file.campaigns.items():
        if not file.touchpoints[campaign.touchpoint].ask:
            yield ("campaigns", name), f"[touchpoints.{campaign.touchpoint}] has ask = false: it would ask nobody"
    yield from _outliving(file)
    yield from report_misfits(file)
    if (source := file.in_product.source) and source not in file.sources:
        hint = did_you_mean(source, file.sources)
        yield ("in_product", "source"), f"there is no such table under [sources]: {hint}"
    for name, by in ((CAMPAIGNS, "[campaigns]"), (SEND_TEST, "`afterbill send-test`")):
        if name in file.sources:
            yield ("sources", name), f"this name is taken by {by}: choose another one"


def _outliving(file: "SurveysFile") -> Iterator[tuple[tuple[str, ...], str]]:
    """Yield what would be kept longer than that by which it is found: parts of an answer, and surveys."""
    for key, span in (("comments", file.retention.comments), ("visits", file.retention.visits)):
        if span > file.retention.responses:
            yield ("retention", key), "must be no longer than responses: it ends with its survey"
    if file.retention.customers < file.retention.responses:
        yield ("retention", "customers"), "must be no shorter than responses: nobody finds the surveys of who is gone"
    if file.retention.archive < file.retention.responses:
        yield ("retention", "archive"), "must be no shorter than responses: reports would forget what still counts"
