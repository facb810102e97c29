"""Compare responses of recent days with what was published of them, and tell what the stream lost.

Runs are bounded and go on where the last one stood. What differs is told once it differs in two runs: until then the
stream may still come to it. Safe to kill at any point and to repeat, as publishing is.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date, datetime, timedelta

from afterbill.answers.ports import AnsweredResponses
from afterbill.answers.read_responses import MOST_TOGETHER, Brief, Place
from afterbill.model.errors import UnreadableError
from afterbill.model.invitation import Invitation
from afterbill_actions.effects import Effects
from afterbill_actions.events import SurveyChange, tells
from afterbill_actions.ports import VersionSweep, VersionSweeps
from afterbill_actions.publish import PublishDeps, announce
from afterbill_actions.version import version_of

PASS = timedelta(hours=1)
"""The least time between the beginnings of two passes."""
LOOKED_BACK = timedelta(days=2)
"""The days whose answers a pass looks at, today aside."""
SETTLED = timedelta(minutes=15)
"""The time after which the message of a mark must have come."""
MOST_SUSPECTS = 1_000
"""Versions that wait for a second look: a state of 64 KB."""
_MOST_QUERIES = 10
"""Queries of one run, each of 300 responses."""
_NOW = timedelta(0)
_EARLIER = "earlier"
"""Stands for a version that nobody knows any more."""


@dataclass(frozen=True, slots=True)
class SweepDeps:
    """The responses by their days, the state of the sweep, the publisher, and the operator's calendar."""

    answered: AnsweredResponses
    sweeps: VersionSweeps
    publishing: PublishDeps
    day_of: Callable[[datetime], date]


@dataclass(slots=True)
class SweepRun:
    """The result of a run: how many responses it looked at and told of, and what it could not read or tell."""

    looked_at: int = 0
    told: int = 0
    failed: int = 0
    unreadable: list[UnreadableError] = field(default_factory=list)


def sweep_versions(deps: SweepDeps, now: datetime, goes_on: Callable[[], bool] = lambda: True) -> SweepRun:
    """Tell what still differs, then look through a part of the recent days, while `goes_on`.

    The first run begins to listen: what was answered before it is not told.
    """
    run = SweepRun()
    state = _loaded(deps, run)
    if state is None:
        deps.sweeps.store(VersionSweep(now, now, now))
        return run
    sweeping = _Sweeping(deps, now, state, run)
    sweeping.tell_suspects()
    sweeping.look(goes_on)
    if sweeping.state != state:
        deps.sweeps.store(sweeping.state)
    return sweeping.run


def _loaded(deps: SweepDeps, run: SweepRun) -> VersionSweep | None:
    """Return the state of the run before; one that cannot be read begins anew."""
    try:
        return deps.sweeps.load()
    except UnreadableError as error:
        run.unreadable.append(error)
        return None


@dataclass
class _Sweeping:
    deps: SweepDeps
    now: datetime
    state: VersionSweep
    run: SweepRun

    def tell_suspects(self) -> None:
        """Announce what is still not published as it was in the run before; what fails stays for the next."""
        suspects = self.state.suspects
        pairs = self._read(sorted(suspects))
        changes = {
            one.id: _change(one, effects, self.now)
            for one, effects in pairs
            if _differs(one, effects) and version_of(one.answer) == suspects[one.id]
        }
        failed = announce(changes, self.deps.publishing) if changes else set()
        self.run.told += len(changes) - len(failed)
        self.run.failed += len(failed)
        self.state = replace(self.state, suspects={id_: suspects[id_] for id_ in sorted(failed)})

    def look(self, goes_on: Callable[[], bool]) -> None:
        """Go on with the pass, or begin the next one when it is time."""
        if self.state.place is None:
            if self.now - self.state.begun_at < PASS:
                return
            first = Place(self.deps.day_of(self.now - LOOKED_BACK))
            self.state = replace(self.state, begun_at=self.now, before=self.state.begun_at, place=first)
        for _ in range(_MOST_QUERIES):
            if self.state.place is None or not goes_on():
                return
            place = self._looked(self.state.place)
            self.state = replace(self.state, place=place)

    def _looked(self, place: Place) -> Place | None:
        """Look at one page, and return the place behind it: in the same day, or in the next one up to today."""
        briefs, more = self.deps.answered.answered(place, newest_first=False)
        for start in range(0, len(briefs), MOST_TOGETHER):
            self._compare(briefs[start : start + MOST_TOGETHER])
        if more:
            return Place(place.day, briefs[-1].at, briefs[-1].id)
        following = place.day + timedelta(days=1)
        return Place(following) if following <= self.deps.day_of(self.now) else None

    def _compare(self, briefs: Sequence[Brief]) -> None:
        """Note what differs, and wake once more for what was marked since the pass before."""
        self.run.looked_at += len(briefs)
        for one, effects in self._read([brief.id for brief in briefs]):
            if _differs(one, effects) and one.answered_at and one.answered_at >= self.state.since:
                self._suspect(one)
            elif effects:
                self._wake(one, effects)

    def _suspect(self, one: Invitation) -> None:
        if len(self.state.suspects) < MOST_SUSPECTS:
            suspects: Mapping[str, str] = {**self.state.suspects, one.id: version_of(one.answer)}
            self.state = replace(self.state, suspects=suspects)

    def _wake(self, one: Invitation, effects: Effects) -> None:
        """Ask once more to look at a version whose message may be lost; it says the same, and makes nothing twice."""
        at, wakes = effects.published_at, self.deps.publishing.wakes
        since, until = self.state.before - SETTLED, self.state.begun_at - SETTLED
        if at and wakes and since <= at < until and _marked(one, effects, at).fires:
            wakes.settle(one.id, effects.published, at, _NOW)

    def _read(self, ids: Sequence[str]) -> list[tuple[Invitation, Effects | None]]:
        """Return those that can be read, with what was published of them: two calls for a hundred."""
        pairs = list[tuple[Invitation, Effects | None]]()
        for start in range(0, len(ids), MOST_TOGETHER):
            some = ids[start : start + MOST_TOGETHER]
            effects, strange = self._effects(some)
            for id_, one in sorted(self.deps.answered.read_invitations(some).items()):
                if isinstance(one, UnreadableError):
                    self.run.unreadable.append(one)
                elif id_ not in strange:
                    pairs.append((one, effects.get(id_)))
        return pairs

    def _effects(self, ids: Sequence[str]) -> tuple[Mapping[str, Effects], set[str]]:
        """Return the effects, and the ids of those that cannot be read, for whose sake each is read alone."""
        store, found, strange = self.deps.publishing.effects, dict[str, Effects](), set[str]()
        try:
            return store.effects(ids), strange
        except UnreadableError:
            for id_ in ids:
                try:
                    found |= store.effects([id_])
                except UnreadableError as error:
                    self.run.unreadable.append(error)
                    strange.add(id_)
        return found, strange


def _differs(one: Invitation, effects: Effects | None) -> bool:
    return tells(one) and version_of(one.answer) != (effects.published if effects else "")


def _change(one: Invitation, effects: Effects | None, at: datetime) -> SurveyChange:
    """Return the change from what was published to what there is; no more is known of the answer before."""
    return SurveyChange(at, replace(one, answer=None), one, was=effects.published if effects else "")


def _marked(one: Invitation, effects: Effects, at: datetime) -> SurveyChange:
    """Return the change that was marked: the first version, or a later one, which is never an old answer."""
    return SurveyChange(at, replace(one, answer=None), one, was=_EARLIER if effects.versions > 1 else "")
