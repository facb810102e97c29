"""Erasures that were asked for before, about the same people: unfinished ones are finished, and not begun again."""

from collections.abc import Collection, Sequence

from afterbill.model.privacy import PrivacyRequest, RequestKind, RequestState
from afterbill_cli.people.who import Whom


def begun(known: Sequence[PrivacyRequest], whom: Whom, marks: Collection[str]) -> PrivacyRequest | None:
    """Return the unfinished erasure of all whom a text leads to, and of all names that it stands for."""
    ids = set(whom.ids)
    return next(
        (
            one
            for one in known
            if _unfinished(one) and ids <= one.customer_ids | one.invitation_ids and one.alias_hashes.issuperset(marks)
        ),
        None,
    )


def before(known: Sequence[PrivacyRequest], whom: Whom, hashes: Collection[str]) -> PrivacyRequest | None:
    """Return the erasure of somebody who is not there any more, by an id of ours or by hashes of their names.

    One that is not finished goes before others, and the newest before earlier ones.
    """
    about = [
        one
        for one in known
        if one.kind is RequestKind.ERASE
        and (whom.id in one.customer_ids | one.invitation_ids or not one.alias_hashes.isdisjoint(hashes))
    ]
    return max(about, key=lambda one: (_unfinished(one), one.requested_at), default=None)


def _unfinished(one: PrivacyRequest) -> bool:
    return one.kind is RequestKind.ERASE and one.state is not RequestState.DONE
