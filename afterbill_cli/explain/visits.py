"""How the links of a mail were used, and what that says of the answer, in words."""

from collections.abc import Iterator
from datetime import datetime

from afterbill.answers.click_signals import Signal, judge
from afterbill.model.invitation import Invitation
from afterbill.model.visits import Integrity, Kind, Visit

_USES = {
    Kind.OPENED: "opened",
    Kind.PROBED: "asked for by HEAD",
    Kind.AHEAD: "fetched ahead",
    Kind.HIDDEN: "opened",
    Kind.SEEN: "seen for a moment, not sent",
}
_SIGNALS = {
    Signal.HIDDEN_LINK: "its visitor opened the link that no person sees",
    Signal.SEVERAL_NUMBERS: "its visitor opened more numbers than a person does",
    Signal.HURRIED: "its visitor opened two numbers faster than a person can",
    Signal.PROBED: "somebody asked for the head of the same link in the same seconds",
    Signal.BEFORE_DELIVERY: "the mail was not delivered yet",
    Signal.SCANNER: "its program or network is on your list of scanners",
}


def visited(invitation: Invitation, integrity: Integrity) -> Iterator[tuple[datetime, str]]:
    """Every use of a link with its moment; of a tap also what speaks against it, by the thresholds of today."""
    for tap in judge(invitation.visits, invitation.delivered_at, integrity):
        yield tap.visit.at, _said(tap.visit) + (f": no answer, {told(tap.signals)}" if tap.signals else "")
    yield from ((visit.at, _said(visit)) for visit in invitation.visits if visit.kind is not Kind.SEEN)


def told(signals: tuple[Signal, ...]) -> str:
    """Why a tap is no answer."""
    return ", ".join(f"{signal} ({_SIGNALS[signal]})" for signal in signals)


def _said(visit: Visit) -> str:
    link = "hidden link" if visit.kind is Kind.HIDDEN else "link" if visit.rating is None else f"{visit.rating}"
    who = f"network {visit.network or 'unknown'}, {visit.family or 'unknown program'}"
    return f"{link} {_USES[visit.kind]} ({who})"
