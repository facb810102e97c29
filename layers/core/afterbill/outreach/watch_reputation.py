"""Stop all sending before SES does, when too many mails bounce or are complained about."""

from dataclasses import dataclass
from datetime import datetime, tzinfo
from enum import StrEnum
from functools import reduce

from afterbill.insight.nps import Tally
from afterbill.insight.ports import Recounts
from afterbill.insight.tally import MAIL_ORIGIN
from afterbill.model.channels import Channel
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

    `risk` says what is over a limit, but too few mails to stop for.
    """

    outcome: Outcome
    reason: str = ""
    figures: Figures | None = None
    risk: str = ""


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
    figures, origins = recent_figures(counting, pause, now, zone)
    reason = excess(figures, origins, sending)
    if not reason:
        return Watched(Outcome.GOES_ON, figures=figures, risk=risk(figures, origins, sending))
    stopped = switch.stop(SendingPause(reason, now, figures, pause.resumed_on))
    return Watched(Outcome.STOPPED, reason, figures) if stopped else Watched(Outcome.OVERTAKEN)


def recent_figures(counting: Recounts, pause: SendingPause, now: datetime, zone: tzinfo) -> tuple[Figures, Origins]:
    """The mails of the days that count now, whatever they asked, as they were last counted; and what caused them.

    A survey that went out several ways counts under the newest of them. Days that were counted before origins were
    have none.
    """
    window = watched(now.astimezone(zone).date(), pause.resumed_on)
    if window is None:
        return Figures(), {}
    names = [dimension_of(question, "channel") for question in (Question.NPS, *counting.progress().questions)]
    days = (one for name in names for one in counting.tallies(name, window.first, window.last))
    mails = reduce(Tally.__add__, (tallies.get(Channel.MAIL, Tally()) for _, tallies in days), Tally())
    origins: dict[str, Tally] = {}
    for _, tallies in counting.tallies(MAIL_ORIGIN, window.first, window.last):
        origins |= {name: origins.get(name, Tally()) + tally for name, tally in tallies.items()}
    return figures_of(mails, origins), origins
