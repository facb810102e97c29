"""Low scores with a comment, soon after they were given: which are new, and which have to wait for the next mail."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta, tzinfo
from itertools import islice

from afterbill.answers.read_responses import Days, ReadDeps, Selection, pages
from afterbill_console.digest.comments import Comment, comment_of, is_low
from afterbill_console.digest.state import NoticeState

LOOKED_BACK = timedelta(minutes=60)
"""The time in which a comment may follow the number: answers are looked at until then."""
TOGETHER = timedelta(minutes=15)
MOST_AT_ONCE = 5
"""The number of low scores within TOGETHER above which the next mail waits as long since the last."""
MOST_TOLD = 20
"""Comments of one mail; of others it gives the number."""
_LONGEST_BACK = timedelta(days=1)
"""After a longer standstill the rest is left to the digest."""
_MOST_PAGES = 5


@dataclass(frozen=True, slots=True)
class LowScores:
    """The low scores to tell now; `state` is that of the next run, once they are told."""

    comments: Sequence[Comment]
    state: NoticeState


def find(state: NoticeState, deps: ReadDeps, now: datetime, zone: tzinfo) -> LowScores:
    """Return what is new since the last run, the newest first; a first run tells nothing of the past."""
    since = max(state.since or now, now - _LONGEST_BACK)
    found = [one for one in _given(since, deps, now, zone) if one.id not in state.told]
    recent = [at for at in state.told.values() if now - at < TOGETHER]
    waits = recent and len(recent) + len(found) > MOST_AT_ONCE
    tell = () if waits else found
    return LowScores(tell, _after(state, tell, since, now))


def _after(state: NoticeState, told: Sequence[Comment], since: datetime, now: datetime) -> NoticeState:
    """Return the state when these are told: whoever is looked at no more is forgotten."""
    known: Mapping[str, datetime] = {**state.told, **{one.id: now for one in told}}
    kept = {id_: at for id_, at in known.items() if now - at < LOOKED_BACK + TOGETHER}
    return replace(state, since=max(since, now - LOOKED_BACK), told=kept)


def _given(since: datetime, deps: ReadDeps, now: datetime, zone: tzinfo) -> list[Comment]:
    """Return the low scores with a comment since then: a bounded number, the newest first."""
    first, last = (at.astimezone(zone).date() for at in (since, now))
    found: list[Comment] = []
    for page in islice(pages(Days(first, last), Selection(equal={"confirmed": True}), deps), _MOST_PAGES):
        new = [one for one in page.responses if one.answered_at and one.answered_at >= since]
        found += [comment for one in new if is_low(one) and (comment := comment_of(one))]
        if len(new) < len(page.responses):
            break
    return found
