"""Published rules of competitors about taps, over the same traffic; docs/answer-integrity.md names the sources.

A rule gives every number it would record, with its moment, the last one last.
"""

from collections.abc import Callable, Mapping
from operator import itemgetter

from afterbill_dev.lab.traffic import HIDDEN, RELOAD, Mailing, Use

Recorded = list[tuple[float, int]]
_LOADED = 5.0
"""Seconds a page must have been open for the rule that waits."""


def auto_record(mail: Mailing) -> Recorded:
    """Count every number that is opened (Wootric's default)."""
    return [(use.at, use.number) for use in mail.uses if use.number is not None and (_opened(use) or _sent(use))]


def five_seconds(mail: Mailing) -> Recorded:
    """Count a number whose page ran its script for five seconds (Retently)."""
    waited = [
        (use.at + use.background + _LOADED, use.number)
        for use in mail.uses
        if use.number is not None and _opened(use) and use.script and use.visible >= _LOADED
    ]
    return sorted([*waited, *confirm_only(mail)], key=itemgetter(0))


def confirm_only(mail: Mailing) -> Recorded:
    """Count only what is sent from the page (Chatwoot, FreeScout)."""
    return [(use.at, use.number) for use in mail.uses if use.number is not None and _sent(use)]


def hidden_link(mail: Mailing) -> Recorded:
    """Count nothing of a mail whose hidden link was opened, else every number (nps.today)."""
    return [] if any(use.link == HIDDEN and _opened(use) for use in mail.uses) else auto_record(mail)


COMPETITORS: Mapping[str, Callable[[Mailing], Recorded]] = {
    "auto-record": auto_record,
    "5 s loaded": five_seconds,
    "confirm only": confirm_only,
    "hidden link": hidden_link,
}


def _opened(use: Use) -> bool:
    return use.method in {"GET", RELOAD} and not use.ahead


def _sent(use: Use) -> bool:
    return use.method == "POST"
