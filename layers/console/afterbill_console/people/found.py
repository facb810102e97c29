"""The people to whom leads what an agent has at hand: an address, a number, an id, a name at a source, or a link."""

import re
from base64 import urlsafe_b64decode
from binascii import Error
from collections.abc import Sequence
from dataclasses import dataclass

from afterbill_console.people.deps import PeopleDeps

_ID = re.compile(r"[0-9a-f]{32}", re.ASCII)
_LINK = re.compile(r"/[su]/([A-Za-z0-9_=-]{40,80})")
_ADDRESS = re.compile(r"[^\s@/:]+@[^\s@/:]+\.[^\s@/:]+")
_NUMBER = re.compile(r"\+[1-9][0-9]{6,14}", re.ASCII)
_SPACING = re.compile(r"[\s().-]+")
LONGEST = 500


@dataclass(frozen=True, slots=True)
class Found:
    """Ids of customers, or the invitation of somebody who is not known."""

    customers: Sequence[str] = ()
    invitation: str = ""


def find(text: str, people: PeopleDeps) -> Found:
    """Return whom the text leads to; nobody where it leads nowhere. Nothing is scanned: all goes by keys."""
    wanted = text.strip()[:LONGEST]
    id_ = _linked(wanted) or (wanted if _ID.fullmatch(wanted) else "")
    if id_:
        owner = people.stories.owner(id_)
        if owner is not None:
            return Found([owner]) if owner else Found(invitation=id_)
        return Found([id_] if people.stories.known([id_]) or id_ in _requested(people, id_) else [])
    return Found(_named(wanted, people))


def _requested(people: PeopleDeps, id_: str) -> Sequence[str]:
    """Return the id where somebody of this id was removed, of whom the story says so."""
    return [id_] if any(id_ in one.customer_ids for one in people.requests.requests()) else []


def _linked(text: str) -> str:
    match = _LINK.search(text)
    try:
        return urlsafe_b64decode(match[1])[3:19].hex() if match else ""  # version, key and purpose come first
    except Error:
        return ""


def _named(text: str, people: PeopleDeps) -> Sequence[str]:
    number = _SPACING.sub("", text)
    contact = text if _ADDRESS.fullmatch(text) else number if _NUMBER.fullmatch(number) else ""
    hashed = people.hash_contact(contact) if contact else ""
    names = [f"{source}#{text}" for source in people.sources] + [text] * ("#" in text)
    names += [f"{source}@{hashed}" for source in people.sources if "@" in contact]
    ids = [*people.stories.called(names), *(people.stories.holding(hashed) if hashed else ())]
    known = people.stories.known(ids) if ids else {}
    return [id_ for id_ in dict.fromkeys(ids) if id_ in known]
