"""The version of an answer: another one for every other content."""

import json
from hashlib import sha256

from afterbill.model.invitation import Answer

_DIGITS = 12


def version_of(answer: Answer | None) -> str:
    """Return hex digits that stand for the content of an answer, its confirmation too; empty where there is none.

    An answer that is changed and changed back has its first version again.
    """
    if answer is None:
        return ""
    content = [answer.rating, answer.comment, answer.reason, answer.contact_ok, answer.confirmed]
    return sha256(json.dumps(content, ensure_ascii=True).encode()).hexdigest()[:_DIGITS]
