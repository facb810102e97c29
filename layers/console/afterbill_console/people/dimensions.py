"""The dimensions that the feed lists answers by: each value is the one under which the archive counts the answer."""

from collections.abc import Callable, Mapping

from afterbill.answers.read_responses import Brief
from afterbill.content.catalog import STAGES
from afterbill.insight.tally import LONGEST_VALUE, NONE, UNKNOWN
from afterbill.model.billing import Touchpoint
from afterbill.model.channels import Channel
from afterbill.model.invitation import Invitation
from afterbill.model.query import one_of
from afterbill.model.segments import REMOVED

PRODUCT = "product"
"""The only dimension of which an answer may have several values; the index has none of them."""
LONGEST = 200
"""Letters of a value in an address."""

_ATTRIBUTES = ("touchpoint", "stage", "source", "channel")
"""Dimensions that an invitation has, whatever its segments hold."""
_STAYS = frozenset({"touchpoint", "stage", "reason"})
"""Dimensions of what is left of somebody who was removed: by others their answers are not looked for."""


def _text(text: str) -> str:
    if len(text) > LONGEST or not text.isprintable():
        raise ValueError(f"must have 1 to {LONGEST} characters")
    return text


PARSERS: Mapping[str, Callable[[str], str]] = {
    "touchpoint": one_of(Touchpoint),
    "stage": one_of(STAGES),
    "channel": one_of(Channel),
    **dict.fromkeys(("reason", "source", "plan", "country", "locale", "payment_method", PRODUCT), _text),
}
"""The dimensions that every stack has, each with what a value of it must be."""


def parser_of(name: str) -> Callable[[str], str]:
    """Return the parser of a dimension, of every stack or declared; it raises ValueError for what is no value."""
    return PARSERS.get(name, _text)


def may_hold(brief: Brief, name: str, text: str) -> bool:
    """Return False where the index says already that the answer counts under another value."""
    if _left_out(brief.segments, name):
        return False
    missing = text if name in {*_ATTRIBUTES, PRODUCT} else _nothing(name)
    return (_known(brief.segments, name) or missing) == text


def holds(one: Invitation, name: str, text: str) -> bool:
    """Return whether the answer counts under this value of the dimension."""
    if _left_out(one.segments, name):
        return False
    if name == PRODUCT:
        return text in one.products
    own = str(getattr(one, name)) if name in _ATTRIBUTES else _nothing(name)
    reason = {"reason": one.answer.reason} if one.answer else {}
    return (_known({**one.segments, **reason}, name) or own) == text


def _left_out(segments: Mapping[str, str], name: str) -> bool:
    return REMOVED in segments and name not in _STAYS


def _known(segments: Mapping[str, str], name: str) -> str:
    return segments.get(name, "").strip()[:LONGEST_VALUE]


def _nothing(name: str) -> str:
    return NONE if name == "reason" else UNKNOWN
