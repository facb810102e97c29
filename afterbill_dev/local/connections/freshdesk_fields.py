"""The rules for the fields of Freshdesk's tickets and notes: unknown, missing and wrong ones are told one by one."""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from afterbill_dev.local.connections.accounts import FRESHDESK_FIELDS

LONGEST_SUBJECT, LONGEST_TAG = 255, 32
STATUSES, PRIORITIES = (2, 3, 4, 5), (1, 2, 3, 4)
REQUESTERS = ("requester_id", "email", "unique_external_id", "phone", "facebook_id", "twitter_id")
_NAMES: Mapping[type, str] = {str: "String", int: "Integer", bool: "Boolean", list: "Array", dict: "key/value pair"}
Wrong = dict[str, str]
_ADDRESS = re.compile(r"[^\s@<>,]+@[^\s@<>,]+\.[^\s@<>,]+")


@dataclass(frozen=True, slots=True)
class Field:
    """The values that a field takes."""

    kind: type
    choices: tuple[int, ...] = ()
    longest: int | None = None

    def wrong(self, name: str, value: object) -> Wrong | None:
        """The reason why this value is refused."""
        # A truth value is an int for Python.
        if not isinstance(value, self.kind) or (self.kind is int and isinstance(value, bool)):
            sent = _NAMES.get(type(value), "Null")
            return wrong(
                name, f"Value set is of type {sent}.It should be a/an {_NAMES[self.kind]}", "datatype_mismatch"
            )
        if self.choices and value not in self.choices:
            return wrong(name, f"It should be one of these values: '{_listed(self.choices)}'", "invalid_value")
        if self.longest and isinstance(value, str) and len(value) > self.longest:
            message = f"Has {len(value)} characters, it can have maximum of {self.longest} characters"
            return wrong(name, message, "invalid_value")
        return None


TICKET: Mapping[str, Field] = {
    "name": Field(str, longest=255),
    "requester_id": Field(int),
    "email": Field(str),
    "unique_external_id": Field(str),
    "phone": Field(str),
    "facebook_id": Field(str),
    "twitter_id": Field(str),
    "subject": Field(str, longest=LONGEST_SUBJECT),
    "description": Field(str),
    "type": Field(str),
    "status": Field(int, choices=STATUSES),
    "priority": Field(int, choices=PRIORITIES),
    "source": Field(int, choices=(1, 2, 3, 5, 6, 7, 9, 10, 11)),
    "responder_id": Field(int),
    "group_id": Field(int),
    "product_id": Field(int),
    "company_id": Field(int),
    "email_config_id": Field(int),
    "parent_id": Field(int),
    "due_by": Field(str),
    "fr_due_by": Field(str),
    "cc_emails": Field(list),
    "tags": Field(list),
    "custom_fields": Field(dict),
}
OF_A_NEW_TICKET = ("subject", "description", "status", "priority")
NOTE: Mapping[str, Field] = {
    "body": Field(str),
    "private": Field(bool),
    "incoming": Field(bool),
    "notify_emails": Field(list),
    "user_id": Field(int),
}


def wrong(field: str, message: str, code: str) -> Wrong:
    """One entry of the list of errors."""
    return {"field": field, "message": message, "code": code}


def unknown(field: str) -> Wrong:
    """The entry for a field that does not exist."""
    return wrong(field, "Unexpected/invalid field in request", "invalid_field")


def faults_of_a_ticket(sent: Mapping[str, Any], *, new: bool) -> list[Wrong]:
    """All that is wrong with a ticket, to be made or to be changed."""
    faults = [*_faults(TICKET, sent), *_faults_of_tags(sent.get("tags")), *_faults_of_custom(sent.get("custom_fields"))]
    if isinstance(sent.get("email"), str) and not _ADDRESS.fullmatch(sent["email"]):
        faults.append(wrong("email", "It should be in the 'valid email address' format", "invalid_value"))
    if not new:
        return faults
    missing = [_missing(name) for name in OF_A_NEW_TICKET if not sent.get(name)]
    nobody = not any(sent.get(name) for name in REQUESTERS)
    return [*faults, *missing, *([_missing_requester()] if nobody else [])]


def faults_of_a_note(sent: Mapping[str, Any]) -> list[Wrong]:
    """All that is wrong with a note."""
    missing = [] if sent.get("body") else [wrong("body", "It should be a/an String", "missing_field")]
    return [*_faults(NOTE, sent), *missing]


def _faults(known: Mapping[str, Field], sent: Mapping[str, Any]) -> Iterator[Wrong]:
    for name, value in sent.items():
        fault = known[name].wrong(name, value) if name in known else unknown(name)
        if fault:
            yield fault


def _faults_of_tags(tags: object) -> Iterator[Wrong]:
    texts = [tag for tag in tags if isinstance(tag, str)] if isinstance(tags, list) else []
    if isinstance(tags, list) and len(texts) < len(tags):
        yield wrong("tags", "It should contain elements of type String only", "datatype_mismatch")
    if any(len(tag) > LONGEST_TAG for tag in texts):
        message = f"It should only contain elements that have maximum of {LONGEST_TAG} characters"
        yield wrong("tags", message, "invalid_value")
    if any("," in tag for tag in texts):
        yield wrong("tags", "It should not contain a comma", "invalid_value")


def _faults_of_custom(fields: object) -> Iterator[Wrong]:
    for name, value in fields.items() if isinstance(fields, dict) else ():
        if name not in FRESHDESK_FIELDS:
            yield unknown(name)
        elif value is not None and (fault := Field(FRESHDESK_FIELDS[name]).wrong(name, value)):
            yield fault


def _missing(name: str) -> Wrong:
    choices = TICKET[name].choices
    wanted = f"one of these values: '{_listed(choices)}'" if choices else "a/an String"
    return wrong(name, f"It should be {wanted}", "missing_field")


def _missing_requester() -> Wrong:
    message = f"One of these has to be there: {', '.join(REQUESTERS)}"
    return wrong("requester_id", message, "missing_field")


def _listed(choices: tuple[int, ...]) -> str:
    return ",".join(map(str, choices))
