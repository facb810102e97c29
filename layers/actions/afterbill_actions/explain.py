"""Explanations: what workflows make of a response, what was written of it, and what stands in the outbox."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from afterbill_actions.evaluate import is_foreign, is_older
from afterbill_actions.exemptions import fires_nothing, loops
from afterbill_actions.matching import Finding, held, judge
from afterbill_actions.version import version_of
from afterbill_actions.workflow import MOST_VERSIONS, ActionOf, Configuration, Workflow

if TYPE_CHECKING:
    from collections.abc import Collection

    from afterbill_actions.outbox import Entry
    from afterbill_actions.ports import Outbox, Snapshot

_PAGE, _MOST_PAGES = 100, 50
"""Entries of one query, and the queries that look for those of one response in the outbox of a connection."""


@dataclass(frozen=True, slots=True)
class Judged:
    """A workflow on a response: it `fires` where every finding is held and nothing speaks against it.

    `against` says in words what does: the whole response fires nothing, or it is older than the workflow. `since` is
    None where the workflow was not seen yet. `foreign` are actions on systems that know nothing of the response's
    source: these are left out.
    """

    workflow: Workflow
    findings: Sequence[Finding]
    since: datetime | None
    against: str = ""
    foreign: Sequence[ActionOf] = ()

    @property
    def fires(self) -> bool:
        """True where its actions are wanted."""
        return not self.against and held(self.findings)


@dataclass(frozen=True, slots=True)
class Explained:
    """A response with its workflows; `waits` says why they have not looked at its newest version, if so."""

    snapshot: "Snapshot"
    version: str
    workflows: Sequence[Judged]
    waits: str = ""


def explain(snapshot: "Snapshot", configuration: Configuration, since: Mapping[str, datetime]) -> Explained:
    """Return what each workflow makes of a response as it stands now; `since` is when each was seen first."""
    version = version_of(snapshot.invitation.answer)
    whole = _against_all(snapshot)
    workflows = [
        replace(
            _judged(one, snapshot, since.get(one.name), whole),
            foreign=[do for do in one.do if is_foreign(snapshot, configuration.connections[do.connection])],
        )
        for one in configuration.workflows.values()
    ]
    return Explained(snapshot, version, workflows, _waits(snapshot, version))


def entries_about(outbox: "Outbox", connections: "Collection[str]", snapshot: "Snapshot") -> Iterator["Entry"]:
    """Yield the entries about a response, by connection and in order; very old ones are deleted.

    The outbox is sorted by time: it is read from the answer on, 5,000 entries of each connection at most.
    """
    answered_at = snapshot.invitation.answered_at
    if answered_at is None:
        return
    for connection in sorted(connections):
        after = answered_at.astimezone(UTC).isoformat(timespec="microseconds")
        for _ in range(_MOST_PAGES):
            page = outbox.entries(connection, after, _PAGE)
            yield from (entry for entry in page if entry.invitation_id == snapshot.invitation.id)
            if len(page) < _PAGE:
                break
            after = page[-1].place


def _against_all(snapshot: "Snapshot") -> str:
    if loops(snapshot):
        return f"it has more than {MOST_VERSIONS} versions: a workflow may fire on what it wrote"
    moment = snapshot.effects.published_at or snapshot.invitation.answered_at
    return fires_nothing(snapshot, moment) if moment else ""


def _judged(workflow: Workflow, snapshot: "Snapshot", since: datetime | None, whole: str) -> Judged:
    against = whole
    if not against and since is None:
        against = "no function has seen this workflow yet: it is not deployed, or nothing happened since"
    elif not against and since and is_older(snapshot, since):
        against = f"it was answered before this workflow was deployed, {since:%Y-%m-%d %H:%M} UTC"
    return Judged(workflow, judge(workflow.when, snapshot), since, against)


def _waits(snapshot: "Snapshot", version: str) -> str:
    effects = snapshot.effects
    if effects.published_at is None:
        return "it was not published: there is no answer, or its publication is under way" if version else ""
    return "" if effects.published == version else "its newest version is not published yet"
