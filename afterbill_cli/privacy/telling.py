"""The result of an erasure and the rest that is left, in words."""

from collections.abc import Iterable, Iterator, Sequence

from afterbill.model.privacy import PrivacyRequest, Removed
from afterbill.privacy.receipt import NOT_REMOVED, Remains
from afterbill_cli.output import aligned, counted

_LEFT = {
    "second_look": "what was under way during the erasure, until the second look of handle_privacy_requests",
    "stream": "changes of the table, in its stream",
    "archive": "the id and the comments in the files of the archive, until their days are written anew",
    "results": "exports and results of queries made of these files",
    "recovery": "copies for point-in-time recovery, from which nothing is sent before the erasure is repeated",
    "dead_letters": "messages that failed too often, in all dead letter queues",
    "logs": "log lines, which hold ids of ours and no names",
    "copies": "copies of webhooks that nobody could read, or that named nobody who was known",
    "tombstones": "empty surveys under their old ids, with a keyed hash of the address for the link to unsubscribe",
    "objections": "objections, as keyed hashes",
    "marks": "names that earlier events and imports do not bring back, as keyed hashes",
    "ledger": "the entry of the ledger, by which the erasure is repeated after a restore: keyed hashes",
    "request": "the request, with ids of ours that lead nowhere any more",
    "audit": "acts in the audit trail, with the same ids",
}
"""The name of each kind, for people."""


def told(request: PrivacyRequest, left: Sequence[Remains]) -> Iterator[str]:
    """Yield the lines about a request and what is left of whom it is about."""
    yield f"Request {request.id}, {request.state}, in the ledger and in the audit trail."
    removed = [(kind.replace("_", " "), str(n)) for kind, n in request.removed.items() if n and kind not in NOT_REMOVED]
    yield from ["Removed:", *_indented(removed)] if removed else ["Nothing was there to be removed."]
    rows, answers = (request.removed.get(kind, 0) for kind in (Removed.ROWS_KEPT, Removed.ANSWERS_KEPT))
    if rows:
        verb = "counts" if rows == 1 else "count"
        yield f"Kept without the person: {counted(rows, 'survey')} that {verb}, {answers} of them answered."
    yield "Ends by itself, at the latest:"
    yield from _indented(_rows(one for one in left if not one.kept))
    yield "Kept, for it has to be, until:"
    yield from _indented(_rows(one for one in left if one.kept))


def _rows(left: Iterable[Remains]) -> list[tuple[str, str]]:
    return [(f"{one.ends_at:%Y-%m-%d %H:%M} UTC" if one.ends_at else "for good", _what(one)) for one in left]


def _what(one: Remains) -> str:
    return _LEFT[one.what] + ("" if one.count is None else f": {one.count}{'' if one.kept else ' now'}")


def _indented(rows: Sequence[tuple[str, str]]) -> Iterator[str]:
    return (f"  {line}" for line in aligned(rows))
