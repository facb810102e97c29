"""Handing a mail over at most once: claim first, hand over, mark; only an explicit refusal gives a claim up."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from afterbill.model.messages import Accepted, Deferred, Mail, QuotaUsedUp
from afterbill.outreach.ports import Mailer
from afterbill_console.digest.ports import Claims


class Outcome(StrEnum):
    """The end of a mail."""

    SENT = "sent"
    CLAIMED = "claimed"
    """Another run sent it, or is about to."""
    REFUSED = "refused"
    """Nothing was taken: it is tried again."""
    GIVEN_UP = "given_up"
    """It will never be taken, or may have been: it is not tried again."""


@dataclass(frozen=True, slots=True)
class Post:
    """The claims, and what sends."""

    claims: Claims
    mailer: Mailer[Mail]


@dataclass(frozen=True, slots=True)
class Letter:
    """A mail to an operator: `names` are the claims of its parts, `compose` makes it of those that it may tell."""

    operator: str
    names: Sequence[str]
    compose: Callable[[Sequence[str]], Mail]
    until: datetime


def hand_over(letter: Letter, post: Post, now: datetime) -> Outcome:
    """Send what nobody has claimed; killed anywhere in between, it is sent once or not at all."""
    held = [name for name in letter.names if post.claims.claim(letter.operator, name, now, letter.until)]
    if not held:
        return Outcome.CLAIMED
    try:
        mail = letter.compose(held)
    except Exception:
        post.claims.release(letter.operator, held)
        raise
    receipt = post.mailer.send(mail)
    if isinstance(receipt, Deferred | QuotaUsedUp):
        post.claims.release(letter.operator, held)
        return Outcome.REFUSED
    post.claims.hand(letter.operator, held)
    return Outcome.SENT if isinstance(receipt, Accepted) else Outcome.GIVEN_UP
