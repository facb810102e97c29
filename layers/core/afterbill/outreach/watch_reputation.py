"""Stop all sending before SES does, when too many mails bounce or are complained about."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from datetime import datetime, tzinfo
from enum import StrEnum
from functools import reduce

from afterbill.insight.nps import Tally
from afterbill.insight.periods import Window
from afterbill.insight.ports import Recounts
from afterbill.insight.tally import MAIL_ORIGIN, OTHER_QUESTIONS, Tallies
from afterbill.model.channels import Channel
from afterbill.model.errors import UnreadableError
from afterbill.model.questions import Question
from afterbill.model.segments import dimension_of
from afterbill.outreach.caps import SendingCaps
from afterbill.outreach.ports import SendingSwitch
from afterbill.outreach.reputation import Figures, Origins, SendingPause, excess, figures_of, risk, watched


class Outcome(StrEnum):
    """The result of comparing the rates with their limits."""

    GOES_ON = "goes_on"
    STOPPED = "stopped"
    STANDS = "stands"
    OVERTAKEN = "overtaken"


@dataclass(frozen=True, slots=True)
class Watched:
    """STOPPED: by this look. STANDS: it was stopped before, by us or by hand. Both have a reason.

    `risk` says what is over a limit, but too few mails to stop for. `unreadable` tells of tallies that were left out.
    """

    outcome: Outcome
    reason: str = ""
    figures: Figures | None = None
    risk: str = ""
    unreadable: tuple[str, ...] = ()


def watch_reputation(
    counting: Recounts, switch: SendingSwitch, sending: SendingCaps, now: datetime, zone: tzinfo
) -> Watched:
    """Compare the rates of the last days with the limits; `zone` is the operator's.

    What is stopped stays so until somebody resumes, and days before that never stop it again. OVERTAKEN: somebody
    turned the switch meanwhile, so the next look decides.
    """
    pause = switch.state()
    if pause.reason:
        return Watched(Outcome.STANDS, pause.reason, pause.figures)
    errors: list[UnreadableError] = []
    figures, origins = recent_figures(counting, pause, now, zone, errors.append)
    unreadable = tuple(map(str, errors))
    reason = excess(figures, origins, sending)
    if not reason:
        near = risk(figures, origins, sending)
        return Watched(Outcome.GOES_ON, figures=figures, risk=near, unreadable=unreadable)
    stopped = switch.stop(SendingPause(reason, now, figures, pause.resumed_on))
    looked = Watched(Outcome.STOPPED, reason, figures) if stopped else Watched(Outcome.OVERTAKEN)
    return replace(looked, unreadable=unreadable)


def recent_figures(
    counting: Recounts,
    pause: SendingPause,
    now: datetime,
    zone: tzinfo,
    pass_over: Callable[[UnreadableError], None],
) -> tuple[Figures, Origins]:
    """The mails of the days that count now, whatever they asked, as they were last counted; and what caused them.

    A survey that went out several ways counts under the newest of them. Tallies that cannot be read are told to
    `pass_over` and left out.
    """
    window = watched(now.astimezone(zone).date(), pause.resumed_on)
    if window is None:
        return Figures(), {}
    asked = _asked(counting, pass_over)
    names = [dimension_of(question, "channel") for question in (Question.NPS, *sorted(asked))]
    days = (tallies for name in names for tallies in _tallies(counting, name, window, pass_over))
    mails = reduce(Tally.__add__, (tallies.get(Channel.MAIL, Tally()) for tallies in days), Tally())
    origins: dict[str, Tally] = {}
    for tallies in _tallies(counting, MAIL_ORIGIN, window, pass_over):
        origins |= {name: origins.get(name, Tally()) + tally for name, tally in tallies.items()}
    return figures_of(mails, origins), origins


def _asked(counting: Recounts, pass_over: Callable[[UnreadableError], None]) -> frozenset[str]:
    """Return the questions beside the recommendation that were ever counted; all where that cannot be read."""
    try:
        return counting.progress().questions
    except UnreadableError as error:
        pass_over(error)
        return OTHER_QUESTIONS


def _tallies(
    counting: Recounts, dimension: str, window: Window, pass_over: Callable[[UnreadableError], None]
) -> Iterator[Tallies]:
    for _, tallies in counting.tallies(dimension, window.first, window.last):
        if isinstance(tallies, UnreadableError):
            pass_over(tallies)
        else:
            yield tallies
