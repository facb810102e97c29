"""Comments as those read them who may see no person: without addresses, numbers and accounts."""

import re
from dataclasses import replace

from afterbill.model.invitation import Invitation

HIDDEN = "***"

_DATE = r"\b(?:\d{4}-\d\d-\d\d|\d{1,2}[./]\s?\d{1,2}[./]\s?(?:\d{4}|\d\d))\b"
_ADDRESS = r"[^\s@<>\"'(),;:]+@[^\s@<>\"'(),;:]+\.[^\W\d_]{2,}"
_IBAN = r"\b[A-Za-z]{2}\d{2}(?:[ -]?[A-Za-z0-9]{4}){2,7}(?:[ -]?[A-Za-z0-9]{1,4})?\b"
_NUMBER = r"(?<![\w.])\+?\(?\d(?:[ ()/.–-]{0,2}\d){6,}(?!\w)"  # noqa: RUF001  # dashes that people write
_PRIVATE = re.compile(f"(?P<date>{_DATE})|{_ADDRESS}|{_IBAN}|{_NUMBER}")


def without_contacts(text: str) -> str:
    """Return the text with HIDDEN in the place of addresses, telephone and card numbers, and IBANs. Dates stay."""
    return _PRIVATE.sub(lambda match: match[0] if match["date"] else HIDDEN, text)


def of_nobody(one: Invitation) -> Invitation:
    """Return an answer as it is shown without the person: no customer, and no way to reach one in the comment."""
    answer = replace(one.answer, comment=without_contacts(one.answer.comment)) if one.answer else None
    return replace(one, answer=answer)
