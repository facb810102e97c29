"""Freshdesk's filter query, as in `"priority:4 AND (status:2 OR tag:'nps')"`: no words, only fields."""

import re
from collections.abc import Callable
from typing import Any

from afterbill_dev.local.connections.accounts import FRESHDESK_FIELDS

LONGEST, PAGE_SIZE, LAST_PAGE = 512, 30, 10
Ticket = dict[str, Any]
Test = Callable[[Ticket], bool]
_TOKEN = re.compile(r"\s*(\(|\)|AND\b|OR\b|(\w+):([<>]?)('[^']*'|[^\s()]+))")
_FIELDS = {"priority", "status", "tag", "type", "group_id", "agent_id", "created_at", "updated_at", *FRESHDESK_FIELDS}


def read(query: str) -> Test:
    """Read a query, with the quotation marks around it; a ValueError says what is wrong."""
    inside = query[1:-1]
    if query != f'"{inside}"' or not inside.strip():
        raise ValueError("The query has to stand in quotation marks")
    if len(inside) > LONGEST:
        raise ValueError(f"The query has more than {LONGEST} characters")
    tokens = _tokens(inside)
    test = _either(tokens)
    if tokens:
        raise ValueError(f"Unexpected {tokens[0][1]}")
    return test


def _tokens(text: str) -> list[re.Match[str]]:
    found, at = [], 0
    while text[at:].strip():
        token = _TOKEN.match(text, at)
        if token is None:
            raise ValueError(f"Unexpected {text[at:].strip()}")
        found.append(token)
        at = token.end()
    return found


def _either(tokens: list[re.Match[str]]) -> Test:
    tests = [_both(tokens)]
    while tokens and tokens[0][1] == "OR":
        tokens.pop(0)
        tests.append(_both(tokens))
    return lambda ticket: any(test(ticket) for test in tests)


def _both(tokens: list[re.Match[str]]) -> Test:
    tests = [_one(tokens)]
    while tokens and tokens[0][1] == "AND":
        tokens.pop(0)
        tests.append(_one(tokens))
    return lambda ticket: all(test(ticket) for test in tests)


def _one(tokens: list[re.Match[str]]) -> Test:
    token = tokens.pop(0) if tokens else None
    if token is not None and token[1] == "(":
        test = _either(tokens)
        if not tokens or tokens.pop(0)[1] != ")":
            raise ValueError("A bracket is left open")
        return test
    if token is None or token[2] not in _FIELDS:
        raise ValueError(f"Unexpected {token[1] if token else 'end'}")
    return _compared(token[2], token[3], token[4].strip("'"))


def _compared(field: str, sign: str, wanted: str) -> Test:
    """A test of one field; a date is compared by its day, and its own day counts for both signs."""

    def test(ticket: Ticket) -> bool:
        held = ticket["tags"] if field == "tag" else [ticket.get(field, ticket["custom_fields"].get(field))]
        texts = ["null" if one is None else str(one).lower() for one in held]
        if sign:
            return any(_beyond(sign, text[: len(wanted)], wanted) for text in texts if text != "null")
        return wanted.lower() in ([text[: len(wanted)] for text in texts] if field.endswith("_at") else texts)

    return test


def _beyond(sign: str, held: str, wanted: str) -> bool:
    return held >= wanted if sign == ">" else held <= wanted
